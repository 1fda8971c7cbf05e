"""Three synthetic frames made with integer arithmetic only, so that no library's version can change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.sector import fit_sector
from lvzoo.types import FrameSet, Phase, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray


def synthetic_frames() -> NDArray[np.uint8]:
    """Return (3, 112, 112): coarse textures inside a sector of 45 degrees, one with a dark cavity, one dim."""
    y_H1, x_1W = np.arange(112)[:, None], np.arange(112)[None, :]
    across, down = x_1W - 56, y_H1 - 4
    inside = (abs(across) <= down) & (across**2 + down**2 <= 100**2)
    fine = (x_1W * x_1W * 3 + y_H1 * y_H1 * 5 + x_1W * y_H1 * 7) % 97
    coarse = ((x_1W // 9) * 37 + (y_H1 // 7) * 59) % 151
    cavity = (x_1W - 60) ** 2 * 4 + (y_H1 - 50) ** 2 <= 30**2
    textures = (fine + coarse, np.where(cavity, fine // 8, fine + coarse), (fine + coarse) // 4)
    return np.stack([texture * inside for texture in textures]).astype(np.uint8)


@pytest.fixture(scope="session")
def frames_NHW() -> NDArray[np.uint8]:
    return synthetic_frames()


@pytest.fixture(scope="session")
def frame_set(frames_NHW: NDArray[np.uint8]) -> FrameSet:
    """Three frames: ED and ES of one video, ED of another."""
    phases: tuple[Phase, ...] = ("ED", "ES", "ED")
    return FrameSet(
        frames_NHW=frames_NHW,
        masks_NHW=np.zeros(frames_NHW.shape, np.bool_),
        contours_NP2=np.zeros((3, 121, 2), np.float32),
        sectors=(fit_sector(frames_NHW[:2]), fit_sector(frames_NHW[:2]), fit_sector(frames_NHW[2:])),
        patients=("0XA", "0XA", "0XB"),
        videos=("0XA", "0XA", "0XB"),
        frame_indices=(4, 19, 7),
        phases=phases,
        source=Source(name="test", version="1", fingerprint="f"),
    )
