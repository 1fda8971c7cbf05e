from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.trust import (
    IN_PIECES,
    JUMPS,
    LOW_DICE,
    NO_APICAL_VIEW,
    NO_SECTOR,
    NO_VENTRICLE,
    UPSIDE_DOWN,
    judge_beats,
    judge_clip,
    judge_frames,
)
from lvzoo.clinic.trust_numbers import SHIPPED, read_trust_model, write_trust_model
from lvzoo.errors import DataError
from lvzoo.types.answer import ClipBeat, FrameTrust, ModelUsed
from lvzoo.weights.opened import open_models
from lvzoo.workflows.fit_trust import MODELS

MODEL = read_trust_model()
GOOD = {
    "agreement": 0.96,
    "border": 0.97,
    "confidence": 0.97,
    "check border": np.nan,
    "check confidence": np.nan,
    "flicker": 0.99,
    "solidity": 0.97,
    "largest piece": 1.0,
    "taper": -0.2,
    "elongation": 1.7,
    "corners": 0.03,
    "flanks": 0.03,
}
FRAMES = 50
TIMES_S = np.arange(FRAMES) / 50
AREAS = 1000 + 300 * np.cos(2 * np.pi * TIMES_S / 0.8)


def make_evidence(**changed: float) -> NDArray[np.float64]:
    figures = GOOD | {name.replace("_", " "): value for name, value in changed.items()}
    return np.tile([figures[name] for name in EVIDENCE], (FRAMES, 1))


def judge(
    evidence_NF: NDArray[np.float64] | None = None,
    areas_N: NDArray[np.float64] = AREAS,
    *,
    timed: bool = True,
) -> FrameTrust:
    evidence = make_evidence() if evidence_NF is None else evidence_NF
    return judge_frames(MODEL, evidence, areas_px2_N=areas_N, times_s_N=TIMES_S if timed else None)


def make_beat(number: int = 1, ed: int = 5, es: int = 20, reason: str | None = None) -> ClipBeat:
    return ClipBeat(number=number, ed=ed, es=es, ed_time_s=ed / 50, es_time_s=es / 50, reason=reason)


def spoil(trust: FrameTrust, *frames: int) -> FrameTrust:
    flags = [(*flags, LOW_DICE) if place in frames else flags for place, flags in enumerate(trust.flags_N)]
    dice_N = trust.dice_N.copy()
    dice_N[list(frames)] = 0.5
    return replace(trust, dice_N=dice_N, flags_N=tuple(flags))


def test_good_frames_are_trusted_without_flags() -> None:
    trust = judge()
    assert (trust.dice_N > 0.9).all()
    assert trust.trusted_N.all()
    assert set(trust.flags_N) == {()}
    assert (trust.low_N < trust.dice_N).all()
    assert (trust.dice_N < trust.high_N).all()


def test_better_evidence_never_lowers_the_expected_dice() -> None:
    rising_N = np.linspace(0, 1, 101)
    for fit in MODEL.fits:
        for figure in fit.figures:
            level = {name: np.full(101, 0.9) for name in fit.figures}
            expected_N = fit.expect(level | {figure: rising_N})
            low_N, high_N = fit.bound(expected_N)
            assert (np.diff(expected_N) >= 0).all()
            assert (low_N <= expected_N).all()
            assert (expected_N <= high_N).all()
    with_check = MODEL.fits[0]
    assert with_check.figures[0] == "agreement"
    assert with_check.curves[0].adds[-1] > with_check.curves[0].adds[0]


def test_weak_evidence_is_not_trusted() -> None:
    trust = judge(make_evidence(border=0.75, confidence=0.8, agreement=0.6))
    assert (trust.dice_N < 0.8).all()
    assert not trust.trusted_N.any()
    assert LOW_DICE in trust.flags_N[0]
    assert "the models disagree" in trust.flags_N[0]


@pytest.mark.parametrize(
    "unknown",
    [
        {"agreement"},  # no second opinion
        {"border", "confidence"},  # the mean of several models
        {"flicker"},  # not smoothed
        {"agreement", "border", "confidence"},  # one landmark model
        {"agreement", "border", "confidence", "flicker"},
    ],
)
def test_what_is_not_known_is_done_without(unknown: set[str]) -> None:
    trust = judge(make_evidence(**{name.replace(" ", "_"): np.nan for name in unknown}))
    assert np.isfinite(trust.dice_N).all()
    assert (trust.dice_N > 0.85).all()


def test_less_knowledge_gives_a_wider_interval() -> None:
    alone = dict.fromkeys(("agreement", "border", "confidence", "flicker"), np.nan)
    trust, blind = judge(), judge(make_evidence(**alone))
    assert (blind.high_N - blind.low_N > trust.high_N - trust.low_N).all()


def test_a_frame_without_a_ventricle_has_an_expected_dice_of_0() -> None:
    areas_N = AREAS.copy()
    areas_N[7] = np.nan
    trust = judge(areas_N=areas_N)
    assert (trust.dice_N[7], trust.low_N[7], trust.high_N[7]) == (0, 0, 0)
    assert trust.flags_N[7] == (NO_VENTRICLE, LOW_DICE)
    assert trust.trusted_N.sum() == FRAMES - 1


