"""Draws a tapered ellipse from the numbers of its shape, by its implicit function: exact and differentiable.

The numbers in `shapes_BS` have no unit and lie between -1 and 1; 0 is an average ventricle:
    0, 1    x and y of the centre, relative to the centre of the frame, in half frame widths and heights
    2, 3    logarithm of the half axes (long, short), relative to an average ventricle
    4       tilt of the long axis in radians; positive numbers tilt the top to the left
    5       taper: positive numbers make the top narrower and the bottom wider, as of a bullet; at 0 both are equal
    6       only for the cut ellipse: position of the mitral plane on the long axis, relative to an average ventricle,
            in half axes

Letters in names: B batch, S numbers of a shape, H rows, W columns.
"""

import torch

SHAPE_NUMBERS = 6
LONG, SHORT = 0.29, 0.15
"""The half axes of an average ventricle, as fractions of the frame's rows."""
TILT = 1.0
"""Radians of tilt for a number of 1."""
PLANE = 0.6
"""Position of an average mitral plane on the long axis, in half axes below the centre."""


def logits_of(shapes_BS: torch.Tensor, size_HW: tuple[int, int], *, softness_px: float) -> torch.Tensor:
    """Return logits (B, H, W): about the distance to the edge of the shape, in units of `softness_px`.

    They are positive inside the shape and negative outside.
    """
    rows, columns = size_HW
    x_W = torch.arange(columns, device=shapes_BS.device) - (columns - 1) / 2
    y_H = torch.arange(rows, device=shapes_BS.device) - (rows - 1) / 2
    numbers_SB11 = shapes_BS[:, :SHAPE_NUMBERS, None, None].unbind(1)
    x_B11, y_B11, long_B11, short_B11, tilt_B11, taper_B11 = numbers_SB11
    # Pixel coordinates relative to the centre, then turned into the axes of the ellipse.
    right_BHW = x_W - x_B11 * columns / 2
    down_BHW = y_H[:, None] - y_B11 * rows / 2
    angle_B11 = TILT * tilt_B11
    along_BHW = down_BHW * angle_B11.cos() + right_BHW * angle_B11.sin()
    across_BHW = right_BHW * angle_B11.cos() - down_BHW * angle_B11.sin()
    half_long_B11, half_short_B11 = LONG * rows * long_B11.exp(), SHORT * rows * short_B11.exp()
    along_BHW, across_BHW = along_BHW / half_long_B11, across_BHW / half_short_B11
    # The taper: the half width grows along the long axis, from exp(-taper) at the top to exp(taper) at the bottom.
    across_BHW = across_BHW * (-taper_B11 * along_BHW.clamp(-1, 1)).exp()
    # Implicit function: the radius is 1 on the edge. Times the short half axis it is about a distance in pixels.
    radius_BHW = torch.sqrt(along_BHW**2 + across_BHW**2 + 1e-6)
    inside_BHW = (1 - radius_BHW) * torch.minimum(half_long_B11, half_short_B11)
    # The cut keeps what is above the mitral plane: the intersection has the smaller of the two distances.
    if shapes_BS.shape[1] > SHAPE_NUMBERS:
        above_plane_BHW = (PLANE + shapes_BS[:, -1, None, None] - along_BHW) * half_long_B11
        inside_BHW = torch.minimum(inside_BHW, above_plane_BHW)
    return inside_BHW / softness_px
