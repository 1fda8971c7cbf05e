"""The scanner: from an amplitude map on the beams to the grey frame on the display.

A convolution model in baseband (Bamber and Dickinson 1980; Gao et al. 2009): complex speckle that the tissue
carries along, a separable point spread function, noise, envelope, log compression, scan conversion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.fields import Map, amplitude, blend, complex_noise, smooth_field
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

RANGES = 192
BEAMS = 144
POLAR = (RANGES, BEAMS)
TEXTURE = 512
TEXELS_PER_PX = 1.4
TISSUE_WEIGHT = 0.99
FRESH_WEIGHT = 0.1
BRIGHTEST_PERCENTILE = 98
BELOW_WHITE_DB = 4.8
PERSISTENCE = 0.42
SHADOWS = 1.6


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The sector on the display, px and radians, and where each beam's samples and each pixel lie in it."""

    apex_px: tuple[float, float]
    half_angle_rad: float
    first_px: float
    last_px: float

    @cached_property
    def depth(self) -> Map:
        """Range of each row of the polar grid as a share of the last, (R, 1)."""
        return (self.ranges_px / self.last_px)[:, None]

    @cached_property
    def ranges_px(self) -> Map:
        """Range of each row, px."""
        return np.linspace(self.first_px, self.last_px, RANGES, dtype=np.float32)

    @cached_property
    def angle(self) -> Map:
        """Angle of each beam as a share of the half angle, -1 (left) .. 1 (right), (1, B)."""
        return np.linspace(-1, 1, BEAMS, dtype=np.float32)[None]

    @cached_property
    def grid_px(self) -> tuple[Map, Map]:
        """The display's x and y of each sample."""
        radians = self.angle * np.float32(self.half_angle_rad)
        ranges = self.ranges_px[:, None]
        return (
            np.float32(self.apex_px[0]) + ranges * np.sin(radians),
            np.float32(self.apex_px[1]) + ranges * np.cos(radians),
        )

    @cached_property
    def conversion(self) -> tuple[Map, Map, NDArray[np.bool_]]:
        """Beam and range index of each pixel of the display, and where it is outside the sector."""
        y, x = np.mgrid[: FRAME_SIZE_HW[0], : FRAME_SIZE_HW[1]].astype(np.float32)
        right, down = x - np.float32(self.apex_px[0]), y - np.float32(self.apex_px[1])
        angle = np.arctan2(right, down) / np.float32(self.half_angle_rad)
        depth = (np.hypot(right, down) - self.first_px) / (self.last_px - self.first_px)
        outside = (np.abs(angle) > 1) | (depth < 0) | (depth > 1)
        beam = ((angle + 1) / 2 * (BEAMS - 1)).astype(np.float32)
        return beam, (depth * (RANGES - 1)).astype(np.float32), outside


def draw_scan(rng: Generator) -> Scan:
    """Draw a sector of about 90 degrees whose lower edge the display cuts."""
    return Scan(
        apex_px=(rng.normal(56, 4), rng.uniform(2, 9)),
        half_angle_rad=float(np.deg2rad(rng.uniform(38, 46))),
        first_px=rng.uniform(1.5, 4),
        last_px=rng.uniform(102, 128),
    )


