"""Recommends a trained model of a run for each of your own clips: `lvzoo recommend` in Python.

The noise of a clip is estimated from its frames, and the run says what each of its trained models loses under such
noise. No model is run. Each training counts by itself, because a clip is predicted with the weights of one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.failure import do_each
from lvzoo.data.clips.find import find_clips
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import find_crop, make_cropper
from lvzoo.errors import DataError, UsageError, name_some, show_name
from lvzoo.noise.estimate import NoiseEstimate, read_noise_model
from lvzoo.rank.advice import Advice, advise, spread_over
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import PatientScores, patient_scores
from lvzoo.registry import open_zoo
from lvzoo.run import FinishedRun, read_run
from lvzoo.trials.merge import merge, open_run_suite
from lvzoo.types import CLEAN
from lvzoo.weights.locate import WEIGHTS
from lvzoo.workflows.compare import make_run_error

ODD: Final = 1.0
"""Clips that are odder than this look like no clip that the estimate was fitted to, whatever their noise."""
LEAST_COVERED: Final = 0.5
"""The least share of a clip's likely noise that the run must have tested."""
LEAST_NOTED: Final = 0.05
"""A share of the likely noise that was not tested is told from here on."""
LEAST_GAIN: Final = 0.001
"""A lead that may be chance is told from here on."""

log = logging.getLogger(__name__)


class RecommendError(DataError):
    """Clips that could not be read; `recommendations` are those of the other clips."""

    def __init__(self, failed: Sequence[DataError], recommendations: Sequence[Recommendation]) -> None:
        count = len(failed) + len(recommendations)
        more = f" (and {len(failed) - 1} more of {count} clips)" if len(failed) > 1 else ""
        super().__init__(f"{failed[0]}{more}")
        self.failed, self.recommendations = tuple(failed), tuple(recommendations)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """Which trained model of a run to use on one clip."""

    clip: Path
    synthetic: bool
    """Whether it is a clip of the phantom."""
    run_synthetic: bool
    """Whether the models were tested on the phantom, so that the Dice to expect is that of simulated patients."""
    noise: NoiseEstimate
    noise_known: bool
    """False if no sector was found in the clip; the estimate then means nothing."""
    use: str
    """The trial to use: `unet-s1` is the entry `unet`, trained with seed 1."""
    weights: Path | None
    """The folder of its weights, for `lvzoo predict --model`; None if the run did not train it."""
    advice: Advice | None
    """What to expect of every trial. None if that is not known, and then the one to use is the best on average."""
    covered: float
    """The share of the clip's likely noise that the run tested."""
    reasons: tuple[str, ...]
    """Why the best on average is recommended, or what limits the recommendation; each in one line."""


def recommend(
    clips: str | Path | Sequence[str | Path], *, run: str | Path, registries: Sequence[Path] = ()
) -> list[Recommendation]:
    """Recommend a trained model of a run for each clip.

    A clip is anything that `lvzoo.predict` reads (docs/clips.md). Its noise is estimated from eight frames, as a
    probability for every condition of the run's suite. The Dice to expect of a trial is its mean Dice under these
    conditions in the run. A trial other than the best on average is only recommended if its lead is significant over
    the run's patients (docs/recommend.md).

    Args:
        clips: one path or several. A folder is searched for clips.
        run: a folder that `lvzoo bench`, `eval` or `train` wrote.
        registries: further registry.yaml files, which may be needed to find the suite.

    Raises:
        RecommendError: a clip cannot be read. The others are still done.
        DataError: the folder holds no run, a file is damaged, or a folder holds no clips.
        RunError: no trial of the run has finished.
        UsageError: the run tested no noise, or another suite than noise-v1.
    """
    given = [clips] if isinstance(clips, str | Path) else list(clips)
    if "" in given:
        raise UsageError("the path of a clip is empty; for the present folder, name '.'")
    done = list(recommend_each([Path(clip) for clip in given], run=Path(run), registries=registries))
    failed = [result for result in done if isinstance(result, DataError)]
    recommendations = [result for result in done if isinstance(result, Recommendation)]
    if failed:
        raise RecommendError(failed, recommendations) from failed[0]
    return recommendations


def recommend_each(
    clips: Sequence[Path], *, run: Path, registries: Sequence[Path] = ()
) -> Iterator[Recommendation | DataError]:
    """Yield the recommendation for each clip, or the clip's error; raises the errors of `recommend`.

    A fault of lvzoo itself is raised at the end, after the other clips.
    """
    found = find_clips(clips)
    finished = read_run(run)
    patients = read_patient_scores(finished, registries)
    yield from do_each(found, lambda clip: _recommend(clip, patients, finished))


