"""Estimates the scanned area and the beams of training frames from the frames themselves: a batch has no sectors."""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from lvzoo.geometry.sector import DARK_LEVEL, STANDARD_APEX_PX, STANDARD_RADIUS_PX
from lvzoo.types import FRAME_SIZE_HW

MARK_PX: Final = 7
"""Side of the squares over which frames are averaged, so that the marks beside the scan become dark."""


def find_scan_area(frames_BHW: torch.Tensor) -> torch.Tensor:
    """Return the mask of the scanned area: the pixels between signals in their row or column; marks do not count."""
    signal_BHW = functional.avg_pool2d(frames_BHW, MARK_PX, stride=1, padding=MARK_PX // 2) > DARK_LEVEL / 255
    return _enclosed(signal_BHW, dim=1) | _enclosed(signal_BHW, dim=2)


def _enclosed(signal_BHW: torch.Tensor, *, dim: int) -> torch.Tensor:
    """Return the mask from the first to the last pixel with a signal along an axis."""
    so_far_BHW = signal_BHW.cumsum(dim)
    return (so_far_BHW > 0) & ((so_far_BHW < so_far_BHW.amax(dim, keepdim=True)) | signal_BHW)


def beam_coordinates(like_BHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each pixel's depth (1 at the far end) and angle from the vertical (rad) in the standard sector."""
    rows, columns = like_BHW.shape[-2:]
    down_H1 = (
        torch.arange(rows, device=like_BHW.device)[:, None] * (FRAME_SIZE_HW[0] / rows) - STANDARD_APEX_PX[1]
    )
    across_W = (
        torch.arange(columns, device=like_BHW.device) * (FRAME_SIZE_HW[1] / columns) - STANDARD_APEX_PX[0]
    )
    return torch.hypot(down_H1, across_W) / STANDARD_RADIUS_PX, torch.atan2(across_W, down_H1)
