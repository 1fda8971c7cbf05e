"""The scanner: from an amplitude map on the beams to the grey levels along them.

A convolution model in baseband (Bamber and Dickinson 1980; Gao et al. 2009): complex speckle that moves with the
tissue, a separable point spread function, noise, envelope, log compression. Amplitudes are relative to full scale;
levels in dB are 20 log10 of an amplitude.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.display import Display
from lvzoo.phantom.fields import Map, amplitude, blend, complex_noise, smooth_field
from lvzoo.phantom.ranges import Ranges
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import POLAR, Scan

TEXTURE = 512
"""Side of the texture of scatterers, in texels; it repeats beyond."""
BRIGHTEST_PERCENTILE = 98
SHARPENING_SAMPLES = 1.2
"""SD of the blur of the unsharp mask, in samples of the polar grid."""
BLUR_REACH = 4
"""Half width of OpenCV's Gaussian kernels for float maps, in sigmas."""
RINGS_PX = 18.0
"""Depth over which the bands of the near field fade by a factor e."""
MIDDLE_OF_GAIN = 0.4
"""Depth at which the gain's slope changes nothing, as a share of the last range."""
BOTH_AXES = -1
"""OpenCV's code for turning a map by 180 degrees."""
LEAST_POWER = 1e-12
"""Added before the logarithm."""


