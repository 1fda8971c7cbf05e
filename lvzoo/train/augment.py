"""Augments a batch on the device: moves frame, mask and contour together, then changes the grey levels.

The default augmentation is geometry, gain, gamma and mild blur, as in most recipes, and the same for every model. It
resembles two of the tested corruptions, blur and gain, at their lowest severity. `strong` moves and shades more, for
models that must work on data unlike their training data, and `strong-flip` also mirrors. `noise` adds the corruptions
(`lvzoo.train.noise`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch.nn import functional

from lvzoo.errors import choose
from lvzoo.geometry.sector import DARK_LEVEL
from lvzoo.train.filters import smooth
from lvzoo.train.noise import corrupt
from lvzoo.types import Batch


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """Ranges of the random changes. Each frame of a batch draws its own values."""

    rotation_deg: float = 15.0
    scale: float = 0.12
    stretch: float = 0.0
    """Largest logarithm of the factor by which one axis is stretched and the other shrunk."""
    shift_px: float = 8.0
    flip: float = 0.0
    """Probability of a left-right flip, which reverses the order of the contour's points."""
    gain: float = 0.10
    """Largest step of grey level (white is 1), up or down, of the pixels with a signal."""
    gamma: float = 0.25
    """Largest logarithm of the exponent."""
    shade: float = 0.0
    """Standard deviation (white is 1) of a smooth field that is added to the pixels with a signal."""
    blur: float = 0.2
    """Probability of a blur of up to 1 px."""
    noise: float = 0.0
    """Probability of one corruption like those of the tests; such a model belongs to the `augmented` track."""


STRONG: Final = Augmentation(
    rotation_deg=25.0, scale=0.3, stretch=0.15, shift_px=14.0, gain=0.2, gamma=0.5, shade=0.1, blur=0.3
)
AUGMENTATIONS: Final[Mapping[str, Augmentation | None]] = {
    "none": None,
    "default": Augmentation(),
    "flip": Augmentation(flip=0.5),
    "strong": STRONG,
    "strong-flip": replace(STRONG, flip=0.5),
    "noise": Augmentation(noise=0.5),
}
BLUR_SIGMA_PX: Final = 1.0
SHADE_KNOTS: Final = 4
"""Knots of the shading field along each side of the frame; they are about 37 px apart."""


def choose_augmentation(name: str) -> Augmentation | None:
    """Return a named augmentation.

    Raises:
        UsageError: there is no augmentation with this name.
    """
    return choose(name, AUGMENTATIONS, "augmentation")


def augment(batch: Batch, ranges: Augmentation, draw: torch.Generator) -> Batch:
    """Return a changed copy of a batch. `draw` must be on the batch's device."""
    batch = _flip(batch, ranges.flip, draw)
    batch = _move(batch, ranges, draw)
    frames_B1HW = _change_intensity(batch.frames_B1HW, ranges, draw)
    frames_B1HW = _shade(frames_B1HW, ranges.shade, draw)
    frames_B1HW = _blur(frames_B1HW, ranges.blur, draw)
    frames_B1HW = corrupt(frames_B1HW, ranges.noise, draw)
    return Batch(frames_B1HW=frames_B1HW, masks_BHW=batch.masks_BHW, contours_BP2=batch.contours_BP2)


def _draw_uniform(count: int, bound: float, draw: torch.Generator) -> torch.Tensor:
    """Return `count` numbers from -bound to bound."""
    return (2 * torch.rand(count, generator=draw, device=draw.device) - 1) * bound


