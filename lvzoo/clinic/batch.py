"""Measures the volumes of many frames at once: the same numbers as `lvzoo.clinic.volume`, in a fraction of the time.

Letters in names: N frames, P points of the longest outline, K landmarks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.axis import find_principal_axes
from lvzoo.clinic.outline import find_mask_outline
from lvzoo.clinic.volume import DISKS
from lvzoo.geometry.shape import LEAST_PIXELS


def measure_mask_volumes(masks_NHW: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the volumes of masks by disks about their principal axes, px³; NaN where one cannot be measured.

    Each is that of `lvzoo.clinic.volume.measure_mask` under the rule "border pixels inside".
    """
    outlines = [find_mask_outline(mask_HW) for mask_HW in masks_NHW]
    outlines_NP2 = _pad([np.zeros((1, 2)) if each is None else each for each in outlines])
    volumes_N = np.full(len(outlines), np.nan)
    large_N = _find_areas(outlines_NP2) >= LEAST_PIXELS
    if large_N.any():
        volumes_N[large_N] = _sum_disks(outlines_NP2[large_N], *find_principal_axes(outlines_NP2[large_N]))
    return volumes_N


def measure_contour_volumes(
    contours: Sequence[NDArray[np.floating]], apexes_N2: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the volumes of open contours (left annulus, apex, right annulus) by disks about their own axes, px³.

    NaN where one cannot be measured. Each is that of `lvzoo.clinic.volume.measure_contour`. The contours (P, 2) may
    differ in their numbers of points.
    """
    contours_NP2, apexes = _pad(contours), np.asarray(apexes_N2, dtype=np.float64)
    middles_N2 = (contours_NP2[:, 0] + contours_NP2[:, -1]) / 2
    volumes_N = np.full(len(contours), np.nan)
    # An area is NaN, and so not large, if a point is not finite.
    large_N = (_find_areas(contours_NP2) >= LEAST_PIXELS) & (apexes != middles_N2).any(axis=1)
    if large_N.any():
        volumes_N[large_N] = _sum_disks(contours_NP2[large_N], apexes[large_N], middles_N2[large_N])
    return volumes_N


def _pad(outlines: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return outlines as one array (N, P, 2); shorter ones repeat their last point."""
    padded_NP2 = np.empty((len(outlines), max(map(len, outlines), default=1), 2))
    for padded_P2, outline_P2 in zip(padded_NP2, outlines, strict=True):
        padded_P2[: len(outline_P2)] = outline_P2
        padded_P2[len(outline_P2) :] = outline_P2[-1]
    return padded_NP2


def _find_areas(outlines_NP2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas of closed polygons by the shoelace formula."""
    x_NP, y_NP = np.moveaxis(outlines_NP2 - outlines_NP2[:, :1], 2, 0)
    cross_NP = x_NP * np.roll(y_NP, -1, axis=1) - y_NP * np.roll(x_NP, -1, axis=1)
    return np.asarray(np.abs(cross_NP.sum(axis=1)) / 2)


def _sum_disks(
    outlines_NP2: NDArray[np.float64], apexes_N2: NDArray[np.float64], bases_N2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return pi/4 sum d^2 L/R for each outline."""
    diameters_NR = find_diameters(outlines_NP2, apexes_N2, bases_N2)
    lengths_N = np.linalg.norm(bases_N2 - apexes_N2, axis=1)
    return np.asarray(np.pi / 4 * (diameters_NR**2).mean(axis=1) * lengths_N)


def find_diameters(
    outlines_NP2: NDArray[np.float64],
    apexes_N2: NDArray[np.float64],
    bases_N2: NDArray[np.float64],
    disks: int = DISKS,
) -> NDArray[np.float64]:
    """Return the diameters (N, R) of R disks of each closed polygon, as `lvzoo.clinic.volume.find_diameters` does.

    The apex and base of an axis must not be the same point. A polygon may repeat a point, which changes nothing.
    """
    down_N2 = bases_N2 - apexes_N2
    down_N2 = down_N2 / np.linalg.norm(down_N2, axis=1, keepdims=True)
    across_N2 = np.stack([down_N2[:, 1], -down_N2[:, 0]], axis=1)
    from_apex_NP2 = outlines_NP2 - apexes_N2[:, None]
    z_NP, d_NP = ((from_apex_NP2 * each_N2[:, None]).sum(axis=2) for each_N2 in (down_N2, across_N2))
    share_R = (np.arange(disks) + 0.5) / disks
    levels_NR = z_NP.min(axis=1)[:, None] + np.ptp(z_NP, axis=1)[:, None] * share_R
    above_NRP = z_NP[:, None] <= levels_NR[..., None]
    frame, disk, edge = np.nonzero(above_NRP != np.roll(above_NRP, -1, axis=2))
    z_step_NP, d_step_NP = (np.roll(each_NP, -1, axis=1) - each_NP for each_NP in (z_NP, d_NP))
    along = (levels_NR[frame, disk] - z_NP[frame, edge]) / z_step_NP[frame, edge]
    crossing = d_NP[frame, edge] + along * d_step_NP[frame, edge]
    # The crossings of a disk follow each other, and every disk has at least two.
    starts = np.flatnonzero(np.diff(frame * disks + disk, prepend=-1))
    diameters = np.maximum.reduceat(crossing, starts) - np.minimum.reduceat(crossing, starts)
    return np.asarray(diameters.reshape(len(outlines_NP2), disks))