class Scanner:
    """One scanner at its settings for one patient; call `make_frame` for the frames in their order."""

    def __init__(self, rng: Generator, scan: Scan, ranges: Ranges) -> None:
        self.scan, self.ranges = scan, ranges
        # Point spread function: pulse length in rows and beam width in beams, both SD. `_unit` makes up for the power
        # that the blur takes from white noise, so that a level in dB means the same at every resolution.
        self._axial = ranges.axial_px.draw(rng) / scan.row_px
        self._lateral = float(np.deg2rad(ranges.lateral_deg.draw(rng))) / scan.beam_rad
        self._unit = np.float32(1 / np.sqrt(kernel_energy(self._axial) * kernel_energy(self._lateral)))
        # Speckle: texels per px, and the shares of it that change from frame to frame and that move with the tissue.
        self._texels = np.float32(ranges.texels.draw(rng))
        self._fresh = np.float32(ranges.fresh.draw(rng))
        self._carried = np.sqrt(1 - self._fresh**2)
        # Electronic noise, which the time-gain compensation raises with depth.
        floor_db, slope_db = ranges.thermal_db.draw(rng), ranges.thermal_slope_db.draw(rng)
        self._thermal = amplitude(floor_db + slope_db * scan.depth)[..., None]
        # Gain, log compression and grey map of the display.
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
        """Draw near-field clutter and haze: noise that stands still while the heart moves under it."""
        ranges, depth_px = self.ranges, self.scan.ranges_px[:, None]
        # The near field decays exponentially with depth; reverberation modulates it in bands.
        near = amplitude(ranges.near_db.draw(rng)) * np.exp(-depth_px / np.float32(ranges.near_px.draw(rng)))
        rings, ring_px = ranges.near_rings.draw(rng), ranges.ring_px.draw(rng)
        if rings:
            fading = np.exp(-depth_px / np.float32(RINGS_PX))
            near = near * (1 + fading * np.cos(2 * np.pi / ring_px * depth_px)).astype(np.float32)
        # A veil lies over some beams of the lateral side.
        veiled, level_db = ranges.veil.draw(rng), ranges.veil_db.draw(rng)
        beside = (self.scan.angle - ranges.veil_at.draw(rng)) / ranges.veil_width.draw(rng)
        fading = np.exp(-depth_px / np.float32(ranges.veil_px.draw(rng)))
        if veiled:
            near = near + amplitude(level_db) * np.exp(-(beside**2) / 2) * fading
        # Haze covers the whole sector, in smooth patches.
        level_db, patches_db = ranges.haze_db.draw(rng), ranges.haze_patches_db.draw(rng)
        haze = amplitude(level_db + patches_db * smooth_field(rng, POLAR, (6, 6)))
        return np.asarray((near + haze)[..., None] * complex_noise(rng, POLAR), dtype=np.float32)

    def _draw_gain(self, rng: Generator) -> Map:
        """Draw the gain on the polar grid, dB: slope over depth, fading outermost beams, shadows of ribs and lung."""
        ranges, scan = self.ranges, self.scan
        gain = ranges.slope_db.draw(rng) * (scan.depth - MIDDLE_OF_GAIN) + np.zeros(POLAR)
        for edge in (-1, 1):  # the outermost beams lose `loss_db`, the loss growing with the square
            width, loss_db = ranges.edge_width.draw(rng), ranges.edge_db.draw(rng)
            gain -= loss_db * np.clip((scan.angle * edge - 1 + width) / width, 0, 1) ** 2
        shadows = branch(rng)  # each a Gaussian across the beams, over the whole depth
        for _ in range(ranges.shadows.draw(shadows)):
            off_axis = (scan.angle - ranges.shadow_at.draw(shadows)) / ranges.shadow_width.draw(shadows)
            gain -= ranges.shadow_db.draw(shadows) * np.exp(-(off_axis**2) / 2)
        return gain.astype(np.float32)

    def make_frame(self, echo: Map, material_px: tuple[Map, Map]) -> NDArray[np.uint8]:
        """Return the next frame, (112, 112) uint8, of tissue with the given amplitude and material points."""
        level_db = self._receive_db(echo, material_px) + self._gain_db
        if self._before is None:
            # The sonographer sets the gain once: on the first frame the brightest tissue comes to lie `headroom_db`
            # below white (0 dB).
            change_db = np.float32(-self._headroom_db - np.percentile(level_db, BRIGHTEST_PERCENTILE))
            self._gain_db, level_db = self._gain_db + change_db, level_db + change_db
        # Log compression: the dynamic range below 0 dB becomes grey levels 0..1.
        grey = np.clip(1 + level_db / self._range_db, 0, 1) ** self._gamma
        # Persistence: a recursive mean over time.
        self._before = grey if self._before is None else blend(grey, self._before, self.persistence)
        return self._display.show(self._sharpen(self._before))

    def _sharpen(self, grey: Map) -> Map:
        """Enhance edges as machines do, by an unsharp mask."""
        blurred = cv2.GaussianBlur(grey, (0, 0), SHARPENING_SAMPLES)
        return np.asarray(np.clip(grey + self._sharpening * (grey - blurred), 0, 1), dtype=np.float32)

    def _receive_db(self, echo: Map, material_px: tuple[Map, Map]) -> Map:
        """Return the envelope at the probe, dB: speckle and clutter through the point spread function, plus noise.

        `material_px` are the tissue's coordinates at end-diastole: reading the texture there makes the speckle move
        with the tissue.
        """
        x, y = (self._texels * coordinate for coordinate in material_px)
        carried = cv2.remap(self._texture, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_WRAP)
        noise = complex_noise(self._rng, POLAR)
        field = self._carried * carried
        # Turned round, the same noise serves twice: drawing it is a seventh of a frame's cost.
        field += self._fresh * cv2.flip(noise, BOTH_AXES)
        field *= cv2.merge((echo, echo))
        field += self._clutter
        signal = cv2.GaussianBlur(field, (0, 0), sigmaX=self._lateral, sigmaY=self._axial)
        signal *= self._unit
        signal += self._thermal * noise
        # Envelope detection: the squared magnitude of the complex signal is its power.
        power = signal[..., 0] ** 2 + signal[..., 1] ** 2
        return np.asarray(10 * np.log10(power + np.float32(LEAST_POWER)), dtype=np.float32)


def kernel_energy(sigma: float) -> float:
    """Return the share of white noise's power that OpenCV's Gaussian blur (sigma in samples) leaves in one direction.

    It is the sum of the squared weights. The formula of the continuous kernel, 1 / (2 sqrt(pi) sigma), does not hold
    for narrow kernels, which are little more than their middle sample.
    """
    size = round(2 * BLUR_REACH * sigma + 1) | 1
    return float(np.sum(cv2.getGaussianKernel(size, sigma) ** 2))
