"""Masks that cannot be a ventricle: in pieces, with holes, empty, or on the wrong side of the valve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.evaluate.anatomy import apex_below_base, topology
from lvzoo.evaluate.boundary import boundaries
from lvzoo.types import APEX_INDEX, CONTOUR_POINTS
from tests.evaluate.blobs import blob_pairs
from tests.toys import toy_frames


def picture(*rows: str) -> NDArray[np.bool_]:
    return np.array([[letter == "#" for letter in row] for row in rows], np.bool_)


def counts(mask_HW: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the numbers of components and holes of one mask."""
    found = topology(mask_HW[None])
    return int(found.components_N[0]), int(found.holes_N[0])


def test_cases_by_hand() -> None:
    assert counts(picture("....", "....")) == (0, 0)
    assert counts(picture("####", "####")) == (1, 0)
    assert counts(picture("##..", "..##")) == (1, 0), "pixels that touch at a corner are connected"
    assert counts(picture("##..", "...#")) == (2, 0)
    assert counts(picture("###", "#.#", "###")) == (1, 1)
    assert counts(picture(".#.", "#.#", ".#.")) == (1, 1), "corners close a hole"
    assert counts(picture("#.#", "#.#", "###")) == (1, 0), "open to the frame's border"
    assert counts(picture("#####", "#.#.#", "#####")) == (1, 2)
    assert counts(picture("####", "#.##", "##.#", "####")) == (1, 2), "background is connected only by sides"
    assert counts(picture("#####", "#...#", "#.#.#", "#...#", "#####")) == (2, 1), "an island in a hole"


def test_random_masks_as_scipy_labels_them() -> None:
    rng = np.random.default_rng(0)
    for size_HW in ((9, 13), (112, 112), (1, 6), (6, 1)):
        masks_NHW = rng.random((60, *size_HW)) < rng.random((60, 1, 1))
        masks_NHW[::7] = False
        found = topology(masks_NHW)
        eight = np.ones((3, 3), dtype=int)
        assert found.components_N.tolist() == [ndimage.label(mask_HW, eight)[1] for mask_HW in masks_NHW]
        outside = [ndimage.label(~np.pad(mask_HW, 1))[1] - 1 for mask_HW in masks_NHW]
        assert found.holes_N.tolist() == outside


def test_smooth_masks_as_scipy_labels_them() -> None:
    masks_NHW, _ = blob_pairs(40, seed=5)
    found = topology(masks_NHW)
    assert found.components_N.tolist() == [ndimage.label(mask, np.ones((3, 3)))[1] for mask in masks_NHW]
    assert found.holes_N.max() > 0


def test_no_frames_have_no_pieces() -> None:
    assert topology(np.zeros((0, 112, 112), np.bool_)).components_N.shape == (0,)


def test_references_have_their_apex_above_the_base() -> None:
    frames = toy_frames(20)
    assert not apex_below_base(boundaries(frames.masks_NHW), frames.contours_NP2).any()


def valve(
    left: tuple[float, float], right: tuple[float, float], apex: tuple[float, float]
) -> NDArray[np.float32]:
    """Return a contour whose ends and apex are given; its other points do not matter."""
    contour_P2 = np.zeros((CONTOUR_POINTS, 2), dtype=np.float32)
    contour_P2[0], contour_P2[-1], contour_P2[APEX_INDEX] = left, right, apex
    return contour_P2


def below(mask_HW: NDArray[np.bool_], contour_P2: NDArray[np.float32]) -> bool:
    return bool(apex_below_base(boundaries(mask_HW[None]), contour_P2[None])[0])


def test_a_mask_that_reaches_farther_beyond_the_valve_has_found_the_atrium() -> None:
    contour_P2 = valve((40, 60), (70, 60), (55, 20))
    mask_HW = np.zeros((112, 112), np.bool_)
    mask_HW[65:90, 50:60] = True
    assert below(mask_HW, contour_P2)
    mask_HW[32:65, 50:60] = True
    assert below(mask_HW, contour_P2), "28.4 px above the valve, 29.4 below it"
    mask_HW[30, 50:60] = True
    assert not below(mask_HW, contour_P2), "30.4 px above it"


def test_the_references_apex_decides_which_side_is_above() -> None:
    mask_HW = np.zeros((112, 112), np.bool_)
    mask_HW[65:90, 50:60] = True
    assert not below(mask_HW, valve((40, 60), (70, 60), (55, 100)))
    left, right = (40, 95), (70, 40)
    assert below(mask_HW.T, valve(left, right, (20, 40)))
    assert not below(mask_HW.T, valve(left, right, (100, 95)))


def test_an_empty_mask_has_no_apex_and_does_not_affect_other_masks() -> None:
    frames = toy_frames(5)
    masks_NHW = frames.masks_NHW.copy()
    masks_NHW[2] = False
    masks_NHW[3] = False
    masks_NHW[3, 105:] = True
    assert apex_below_base(boundaries(masks_NHW), frames.contours_NP2).tolist() == [False] * 3 + [True, False]
    empty_NHW = np.zeros_like(masks_NHW)
    assert not apex_below_base(boundaries(empty_NHW), frames.contours_NP2).any()
