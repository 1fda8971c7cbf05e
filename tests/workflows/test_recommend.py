"""`lvzoo.recommend`: a model for each clip, or the reason why it is the best on average."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lvzoo
from lvzoo.errors import DataError, RunError, UsageError
from lvzoo.geometry.sector import fit_sector
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.clip import simulate
from lvzoo.run.trial import TrialFolder
from lvzoo.types import CLEAN, Condition
from lvzoo.workflows.recommend import RecommendError
from tests.made_runs import CONDITIONS, make_run
from tests.made_videos import write_video
from tests.noise.noisy_clips import corrupt, list_conditions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HAZE = Condition(corruption="haze", severity=5)
BLUR = Condition(corruption="blur", severity=5)
ALL = tuple(list_conditions(NoiseV1()))


@pytest.fixture(scope="module")
def frames_NHW() -> NDArray[np.uint8]:
    return simulate(seed=7, split="test", index=1).frames_NHW[:16:2]


def _write(path: Path, frames_NHW: NDArray[np.uint8], condition: Condition) -> Path:
    noisy_NHW = corrupt(frames_NHW, NoiseV1(), condition, "v", fit_sector(frames_NHW))
    return write_video(path, noisy_NHW)


def _raise_scores(run: Path, name: str, condition: Condition, by: float) -> None:
    """Raise the Dice of a trial under a condition."""
    trial = TrialFolder(path=run / "trials" / name)
    scores = trial.read_scores()
    own = (scores["corruption"] == condition.corruption) & (scores["severity"] == condition.severity)
    trial.write_scores(scores.assign(dice=scores["dice"].where(~own, scores["dice"] + by)))


def _let_lead_by_chance(run: Path, condition: Condition) -> None:
    """Under a condition, landmark7 is 0.11 better than unet on every other patient, and 0.09 worse on the rest."""
    unet, trial = (TrialFolder(path=run / "trials" / f"{name}-s0") for name in ("unet", "landmark7"))
    scores, theirs = trial.read_scores(), unet.read_scores()["dice"]
    own = (scores["corruption"] == condition.corruption) & (scores["severity"] == condition.severity)
    better = scores["patient"].str[1:].astype(int) % 2 == 0
    shifted = theirs + better.map({True: 0.11, False: -0.09})
    trial.write_scores(scores.assign(dice=scores["dice"].where(~own, shifted)))


def test_the_model_that_leads_under_the_clips_noise_is_advised(
    tmp_path: Path, frames_NHW: NDArray[np.uint8]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    _raise_scores(run, "landmark7-s0", HAZE, 0.13)
    clips = [
        _write(tmp_path / f"{name}.avi", frames_NHW, condition)
        for name, condition in (("haze", HAZE), ("blur", BLUR))
    ]
    haze, blur = lvzoo.recommend(clips, run=run)
    assert (haze.clip, haze.noise.corruption, haze.use, haze.reasons) == (
        *(clips[0], "haze", "landmark7-s0"),
        (),
    )
    assert haze.noise.severity > 4
    assert haze.advice is not None
    assert haze.advice.best_on_average == "unet-s0"
    assert haze.advice.gain > 0.05
    assert haze.advice.of("landmark7-s0").dice == pytest.approx(0.87 - 0.15 + 0.13, abs=0.04)
    assert (blur.noise.corruption, blur.use) == ("blur", "unet-s0")
    assert blur.advice is not None
    assert blur.advice.runner_up is not None
    assert blur.advice.runner_up.model == "landmark7-s0"


def test_each_training_counts_by_itself(tmp_path: Path, frames_NHW: NDArray[np.uint8]) -> None:
    run = make_run(tmp_path / "run", seeds=2, conditions=ALL)
    _raise_scores(run, "landmark7-s1", HAZE, 0.13)
    clip = _write(tmp_path / "haze.avi", frames_NHW, HAZE)
    (found,) = lvzoo.recommend(clip, run=run)
    assert (found.use, found.weights) == ("landmark7-s1", None)
    assert found.advice is not None
    assert found.advice.of("landmark7-s1").dice > found.advice.of("landmark7-s0").dice + 0.1
    (run / "trials" / "landmark7-s1" / "model.safetensors").touch()
    (again,) = lvzoo.recommend(clip, run=run)
    assert again.weights == run / "trials" / "landmark7-s1"


def test_a_lead_that_may_be_chance_is_told_but_changes_nothing(
    tmp_path: Path, frames_NHW: NDArray[np.uint8]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    _let_lead_by_chance(run, HAZE)
    (found,) = lvzoo.recommend(_write(tmp_path / "haze.avi", frames_NHW, HAZE), run=run)
    assert found.use == "unet-s0"
    assert len(found.reasons) == 1
    assert re.fullmatch(r"landmark7-s0 may give 0\.0\d\d more, but that may be chance", found.reasons[0])


def test_a_run_with_few_corruptions_says_what_it_does_not_cover(
    tmp_path: Path, frames_NHW: NDArray[np.uint8]
) -> None:
    run = make_run(tmp_path / "run", conditions=CONDITIONS)  # haze and blur at severities 1 and 5
    jpeg, blur = (
        _write(tmp_path / f"{name}.avi", frames_NHW, Condition(corruption=name, severity=severity))
        for name, severity in (("dropout", 4), ("blur", 3))
    )
    other, same = lvzoo.recommend([jpeg, blur], run=run)
    assert (other.use, other.advice) == ("unet-s0", None)
    assert other.reasons == ("its noise is most likely dropout, which the run did not test",)
    assert other.covered < 0.5
    assert same.advice is not None
    assert same.covered > 0.5
    assert 0.9 - 0.15 < same.advice.of("unet-s0").dice < 0.9 - 0.03  # between severities 1 and 5


def test_a_page_of_text_gets_the_best_on_average_and_the_reason(tmp_path: Path) -> None:
    y, x = np.mgrid[:240, :320]
    page_HW = np.where((y % 20 < 6) & (x % 9 < 5), 30, 240).astype(np.uint8)
    run = make_run(tmp_path / "run", conditions=ALL)
    (found,) = lvzoo.recommend(write_video(tmp_path / "p.avi", np.stack([page_HW] * 3)), run=run)
    assert (found.use, found.advice) == ("unet-s0", None)
    assert found.reasons == ("no ultrasound sector was found in it, so its noise is not known",)


def test_a_clip_unlike_all_clips_of_the_fit_is_told(tmp_path: Path) -> None:
    frames_NHW = np.random.default_rng(0).integers(0, 256, (4, 112, 112)).astype(np.uint8)
    run = make_run(tmp_path / "run", conditions=ALL)
    (found,) = lvzoo.recommend(write_video(tmp_path / "w.avi", frames_NHW), run=run)
    assert (found.use, found.advice) == ("unet-s0", None)
    assert "it may be no echo" in found.reasons[0]


def test_a_clip_that_cannot_be_read_does_not_cost_the_others(
    tmp_path: Path, frames_NHW: NDArray[np.uint8]
) -> None:
    (tmp_path / "notes.avi").write_text("no video")
    good = _write(tmp_path / "good.avi", frames_NHW, CLEAN)
    with pytest.raises(RecommendError, match=r"notes\.avi: is a text file") as raised:
        lvzoo.recommend([tmp_path / "notes.avi", good], run=make_run(tmp_path / "run", conditions=ALL))
    assert [each.clip for each in raised.value.recommendations] == [good]


def test_an_empty_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the path of a clip is empty"):
        lvzoo.recommend("", run=tmp_path)


def test_a_run_that_says_nothing_about_noise_is_refused(
    tmp_path: Path, frames_NHW: NDArray[np.uint8]
) -> None:
    clip = write_video(tmp_path / "clip.avi", frames_NHW)
    with pytest.raises(UsageError, match="was tested on clean frames only"):
        lvzoo.recommend(clip, run=make_run(tmp_path / "clean", conditions=(CLEAN,)))
    with pytest.raises(
        UsageError, match=r"was tested under ward-noise, but .* only be estimated for noise-v1"
    ):
        lvzoo.recommend(clip, run=make_run(tmp_path / "ward", suite="ward-noise"))
    with pytest.raises(DataError, match="nowhere"):
        lvzoo.recommend(clip, run=tmp_path / "nowhere")


def test_failed_trials_are_left_out_and_told(
    tmp_path: Path, frames_NHW: NDArray[np.uint8], caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_video(tmp_path / "clip.avi", frames_NHW)
    run = make_run(tmp_path / "run", conditions=ALL)
    failed = '{"state": "failed", "error": "it burst"}'
    (run / "trials/unet-s0/status.json").write_text(failed)
    with caplog.at_level(logging.WARNING):
        (found,) = lvzoo.recommend(clip, run=run)
    assert found.use == "landmark7-s0"
    assert found.advice is not None
    assert found.advice.runner_up is None
    assert caplog.messages == [
        f"{run}: trials left out: unet-s0 (`lvzoo report` says why)",
        f"{run}: has one trained model, so there is nothing to choose",
    ]
    (run / "trials/landmark7-s0/status.json").write_text(failed)
    with pytest.raises(RunError, match="no trial has finished: unet-s0: it burst"):
        lvzoo.recommend(clip, run=run)


def test_the_clips_of_a_phantom_are_marked(tmp_path: Path, frames_NHW: NDArray[np.uint8]) -> None:
    videos = tmp_path / "phantom" / "Videos"
    videos.mkdir(parents=True)
    (tmp_path / "phantom" / "SYNTHETIC.json").write_text("{}")
    clips = [write_video(folder / "a.avi", frames_NHW) for folder in (videos, tmp_path)]
    found = lvzoo.recommend(clips, run=make_run(tmp_path / "run", conditions=ALL))
    assert [each.synthetic for each in found] == [True, False]
    assert sum(found[0].noise.probabilities.values()) == pytest.approx(1.0)
