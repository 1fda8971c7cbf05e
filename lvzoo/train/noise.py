"""Training against noise: one random corruption of random strength on some of a batch's frames.

It is modelled after the suites that models are tested on, and only approximates them: a batch carries no sector, so
that beams fan out from the standard apex and the scan is taken to be where the frame carries a signal; strengths
are drawn from noise-v1's whole range (`RANGES`); nothing is rounded to grey levels; and there is no jpeg. A model
that is trained so knows the suite's corruptions, and is in the `augmented` track. Masks and contours do not move.

Frames are (B, H, W) grey levels 0..1, strengths (B, 1, 1) from 0, the mildest, to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import torch
from torch.nn import functional

from lvzoo.geometry.sector import DARK_LEVEL, STANDARD_HALF_ANGLE_DEG, STANDARD_RADIUS_PX
from lvzoo.train.filters import cell_rows, gaussian_rows, smooth
from lvzoo.train.scan import beams, scanned

Corrupt: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]

DYNAMIC_RANGE_DB: Final = 50.0
"""A grey level x shows the amplitude `10^((x - 1) DR / 20)`: a factor on that is a step on the display."""
NEPERS: Final = DYNAMIC_RANGE_DB / 20 * math.log(10)
"""The same range as a natural logarithm."""
GRAIN_PX: Final = 0.8
"""Sigma of the grain that a fine scanner's point spread gives to clutter."""
ONSET_PX: Final = 8.0
"""Over this depth a shadow comes up."""

Range: TypeAlias = tuple[float, float]

