"""Smooth random fields, noise, and the few functions on maps that tissue and imaging share."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2

Map: TypeAlias = NDArray[np.float32]
"""A float32 map. On the polar grid its rows are ranges and its columns are beams."""
DB_TO_LOG = np.float32(np.log(10) / 20)
"""An amplitude is `10^(dB / 20) = exp(dB * DB_TO_LOG)`."""


def amplitude(level_db: Map | float) -> Map:
    """Turn decibels into an amplitude; 0 dB is 1."""
    return np.asarray(np.exp(np.asarray(level_db, dtype=np.float32) * DB_TO_LOG), dtype=np.float32)


def smooth_field(rng: Generator, shape: tuple[int, int], knots: tuple[int, int]) -> Map:
    """Return a smooth Gaussian random field: cubic interpolation between `knots`, at which its variance is 1."""
    coarse = rng.standard_normal(knots, dtype=np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def soft_step(distance: Map, width: float) -> Map:
    """Return a step from 0 (distance < 0) to 1 (distance > 0), as a ramp of the given width around 0."""
    step = distance * np.float32(1 / width)
    step += np.float32(0.5)
    return np.clip(step, 0, 1, out=step)


def blend(below: Map, above: Map, weight: Map | float) -> Map:
    """Mix two maps: `below` where the weight is 0, `above` where it is 1."""
    change = np.asarray(above - below, dtype=np.float32)
    change *= weight
    change += below
    return change


def bump(distance: Map, sigma: float) -> Map:
    """Return a Gaussian ridge of height 1 at distance 0."""
    return np.asarray(np.exp(distance * distance * np.float32(-0.5 / sigma**2)))


def complex_noise(rng: Generator, shape: tuple[int, int]) -> Map:
    """Return circular complex Gaussian noise of unit power; the two channels are real and imaginary part."""
    noise = rng.standard_normal((*shape, 2), dtype=np.float32)
    noise *= np.float32(np.sqrt(0.5))
    return noise
