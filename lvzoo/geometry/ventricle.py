"""Measures a ventricle: area, long axis, volume by the single-plane method of disks, and ejection fraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MM3_PER_ML = 1000.0


def polygon_area(vertices_P2: NDArray[np.floating]) -> float:
    """Return the area enclosed by a polygon in squared units of its vertices (the shoelace formula).

    >>> polygon_area(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]]))
    12.0
    """
    x, y = np.asarray(vertices_P2, dtype=np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def axis_length(axis_22: NDArray[np.floating]) -> float:
    """Return the distance from the apex to the middle of the mitral valve, in the unit of the axis' two ends."""
    return float(np.linalg.norm(axis_22[1] - axis_22[0]))


def disks_volume(diameters_R: NDArray[np.floating], length: float) -> float:
    """Return the volume of R equally thick disks across an axis of length L: `pi/4 sum d^2 L/R`.

    The unit is the cube of the arguments' unit; `MM3_PER_ML` cubic millimetres are one millilitre.

    >>> round(disks_volume(np.full(20, 2.0), 10.0), 4)  # a cylinder of radius 1
    31.4159
    """
    diameters = np.asarray(diameters_R, dtype=np.float64)
    return float(np.pi / 4 * np.sum(diameters**2) * length / len(diameters))


def ejection_fraction(end_diastolic_volume: float, end_systolic_volume: float) -> float:
    """Return the ejection fraction in percent, `100 (EDV - ESV) / EDV`; the size of a pixel cancels out.

    >>> ejection_fraction(100.0, 40.0)
    60.0
    """
    return 100.0 * (end_diastolic_volume - end_systolic_volume) / end_diastolic_volume
