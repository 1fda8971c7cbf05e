"""The mean of masks runs midway between their borders."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.decoding.means import DEEP_PX, FAR_PX, average_masks, measure_distances


def disk(x: float, y: float, radius_px: float) -> NDArray[np.bool_]:
    ys_HW, xs_HW = np.mgrid[:112, :112]
    return np.asarray(np.hypot(xs_HW - x, ys_HW - y) <= radius_px)[None]


def box(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    mask_HW = np.zeros((112, 112), dtype=np.bool_)
    mask_HW[top:bottom, left:right] = True
    return mask_HW[None]


def test_distances_are_bounded_and_more_narrowly_inside() -> None:
    distances_BHW = measure_distances(
        np.concatenate([disk(50, 60, 15), np.zeros((1, 112, 112), dtype=np.bool_)])
    )
    assert (distances_BHW[0].max(), distances_BHW[0].min()) == (DEEP_PX, -FAR_PX)
    assert (distances_BHW[1] == -FAR_PX).all()


def test_the_mean_of_equal_masks_is_that_mask() -> None:
    odd = disk(50, 60, 15) | box(60, 58, 90, 61) | box(20, 20, 21, 21)
    assert np.array_equal(average_masks([odd]), odd)
    assert np.array_equal(average_masks([odd, odd]), odd)
    assert np.array_equal(average_masks([odd, odd, odd]), odd)


@pytest.mark.parametrize("wider", [1, 2, 3, 6])
def test_the_mean_of_two_disks_is_the_disk_between_them(wider: float) -> None:
    """Also for a ring of one pixel, all of whose pixels are as far from one border as from the other."""
    inner, outer = disk(50.3, 60.4, 15), disk(50.3, 60.4, 15 + wider)
    (mean_HW,) = average_masks([inner, outer])
    assert mean_HW.sum() == pytest.approx(np.pi * (15 + wider / 2) ** 2, rel=0.02)
    assert not (mean_HW & ~outer[0]).any()
    assert not (inner[0] & ~mean_HW).any()


def test_shifted_masks_meet_in_the_middle() -> None:
    (mean_HW,) = average_masks([box(40, 30, 60, 80), box(44, 36, 64, 86)])
    rows, columns = np.nonzero(mean_HW)
    assert (columns.mean(), rows.mean()) == pytest.approx((51.5, 57.5), abs=0.3)
    assert mean_HW.sum() == pytest.approx(20 * 50, rel=0.05)


def test_a_model_that_finds_nothing_in_a_frame_is_left_out_there() -> None:
    nothing = np.zeros((1, 112, 112), dtype=np.bool_)
    both = np.concatenate([nothing, nothing])
    found = np.concatenate([disk(50, 60, 15), nothing])
    assert np.array_equal(average_masks([both, found]), found)


def test_what_one_of_two_models_finds_elsewhere_is_left_out() -> None:
    whole = disk(35, 60, 15)
    (mean_HW,) = average_masks([whole, whole | disk(85, 60, 22)])
    assert not mean_HW[:, 70:].any()
    assert mean_HW.sum() == pytest.approx(whole.sum(), rel=0.02)


def test_no_frames_have_no_mean() -> None:
    none = np.zeros((0, 112, 112), dtype=np.bool_)
    assert average_masks([none, none]).shape == (0, 112, 112)