RANGES: Final[Mapping[str, tuple[Range, ...]]] = {
    "speckle": ((0.15, 1.0), (0.8, 2.5)),  # the share k that interferes; grain in px
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
"""The levels of each corruption at strengths 0 and 1: those of noise-v1 at its mildest and gravest severity."""


def corrupt(frames_B1HW: torch.Tensor, probability: float, draw: torch.Generator) -> torch.Tensor:
    """Return a copy of the frames in which some have met one corruption each; `draw` lives on their device."""
    if not probability:
        return frames_B1HW
    count, device = len(frames_B1HW), draw.device
    strength_B = torch.rand(count, generator=draw, device=device)
    kind_B = torch.randint(len(CORRUPTIONS), (count,), generator=draw, device=device)
    chosen_B = torch.rand(count, generator=draw, device=device) < probability
    kinds = torch.where(chosen_B, kind_B, -1).tolist()
    frames_BHW = frames_B1HW[:, 0].clamp(0, 1)
    for kind, apply in enumerate(CORRUPTIONS.values()):
        rows = [row for row, its_kind in enumerate(kinds) if its_kind == kind]
        if rows:
            met_n = torch.tensor(rows, device=device)
            corrupted_nHW = apply(frames_BHW[met_n], strength_B[met_n, None, None], draw)
            frames_BHW = frames_BHW.index_copy(0, met_n, corrupted_nHW.clamp(0, 1))
    return frames_BHW[:, None]


# --- What comes back with the echo ----------------------------------------------------------------------------


def speckle(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Let echoes interfere: `a' = a |sqrt(1 - k) + sqrt(k / 2) z|`; z has a grain, which coarsens late."""
    diffuse, grain_px = RANGES["speckle"]
    diffuse_B11 = _between(strength_B11, diffuse)
    grain_px_B = _between(strength_B11.flatten() ** 2, grain_px)
    real_BHW, imaginary_BHW = _complex_field(frames_BHW, draw, grain_px_B) * (diffuse_B11 / 2).sqrt()
    amplitude_BHW = _amplitude(frames_BHW)
    return _detected(amplitude_BHW * ((1 - diffuse_B11).sqrt() + real_BHW), amplitude_BHW * imaginary_BHW)


def haze(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add clutter with a grain, uneven over the scan by 4 dB, and 6 dB fainter at its far end."""
    coarse_B166 = torch.randn(len(frames_BHW), 1, 6, 6, generator=draw, device=draw.device)
    uneven_BHW = functional.interpolate(
        coarse_B166, size=frames_BHW.shape[-2:], mode="bicubic", align_corners=True
    )[:, 0]
    depth_HW, _ = beams(frames_BHW)
    level_db_BHW = _between(strength_B11, *RANGES["haze"]) + 4 * uneven_BHW - 6 * depth_HW
    grain_px_B = torch.full_like(strength_B11.flatten(), GRAIN_PX)
    return _add(frames_BHW, level_db_BHW, _complex_field(frames_BHW, draw, grain_px_B))


def thermal(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add the receiver's noise, 8 dB stronger at the scan's far end than at its apex."""
    depth_HW, _ = beams(frames_BHW)
    level_db_BHW = _between(strength_B11, *RANGES["thermal"]) + 8 * (depth_HW - 0.5)
    return _add(frames_BHW, level_db_BHW, _complex_field(frames_BHW, draw))


def shadow(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Darken beams of a width (sigma): the stronger, the more of them, the wider and the darker."""
    number, width_deg, loss_db = RANGES["shadow"]
    most = int(number[1])
    depth_HW, angle_HW = beams(frames_BHW)
    half_rad = math.radians(STANDARD_HALF_ANGLE_DEG)
    drawn_BS2 = torch.rand(len(frames_BHW), most, 2, generator=draw, device=draw.device)
    middle_BS11 = _between(drawn_BS2[..., 0, None, None], (-0.75 * half_rad, 0.75 * half_rad))
    start_BS11 = _between(drawn_BS2[..., 1, None, None], (0.05, 0.3))
    width_B111 = torch.deg2rad(_between(strength_B11[:, None], width_deg))
    onset_BSHW = ((depth_HW - start_BS11) * (STANDARD_RADIUS_PX / ONSET_PX)).clamp(0, 1)
    profile_BSHW = torch.exp(-0.5 * ((angle_HW - middle_BS11) / width_B111) ** 2) * onset_BSHW
    place_S11 = torch.arange(1, most + 1, device=draw.device)[:, None, None]
    there_BS11 = place_S11 <= _between(strength_B11[:, None], number)
    loss_db_BHW = _between(strength_B11, loss_db) * (profile_BSHW * there_BS11).sum(dim=1)
    return frames_BHW - loss_db_BHW / DYNAMIC_RANGE_DB


def attenuation(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, _draw: torch.Generator) -> torch.Tensor:
    """Lose so many dB on the way to the scan's far end."""
    depth_HW, _ = beams(frames_BHW)
    return frames_BHW - _between(strength_B11, *RANGES["attenuation"]) / DYNAMIC_RANGE_DB * depth_HW


def gain(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Turn what carries a signal up or down."""
    up_B11 = torch.rand(len(frames_BHW), 1, 1, generator=draw, device=draw.device) < 0.5
    step_B11 = _between(strength_B11, *RANGES["gain"]) / DYNAMIC_RANGE_DB
    turned_BHW = frames_BHW + torch.where(up_B11, step_B11, -step_B11)
    return torch.where(frames_BHW > DARK_LEVEL / 255, turned_BHW, frames_BHW)


# --- What the machine adds ------------------------------------------------------------------------------------


def gaussian(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Add white noise to the displayed frame."""
    white_BHW = torch.randn(frames_BHW.shape, generator=draw, device=draw.device)
    return frames_BHW + _between(strength_B11, *RANGES["gaussian"]) * white_BHW


def dropout(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Set about such a share of the pixels to black."""
    lots_BHW = torch.rand(frames_BHW.shape, generator=draw, device=draw.device)
    return torch.where(lots_BHW < _between(strength_B11, *RANGES["dropout"]), 0.0, frames_BHW)


def saltpepper(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Set about such a share of the pixels to black or white, half to each."""
    lots_BHW = torch.rand(frames_BHW.shape, generator=draw, device=draw.device)
    half_B11 = _between(strength_B11, *RANGES["saltpepper"]) / 2
    return torch.where(lots_BHW < half_B11, 0.0, torch.where(lots_BHW > 1 - half_B11, 1.0, frames_BHW))


# --- What is lost of the resolution ---------------------------------------------------------------------------


def blur(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, _draw: torch.Generator) -> torch.Tensor:
    """Smooth with a Gaussian."""
    return smooth(frames_BHW, _between(strength_B11.flatten(), *RANGES["blur"]))


def motion(frames_BHW: torch.Tensor, strength_B11: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Average along a line in a random direction: a product with a sinc in the frequency domain."""
    (length_px,) = RANGES["motion"]
    angle_B11 = math.pi * torch.rand(len(frames_BHW), 1, 1, generator=draw, device=draw.device)
    length_B11 = _between(strength_B11, length_px)
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
    """Keep such a share of the rows and columns, each the mean of what it stands for."""
    share_B = _between(strength_B11.flatten(), *RANGES["downsample"])
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
"""Each as likely as any other."""


# --- Their physics --------------------------------------------------------------------------------------------


def _between(share: torch.Tensor, ends: Range) -> torch.Tensor:
    first, last = ends
    return first + share * (last - first)


def _amplitude(frames_BHW: torch.Tensor) -> torch.Tensor:
    """Return the amplitude of each pixel: 1 where it is white, 0 where it is black."""
    return torch.where(frames_BHW > 0, torch.exp((frames_BHW - 1) * NEPERS), 0.0)


def _detected(real_BHW: torch.Tensor, imaginary_BHW: torch.Tensor) -> torch.Tensor:
    """Return the grey levels that show the amplitude of a complex signal, which is the root of its power."""
    power_BHW = real_BHW.square() + imaginary_BHW.square()
    return 1 + power_BHW.clamp_min(math.exp(-2 * NEPERS)).log() / (2 * NEPERS)


def _complex_field(
    like_BHW: torch.Tensor, draw: torch.Generator, grain_px_B: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the parts (2, B, H, W) of complex Gaussian fields of unit variance each, white or with a grain."""
    white_2BHW = torch.randn(2, *like_BHW.shape, generator=draw, device=draw.device)
    if grain_px_B is None:
        return white_2BHW
    down_BHH, across_BWW = (
        functional.normalize(gaussian_rows(size, grain_px_B), dim=-1) for size in like_BHW.shape[-2:]
    )
    return down_BHH @ white_2BHW @ across_BWW.mT


def _add(frames_BHW: torch.Tensor, level_db_BHW: torch.Tensor, field_2BHW: torch.Tensor) -> torch.Tensor:
    """Add complex noise of a level to what the scan shows: `a' = |a + h z / sqrt 2|`; elsewhere black stays black."""
    real_BHW, imaginary_BHW = field_2BHW * torch.exp(level_db_BHW * (math.log(10) / 20)) / math.sqrt(2)
    noisy_BHW = _detected(_amplitude(frames_BHW) + real_BHW, imaginary_BHW)
    return torch.where(scanned(frames_BHW), noisy_BHW, frames_BHW)
