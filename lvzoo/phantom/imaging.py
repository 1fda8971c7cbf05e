"""The scanner: from an amplitude map on the beams to the grey levels along them.

A convolution model in baseband (Bamber and Dickinson 1980; Gao et al. 2009): complex speckle that the tissue
carries along, a separable point spread function, noise, envelope, log compression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.phantom.display import Display
from lvzoo.phantom.fields import Map, amplitude, blend, complex_noise, smooth_field
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import POLAR

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.ranges import Ranges
    from lvzoo.phantom.scan import Scan

TEXTURE = 512
BRIGHTEST_PERCENTILE = 98
SHARPENING_SAMPLES = 1.2
BLUR_REACH = 4
"""Sigmas from the middle of OpenCV's kernels to their end, for float maps."""
RINGS_PX = 18.0
"""How far the bands of the near field are told apart."""


class Scanner:
    """One scanner at its settings, looking at one patient; `frame` is called for one frame after another."""

    def __init__(self, rng: Generator, scan: Scan, ranges: Ranges) -> None:
        self.scan, self.ranges = scan, ranges
        self._axial = ranges.axial_px.draw(rng) / scan.row_px
        self._lateral = float(np.deg2rad(ranges.lateral_deg.draw(rng))) / scan.beam_rad
        self._unit = np.float32(1 / np.sqrt(kernel_energy(self._axial) * kernel_energy(self._lateral)))
        self._texels = np.float32(ranges.texels.draw(rng))
        self._fresh = np.float32(ranges.fresh.draw(rng))
        self._carried = np.sqrt(1 - self._fresh**2)
        floor_db, slope_db = ranges.thermal_db.draw(rng), ranges.thermal_slope_db.draw(rng)
        self._thermal = amplitude(floor_db + slope_db * scan.depth)[..., None]
        self._headroom_db = ranges.headroom_db.draw(rng)
        self._range_db = np.float32(ranges.range_db.draw(rng))
        self._gamma = np.float32(ranges.gamma.draw(rng))
        self._sharpening = np.float32(ranges.sharpening.draw(rng))
        self.persistence = ranges.persistence.draw(rng)
        self._clutter = self._draw_clutter(rng)
        self._gain_db = self._draw_gain(rng)
        self._display = Display(rng, scan, ranges)
        self._texture = complex_noise(rng, (TEXTURE, TEXTURE))
        self._rng = rng
        self._before: Map | None = None

    def _draw_clutter(self, rng: Generator) -> Map:
        """Near field and haze: noise that stands still while the heart moves under it."""
        ranges, depth_px = self.ranges, self.scan.ranges_px[:, None]
        near = amplitude(ranges.near_db.draw(rng)) * np.exp(-depth_px / np.float32(ranges.near_px.draw(rng)))
        rings, ring_px = ranges.near_rings.draw(rng), ranges.ring_px.draw(rng)
        if rings:
            fading = np.exp(-depth_px / np.float32(RINGS_PX))
            near = near * (1 + fading * np.cos(2 * np.pi / ring_px * depth_px)).astype(np.float32)
        level_db, patches_db = ranges.haze_db.draw(rng), ranges.haze_patches_db.draw(rng)
        haze = amplitude(level_db + patches_db * smooth_field(rng, POLAR, (6, 6)))
        return np.asarray((near + haze)[..., None] * complex_noise(rng, POLAR), dtype=np.float32)

    def _draw_gain(self, rng: Generator) -> Map:
        """Slope of the gain over depth, shadows of ribs and lung, and the fading of the outermost beams; dB."""
        ranges, scan = self.ranges, self.scan
        gain = ranges.slope_db.draw(rng) * (scan.depth - 0.4) + np.zeros(POLAR)
        for edge in (-1, 1):
            width, loss_db = ranges.edge_width.draw(rng), ranges.edge_db.draw(rng)
            gain -= loss_db * np.clip((scan.angle * edge - 1 + width) / width, 0, 1) ** 2
        shadows = branch(rng)
        for _ in range(ranges.shadows.draw(shadows)):
            off_axis = (scan.angle - ranges.shadow_at.draw(shadows)) / ranges.shadow_width.draw(shadows)
            gain -= ranges.shadow_db.draw(shadows) * np.exp(-(off_axis**2) / 2)
        return gain.astype(np.float32)

    def frame(self, echo: Map, material_px: tuple[Map, Map]) -> NDArray[np.uint8]:
        """Return the next frame, (112, 112) uint8, of tissue with the given amplitude and material points."""
        level_db = self._received_db(echo, material_px) + self._gain_db
        if self._before is None:  # the sonographer sets the gain once, by the brightest tissue
            raised = np.float32(-self._headroom_db - np.percentile(level_db, BRIGHTEST_PERCENTILE))
            self._gain_db, level_db = self._gain_db + raised, level_db + raised
        grey = np.clip(1 + level_db / self._range_db, 0, 1) ** self._gamma
        self._before = grey if self._before is None else blend(grey, self._before, self.persistence)
        return self._display.show(self._sharpened(self._before))

    def _sharpened(self, grey: Map) -> Map:
        """Enhance edges as machines do, by an unsharp mask."""
        blurred = cv2.GaussianBlur(grey, (0, 0), SHARPENING_SAMPLES)
        return np.asarray(np.clip(grey + self._sharpening * (grey - blurred), 0, 1), dtype=np.float32)

    def _received_db(self, echo: Map, material_px: tuple[Map, Map]) -> Map:
        """Return the envelope of what the probe receives: speckle through the point spread function, and noise."""
        x, y = (self._texels * coordinate for coordinate in material_px)
        carried = cv2.remap(self._texture, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_WRAP)
        noise = complex_noise(self._rng, POLAR)
        fresh = noise[::-1, ::-1]  # turned round, it serves twice: drawing is a fifth of a frame's cost
        field = echo[..., None] * (self._carried * carried + self._fresh * fresh) + self._clutter
        blurred = cv2.GaussianBlur(field, (0, 0), sigmaX=self._lateral, sigmaY=self._axial)
        signal = self._unit * blurred + self._thermal * noise
        power = signal[..., 0] ** 2 + signal[..., 1] ** 2
        return np.asarray(10 * np.log10(power + np.float32(1e-12)), dtype=np.float32)


def kernel_energy(sigma: float) -> float:
    """Return the power that OpenCV's Gaussian blur of a sigma (samples) leaves of white noise, in one direction.

    A narrow kernel is little more than its middle sample: the formula of the continuous one would not hold.
    """
    size = round(2 * BLUR_REACH * sigma + 1) | 1
    return float(np.sum(cv2.getGaussianKernel(size, sigma) ** 2))
