"""Moved copies of frames: shifted and scaled, and their outputs moved back.

The mean over the copies of a frame is steadier than the output for the frame alone, since the errors that depend on
where the pixels lie partly cancel.

Letters in names: B frames of a batch, C channels, H rows, W columns, K landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch.nn import functional


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A scaling about the middle of the frame, and then a shift to the right and down."""

    scale: float = 1.0
    right_px: float = 0.0
    down_px: float = 0.0

    def move_frames(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the moved frames. What comes in from outside is black."""
        rows, columns = frames_B1HW.shape[-2:]
        right, down = 2 * self.right_px / columns, 2 * self.down_px / rows
        theta = [[1 / self.scale, 0, -right / self.scale], [0, 1 / self.scale, -down / self.scale]]
        return _resample(frames_B1HW, theta).contiguous(memory_format=torch.channels_last)

    def move_maps_back(self, maps_BCHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return maps of moved frames as maps of the frames themselves; 0 where the moved frames do not reach.

        The maps may be coarser than the frames, whose size is `size_HW`.
        """
        right, down = 2 * self.right_px / size_HW[1], 2 * self.down_px / size_HW[0]
        return _resample(maps_BCHW, [[self.scale, 0, right], [0, self.scale, down]])

    def move_points(self, points_BK2: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return points (x, y) in px of the frames as points of the moved frames."""
        middle_2, shift_2 = self._locate(points_BK2, size_HW)
        return (points_BK2 - middle_2) * self.scale + middle_2 + shift_2

    def move_points_back(self, points_BK2: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return points (x, y) in px of moved frames as points of the frames themselves."""
        middle_2, shift_2 = self._locate(points_BK2, size_HW)
        return (points_BK2 - shift_2 - middle_2) / self.scale + middle_2

    def shows_points(self, points_BK2: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return whether points (x, y) in px of the frames lie in the moved frames, (B, K)."""
        moved_BK2 = self.move_points(points_BK2, size_HW)
        last_2 = points_BK2.new_tensor([size_HW[1] - 1, size_HW[0] - 1])
        return ((moved_BK2 >= 0) & (moved_BK2 <= last_2)).all(dim=-1)

    def _locate(
        self, points_BK2: torch.Tensor, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the middle of a frame (x, y) and the shift, in px."""
        middle_2 = points_BK2.new_tensor([(size_HW[1] - 1) / 2, (size_HW[0] - 1) / 2])
        return middle_2, points_BK2.new_tensor([self.right_px, self.down_px])


COPIES: Final = (
    Move(right_px=3),
    Move(right_px=-3),
    Move(down_px=3),
    Move(down_px=-3),
    Move(scale=0.93),
    Move(scale=1.07),
)
"""The copies that are averaged with the frame itself. No shift is a multiple of the 2, 4 or 8 px of a network's
coarse cells."""


def _resample(maps_BCHW: torch.Tensor, theta: list[list[float]]) -> torch.Tensor:
    """Sample maps bilinearly where an affine transform of the output's coordinates points; 0 outside the maps.

    The coordinates run from -1 to 1, between the outer edges of the pixels.
    """
    matrices_B23 = maps_BCHW.new_tensor(theta).expand(len(maps_BCHW), 2, 3)
    grid_BHW2 = functional.affine_grid(matrices_B23, list(maps_BCHW.shape), align_corners=False)
    return functional.grid_sample(maps_BCHW, grid_BHW2, align_corners=False)
