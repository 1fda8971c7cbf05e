"""Distances between boundaries by hand: what a boundary is, how distances are averaged, what an empty mask scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.evaluate import boundary
from lvzoo.evaluate.boundary import BoundaryScores, boundaries, boundary_scores
from tests.evaluate.blobs import blob_pairs

DIAGONAL_PX = 112 * math.sqrt(2)


def compare(predicted: NDArray[np.bool_], reference: NDArray[np.bool_]) -> BoundaryScores:
    """Score masks (N, H, W), or one mask (H, W)."""
    predicted_NHW, reference_NHW = (each.reshape(-1, *each.shape[-2:]) for each in (predicted, reference))
    return boundary_scores(boundaries(predicted_NHW), boundaries(reference_NHW))


def numbers(scores: BoundaryScores) -> list[float]:
    """Return NSD at 1 and 2 px, HD95 and ASSD of the only frame."""
    return [float(each[0]) for each in (scores.nsd1_N, scores.nsd2_N, scores.hd95_N, scores.assd_N)]


def square(top: int, left: int, side: int, size_HW: tuple[int, int] = (112, 112)) -> NDArray[np.bool_]:
    mask_HW = np.zeros(size_HW, np.bool_)
    mask_HW[top : top + side, left : left + side] = True
    return mask_HW


def drawn(found: boundary.Boundaries) -> NDArray[np.bool_]:
    edge_NHW = np.zeros((len(found), *found.size_HW), np.bool_)
    frame_Q = np.repeat(np.arange(len(found)), found.counts_N)
    x_Q, y_Q = found.points_Q2[: len(frame_Q)].astype(int).T
    edge_NHW[frame_Q, y_Q, x_Q] = True
    return edge_NHW


def test_a_boundary_is_what_erosion_takes_away() -> None:
    masks_NHW, _ = blob_pairs(60, seed=1, size_HW=(23, 31))
    expected = [mask_HW & ~ndimage.binary_erosion(mask_HW) for mask_HW in masks_NHW]
    assert (drawn(boundaries(masks_NHW)) == np.stack(expected)).all()


def test_beyond_the_frame_is_background() -> None:
    full_HW = np.ones((5, 6), np.bool_)
    edge_HW = drawn(boundaries(full_HW[None]))[0]
    assert edge_HW.sum() == 2 * 6 + 2 * 3
    assert not edge_HW[1:-1, 1:-1].any()


def test_the_same_mask_has_no_distance() -> None:
    assert numbers(compare(square(20, 30, 40), square(20, 30, 40))) == [1, 1, 0, 0]


def test_single_pixels_are_as_far_apart_as_their_centres() -> None:
    one_HW, other_HW = square(10, 20, 1), square(13, 24, 1)
    assert numbers(compare(one_HW, other_HW)) == [0, 0, 5, 5]
    assert numbers(compare(one_HW, square(11, 20, 1))) == [1, 1, 1, 1]
    assert numbers(compare(one_HW, square(11, 21, 1))) == [0, 1, math.sqrt(2), math.sqrt(2)]


def test_two_squares_shifted_by_three() -> None:
    """Two squares of 11 x 11 pixels with 40 boundary pixels each, shifted by 3; symmetric in both directions.

    Distances from the left square to the right one, whose left column is at x = 3. The left column (x = 0) is 3 away.
    In the top and bottom rows, x = 1 and x = 2 are 2 and 1 away, and x = 3 to 9 are on the other boundary: 14 zeros.
    The right column (x = 10) is inside the other square: 3 from its right column, y and 10 - y from its rows.
    """
    scores = compare(square(40, 43, 11), square(40, 40, 11))
    right_column = [min(3, y, 10 - y) for y in range(11)]
    left_column = [3] * 11
    one_way = sorted([0] * 14 + right_column + left_column + [1, 2] * 2)
    assert len(one_way) == 40
    assert float(scores.assd_N[0]) == pytest.approx(sum(one_way) / 40)
    assert float(scores.nsd1_N[0]) == pytest.approx(sum(d <= 1 for d in one_way) / 40)
    assert float(scores.nsd2_N[0]) == pytest.approx(sum(d <= 2 for d in one_way) / 40)
    assert float(scores.hd95_N[0]) == 3


def test_the_percentile_is_interpolated_in_each_direction_and_the_larger_one_counts() -> None:
    """A row of pixels 0..4 against the first of them: distances 0 1 2 3 4 one way, 0 the other."""
    row_HW, pixel_HW = np.zeros((9, 9), np.bool_), square(4, 2, 1, (9, 9))
    row_HW[4, 2:7] = True
    for scores in (compare(row_HW, pixel_HW), compare(pixel_HW, row_HW)):
        assert numbers(scores) == pytest.approx([3 / 6, 4 / 6, 3.8, 10 / 6])


def test_an_empty_prediction_gets_the_worst_scores() -> None:
    empty_HW, some_HW = np.zeros((112, 112), np.bool_), square(50, 50, 9)
    assert numbers(compare(empty_HW, some_HW)) == pytest.approx([0, 0, DIAGONAL_PX, DIAGONAL_PX])
    assert numbers(compare(some_HW, empty_HW)) == pytest.approx([0, 0, DIAGONAL_PX, DIAGONAL_PX])
    assert numbers(compare(empty_HW, empty_HW)) == [1, 1, 0, 0]
    wide_HW = np.zeros((3, 4), np.bool_)
    assert numbers(compare(wide_HW, ~wide_HW)) == [0, 0, 5, 5]


def test_empty_frames_do_not_affect_other_frames() -> None:
    predicted_NHW, reference_NHW = blob_pairs(40, seed=2, size_HW=(40, 50))
    predicted_NHW[::3], reference_NHW[::5] = False, False
    together = compare(predicted_NHW, reference_NHW)
    for n in range(40):
        alone = compare(predicted_NHW[n], reference_NHW[n])
        assert numbers(alone) == [
            float(each[n]) for each in (together.nsd1_N, together.nsd2_N, together.hd95_N, together.assd_N)
        ]


def test_scores_are_symmetric() -> None:
    predicted_NHW, reference_NHW = blob_pairs(30, seed=3)
    ahead, back = compare(predicted_NHW, reference_NHW), compare(reference_NHW, predicted_NHW)
    for name in ("nsd1_N", "nsd2_N", "hd95_N", "assd_N"):
        assert getattr(ahead, name) == pytest.approx(getattr(back, name), abs=1e-9)


def test_masks_full_of_specks_are_scored_like_others() -> None:
    """They have too many pairs of points for several frames to be computed together."""
    rng = np.random.default_rng(0)
    specks_NHW = rng.random((20, 112, 112)) < 0.4
    specks_NHW[0] = False
    together = compare(specks_NHW, specks_NHW[:, ::-1])
    assert together.assd_N[0] == 0
    for n in (1, 19):
        assert together.assd_N[n] == compare(specks_NHW[n], specks_NHW[n, ::-1]).assd_N[0]


def test_large_frames_are_exact_too() -> None:
    """The squared diagonal of these frames is 2 * 3000^2, more than float32 can represent exactly."""
    size_HW = (3000, 3000)
    one_HW, other_HW = square(2998, 2999, 1, size_HW), square(2999, 2997, 1, size_HW)
    assert numbers(compare(one_HW, other_HW)) == [0, 0, math.sqrt(5), math.sqrt(5)]


def test_masks_that_are_a_view_of_something_larger_are_read_correctly() -> None:
    large_NHW = np.random.default_rng(0).random((4, 20, 20)) < 0.5
    view_NHW = large_NHW.transpose(0, 2, 1)[::2, 3:11, 5:]
    assert (drawn(boundaries(view_NHW)) == drawn(boundaries(view_NHW.copy()))).all()
    assert compare(view_NHW, view_NHW.copy()).assd_N.tolist() == [0, 0]


def test_no_frames_have_no_scores() -> None:
    none_NHW = np.zeros((0, 112, 112), np.bool_)
    assert compare(none_NHW, none_NHW).hd95_N.shape == (0,)


def test_sets_of_different_shapes_are_refused() -> None:
    masks_NHW = np.zeros((2, 4, 4), np.bool_)
    with pytest.raises(ValueError, match="cannot be compared"):
        boundary_scores(boundaries(masks_NHW), boundaries(masks_NHW[:1]))
    with pytest.raises(ValueError, match="cannot be compared"):
        boundary_scores(boundaries(masks_NHW), boundaries(masks_NHW[:, :3]))