def test_oddities_are_flagged_but_trusted() -> None:
    evidence_NF = make_evidence()
    evidence_NF[3, EVIDENCE.index("largest piece")] = 0.9
    areas_N = AREAS.copy()
    areas_N[30] *= 1.5
    trust = judge(evidence_NF, areas_N)
    assert IN_PIECES in trust.flags_N[3]
    assert trust.flags_N[30] == (JUMPS,)
    assert trust.trusted_N[30]
    assert judge(evidence_NF, areas_N, timed=False).flags_N[30] == ()  # no curve without times


@pytest.mark.parametrize(
    ("flag", "changed"),
    [
        (NO_SECTOR, {"corners": 1.0}),
        (UPSIDE_DOWN, {"flanks": 8.0}),
        (NO_APICAL_VIEW, {"taper": 0.4, "elongation": 1.1, "solidity": 0.9}),
    ],
)
def test_what_is_no_apical_view_is_flagged_in_every_frame(flag: str, changed: dict[str, float]) -> None:
    trust = judge(make_evidence(**changed))
    assert all(flag in flags for flags in trust.flags_N)
    assert not trust.dice_N.any()
    assert not trust.trusted_N.any()
    verdict = judge_clip(trust, [make_beat()], times_s_N=TIMES_S)
    assert not verdict.trusted
    assert verdict.reasons == (flag,)
    assert "not an upright apical echocardiogram" in verdict.text


def test_one_odd_frame_does_not_make_a_clip_another_view() -> None:
    evidence_NF = make_evidence()
    evidence_NF[0, EVIDENCE.index("corners")] = 5
    assert judge(evidence_NF).trusted_N.all()


def test_the_verdict_counts_the_frames_of_ed_and_es() -> None:
    trust = judge()
    verdict = judge_clip(trust, [make_beat()], times_s_N=TIMES_S)
    assert verdict.trusted
    assert verdict.reasons == ()
    # 0.03 s hold one frame to either side at 50 frames/s
    assert "3 of 3 frames at end-diastole and 3 of 3 at end-systole" in verdict.text
    elsewhere = spoil(trust, *range(8, 18), *range(25, FRAMES))
    assert judge_clip(elsewhere, [make_beat()], times_s_N=TIMES_S).trusted


def test_a_third_of_the_deciding_frames_may_fail() -> None:
    trust = judge()
    assert judge_clip(spoil(trust, 5), [make_beat()], times_s_N=TIMES_S).trusted
    verdict = judge_clip(spoil(trust, 19, 20), [make_beat()], times_s_N=TIMES_S)
    assert not verdict.trusted
    assert "3 of 3 frames at end-diastole and 1 of 3 at end-systole" in verdict.text
    assert verdict.reasons == (f"beat 1: 1 of 3 frames at end-systole are trusted ({LOW_DICE})",)


def test_beats_are_judged_one_by_one() -> None:
    beats = [make_beat(1), make_beat(2, 30, 40), make_beat(3, 44, 48, reason="partial")]
    trust = spoil(judge(), 29, 30)
    judged = judge_beats(trust, beats, times_s_N=TIMES_S)
    assert [beat.trusted for beat in judged] == [True, False, False]
    assert judge_clip(trust, judged, times_s_N=TIMES_S).trusted  # 4 of 6 frames at end-diastole


def test_a_clip_without_a_beat_has_no_trusted_ejection_fraction() -> None:
    verdict = judge_clip(judge(), [], times_s_N=None, ef_reason="the clip shows no whole beat")
    assert not verdict.trusted
    assert verdict.reasons == ("the clip shows no whole beat",)
    assert verdict.text == "There is no ejection fraction. Of the frames, 50 of 50 are trusted."


def test_a_clip_without_frames_is_judged() -> None:
    nothing = np.zeros(0)
    trust = judge_frames(MODEL, np.zeros((0, len(EVIDENCE))), areas_px2_N=nothing, times_s_N=nothing)
    assert len(trust.dice_N) == len(trust.flags_N) == 0
    assert not judge_clip(trust, [], times_s_N=None).trusted


def test_the_shipped_numbers_belong_to_the_bundled_weights_and_say_that_they_are_synthetic() -> None:
    opened = open_models(list(MODELS))
    used = [
        ModelUsed(name=model.named, weights=model.digest, trained_on="", role="answer") for model in opened
    ]
    assert MODEL.list_cautions(used) == ()
    other = ModelUsed(name="mine", weights="0" * 64, trained_on="", role="answer")
    assert "so it may be wrong for mine" in MODEL.list_cautions([*used, other])[0]
    assert MODEL.card["synthetic"] is True
    assert MODEL.card["command"].startswith("python -m tests.clinic.figures_trust")
    assert SHIPPED.stat().st_size < 8000


def test_numbers_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_trust_model(tmp_path / "trust.json", MODEL)
    assert read_trust_model(tmp_path / "trust.json") == MODEL
    assert (tmp_path / "trust.json").read_bytes() == SHIPPED.read_bytes()


@pytest.mark.parametrize(
    "text", [None, "{", "[]", json.dumps({"card": {}}), json.dumps({"card": {}, "fits": [{}]})]
)
def test_a_file_without_numbers_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "trust.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=r"trust\.json: holds no numbers of trust .*make the file again"):
        read_trust_model(path)
