"""Makes frames for the audit: sectors full of speckle with a dark ventricle, different for every patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from lvzoo.geometry.contour import join_walls
from lvzoo.geometry.raster import rasterise
from lvzoo.types import FRAME_SIZE_HW, FrameSet, Sector, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.types import Split

SECTOR = Sector(
    apex_px=(56.0, 4.0),
    half_angle_deg=45.0,
    radius_px=104.0,
    hull_px=((56.0, 4.0), (0.0, 70.0), (111.0, 70.0)),
)
ED_SCALE, ES_SCALE = 1.0, 0.75
EF = 57.8
"""1 - 0.75³ in percent."""


def half_ellipse(scale: float, *, centre: tuple[float, float] = (56.0, 30.0)) -> NDArray[np.float32]:
    """Return the contour of half an ellipse, 30 px wide and 50 px long at a scale of 1."""
    turn_S = np.linspace(0, np.pi / 2, 40)
    x_S, y_S = 15 * scale * np.cos(turn_S), 50 * scale * (1 - np.sin(turn_S))
    right_S2 = np.stack([centre[0] + x_S, centre[1] + y_S], axis=1)[::-1]
    left_S2 = np.stack([centre[0] - x_S, centre[1] + y_S], axis=1)
    return join_walls(left_S2, right_S2)


def speckle(seed: int) -> NDArray[np.uint8]:
    """Return a frame with random clouds and speckle in a sector, and black outside."""
    rng = np.random.default_rng(seed)
    clouds_HW = cv2.resize(rng.normal(0, 1, (9, 9)), FRAME_SIZE_HW, interpolation=cv2.INTER_CUBIC)
    grain_HW = cv2.GaussianBlur(rng.normal(0, 1, FRAME_SIZE_HW), (0, 0), 1.2)
    down_HW, across_HW = np.indices(FRAME_SIZE_HW)
    from_apex_HW = np.hypot(across_HW - SECTOR.apex_px[0], down_HW - SECTOR.apex_px[1])
    angle_HW = np.arctan2(np.abs(across_HW - SECTOR.apex_px[0]), down_HW - SECTOR.apex_px[1])
    inside_HW = (angle_HW < np.pi / 4) & (from_apex_HW < SECTOR.radius_px)
    grey_HW = (110 + 35 * clouds_HW + 60 * grain_HW) * inside_HW
    return np.asarray(grey_HW.clip(0, 255), dtype=np.uint8)


def make_split(patients: int, *, seed: int, name: str = "P") -> FrameSet:
    """Return an ED and an ES frame of each of some patients; nothing about them is odd."""
    contours = [half_ellipse(scale) for _ in range(patients) for scale in (ED_SCALE, ES_SCALE)]
    names = tuple(f"{name}{seed}-{index // 2}" for index in range(2 * patients))
    return FrameSet(
        frames_NHW=np.stack([speckle(1000 * seed + index) for index in range(2 * patients)]),
        masks_NHW=np.stack([rasterise(contour_P2, FRAME_SIZE_HW) for contour_P2 in contours]),
        contours_NP2=np.stack(contours),
        sectors=(SECTOR,) * (2 * patients),
        patients=names,
        videos=names,
        frame_indices=(4, 19) * patients,
        phases=("ED", "ES") * patients,
        source=Source(name="made", version="1", fingerprint=f"made-{seed}", synthetic=True),
        listed_efs=(EF,) * (2 * patients),
    )


class MadeDataset:
    """A `Dataset` of frames in memory."""

    def __init__(self, frames: Mapping[Split, FrameSet]) -> None:
        self.frames = frames

    def load(self, split: Split) -> FrameSet:
        return self.frames[split]
