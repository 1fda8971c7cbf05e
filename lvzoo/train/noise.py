"""Adds noise to training frames: some frames of a batch get one random corruption of random strength.

The corruptions approximate those of noise-v1. A batch has no sectors, so the beams start at the standard apex and the
scanned area is estimated from the signal. Strengths are drawn from the suite's whole range (`RANGES`). Results are
not rounded to grey levels, and there is no jpeg. Masks and contours do not change. A model that is trained this way
knows the tested corruptions and belongs to the `augmented` track.

Frames are (B, H, W) grey levels 0..1, strengths (B, 1, 1) from 0, the mildest, to 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import torch
from torch.nn import functional

from lvzoo.geometry.sector import DARK_LEVEL, STANDARD_HALF_ANGLE_DEG, STANDARD_RADIUS_PX
from lvzoo.train.filters import cell_rows, gaussian_rows, smooth
from lvzoo.train.scan import beam_coordinates, find_scan_area

Corrupt: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]

DYNAMIC_RANGE_DB: Final = 50.0
"""A grey level x stands for the amplitude `10^((x - 1) DR / 20)`, so a factor on the amplitude is a step of x."""
NEPERS: Final = DYNAMIC_RANGE_DB / 20 * math.log(10)
"""The same range as a natural logarithm."""
GRAIN_PX: Final = 0.8
"""Sigma of the grain of clutter: the point spread of a scanner with fine resolution."""
ONSET_PX: Final = 8.0
"""Distance over which a shadow sets in."""

Range: TypeAlias = tuple[float, float]

RANGES: Final[Mapping[str, tuple[Range, ...]]] = {
    "speckle": ((0.15, 1.0), (0.8, 2.5)),  # diffuse share k; grain in px
    "haze": ((-48, -17),),  # dB
    "shadow": ((1, 4), (7, 12), (16, 36)),  # number; width in degrees; dB
    "attenuation": ((8, 42),),  # dB
    "gain": ((5, 26),),  # dB
    "thermal": ((-49, -19),),  # dB
    "gaussian": ((0.03, 0.36),),  # sigma, of white
    "dropout": ((0.1, 0.8),),  # share of the pixels
    "saltpepper": ((0.01, 0.2),),  # share of the pixels
    "blur": ((0.8, 3.8),),  # sigma in px
    "motion": ((5, 17),),  # px
    "downsample": ((0.5, 0.1),),  # share of the side
}
"""The levels of each corruption at strengths 0 and 1, which are those of noise-v1 at severities 1 and 5."""


def corrupt(frames_B1HW: torch.Tensor, probability: float, draw: torch.Generator) -> torch.Tensor:
    """Return a copy of the frames in which some have one corruption each. `draw` must be on their device."""
    if not probability:
        return frames_B1HW
    # draw a strength and a corruption for each frame; -1 means none
    count, device = len(frames_B1HW), draw.device
    strength_B = torch.rand(count, generator=draw, device=device)
    kind_B = torch.randint(len(CORRUPTIONS), (count,), generator=draw, device=device)
    chosen_B = torch.rand(count, generator=draw, device=device) < probability
    kind_B = torch.where(chosen_B, kind_B, -1)

    # sort the frames by corruption; only the numbers of frames are read from the device, once
    sorted_B = kind_B.argsort(stable=True)
    counts = Counter(kind_B.tolist())
    start = counts[-1]

    # apply each corruption once, to all frames that drew it
    frames_BHW = frames_B1HW[:, 0].clamp(0, 1)
    for kind, apply in enumerate(CORRUPTIONS.values()):
        if counts[kind]:
            chosen_n = sorted_B[start : start + counts[kind]]
            start += counts[kind]
            corrupted_nHW = apply(frames_BHW[chosen_n], strength_B[chosen_n, None, None], draw)
            frames_BHW = frames_BHW.index_copy(0, chosen_n, corrupted_nHW.clamp(0, 1))
    return frames_BHW[:, None]


# --- Acoustic corruptions -------------------------------------------------------------------------------------


def speckle(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add speckle: `a' = a |sqrt(1 - k) + sqrt(k / 2) z|`; the grain of z grows with the square of the strength."""
    diffuse, grain_px = RANGES["speckle"]
    diffuse_B11 = _interpolate(strength_B11, diffuse)
    grain_px_B = _interpolate(strength_B11.flatten() ** 2, grain_px)
    real_BHW, imaginary_BHW = _draw_field(frames_BHW, draw, grain_px_B) * (diffuse_B11 / 2).sqrt()
    amplitude_BHW = _amplitude(frames_BHW)
    return _detect(amplitude_BHW * ((1 - diffuse_B11).sqrt() + real_BHW), amplitude_BHW * imaginary_BHW)