def read_patient_scores(run: FinishedRun, registries: Sequence[Path] = ()) -> PatientScores:
    """Return the scores of a run by patient. Each trial counts as a model of its own.

    Raises:
        RunError: no trial has finished.
        UsageError: the run tested no noise, or another suite than the estimate knows.
        DataError: a file is damaged.
    """
    known = read_noise_model().suite
    if run.suite != known:
        raise UsageError(
            f"{run.path}: was tested under {run.suite}, but the noise of a clip can only be estimated for {known}; "
            "use another run"
        )
    if run.conditions <= {f"{CLEAN.corruption}:{CLEAN.severity}"}:
        raise UsageError(
            f"{run.path}: was tested on clean frames only, so it says nothing about noise; run `lvzoo bench` without "
            "--corruptions none"
        )
    trials = merge([run])
    if not trials:
        raise make_run_error(f"{run.path}: no trial has finished", run.unfinished)
    if run.unfinished:
        left_out = name_some(list(run.unfinished))
        log.warning("%s: trials left out: %s (`lvzoo report` says why)", show_name(run.path), left_out)
    if len(trials) == 1:
        log.warning("%s: has one trained model, so there is nothing to choose", show_name(run.path))
    suite = open_run_suite(run, open_zoo(registries=registries))
    tables = (trial.read_scores(compact=True).assign(model=trial.name, seed=0) for trial in trials)
    return patient_scores(make_grid(tables, suite), suite)


def _recommend(file: ClipFile, patients: PatientScores, run: FinishedRun) -> Recommendation:
    """Recommend a trial for one clip."""
    seen = read_as_seen(file)
    noise = read_noise_model().estimate(seen.frames_NHW)
    weights_C, covered = spread_over(noise.probabilities, patients.grid.conditions)
    reasons = tuple(_find_reasons(seen, noise, covered))
    advice = None if reasons else advise(patients, weights_C, resamples=run.resamples)
    if advice is not None:
        reasons = tuple(_explain(advice, covered))
    use = patients.grid.models[0] if advice is None else advice.use
    weights = run.finished[use].path
    return Recommendation(
        clip=file.path,
        synthetic=is_synthetic(file.path),
        run_synthetic=run.source.synthetic,
        noise=noise,
        noise_known=not seen.lacks_sector,
        use=use,
        weights=weights if (weights / WEIGHTS).is_file() else None,
        advice=advice,
        covered=covered,
        reasons=reasons,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Some frames of a clip as a model sees them (N, 112, 112), and whether a sector was looked for in vain."""

    frames_NHW: NDArray[np.uint8]
    lacks_sector: bool


def read_as_seen(file: ClipFile) -> Seen:
    """Return eight frames of a clip, spread over it.

    Raises:
        DataError: the clip cannot be read.
    """
    clip = open_clip(file)
    sample_NHW = clip.sample()
    if not len(sample_NHW):
        raise DataError(f"{clip.path}: none of its frames decodes; check that the file is complete")
    crop = find_crop(sample_NHW)
    crop_frame = make_cropper(crop, clip.size_HW)
    return Seen(
        frames_NHW=np.stack([crop_frame(frame_HW) for frame_HW in sample_NHW]),
        lacks_sector=crop is not None and not crop.sector.fitted,
    )


def _find_reasons(seen: Seen, noise: NoiseEstimate, covered: float) -> Iterator[str]:
    """Yield why nothing can be expected of the models on this clip."""
    if seen.lacks_sector:
        yield "no ultrasound sector was found in it, so its noise is not known"
    elif noise.oddity > ODD:
        yield (
            "it looks like none of the clips that the estimate was fitted to: it may be no echo, or have noise that "
            f"{noise.suite} lacks"
        )
    if covered < LEAST_COVERED:
        yield f"its noise is most likely {noise.corruption}, which the run did not test"


def _explain(advice: Advice, covered: float) -> Iterator[str]:
    """Yield what limits a recommendation, and why it is the best on average although another model leads."""
    if covered < 1 - LEAST_NOTED:
        yield f"the run did not test {1 - covered:.0%} of what its noise may be; the rest is taken for all"
    if advice.lead == "chance" and advice.gain >= LEAST_GAIN:
        yield f"{advice.models[0].model} may give {advice.gain:.3f} more, but that may be chance"
