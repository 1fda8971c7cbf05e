"""Area, axis, volume and ejection fraction of shapes whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest

from lvzoo.geometry.ventricle import axis_length, disks_volume, ejection_fraction, polygon_area


def test_the_area_of_a_triangle_in_either_sense_and_anywhere() -> None:
    triangle = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 5.0]])
    for vertices in (triangle, triangle[::-1], triangle + np.array([1000.0, -400.0])):
        assert polygon_area(vertices) == pytest.approx(15.0)


def test_the_area_of_a_circle_out_of_single_precision() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = np.stack([56 + 10 * np.cos(angle), 50 + 10 * np.sin(angle)], axis=1).astype(np.float32)
    assert polygon_area(circle) == pytest.approx(100 * np.pi, rel=1e-3)


def test_the_length_of_an_axis() -> None:
    assert axis_length(np.array([[3.0, 1.0], [6.0, 5.0]])) == 5.0


def test_twenty_disks_of_an_ellipsoid_are_its_volume() -> None:
    """With the diameter in the middle of each disk, the volume is 4/3 pi a b^2 within a quarter of a percent."""
    half_length, half_width = 40.0, 20.0
    middles = (np.arange(20) + 0.5) / 20 * 2 - 1
    diameters = 2 * half_width * np.sqrt(1 - middles**2)
    volume = 4 / 3 * np.pi * half_length * half_width**2
    assert disks_volume(diameters, 2 * half_length) == pytest.approx(volume, rel=0.0025)


def test_the_ejection_fraction_does_not_know_the_spacing() -> None:
    assert ejection_fraction(120.0, 48.0) == pytest.approx(60.0)
    assert ejection_fraction(120.0 * 0.3**3, 48.0 * 0.3**3) == pytest.approx(60.0)