def haze(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add clutter with a grain. Its level varies over the scan (SD 4 dB) and is 6 dB lower at the far end."""
    coarse_B166 = torch.randn(len(frames_BHW), 1, 6, 6, generator=draw, device=draw.device)
    uneven_BHW = functional.interpolate(
        coarse_B166, size=frames_BHW.shape[-2:], mode="bicubic", align_corners=True
    )[:, 0]
    depth_HW, _ = beam_coordinates(frames_BHW)
    level_db_BHW = _interpolate(strength_B11, *RANGES["haze"]) + 4 * uneven_BHW - 6 * depth_HW
    grain_px_B = torch.full_like(strength_B11.flatten(), GRAIN_PX)
    return _add_noise(frames_BHW, level_db_BHW, _draw_field(frames_BHW, draw, grain_px_B))


def thermal(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add the receiver's noise, 8 dB stronger at the far end of the scan than at its apex."""
    depth_HW, _ = beam_coordinates(frames_BHW)
    level_db_BHW = _interpolate(strength_B11, *RANGES["thermal"]) + 8 * (depth_HW - 0.5)
    return _add_noise(frames_BHW, level_db_BHW, _draw_field(frames_BHW, draw))


def shadow(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Darken the beams behind ribs or lung. A higher strength means more, wider and darker shadows."""
    # draw the angle and the start of as many shadows (S) as the highest strength has
    number, width_deg, loss_db = RANGES["shadow"]
    most = int(number[1])
    depth_HW, angle_HW = beam_coordinates(frames_BHW)
    half_rad = math.radians(STANDARD_HALF_ANGLE_DEG)
    drawn_BS2 = torch.rand(len(frames_BHW), most, 2, generator=draw, device=draw.device)
    middle_BS11 = _interpolate(drawn_BS2[..., 0, None, None], (-0.75 * half_rad, 0.75 * half_rad))
    start_BS11 = _interpolate(drawn_BS2[..., 1, None, None], (0.05, 0.3))

    # profile of each shadow over angle and depth
    width_B111 = torch.deg2rad(_interpolate(strength_B11[:, None], width_deg))
    onset_BSHW = ((depth_HW - start_BS11) * (STANDARD_RADIUS_PX / ONSET_PX)).clamp(0, 1)
    profile_BSHW = torch.exp(-0.5 * ((angle_HW - middle_BS11) / width_B111) ** 2) * onset_BSHW

    # each frame uses as many shadows as its strength says
    place_S11 = torch.arange(1, most + 1, device=draw.device)[:, None, None]
    used_BS11 = place_S11 <= _interpolate(strength_B11[:, None], number)
    loss_db_BHW = _interpolate(strength_B11, loss_db) * (profile_BSHW * used_BS11).sum(dim=1)
    return frames_BHW - loss_db_BHW / DYNAMIC_RANGE_DB


def attenuation(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, _draw: torch.Generator) -> torch.Tensor:
    """Darken linearly with depth."""
    depth_HW, _ = beam_coordinates(frames_BHW)
    return frames_BHW - _interpolate(strength_B11, *RANGES["attenuation"]) / DYNAMIC_RANGE_DB * depth_HW


def gain(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Turn the gain of the pixels with a signal up or down."""
    up_B11 = torch.rand(len(frames_BHW), 1, 1, generator=draw, device=draw.device) < 0.5
    step_B11 = _interpolate(strength_B11, *RANGES["gain"]) / DYNAMIC_RANGE_DB
    turned_BHW = frames_BHW + torch.where(up_B11, step_B11, -step_B11)
    return torch.where(frames_BHW > DARK_LEVEL / 255, turned_BHW, frames_BHW)


# --- Electronic corruptions -----------------------------------------------------------------------------------


def gaussian(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add white noise to the displayed frame."""
    white_BHW = torch.randn(frames_BHW.shape, generator=draw, device=draw.device)
    return frames_BHW + _interpolate(strength_B11, *RANGES["gaussian"]) * white_BHW


def dropout(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Set about this share of the pixels to black."""
    lots_BHW = torch.rand(frames_BHW.shape, generator=draw, device=draw.device)
    return torch.where(lots_BHW < _interpolate(strength_B11, *RANGES["dropout"]), 0.0, frames_BHW)


def saltpepper(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Set about this share of the pixels to black or white, half to each."""
    lots_BHW = torch.rand(frames_BHW.shape, generator=draw, device=draw.device)
    half_B11 = _interpolate(strength_B11, *RANGES["saltpepper"]) / 2
    return torch.where(lots_BHW < half_B11, 0.0, torch.where(lots_BHW > 1 - half_B11, 1.0, frames_BHW))


# --- Loss of resolution ---------------------------------------------------------------------------------------


def blur(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, _draw: torch.Generator) -> torch.Tensor:
    """Smooth with a Gaussian."""
    return smooth(frames_BHW, _interpolate(strength_B11.flatten(), *RANGES["blur"]))


def motion(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Average along a line in a random direction, which is a product with a sinc in the frequency domain."""
    (length_px,) = RANGES["motion"]
    angle_B11 = math.pi * torch.rand(len(frames_BHW), 1, 1, generator=draw, device=draw.device)
    length_B11 = _interpolate(strength_B11, length_px)
    margin = int(length_px[1]) // 2 + 1
    padded_BHW = functional.pad(frames_BHW, (margin,) * 4, mode="reflect")
    rows, columns = padded_BHW.shape[-2:]
    across_W = torch.fft.rfftfreq(columns, device=draw.device)
    down_H1 = torch.fft.fftfreq(rows, device=draw.device)[:, None]
    along_BHW = length_B11 * (angle_B11.cos() * across_W + angle_B11.sin() * down_H1)
    smeared_BHW: torch.Tensor = torch.fft.irfft2(
        torch.fft.rfft2(padded_BHW) * torch.sinc(along_BHW), s=(rows, columns)
    )
    return smeared_BHW[:, margin:-margin, margin:-margin]


def downsample(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, _draw: torch.Generator) -> torch.Tensor:
    """Reduce rows and columns to this share by averaging."""
    share_B = _interpolate(strength_B11.flatten(), *RANGES["downsample"])
    rows_BHH, columns_BWW = (cell_rows(size, (share_B * size).round()) for size in frames_BHW.shape[-2:])
    return rows_BHH @ frames_BHW @ columns_BWW.mT


CORRUPTIONS: Final[Mapping[str, Corrupt]] = {
    each.__name__: each
    for each in (
        *(speckle, haze, shadow, attenuation, gain),
        *(thermal, gaussian, dropout, saltpepper),
        *(blur, motion, downsample),
    )
}
"""The corruptions; each is equally likely."""


# --- Shared physics -------------------------------------------------------------------------------------------


def _interpolate(strength: torch.Tensor, ends: Range) -> torch.Tensor:
    """Return the levels at strengths 0..1."""
    first, last = ends
    return first + strength * (last - first)


def _amplitude(frames_BHW: torch.Tensor) -> torch.Tensor:
    """Return the amplitude of each pixel: 1 for white, 0 for black."""
    return torch.where(frames_BHW > 0, torch.exp((frames_BHW - 1) * NEPERS), 0.0)


def _detect(real_BHW: torch.Tensor, imaginary_BHW: torch.Tensor) -> torch.Tensor:
    """Return the grey levels of a complex signal: the logarithm of its power, scaled to the dynamic range."""
    power_BHW = real_BHW.square() + imaginary_BHW.square()
    return 1 + power_BHW.clamp_min(math.exp(-2 * NEPERS)).log() / (2 * NEPERS)


def _draw_field(
    like_BHW: torch.Tensor, draw: torch.Generator, grain_px_B: torch.Tensor | None = None
) -> torch.Tensor:
    """Draw complex Gaussian fields with unit variance per component, (2, B, H, W), white or with a grain."""
    white_2BHW = torch.randn(2, *like_BHW.shape, generator=draw, device=draw.device)
    if grain_px_B is None:
        return white_2BHW
    down_BHH, across_BWW = (
        functional.normalize(gaussian_rows(size, grain_px_B), dim=-1) for size in like_BHW.shape[-2:]
    )
    return down_BHH @ white_2BHW @ across_BWW.mT


def _add_noise(
    frames_BHW: torch.Tensor, level_db_BHW: torch.Tensor, field_2BHW: torch.Tensor
) -> torch.Tensor:
    """Add complex noise of a level (dB) inside the scanned area: `a' = |a + h z / sqrt 2|`."""
    real_BHW, imaginary_BHW = field_2BHW * torch.exp(level_db_BHW * (math.log(10) / 20)) / math.sqrt(2)
    noisy_BHW = _detect(_amplitude(frames_BHW) + real_BHW, imaginary_BHW)
    return torch.where(find_scan_area(frames_BHW), noisy_BHW, frames_BHW)
