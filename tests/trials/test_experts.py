"""Experts are scored as models are: each own mask against the consensus of the others, on clean frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from lvzoo.errors import PluginError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import fit_sector
from lvzoo.geometry.ventricle import polygon_area
from lvzoo.phantom.clip import simulate
from lvzoo.rank.experts import sum_up_experts
from lvzoo.trials.experts import score_experts
from lvzoo.trials.volumes import measure_references
from lvzoo.types import FRAME_SIZE_HW, FrameSet, Source

RESAMPLES = 50


@pytest.fixture(scope="module")
def test() -> FrameSet:
    """Return ED and ES of two made-up patients, from one simulated clip."""
    clip = simulate(seed=0, split="test", index=0)
    areas = [polygon_area(contour_P2) for contour_P2 in clip.contours_NP2]
    ed, es = int(np.argmax(areas)), int(np.argmin(areas))
    places = [ed, es, ed + 1, es + 1]
    contours_NP2 = clip.contours_NP2[places]
    return FrameSet(
        frames_NHW=clip.frames_NHW[places],
        masks_NHW=np.stack([rasterise(contour_P2, FRAME_SIZE_HW) for contour_P2 in contours_NP2]),
        contours_NP2=contours_NP2,
        sectors=(fit_sector(clip.frames_NHW[:4]),) * 4,
        patients=("p", "p", "q", "q"),
        videos=("p1", "p1", "q1", "q1"),
        frame_indices=tuple(places),
        phases=("ED", "ES", "ED", "ES"),
        source=Source(name="made-up", version="1", fingerprint="0"),
    )


def shifted(frames: FrameSet, pixels: int) -> FrameSet:
    """Return the frames with their references moved to the right."""
    contours_NP2 = frames.contours_NP2 + np.array([pixels, 0], dtype=np.float32)
    return replace(frames, masks_NHW=np.roll(frames.masks_NHW, pixels, axis=2), contours_NP2=contours_NP2)


def scores_of(scores: pd.DataFrame, expert: str) -> NDArray[np.float64]:
    return scores.loc[scores["expert"] == expert, "dice"].to_numpy()


def test_experts_who_agree_have_a_dice_of_1(test: FrameSet) -> None:
    scores = score_experts(test, {"a": test, "b": test, "c": test})
    assert (scores["dice"] == 1).all()
    assert (scores["hd95"] == 0).all()
    assert (scores["others"] == 2).all()
    assert np.array_equal(scores["volume_pred"], scores["volume_ref"])
    table = sum_up_experts(scores, resamples=RESAMPLES).table
    assert table[["dice", "dice_low", "dice_high", "nsd1"]].to_numpy() == pytest.approx(1)
    assert table[["area_bias", "ef_mae", "ef_bias", "assd"]].to_numpy() == pytest.approx(0)


@pytest.mark.parametrize("pixels", [1, 3])
def test_an_expert_who_is_off_has_the_dice_of_the_shift(test: FrameSet, pixels: int) -> None:
    off = shifted(test, pixels)
    scores = score_experts(test, {"off": off, "b": test, "c": test, "d": test})
    assert np.array_equal(scores_of(scores, "off"), dice_N(off.masks_NHW, test.masks_NHW))
    # The others outvote the one who is off
    for expert in "bcd":
        assert (scores_of(scores, expert) == 1).all()


def test_of_two_experts_each_is_the_other_s_reference(test: FrameSet) -> None:
    off = shifted(test, 2)
    scores = score_experts(test, {"a": test, "b": off})
    assert np.array_equal(scores_of(scores, "a"), scores_of(scores, "b"))
    assert np.array_equal(scores_of(scores, "a"), dice_N(off.masks_NHW, test.masks_NHW))
    first = scores[scores["expert"] == "a"]
    assert np.array_equal(first["area_ref"], off.masks_NHW.sum(axis=(1, 2)))
    assert np.array_equal(first["volume_ref"], measure_references(off))


def test_frames_that_nobody_else_traced_do_not_count(test: FrameSet) -> None:
    scores = score_experts(test, {"a": test, "b": test.take([1, 2]), "c": test.take([2])})
    assert scores.groupby("expert").size().to_dict() == {"a": 2, "b": 2, "c": 1}
    rows = scores[scores["expert"] == "a"]
    assert rows["others"].tolist() == [1, 2]
    assert rows["video"].tolist() == [test.videos[1], test.videos[2]]


def test_one_expert_alone_has_no_scores(test: FrameSet) -> None:
    assert score_experts(test, {"a": test}).empty
    assert score_experts(test, {}).empty


def test_frames_are_recognised_in_any_order(test: FrameSet) -> None:
    order = list(range(len(test)))[::-1]
    scores = score_experts(test, {"a": test, "b": test.take(order)})
    assert (scores["dice"] == 1).all()


def test_an_expert_s_frame_must_be_a_test_frame(test: FrameSet) -> None:
    other = replace(test, frame_indices=(9999, *test.frame_indices[1:]))
    with pytest.raises(
        PluginError, match=r"load_experts returned no test frame for 'b' \(video .*, frame 9999\)"
    ):
        score_experts(test, {"a": test, "b": other})
    brighter = replace(test, frames_NHW=255 - test.frames_NHW)
    with pytest.raises(PluginError, match="returned another picture than the test frame for 'b'"):
        score_experts(test, {"a": test, "b": brighter})


# --- Sums over patients -----------------------------------------------------------------------------------------


def rows(
    expert: str, patient: str, phase: str, *, dice: float, volumes: tuple[float, float]
) -> dict[str, object]:
    return {
        "expert": expert,
        "patient": patient,
        "video": f"{patient}-1",
        "frame": 0,
        "phase": phase,
        "others": 3,
        **dict.fromkeys(("dice", "nsd1", "nsd2"), dice),
        **dict.fromkeys(("hd95", "assd"), 1.0),
        "area_pred": 110,
        "area_ref": 100,
        "volume_pred": volumes[0],
        "volume_ref": volumes[1],
    }


def test_a_table_of_experts_by_hand() -> None:
    scores = pd.DataFrame(
        [
            # patient p: own EF 60 %, the others' 50 %; patient q: no ES
            rows("a", "p", "ED", dice=0.9, volumes=(100, 100)),
            rows("a", "p", "ES", dice=0.8, volumes=(40, 50)),
            rows("a", "q", "ED", dice=0.6, volumes=(100, 100)),
            rows("b", "p", "ED", dice=1.0, volumes=(100, 80)),
            rows("b", "p", "ES", dice=0.9, volumes=(50, 40)),
        ]
    )
    result = sum_up_experts(scores, resamples=RESAMPLES)
    b, a = result.table.to_dict("records")
    assert (a["expert"], a["frames"], a["patients"], a["others"]) == ("a", 3, 2, 3)
    assert a["dice"] == pytest.approx((0.85 + 0.6) / 2)
    assert (a["dice_low"], a["dice_high"]) == pytest.approx((0.6, 0.85))
    assert (a["dice_ed"], a["dice_es"]) == pytest.approx((0.75, 0.8))
    assert a["area_bias"] == pytest.approx(10)
    assert (a["ef_mae"], a["ef_bias"], a["ef_patients"]) == pytest.approx((10, 10, 1))
    assert (b["dice"], b["ef_mae"]) == pytest.approx((0.95, 0))
    assert np.isnan(b["dice_low"])  # one patient tells nothing of others
    band = result.band.set_index("measure")
    assert band.loc[["dice"]].to_numpy()[0] == pytest.approx([(0.95 + 0.725) / 2, 0.725, 0.95])
    assert band.loc[["ef_mae"]].to_numpy()[0] == pytest.approx([5, 0, 10])


def test_a_volume_that_cannot_be_measured_counts_as_0_for_the_expert_alone() -> None:
    nan = float("nan")
    scores = pd.DataFrame(
        [
            rows("a", "p", "ED", dice=0.9, volumes=(nan, 100)),
            rows("a", "p", "ES", dice=0.9, volumes=(40, 50)),
            rows("a", "q", "ED", dice=0.9, volumes=(100, nan)),
            rows("a", "q", "ES", dice=0.9, volumes=(40, nan)),
        ]
    )
    [a] = sum_up_experts(scores, resamples=RESAMPLES).table.to_dict("records")
    assert (a["ef_mae"], a["ef_bias"], a["ef_patients"]) == pytest.approx((50, -50, 1))
