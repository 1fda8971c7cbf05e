"""The number that moves a border onto the tracings, its uncertainty, and the check on other patients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lvzoo.border.distance import FAR_PX, measure_borders
from lvzoo.border.fit import Predict, check_border, fit_border, leave_out_failures
from lvzoo.border.number import find_number
from lvzoo.errors import DataError, PluginError
from lvzoo.types import FrameSet
from tests.toys import toy_frames

FRAMES = toy_frames(20)


def depths(masks_NHW: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each pixel's depth below the border of its mask, in px."""
    inside_NHW, outside_NHW = (
        np.stack([distance_transform_edt(mask_HW) for mask_HW in each]) for each in (masks_NHW, ~masks_NHW)
    )
    return np.where(masks_NHW, inside_NHW - 0.5, 0.5 - outside_NHW)


def reader(outside_px: float, px_per_unit: float) -> Predict:
    """Return a model that draws the border `outside_px` outside of the tracings, and moves it with the number."""

    def predict(number: float, frames: FrameSet) -> NDArray[np.bool_]:
        masks: NDArray[np.bool_] = depths(frames.masks_NHW) + outside_px + px_per_unit * number >= 0
        return masks

    return predict


@pytest.mark.parametrize("outside_px", [-2.0, 0.0, 3.0])
def test_the_distance_is_that_of_the_border_and_0_for_the_tracing_itself(outside_px: float) -> None:
    moved_NHW = depths(FRAMES.masks_NHW) + outside_px >= 0
    distances_N = measure_borders(moved_NHW, FRAMES.masks_NHW, FRAMES.contours_NP2)
    assert distances_N.mean() == pytest.approx(outside_px, abs=0.25)
    if not outside_px:
        assert distances_N == pytest.approx(np.zeros(20))


def test_an_empty_mask_lies_far_inside() -> None:
    empty_NHW = np.zeros_like(FRAMES.masks_NHW)
    assert (measure_borders(empty_NHW, FRAMES.masks_NHW, FRAMES.contours_NP2) < 1 - FAR_PX).all()


SCALES = [(1.7, 0.3), (-2.0, 0.3), (-2.0, 40.0), (1.0, 0.002), (0.0, 1.0)]


@pytest.mark.parametrize(("outside_px", "px_per_unit"), SCALES)
def test_the_border_is_moved_onto_the_tracings_whatever_the_scale_of_the_number(
    outside_px: float, px_per_unit: float
) -> None:
    predict = reader(outside_px, px_per_unit)
    fit = fit_border(FRAMES, predict, model="m")
    assert fit.shift_px == pytest.approx(-outside_px, abs=0.3)
    assert fit.number == pytest.approx(-outside_px / px_per_unit, abs=0.5 / px_per_unit)


def test_intervals_are_those_of_students_t_over_patients() -> None:
    """Five patients, of whom each traces at another distance; the number is the distance itself."""
    offsets_Q = np.array([-0.4, 0.1, 0.2, 0.5, 1.1])
    patients = [name for name in "abcde" for _ in range(2)]
    fit = find_number(lambda number: number - np.repeat(offsets_Q, 2), patients)
    half = 2.7764 * offsets_Q.std(ddof=1) / math.sqrt(5)
    assert [fit.number, fit.shift_px] == pytest.approx([0.3, 0.3], abs=0.01)
    assert [fit.number_half, fit.shift_half_px] == pytest.approx([half, half], rel=1e-3)
    others = {name: (1.5 - offset) / 4 for name, offset in zip("abcde", offsets_Q, strict=True)}
    assert fit.without_Q == pytest.approx(others, abs=0.01)
    # 2.02 * 0.55 / sqrt(16) = 0.29
    assert fit.patients_needed == 16


def test_a_patient_counts_once_however_many_frames_there_are() -> None:
    offsets_N = np.array([0.0] * 9 + [1.0])
    assert find_number(lambda number: number - offsets_N, ["a"] * 9 + ["b"]).number == pytest.approx(
        0.5, abs=0.01
    )


def test_a_border_far_from_the_tracings_is_another_problem() -> None:
    with pytest.raises(DataError, match=r"^m: its border lies 9\.\d px outside of the tracings; a reader"):
        fit_border(FRAMES, reader(9.0, 1.0), model="m")


def test_a_number_that_moves_nothing_is_refused() -> None:
    said = (
        r"^m: adding a constant to its logits \(or moving its landmarks\) does not change its masks; correct"
    )
    with pytest.raises(DataError, match=said):
        fit_border(FRAMES, reader(1.0, 0.0), model="m")


def test_an_output_that_is_not_logits_is_refused() -> None:
    """A constant that is added to the numbers of a shape moves it to the side, and may enlarge it as well."""

    def predict(number: float, frames: FrameSet) -> NDArray[np.bool_]:
        grown_NHW = depths(frames.masks_NHW) - 1 + 0.5 * number >= 0
        return np.roll(grown_NHW, round(4 * number), axis=2)

    said = (
        "m: a constant added to its output does not enlarge its masks, so the output is not logits and lvzoo"
    )
    with pytest.raises(PluginError, match=said):
        fit_border(FRAMES, predict, model="m")


def test_frames_without_the_ventricle_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def predict(_number: float, frames: FrameSet) -> NDArray[np.bool_]:
        blind_N = np.isin(frames.frame_indices, blind)
        return frames.masks_NHW & ~blind_N[:, None, None]

    blind = [1, 4, 5]
    kept = leave_out_failures(FRAMES, predict, model="m")
    assert len(kept) == 17
    assert not {1, 4, 5} & set(kept.frame_indices)
    assert "m fails on 3 of 20 frames, which are left out" in caplog.text
    blind = list(range(11))
    with pytest.raises(DataError, match=r"m: fails on 11 of 20 frames \(Dice below 0\.5\), so its border"):
        leave_out_failures(FRAMES, predict, model="m")


def test_the_check_is_on_other_patients_or_crossed_over_the_same() -> None:
    used, others = FRAMES.take(range(10)), FRAMES.take(range(10, 20))
    predict = reader(2.0, 0.5)
    fit = fit_border(used, predict, model="m")
    for rest, crossed in ((others, False), (FRAMES.take([]), True)):
        found = check_border(used, rest, predict, fit)
        assert (found.crossed, found.frames, found.patients) == (crossed, 10, 5)
        assert found.distance_before_px == pytest.approx(2, abs=0.3)
        assert abs(found.distance_after_px) < 0.3
        assert found.dice_before < 0.93
        assert found.dice_after > 0.97
