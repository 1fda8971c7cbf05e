"""Dice by hand: foreground only, per frame, with its edge cases."""

from __future__ import annotations

import numpy as np
import pytest

from lvzoo.evaluate.dice import dice_N


def test_an_empty_prediction_scores_zero_though_nine_pixels_in_ten_are_right() -> None:
    reference_NHW = np.zeros((1, 112, 112), np.bool_)
    reference_NHW[0, 30:63, 40:74] = True  # 1122 of 12544 pixels, as large as a ventricle
    empty_NHW = np.zeros_like(reference_NHW)
    accuracy = (empty_NHW == reference_NHW).mean()
    assert accuracy == pytest.approx(0.91, abs=0.005)
    assert dice_N(empty_NHW, reference_NHW).tolist() == [0.0]


def test_cases_by_hand() -> None:
    reference_HW = np.array([[1, 1, 1, 0], [1, 1, 1, 0]], np.bool_)
    predictions_NHW = np.array(
        [
            [[1, 1, 1, 0], [1, 1, 1, 0]],  # the same: 1
            [[0, 1, 1, 1], [0, 1, 1, 1]],  # 4 shared of 6 and 6: 8/12
            [[1, 0, 0, 0], [0, 0, 0, 0]],  # 1 shared of 1 and 6: 2/7
            [[0, 0, 0, 1], [0, 0, 0, 1]],  # no overlap: 0
            [[1, 1, 1, 1], [1, 1, 1, 1]],  # all: 12/14
        ],
        np.bool_,
    )
    expected = [1, 8 / 12, 2 / 7, 0, 12 / 14]
    assert dice_N(predictions_NHW, np.stack([reference_HW] * 5)).tolist() == pytest.approx(
        expected, abs=1e-15
    )


def test_two_empty_masks_agree_and_one_empty_mask_never_does() -> None:
    empty_NHW, full_NHW = np.zeros((1, 3, 5), np.bool_), np.ones((1, 3, 5), np.bool_)
    assert dice_N(empty_NHW, empty_NHW).tolist() == [1.0]
    assert dice_N(full_NHW, empty_NHW).tolist() == [0.0]
    assert dice_N(empty_NHW, full_NHW).tolist() == [0.0]


@pytest.mark.parametrize("size_HW", [(112, 112), (7, 9), (1, 1), (13, 64)])
def test_packed_bits_give_the_plain_formula(size_HW: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    predicted_NHW, reference_NHW = (rng.random((20, *size_HW)) < share for share in (0.3, 0.5))
    expected = [
        2 * (p & r).sum() / (p.sum() + r.sum()) if p.any() or r.any() else 1.0
        for p, r in zip(predicted_NHW, reference_NHW, strict=True)
    ]
    assert dice_N(predicted_NHW, reference_NHW).tolist() == pytest.approx(expected, abs=1e-12)


def test_each_frame_is_scored_alone() -> None:
    """The pooled score of both would be 2 * 1 / (1 + 8 + 1)."""
    predicted_NHW = np.zeros((2, 4, 4), np.bool_)
    reference_NHW = np.zeros((2, 4, 4), np.bool_)
    predicted_NHW[0, 0, 0] = reference_NHW[0, 0, 0] = True
    reference_NHW[1, :2] = True
    assert dice_N(predicted_NHW, reference_NHW).tolist() == [1.0, 0.0]


def test_masks_that_are_a_view_of_something_larger_are_read_correctly() -> None:
    large_NHW = np.random.default_rng(0).random((4, 20, 20)) < 0.5
    view_NHW = large_NHW.transpose(0, 2, 1)[::2, 3:11, 5:]
    assert dice_N(view_NHW, np.ascontiguousarray(view_NHW)).tolist() == [1.0, 1.0]


def test_no_frames_have_no_scores() -> None:
    none_NHW = np.zeros((0, 112, 112), np.bool_)
    assert dice_N(none_NHW, none_NHW).shape == (0,)


def test_anything_but_boolean_masks_of_one_shape_is_refused() -> None:
    masks_NHW = np.zeros((2, 4, 4), np.bool_)
    with pytest.raises(ValueError, match="cannot be compared"):
        dice_N(masks_NHW, masks_NHW[:1])
    with pytest.raises(ValueError, match="not boolean"):
        dice_N(masks_NHW.astype(np.uint8), masks_NHW)
