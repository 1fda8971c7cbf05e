"""From the numbers of a shape to the pixels inside it, by the ellipse's implicit function: exact, and differentiable.

The numbers of `shapes_BS`, each without unit, -1 to 1, and 0 for an average ventricle:
    0, 1    the centre's x and y, from the frame's centre, in halves of the frame
    2, 3    the logarithms of the half axes, along and across, against those of an average ventricle
    4       the tilt of the long axis from the vertical: 1 is about 57 degrees, positive leans the top to the left
    5       only if it is cut: where the mitral plane crosses the long axis, from an average ventricle's, in half axes
"""

import torch

SHAPE_NUMBERS = 5
LONG, SHORT = 0.29, 0.15
"""The half axes of an average ventricle, as fractions of the frame's rows."""
TILT = 1.0
"""Radians of tilt for a number of 1."""
PLANE = 0.6
"""Where an average mitral plane crosses the long axis, in half axes below the centre."""


def logits_of(shapes_BS: torch.Tensor, size_HW: tuple[int, int], *, softness_px: float) -> torch.Tensor:
    """Return (B, H, W): about the distance inside the shape's edge in units of `softness_px`, negative outside."""
    rows, columns = size_HW
    x_W = torch.arange(columns, device=shapes_BS.device) - (columns - 1) / 2
    y_H = torch.arange(rows, device=shapes_BS.device) - (rows - 1) / 2
    x_B11, y_B11, long_B11, short_B11, tilt_B11 = shapes_BS[:, :SHAPE_NUMBERS, None, None].unbind(1)
    right_BHW = x_W - x_B11 * columns / 2
    down_BHW = y_H[:, None] - y_B11 * rows / 2
    angle_B11 = TILT * tilt_B11
    along_BHW = down_BHW * angle_B11.cos() + right_BHW * angle_B11.sin()
    across_BHW = right_BHW * angle_B11.cos() - down_BHW * angle_B11.sin()
    half_long_B11, half_short_B11 = LONG * rows * long_B11.exp(), SHORT * rows * short_B11.exp()
    radius_BHW = torch.sqrt((along_BHW / half_long_B11) ** 2 + (across_BHW / half_short_B11) ** 2 + 1e-6)
    inside_BHW = (1 - radius_BHW) * torch.minimum(half_long_B11, half_short_B11)
    if shapes_BS.shape[1] > SHAPE_NUMBERS:
        above_plane_BHW = (PLANE + shapes_BS[:, -1, None, None]) * half_long_B11 - along_BHW
        inside_BHW = torch.minimum(inside_BHW, above_plane_BHW)
    return inside_BHW / softness_px
