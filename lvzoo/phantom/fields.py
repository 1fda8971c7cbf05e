"""Smooth random fields, sampling, and the few functions of maps that tissue and imaging share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2

if TYPE_CHECKING:
    from numpy.random import Generator

Map: TypeAlias = NDArray[np.float32]
"""A float32 map: rows are ranges and columns are beams where it is polar."""
DB_TO_LOG = np.float32(np.log(10) / 20)


def amplitude(level_db: Map | float) -> Map:
    """Turn decibels into an amplitude."""
    return np.asarray(np.exp(np.asarray(level_db, dtype=np.float32) * DB_TO_LOG), dtype=np.float32)


def smooth_field(rng: Generator, shape: tuple[int, int], knots: tuple[int, int]) -> Map:
    """Return a smooth Gaussian field of unit variance (at its knots)."""
    coarse = rng.standard_normal(knots, dtype=np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def soft(distance: Map, width: float) -> Map:
    """Return 0 for distances far below zero, 1 far above, and a ramp of the given width between."""
    return np.asarray(np.clip(distance * np.float32(1 / width) + np.float32(0.5), 0, 1), dtype=np.float32)


def blend(below: Map, above: Map, weight: Map | float) -> Map:
    """Lay one map over another where the weight is 1."""
    return np.asarray(below + weight * (above - below), dtype=np.float32)


def bump(distance: Map, sigma: float) -> Map:
    """Return a Gaussian ridge of height 1 at distance 0."""
    return np.asarray(np.exp(distance * distance * np.float32(-0.5 / sigma**2)))


def complex_noise(rng: Generator, shape: tuple[int, int]) -> Map:
    """Return circular complex noise of unit power, as two channels."""
    return rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(np.sqrt(0.5))
