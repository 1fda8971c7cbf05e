"""Training augmentation, batched on the device: geometry moves frame, mask and contour together.

The default is geometry, gain, gamma and mild blur: what any recipe does. It is the same for every model; of the
tested corruptions it comes near two only, at their mildest: blur and gain. `strong` moves and shades more, for models
that are to work on other data than they were trained on. `noise` adds the corruptions (`lvzoo.train.noise`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch.nn import functional

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.geometry.sector import DARK_LEVEL
from lvzoo.train.filters import smooth
from lvzoo.train.noise import corrupt
from lvzoo.types import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """Ranges of the random changes; each frame of a batch draws its own."""

    rotation_deg: float = 15.0
    scale: float = 0.12
    stretch: float = 0.0
    """Largest stretch along one axis of the frame and shrinkage along the other, as a logarithm."""
    shift_px: float = 8.0
    flip: float = 0.0
    """Probability of a left-right flip, which reverses the order of the contour's points."""
    gain: float = 0.10
    """Largest grey level (of 1) added to or taken from what carries a signal."""
    gamma: float = 0.25
    """Largest change of the exponent's logarithm."""
    shade: float = 0.0
    """Standard deviation (of 1) of a smooth field of grey levels, added to what carries a signal."""
    blur: float = 0.2
    """Probability of a blur of up to 1 px."""
    noise: float = 0.0
    """Probability of one corruption such as models are tested on: a model trained so is in the `augmented` track."""


AUGMENTATIONS: Final[Mapping[str, Augmentation | None]] = {
    "none": None,
    "default": Augmentation(),
    "flip": Augmentation(flip=0.5),
    "strong": Augmentation(
        rotation_deg=25.0, scale=0.3, stretch=0.15, shift_px=14.0, gain=0.2, gamma=0.5, shade=0.1, blur=0.3
    ),
    "noise": Augmentation(noise=0.5),
}
BLUR_SIGMA_PX: Final = 1.0
SHADE_KNOTS: Final = 4
"""The shading's field is drawn on so many knots a side, some 30 px apart."""


def choose_augmentation(name: str) -> Augmentation | None:
    """Return a named augmentation.

    Raises:
        UsageError: no such name.
    """
    if name not in AUGMENTATIONS:
        hint = did_you_mean(name, AUGMENTATIONS)
        raise UsageError(f"augmentation '{name}' is unknown; use one of {', '.join(AUGMENTATIONS)}{hint}")
    return AUGMENTATIONS[name]


def augment(batch: Batch, ranges: Augmentation, draw: torch.Generator) -> Batch:
    """Return a changed copy of a batch; `draw` lives on the batch's device."""
    batch = _flip(batch, ranges.flip, draw)
    batch = _move(batch, ranges, draw)
    frames_B1HW = _intensity(batch.frames_B1HW, ranges, draw)
    frames_B1HW = _shade(frames_B1HW, ranges.shade, draw)
    frames_B1HW = _blur(frames_B1HW, ranges.blur, draw)
    frames_B1HW = corrupt(frames_B1HW, ranges.noise, draw)
    return Batch(frames_B1HW=frames_B1HW, masks_BHW=batch.masks_BHW, contours_BP2=batch.contours_BP2)


def _uniform(count: int, bound: float, draw: torch.Generator) -> torch.Tensor:
    """Return `count` numbers from -bound to bound."""
    return (2 * torch.rand(count, generator=draw, device=draw.device) - 1) * bound


def _flip(batch: Batch, probability: float, draw: torch.Generator) -> Batch:
    """Mirror some frames; the contour still runs from the annulus on the image's left to the one on its right."""
    if not probability:
        return batch
    flipped_B = torch.rand(len(batch.frames_B1HW), generator=draw, device=draw.device) < probability
    mirrored_BP2 = batch.contours_BP2.flip(1).clone()
    mirrored_BP2[..., 0] = batch.frames_B1HW.shape[-1] - 1 - mirrored_BP2[..., 0]
    return Batch(
        frames_B1HW=torch.where(
            flipped_B[:, None, None, None], batch.frames_B1HW.flip(-1), batch.frames_B1HW
        ),
        masks_BHW=torch.where(flipped_B[:, None, None], batch.masks_BHW.flip(-1), batch.masks_BHW),
        contours_BP2=torch.where(flipped_B[:, None, None], mirrored_BP2, batch.contours_BP2),
    )