class Scanner:
    """One scanner at its settings, looking at one patient; `frame` is called for one frame after another."""

    def __init__(self, rng: Generator, scan: Scan) -> None:
        self.scan = scan
        self._rng = rng
        self._texture = complex_noise(rng, (TEXTURE, TEXTURE))
        self._clutter = self._draw_clutter()
        self._axial, self._lateral = rng.uniform(0.5, 0.8), rng.uniform(0.7, 1.4)
        self._thermal = amplitude(rng.uniform(-58, -42) + 8 * scan.depth)
        self._gain_db = self._draw_gain()
        self._brightest_db = -float(np.clip(rng.normal(BELOW_WHITE_DB, 2.2), 0, 10))
        self._range_db = rng.uniform(31, 43)
        self._gamma = rng.uniform(1.0, 1.5)
        self._ornaments = self._draw_ornaments()
        self._before: Map | None = None

    def _draw_clutter(self) -> Map:
        """Near field and haze: noise that stands still while the heart moves under it."""
        rng, scan = self._rng, self.scan
        near = amplitude(rng.uniform(-34, -11)) * np.exp(-scan.ranges_px[:, None] / rng.uniform(8, 22))
        haze = amplitude(rng.uniform(-60, -36) + 5 * smooth_field(rng, POLAR, (6, 6)))
        return np.asarray((near + haze)[..., None] * complex_noise(rng, POLAR))

    def _draw_gain(self) -> Map:
        """Slope of the gain over depth, shadows of ribs and lung, and the fading of the outermost beams; dB."""
        rng, scan = self._rng, self.scan
        gain = rng.normal(0, 5) * (scan.depth - 0.4) + np.zeros(POLAR)
        for _ in range(rng.poisson(SHADOWS)):
            off_axis = (scan.angle - rng.uniform(-1, 1)) / rng.uniform(0.05, 0.22)
            gain -= rng.uniform(4, 24) * np.exp(-(off_axis**2) / 2)
        for edge in (-1, 1):
            width = rng.uniform(0.15, 0.5)
            gain -= rng.uniform(2, 12) * np.clip((scan.angle * edge - 1 + width) / width, 0, 1) ** 2
        return gain.astype(np.float32)

    def frame(self, echo: Map, material_px: tuple[Map, Map]) -> NDArray[np.uint8]:
        """Return the next frame, (112, 112) uint8, of tissue with the given amplitude and material points."""
        level_db = self._received_db(echo, material_px) + self._gain_db
        if self._before is None:  # the sonographer sets the gain once, by the brightest tissue
            raised = np.float32(self._brightest_db - np.percentile(level_db, BRIGHTEST_PERCENTILE))
            self._gain_db, level_db = self._gain_db + raised, level_db + raised
        grey = np.clip(1 + level_db / np.float32(self._range_db), 0, 1) ** np.float32(self._gamma)
        self._before = grey if self._before is None else blend(grey, self._before, PERSISTENCE)
        return self._display(self._before)

    def _received_db(self, echo: Map, material_px: tuple[Map, Map]) -> Map:
        """Return the envelope of what the probe receives: speckle through the point spread function, and noise."""
        x, y = (TEXELS_PER_PX * coordinate for coordinate in material_px)
        carried = cv2.remap(self._texture, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_WRAP)
        noise = complex_noise(self._rng, POLAR)
        fresh = noise[::-1, ::-1]  # turned round, it serves twice: drawing is a fifth of a frame's cost
        speckle = TISSUE_WEIGHT * carried + FRESH_WEIGHT * fresh
        field = echo[..., None] * speckle + self._clutter
        blurred = cv2.GaussianBlur(field, (0, 0), sigmaX=self._lateral, sigmaY=self._axial)
        unit = np.float32(2 * np.sqrt(np.pi * self._axial * self._lateral))
        signal = unit * blurred + self._thermal[..., None] * noise
        power = signal[..., 0] ** 2 + signal[..., 1] ** 2
        return np.asarray(10 * np.log10(power + np.float32(1e-12)), dtype=np.float32)

    def _display(self, grey: Map) -> NDArray[np.uint8]:
        beam, depth, outside = self.scan.conversion
        shown = cv2.remap(grey, beam, depth, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shown[outside] = 0
        return np.asarray(np.rint(255 * np.maximum(shown, self._ornaments)), dtype=np.uint8)

    def _draw_ornaments(self) -> Map:
        """Depth marks at the right edge and the probe's marker beside the apex; they tell of the sector only."""
        rng, scan = self._rng, self.scan
        drawn = np.zeros(FRAME_SIZE_HW, np.float32)
        if rng.random() > 0.9:
            return drawn
        column, step = int(rng.integers(106, 111)), rng.uniform(6, 11)
        level = rng.uniform(0.4, 0.9)
        for row in np.arange(scan.apex_px[1], FRAME_SIZE_HW[0] - 1, step):
            drawn[int(row), column] = level
        side = -1 if rng.random() < 0.5 else 1
        centre = (round(scan.apex_px[0] + side * rng.uniform(7, 12)), round(scan.apex_px[1]))
        cv2.circle(drawn, centre, 1, float(rng.uniform(0.5, 0.95)), -1)
        return drawn
