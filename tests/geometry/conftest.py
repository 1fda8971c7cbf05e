"""Draws asymmetric, tilted ventricles like those of patients, so that a swapped x and y or a reversed order shows."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pytest

from lvzoo.geometry.contour import Tracing


class DrawVentricle(Protocol):
    """Draws the tracing of one of many ventricles on a frame of 112 x 112."""

    def __call__(self, number: int = 0) -> Tracing: ...


@pytest.fixture(scope="session")
def draw_ventricle() -> DrawVentricle:
    """Each wall is half an ellipse with a smooth wobble of about a pixel; the septum is the flatter one.

    The valve is oblique, as in readers' tracings: the last chords are short and lie on the septal side.
    """

    def draw(number: int = 0) -> Tracing:
        rng = np.random.default_rng(number)
        length = rng.uniform(48, 68)
        left, right = rng.uniform(9, 13), rng.uniform(13, 19)
        tilt = np.deg2rad(rng.uniform(8, 22))
        down_2 = np.array([np.sin(tilt), np.cos(tilt)])
        across_2 = np.array([np.cos(tilt), -np.sin(tilt)])
        apex_2 = np.array([rng.uniform(38, 46), rng.uniform(14, 22)])
        depth_R = (np.arange(20) + 0.5) / 20
        belly = rng.uniform(0.58, 0.68)
        width_R = np.sqrt(1 - ((depth_R - belly) / belly) ** 2)
        slope = rng.uniform(0.05, 0.2)
        valve_R = (1 - depth_R) / slope * (left + right) - left
        chords_R22 = np.empty((20, 2, 2))
        for side, reach in enumerate((-left, right)):
            wobble_R = sum(
                rng.normal(0, 0.8 / mode) * np.sin(mode * np.pi * (depth_R + 0.3)) for mode in (1, 2, 3)
            )
            offset_R = np.minimum(reach * width_R + wobble_R * np.minimum(1, 4 * depth_R), valve_R)
            chords_R22[:, side] = apex_2 + np.outer(depth_R * length, down_2) + np.outer(offset_R, across_2)
        return Tracing(axis_22=np.stack([apex_2, apex_2 + length * down_2]), chords_R22=chords_R22)

    return draw
