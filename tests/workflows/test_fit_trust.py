from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.trust import find_no_echo, judge_frames
from lvzoo.clinic.trust_numbers import read_trust_model
from lvzoo.data.clips.clip import ClipFile, Frame
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.crop import find_crop, make_cropper
from lvzoo.device import choose_device
from lvzoo.errors import DataError, UsageError
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import CLEAN, Condition
from lvzoo.types.answer import FrameTrust
from lvzoo.workflows.fit_trust import (
    MODELS,
    TrustWorkbench,
    deal_conditions,
    fit_trust,
    list_clips,
    measure_decoded,
    open_pair,
)
from tests.clinic import figures_trust
from tests.clinic.made_pictures import make_apical, make_pictures

NUMBERS = read_trust_model()


@pytest.fixture(scope="module")
def phantom() -> Path:
    return cached_phantom(size="smoke", seed=0, workers=1)


@pytest.fixture(scope="module")
def bench() -> TrustWorkbench:
    return TrustWorkbench(open_pair(), NoiseV1(), choose_device("cpu"))


def judge(bench: TrustWorkbench, frames_NHW: NDArray[np.uint8]) -> tuple[tuple[str, ...], FrameTrust]:
    """What is said of a clip: why it is no echocardiogram, and the trust of its frames."""
    times_s_N = np.arange(len(frames_NHW)) / 50
    decoded = [part for part in bench.decode(frames_NHW, times_s_N.tolist()) if len(part)]
    evidence_NF = measure_decoded(decoded, 0)
    areas_N = np.concatenate([part.masks_BHW.sum(axis=(1, 2)) for part in decoded]).astype(np.float64)
    trust = judge_frames(
        NUMBERS, evidence_NF, areas_px2_N=np.where(areas_N > 0, areas_N, np.nan), times_s_N=times_s_N
    )
    return find_no_echo(NUMBERS.fits[0], dict(zip(EVIDENCE, evidence_NF.T, strict=True))), trust


def test_a_refit_to_a_few_clips_runs_and_is_read_back(phantom: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    model = fit_trust(
        out=tmp_path / "trust.json",
        phantom=phantom,
        clips=4,
        device="cpu",
        on_clip=lambda done, of: told.append((done, of)),
    )
    assert read_trust_model(tmp_path / "trust.json") == model
    assert [fit.figures for fit in model.fits] == [fit.figures for fit in NUMBERS.fits]
    assert model.card["clips"] == 4
    assert model.card["data"] == "smoke-s0 (phantom-v3), split test"
    assert [each["name"] for each in model.card["models"]] == list(MODELS)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_fit_needs_two_clips_and_one_model_of_each_kind(phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 test clips are too few"):
        fit_trust(out=tmp_path / "trust.json", phantom=phantom, clips=1, device="cpu")
    with pytest.raises(UsageError, match="name a mask model and then a landmark model"):
        fit_trust(out=tmp_path / "trust.json", phantom=phantom, models=MODELS[::-1], device="cpu")
    with pytest.raises(DataError, match="is no folder of a phantom"):
        fit_trust(out=tmp_path / "trust.json", phantom=tmp_path, device="cpu")
    assert not (tmp_path / "trust.json").exists()


def test_every_condition_has_its_clips() -> None:
    conditions = deal_conditions(NoiseV1(), 142)
    assert conditions.count(CLEAN) == 12
    assert len(set(conditions)) == 66
    assert {conditions.count(condition) for condition in set(conditions) - {CLEAN}} == {2}


def test_noisy_frames_are_trusted_less(bench: TrustWorkbench, phantom: Path) -> None:
    name = list_clips(phantom)[0]
    clean = bench.judge(phantom, name, CLEAN).frames["mask"]
    noisy = bench.judge(phantom, name, Condition(corruption="blur", severity=5)).frames["mask"]
    fit = NUMBERS.fits[0]
    assert fit.expect(noisy.name_figures()).mean() < fit.expect(clean.name_figures()).mean() - 0.02


def test_what_is_no_echocardiogram_is_flagged(bench: TrustWorkbench) -> None:
    """Every third clip of one of the sets of docs/clinic.md, of all kinds."""
    made = list(make_pictures(seed=1, patients=12))[::3]
    assert len({kind for kind, _, _ in made}) == 10
    missed = [(kind, name) for kind, name, clip in made if not judge(bench, clip)[0]]
    assert len(missed) <= 0.05 * len(made), missed


def test_apical_clips_are_not_lost(bench: TrustWorkbench) -> None:
    clips = [make_apical(index, seed=11) for index in range(20)]
    lost = [index for index, clip in enumerate(clips) if judge(bench, clip)[0]]
    assert len(lost) <= 1, lost


def test_the_real_clip_of_pydicom_is_an_apical_echocardiogram(bench: TrustWorkbench) -> None:
    clip = open_clip(ClipFile(path=Path(str(pydicom.examples.get_path("ybr_color")))))
    crop_frame = make_cropper(find_crop(clip.sample()), clip.size_HW)
    frames = [crop_frame(frame.grey_HW) for frame in clip.read() if isinstance(frame, Frame)]
    flags, trust = judge(bench, np.stack(frames))
    assert flags == ()
    assert trust.trusted_N.mean() > 0.8


def test_the_figures_are_printed(
    bench: TrustWorkbench, phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures_trust.join_set(bench.judge_clips(phantom, deal_conditions(NoiseV1(), 6)))
    figures_trust._write_kept(tmp_path / "kept.npz", found)
    kept = figures_trust._read_kept(tmp_path / "kept.npz")
    figures_trust.print_scores(kept)
    figures_trust.print_bins(kept)
    figures_trust.print_left_out(kept)
    figures_trust.print_situations(kept)
    figures_trust.print_others(NUMBERS, {"whole beats": kept})
    printed = capsys.readouterr().out
    page = (Path(__file__).parents[2] / "docs" / "clinic.md").read_text(encoding="utf-8")
    heads = [line for line in printed.splitlines() if line.startswith("| ") and "AUROC" in line]
    assert len(heads) == 4
    assert [head for head in heads if head not in page] == []
