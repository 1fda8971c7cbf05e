"""Where a training frame is scanned, and how its beams run, told from the frame alone: a batch carries no sector."""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from lvzoo.geometry.sector import DARK_LEVEL, STANDARD_APEX_PX, STANDARD_RADIUS_PX
from lvzoo.types import FRAME_SIZE_HW

MARK_PX: Final = 7
"""Averaged over squares of this side, the marks that a scanner draws beside the scan are dark."""


def scanned(frames_BHW: torch.Tensor) -> torch.Tensor:
    """Tell where a frame is scanned: what lies between signals in its row or its column, marks left aside."""
    signal_BHW = functional.avg_pool2d(frames_BHW, MARK_PX, stride=1, padding=MARK_PX // 2) > DARK_LEVEL / 255
    return _enclosed(signal_BHW, dim=1) | _enclosed(signal_BHW, dim=2)


def _enclosed(signal_BHW: torch.Tensor, *, dim: int) -> torch.Tensor:
    """Return the pixels from the first to the last one with a signal along an axis."""
    so_far_BHW = signal_BHW.cumsum(dim)
    return (so_far_BHW > 0) & ((so_far_BHW < so_far_BHW.amax(dim, keepdim=True)) | signal_BHW)


def beams(like_BHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each pixel's depth (1 at the far end) and angle off the vertical (rad) in the standard sector."""
    rows, columns = like_BHW.shape[-2:]
    down_H1 = (
        torch.arange(rows, device=like_BHW.device)[:, None] * (FRAME_SIZE_HW[0] / rows) - STANDARD_APEX_PX[1]
    )
    across_W = (
        torch.arange(columns, device=like_BHW.device) * (FRAME_SIZE_HW[1] / columns) - STANDARD_APEX_PX[0]
    )
    return torch.hypot(down_H1, across_W) / STANDARD_RADIUS_PX, torch.atan2(across_W, down_H1)
