"""Volumes of many frames at once are those of the frames one by one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lvzoo.clinic.batch import measure_contour_volumes, measure_mask_volumes
from lvzoo.clinic.volume import measure_contour, measure_mask
from lvzoo.geometry.contour import spline
from tests.toys import toy_frames


def made_masks() -> NDArray[np.bool_]:
    """Return ventricles, and masks as a bad model makes them: specks, holes, pieces, lines, cut by the edge, none."""
    rng = np.random.default_rng(0)
    specks = [
        gaussian_filter(rng.normal(size=(112, 112)), sigma) > level
        for sigma, level in ((0.5, 0.02), (1.5, 0.0), (3.0, 0.05), (4.0, -0.01))
    ]
    empty, full = np.zeros((2, 112, 112), np.bool_)
    full[:, :100] = True  # a square has no long axis
    line, ring, edge = (empty.copy() for _ in range(3))
    line[10:90, 50] = True
    ring[20:80, 30:60], ring[30:60, 40:50] = True, False
    edge[90:, 80:] = True
    return np.stack([*toy_frames(6).masks_NHW, *specks, empty, full, line, ring, edge])


def test_masks_are_measured_as_they_are_one_by_one() -> None:
    masks_NHW = made_masks()
    expected = [measure_mask(mask_HW).disks_px3 for mask_HW in masks_NHW]
    assert measure_mask_volumes(masks_NHW) == pytest.approx(expected, rel=1e-9, nan_ok=True)
    assert int(np.isnan(expected).sum()) == 2, "the empty mask and the line"


def test_contours_are_measured_as_they_are_one_by_one() -> None:
    contours_NP2 = toy_frames(5).contours_NP2.astype(np.float64)
    curves = [spline(contours_NP2[0, ::20]), spline(contours_NP2[1, ::10]), *contours_NP2[2:]]
    curves[3], curves[4] = curves[3] * np.nan, curves[4] / 50
    apexes_N2 = contours_NP2[:, 60].copy()
    expected = [
        measure_contour(curve_P2, apex_2=apex_2).disks_px3
        for curve_P2, apex_2 in zip(curves, apexes_N2, strict=True)
    ]
    assert measure_contour_volumes(curves, apexes_N2) == pytest.approx(expected, rel=1e-9, nan_ok=True)
    assert np.isnan(expected).tolist() == [False, False, False, True, True]


def test_no_frames_have_no_volumes() -> None:
    assert measure_mask_volumes(np.zeros((0, 112, 112), np.bool_)).shape == (0,)
    assert np.isnan(measure_mask_volumes(np.zeros((3, 112, 112), np.bool_))).all()
