"""Small labelled frames that need no phantom: a dark, tilted half-ellipse with a bright wall."""

from __future__ import annotations

import numpy as np
import torch

from lvzoo.geometry.contour import join_walls
from lvzoo.geometry.raster import rasterise
from lvzoo.train.memory import FramesInMemory
from lvzoo.types import FRAME_SIZE_HW, Batch, FrameSet, Sector, Source

SECTOR = Sector(
    apex_px=(56.0, 4.0),
    half_angle_deg=45.0,
    radius_px=110.0,
    hull_px=((56.0, 4.0), (0.0, 111.0), (111.0, 111.0)),
)


def toy_contour(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """An asymmetric LV: apex up, tilted, the right wall rounder than the left."""
    apex = np.array([50.0, 20.0]) + rng.uniform(-4, 4, 2)
    length, width = rng.uniform(45, 60), rng.uniform(12, 16)
    angle = np.deg2rad(rng.uniform(5, 20))
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), -np.sin(angle)])
    s = np.linspace(0, 1, 40)[:, None]
    half_width = width * np.sqrt(np.sin(np.pi * (0.1 + 0.55 * s)) - np.sin(0.1 * np.pi) * (1 - s))
    left = apex + length * s * along - half_width * np.minimum(s * 8, 1) * across
    right = apex + length * s * along + 1.5 * half_width * np.minimum(s * 8, 1) * across
    return join_walls(left[::-1], right)


def toy_frames(count: int, seed: int = 0) -> FrameSet:
    """`count` frames, two (ED, ES) a patient."""
    rng = np.random.default_rng(seed)
    contours = np.stack([toy_contour(rng) for _ in range(count)])
    masks = np.stack([rasterise(contour, FRAME_SIZE_HW) for contour in contours])
    frames = np.where(masks, 30, 140) + rng.normal(0, 12, masks.shape)
    patients = tuple(f"P{index // 2:03d}" for index in range(count))
    return FrameSet(
        frames_NHW=frames.clip(0, 255).astype(np.uint8),
        masks_NHW=masks,
        contours_NP2=contours,
        sectors=(SECTOR,) * count,
        patients=patients,
        videos=patients,
        frame_indices=tuple(range(count)),
        phases=tuple("ED" if index % 2 == 0 else "ES" for index in range(count)),
        source=Source(name="toy", version="1", fingerprint=f"toy-{count}-{seed}", synthetic=True),
    )


def toy_batch(count: int) -> Batch:
    """Return a training batch of `count` toy frames."""
    return FramesInMemory(toy_frames(count), torch.device("cpu")).batch(torch.arange(count))
