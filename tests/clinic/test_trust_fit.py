from __future__ import annotations

import numpy as np
import pytest

from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.trust_fit import SITUATIONS, KnownFrames, fit_dice, fit_situations

FIGURES = ("agreement", "border", "solidity")


def make_frames(seed: int, clips: int = 60, per_clip: int = 20) -> KnownFrames:
    """Frames whose Dice follows their border; the agreement says half as much, the solidity nothing."""
    rng = np.random.default_rng(seed)
    evidence_NF = rng.uniform(0.6, 1, (clips * per_clip, len(EVIDENCE)))
    border_N, agreement_N = (evidence_NF[:, EVIDENCE.index(name)] for name in ("border", "agreement"))
    dice_N = 0.2 * border_N + 0.1 * agreement_N + 0.6 + rng.normal(0, 0.01 + 0.05 * (1 - border_N))
    return KnownFrames(
        evidence_NF=evidence_NF,
        dice_N=np.clip(dice_N, 0, 1),
        clips_N=np.repeat(np.arange(clips).astype(str), per_clip),
    )


def test_a_fit_finds_what_the_figures_say() -> None:
    fit = fit_dice(make_frames(0), FIGURES)
    rises = {curve.figure: curve.adds[-1] for curve in fit.curves}
    assert rises["border"] == pytest.approx(0.08, abs=0.02)
    assert rises["agreement"] == pytest.approx(0.04, abs=0.02)
    assert rises["solidity"] < 0.01
    fresh = make_frames(1)
    expected_N = fit.expect(fresh.name_figures())
    assert np.abs(expected_N - fresh.dice_N).mean() < 0.02
    assert expected_N.mean() == pytest.approx(fresh.dice_N.mean(), abs=0.003)


def test_the_interval_holds_eight_of_ten_unseen_frames_everywhere() -> None:
    fit = fit_dice(make_frames(0, clips=200), FIGURES)
    fresh = make_frames(1, clips=200)
    expected_N = fit.expect(fresh.name_figures())
    low_N, high_N = fit.bound(expected_N)
    held_N = (low_N <= fresh.dice_N) & (fresh.dice_N <= high_N)
    assert held_N.mean() == pytest.approx(0.8, abs=0.02)
    for part in np.array_split(np.argsort(expected_N), 4):
        assert held_N[part].mean() == pytest.approx(0.8, abs=0.06)
    assert np.ptp(fit.below) > 0.005  # the Dice scatters more where the border is weak


def test_curves_do_not_fall_even_if_the_frames_do() -> None:
    frames = make_frames(0)
    fit = fit_dice(
        KnownFrames(evidence_NF=frames.evidence_NF, dice_N=1.5 - frames.dice_N, clips_N=frames.clips_N),
        FIGURES,
    )
    for curve in fit.curves:
        assert (np.diff(curve.adds) >= 0).all()
        assert curve.adds[-1] < 0.01


def test_most_good_clips_look_like_an_apical_view() -> None:
    frames = make_frames(0, clips=100)
    fit = fit_dice(frames, FIGURES)
    likeness = [fit.measure_likeness(clip.name_figures()) for clip in frames.split()]
    assert np.mean(np.array(likeness) < fit.least_likeness) == pytest.approx(0.025, abs=0.015)


def test_every_situation_is_fitted_to_the_frames_of_its_kind() -> None:
    fits = fit_situations({"mask": make_frames(0), "landmark": make_frames(1)})
    assert [fit.figures for fit in fits] == [figures for _, figures in SITUATIONS]
    assert fits == fit_situations({"mask": make_frames(0), "landmark": make_frames(1)})


def test_two_clips_with_equal_figures_are_enough() -> None:
    frames = KnownFrames(
        evidence_NF=np.ones((4, len(EVIDENCE))),
        dice_N=np.full(4, 0.9),
        clips_N=np.array(["a", "a", "b", "b"]),
    )
    fit = fit_dice(frames, FIGURES)
    assert fit.expect(frames.name_figures()) == pytest.approx(0.9, abs=0.01)