def _move(batch: Batch, ranges: Augmentation, draw: torch.Generator) -> Batch:
    """Stretch, rotate and scale about the centre, then shift: `p' = A (p - c) + c + t`, in pixels."""
    count, _, rows, columns = batch.frames_B1HW.shape
    angle_B = _uniform(count, math.radians(ranges.rotation_deg), draw)
    scale_B = torch.exp(_uniform(count, ranges.scale, draw))
    shift_B2 = torch.stack([_uniform(count, ranges.shift_px, draw) for _ in "xy"], dim=1)
    turn_B22 = _similarity(angle_B, scale_B)
    back_B22 = _similarity(-angle_B, 1 / scale_B)
    if ranges.stretch:
        stretch_B2 = torch.exp(_uniform(count, ranges.stretch, draw)[:, None] * shift_B2.new_tensor([1, -1]))
        turn_B22, back_B22 = turn_B22 * stretch_B2[:, None], back_B22 / stretch_B2[..., None]
    centre_2 = (
        torch.arange(2, device=draw.device) * (rows - columns) + columns - 1
    ) / 2  # x, y; made on the device

    grid_BHW2 = _sampling_grid(back_B22, shift_B2, centre_2, (rows, columns))
    layers_B2HW = torch.cat([batch.frames_B1HW, batch.masks_BHW[:, None].float()], dim=1)
    moved_B2HW = functional.grid_sample(layers_B2HW, grid_BHW2, align_corners=True)
    contours_BP2 = (batch.contours_BP2 - centre_2) @ turn_B22.mT + centre_2 + shift_B2[:, None]
    return Batch(
        frames_B1HW=moved_B2HW[:, :1],
        masks_BHW=moved_B2HW[:, 1] >= 0.5,
        contours_BP2=contours_BP2,
    )


def _similarity(angle_B: torch.Tensor, scale_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, 2, 2) that rotate and scale."""
    cos_B, sin_B = scale_B * angle_B.cos(), scale_B * angle_B.sin()
    return torch.stack([torch.stack([cos_B, -sin_B], 1), torch.stack([sin_B, cos_B], 1)], 1)


def _sampling_grid(
    back_B22: torch.Tensor, shift_B2: torch.Tensor, centre_2: torch.Tensor, size_HW: tuple[int, int]
) -> torch.Tensor:
    """Return where each pixel of the moved frame comes from, in `grid_sample`'s units (-1..1, corners aligned)."""
    half_2 = centre_2  # half the extent between the corner pixels' centres
    # p = A^-1 (p' - c - t) + c, with p' = c + half u: u_source = half^-1 (A^-1 (half u - t))
    linear_B22 = back_B22 * half_2[None, None, :] / half_2[None, :, None]
    offset_B2 = -(back_B22 @ shift_B2[..., None]).squeeze(-1) / half_2
    theta_B23 = torch.cat([linear_B22, offset_B2[..., None]], dim=2)
    return functional.affine_grid(theta_B23, [len(shift_B2), 1, *size_HW], align_corners=True)


def _intensity(frames_B1HW: torch.Tensor, ranges: Augmentation, draw: torch.Generator) -> torch.Tensor:
    """Change gamma and gain of what carries a signal; the dark outside of the sector stays as it is."""
    count = len(frames_B1HW)
    gamma_B111 = torch.exp(_uniform(count, ranges.gamma, draw))[:, None, None, None]
    gain_B111 = _uniform(count, ranges.gain, draw)[:, None, None, None]
    changed_B1HW = frames_B1HW.clamp_min(0).pow(gamma_B111) + gain_B111
    return torch.where(frames_B1HW > DARK_LEVEL / 255, changed_B1HW.clamp(0, 1), frames_B1HW)


def _shade(frames_B1HW: torch.Tensor, deviation: float, draw: torch.Generator) -> torch.Tensor:
    """Add a smooth field to what carries a signal, as a gain that is set by depth and across the beams does."""
    if not deviation:
        return frames_B1HW
    shape = (len(frames_B1HW), 1, SHADE_KNOTS, SHADE_KNOTS)
    knots = deviation * torch.randn(shape, generator=draw, device=draw.device)
    field_B1HW = functional.interpolate(
        knots, size=frames_B1HW.shape[-2:], mode="bicubic", align_corners=True
    )
    return torch.where(frames_B1HW > DARK_LEVEL / 255, (frames_B1HW + field_B1HW).clamp(0, 1), frames_B1HW)


def _blur(frames_B1HW: torch.Tensor, probability: float, draw: torch.Generator) -> torch.Tensor:
    """Blur some frames by a Gaussian of up to 1 px."""
    if not probability:
        return frames_B1HW
    count = len(frames_B1HW)
    sigma_B = BLUR_SIGMA_PX * torch.rand(count, generator=draw, device=draw.device)
    chosen_B = torch.rand(count, generator=draw, device=draw.device) < probability
    sigma_B = torch.where(chosen_B, sigma_B, 0).clamp_min(1e-3)
    return smooth(frames_B1HW.squeeze(1), sigma_B)[:, None]
