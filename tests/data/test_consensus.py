"""The consensus of several readers' masks: a vote of the pixels, and midway between two borders where it is a tie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.data.consensus import find_consensus, find_consensus_of_others
from lvzoo.evaluate.dice import dice_N

Mask = NDArray[np.bool_]


def box(*, left: int, right: int) -> Mask:
    """Return a mask of the rows 20 to 89 and of some columns, the last one included."""
    mask_HW = np.zeros((112, 112), dtype=np.bool_)
    mask_HW[20:90, left : right + 1] = True
    return mask_HW


def ellipse(rng: np.random.Generator, *, sd: float) -> Mask:
    """Return the mask of a reader who draws an ellipse a little too large or small, and beside its place."""
    y_HW, x_HW = np.mgrid[:112, :112]
    (x, y), width, height = (
        rng.normal((56, 60), sd),
        16 * (1 + rng.normal(0, sd / 40)),
        28 * (1 + rng.normal(0, sd / 40)),
    )
    return np.asarray(((x_HW - x) / width) ** 2 + ((y_HW - y) / height) ** 2 < 1)


def test_the_majority_decides_whatever_the_minority_drew() -> None:
    readers = np.stack([box(left=40, right=60), box(left=42, right=62), box(left=0, right=111)])
    assert np.array_equal(find_consensus(readers), box(left=40, right=62))


def test_readers_who_agree_are_their_consensus() -> None:
    masks_RHW = np.repeat(ellipse(np.random.default_rng(0), sd=1)[None], 4, axis=0)
    assert np.array_equal(find_consensus(masks_RHW), masks_RHW[0])
    assert np.array_equal(find_consensus_of_others(masks_RHW), masks_RHW)


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_two_readers_meet_midway(shift: int) -> None:
    """In the middle rows, where no corner is near, every column is exactly midway between theirs."""
    readers = np.stack([box(left=40 - shift, right=60 - shift), box(left=40 + shift, right=60 + shift)])
    assert np.array_equal(find_consensus(readers)[40:70], box(left=40, right=60)[40:70])


def test_an_even_number_of_readers_favours_neither_large_nor_small_masks() -> None:
    """With "at least half" or "more than half" alone, the mean area would be far off, in one direction each."""
    rng = np.random.default_rng(1)
    true = ellipse(rng, sd=0.0)
    groups = [np.stack([ellipse(rng, sd=2.0) for _ in range(4)]) for _ in range(40)]
    ratio = np.mean([find_consensus(masks_RHW).sum() for masks_RHW in groups]) / true.sum()
    less, more = (
        np.mean([(masks_RHW.sum(axis=0) >= votes).sum() for masks_RHW in groups]) / true.sum()
        for votes in (3, 2)
    )
    assert ratio == pytest.approx(1, abs=0.03)
    assert less < 0.95
    assert more > 1.05


def test_the_consensus_is_nearer_to_the_truth_than_its_readers() -> None:
    rng = np.random.default_rng(2)
    true = ellipse(rng, sd=0.0)
    masks_RHW = np.stack([ellipse(rng, sd=2.0) for _ in range(10)])
    assert (
        dice_N(find_consensus(masks_RHW)[None], true[None])[0]
        > dice_N(masks_RHW, np.repeat(true[None], 10, axis=0)).mean()
    )


@pytest.mark.parametrize("readers", [2, 3, 4, 11])
def test_the_consensus_of_the_others_leaves_out_the_own_mask(readers: int) -> None:
    rng = np.random.default_rng(readers)
    masks_RHW = np.stack([ellipse(rng, sd=2.0) for _ in range(readers)])
    others_RHW = find_consensus_of_others(masks_RHW)
    for reader in range(readers):
        assert np.array_equal(others_RHW[reader], find_consensus(np.delete(masks_RHW, reader, axis=0)))


def test_empty_masks_have_votes_too() -> None:
    empty = np.zeros((112, 112), dtype=np.bool_)
    drawn = box(left=40, right=60)
    assert not find_consensus(np.stack([empty, empty, drawn])).any()
    assert np.array_equal(find_consensus(np.stack([empty, drawn, drawn])), drawn)
    assert not find_consensus_of_others(np.stack([empty, empty])).any()