def _flip(batch: Batch, probability: float, draw: torch.Generator) -> Batch:
    """Mirror some frames. The contour still runs from the annulus at the image's left to the one at its right."""
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
    # draw A (turn) and its inverse (back), and t
    count, _, rows, columns = batch.frames_B1HW.shape
    angle_B = _draw_uniform(count, math.radians(ranges.rotation_deg), draw)
    scale_B = torch.exp(_draw_uniform(count, ranges.scale, draw))
    shift_B2 = torch.stack([_draw_uniform(count, ranges.shift_px, draw) for _ in "xy"], dim=1)
    turn_B22 = _similarity_matrices(angle_B, scale_B)
    back_B22 = _similarity_matrices(-angle_B, 1 / scale_B)
    if ranges.stretch:
        signs_2 = 1 - 2 * torch.arange(2, device=draw.device)  # 1 and -1
        stretch_B2 = torch.exp(_draw_uniform(count, ranges.stretch, draw)[:, None] * signs_2)
        turn_B22, back_B22 = turn_B22 * stretch_B2[:, None], back_B22 / stretch_B2[..., None]
    # c in x, y, computed on the device, as the signs are: a copy from the CPU would wait for it
    centre_2 = (torch.arange(2, device=draw.device) * (rows - columns) + columns - 1) / 2

    # frame and mask in one resampling; the contour exactly
    grid_BHW2 = _sampling_grid(back_B22, shift_B2, centre_2, (rows, columns))
    layers_B2HW = torch.cat([batch.frames_B1HW, batch.masks_BHW[:, None].float()], dim=1)
    moved_B2HW = functional.grid_sample(layers_B2HW, grid_BHW2, align_corners=True)
    contours_BP2 = (batch.contours_BP2 - centre_2) @ turn_B22.mT + centre_2 + shift_B2[:, None]
    return Batch(
        frames_B1HW=moved_B2HW[:, :1],
        masks_BHW=moved_B2HW[:, 1] >= 0.5,
        contours_BP2=contours_BP2,
    )


def _similarity_matrices(angle_B: torch.Tensor, scale_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, 2, 2) that rotate and scale."""
    cos_B, sin_B = scale_B * angle_B.cos(), scale_B * angle_B.sin()
    return torch.stack([torch.stack([cos_B, -sin_B], 1), torch.stack([sin_B, cos_B], 1)], 1)


def _sampling_grid(
    back_B22: torch.Tensor, shift_B2: torch.Tensor, centre_2: torch.Tensor, size_HW: tuple[int, int]
) -> torch.Tensor:
    """Return where each pixel of the moved frame comes from, in `grid_sample`'s units (-1..1, corners aligned)."""
    half_2 = centre_2  # c is also half the distance between the centres of the corner pixels
    # p = A^-1 (p' - c - t) + c; with p' = c + half u this is u_source = half^-1 (A^-1 (half u - t))
    linear_B22 = back_B22 * half_2[None, None, :] / half_2[None, :, None]
    offset_B2 = -(back_B22 @ shift_B2[..., None]).squeeze(-1) / half_2
    theta_B23 = torch.cat([linear_B22, offset_B2[..., None]], dim=2)
    return functional.affine_grid(theta_B23, [len(shift_B2), 1, *size_HW], align_corners=True)


def _change_intensity(frames_B1HW: torch.Tensor, ranges: Augmentation, draw: torch.Generator) -> torch.Tensor:
    """Change gamma and gain of the pixels with a signal; dark pixels stay as they are."""
    count = len(frames_B1HW)
    gamma_B111 = torch.exp(_draw_uniform(count, ranges.gamma, draw))[:, None, None, None]
    gain_B111 = _draw_uniform(count, ranges.gain, draw)[:, None, None, None]
    changed_B1HW = frames_B1HW.clamp_min(0).pow(gamma_B111) + gain_B111
    return torch.where(frames_B1HW > DARK_LEVEL / 255, changed_B1HW.clamp(0, 1), frames_B1HW)


def _shade(frames_B1HW: torch.Tensor, deviation: float, draw: torch.Generator) -> torch.Tensor:
    """Add a smooth field to the pixels with a signal, as a gain that varies over depth and across the beams does."""
    if not deviation:
        return frames_B1HW
    shape = (len(frames_B1HW), 1, SHADE_KNOTS, SHADE_KNOTS)
    knots = deviation * torch.randn(shape, generator=draw, device=draw.device)
    field_B1HW = functional.interpolate(
        knots, size=frames_B1HW.shape[-2:], mode="bicubic", align_corners=True
    )
    return torch.where(frames_B1HW > DARK_LEVEL / 255, (frames_B1HW + field_B1HW).clamp(0, 1), frames_B1HW)


def _blur(frames_B1HW: torch.Tensor, probability: float, draw: torch.Generator) -> torch.Tensor:
    """Blur some frames with a Gaussian of up to 1 px."""
    if not probability:
        return frames_B1HW
    count = len(frames_B1HW)
    sigma_B = BLUR_SIGMA_PX * torch.rand(count, generator=draw, device=draw.device)
    chosen_B = torch.rand(count, generator=draw, device=draw.device) < probability
    sigma_B = torch.where(chosen_B, sigma_B, 0).clamp_min(1e-3)
    return smooth(frames_B1HW.squeeze(1), sigma_B)[:, None]
