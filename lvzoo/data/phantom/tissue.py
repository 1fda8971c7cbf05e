"""How strongly each place of the heart scatters: the amplitude map that the scanner's beams meet.

Everything is worked out on the scanner's polar grid (ranges x beams), where the angle between a wall and the
beam is a difference along the range: surfaces across the beam shine, the lateral wall along it drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.anatomy import Pose, ventricle_contour
from lvzoo.data.phantom.chambers import other_chambers
from lvzoo.data.phantom.fields import Map, amplitude, blend, bump, smooth_field, soft
from lvzoo.data.phantom.imaging import POLAR
from lvzoo.data.phantom.strokes import draw_strokes
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.data.phantom.anatomy import Heart
    from lvzoo.data.phantom.imaging import Scan
    from lvzoo.data.phantom.warp import Warp

MARGIN_PX = 14
SCALE = 2
CANVAS = SCALE * (FRAME_SIZE_HW[0] + 2 * MARGIN_PX)
FRACTION_BITS = 4
SEPTAL_THICKNESS = 0.9
CARRIED_MM = 25.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """One patient's scatter levels, dB below full scale, and the extent of what shines."""

    blood: float
    muscle: float
    pericardium: float
    endocardium: float
    pericardial_decay_mm: float
    papillary: tuple[tuple[float, float, float, float], ...]
    """Each muscle's position 0..1 along the wall, radii (mm), and level."""
    trabeculae: float


def draw_levels(rng: Generator) -> Levels:
    """Draw one patient's levels."""
    muscle = rng.uniform(-24, -13)
    papillary = tuple(
        (rng.uniform(0.4, 0.65), rng.uniform(4.0, 7.5), rng.uniform(2.5, 4.5), rng.uniform(-24, -14))
        for _ in range(int(rng.random() < 0.65))
    )
    return Levels(
        blood=rng.uniform(-56, -38),
        muscle=muscle,
        pericardium=rng.uniform(-10, 2),
        endocardium=muscle + 9 + 20 * np.log10(rng.uniform(0.3, 1.0)),
        pericardial_decay_mm=rng.uniform(6, 20),
        papillary=papillary,
        trabeculae=rng.uniform(0.2, 0.9),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """The heart in one pose, as the samples of the polar grid see it."""

    pose: Pose
    phi: Map
    """Distance to the left ventricle's contour, mm, negative inside."""
    psi: Map
    """Distance to the nearest other chamber, mm, negative inside."""
    z: Map
    d: Map
    """The heart's coordinates, px."""
    wall: Map
    """Thickness of the nearest wall, mm."""


class Tissue:
    """One patient's tissue under one scanner's beams."""

    def __init__(self, rng: Generator, heart: Heart, scan: Scan, warp: Warp) -> None:
        self.heart, self.scan = heart, scan
        self.levels = draw_levels(rng)
        x, y = scan.grid_px
        self._x, self._y = warp.undo(x, y)
        self._canvas_x = SCALE * (self._x + MARGIN_PX)
        self._canvas_y = SCALE * (self._y + MARGIN_PX)
        self._row_mm = float((scan.last_px - scan.first_px) / (POLAR[0] - 1) * heart.mm_per_px)
        self._background = amplitude(rng.uniform(-48, -29) + 6 * smooth_field(rng, POLAR, (9, 7)))
        self._patches = amplitude(5 * smooth_field(rng, POLAR, (10, 8)))
        self._mottle = amplitude(3.2 * smooth_field(rng, POLAR, (20, 15)))
        self._thickness = (rng.uniform(0.8, 1.2, size=2), rng.uniform(-0.2, 0.2, size=2))
        self._valves_db = rng.uniform(-7, -1)
        self._dropout = self._draw_dropout(rng)

    def _draw_dropout(self, rng: Generator) -> Map:
        """Places where the wall gives no echo, mostly at the apex and along the lateral wall."""
        lost_db = np.zeros(POLAR, np.float32)
        contour_P2 = ventricle_contour(self.heart, Pose.at_rest(self.heart))
        for _ in range(rng.poisson(2.6)):
            place = rng.uniform(0.2, 0.4) if rng.random() < 0.3 else rng.uniform(0.45, 0.9)
            x, y = contour_P2[int(place * (len(contour_P2) - 1))] + rng.normal(0, 2, size=2)
            reach = rng.uniform(3, 9)
            near = ((self._x - x) ** 2 + (self._y - y) ** 2) / np.float32(2 * reach**2)
            lost_db -= np.float32(rng.uniform(6, 26)) * np.exp(-near)
        return amplitude(lost_db)

    def echo(self, pose: Pose) -> tuple[Map, tuple[Map, Map]]:
        """Return the amplitude on the polar grid, and the material point (px) that each sample sees."""
        contour_P2 = ventricle_contour(self.heart, pose)
        phi_px, psi_px, strokes = self._sample(
            signed_px(contour_P2),
            signed_px(*other_chambers(self.heart, pose)),
            draw_strokes(self.heart, pose, contour_P2, scale=SCALE, margin_px=MARGIN_PX, size=CANVAS),
        )
        z, d = self.heart.locate(pose, self._x, self._y)
        mm = np.float32(self.heart.mm_per_px)
        view = _View(pose=pose, phi=phi_px * mm, psi=psi_px * mm, z=z, d=d, wall=self._wall_mm(pose, z, d))
        echo = self._walls(view, self._surroundings(view))
        echo = self._cavities(view, echo)
        echo += strokes * amplitude(self._valves_db)
        return echo * self._dropout, self._material(view)

    def _sample(self, *maps: Map) -> tuple[Map, ...]:
        """Read maps of the canvas at the samples of the polar grid."""
        stacked = np.dstack(maps)
        sampled = cv2.remap(
            stacked, self._canvas_x, self._canvas_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return tuple(np.ascontiguousarray(sampled[..., each]) for each in range(len(maps)))

    def _wall_mm(self, pose: Pose, z: Map, d: Map) -> Map:
        """Return the thickness of the wall next to each sample: each wall has its own, changing along it."""
        level, slope = self._thickness
        along = np.clip(z * np.float32(1 / pose.length_px), 0, 1.2) - np.float32(0.5)
        septal = np.float32(SEPTAL_THICKNESS * level[0]) + np.float32(slope[0]) * along
        lateral = np.float32(level[1]) + np.float32(slope[1]) * along
        return np.float32(pose.thickness_mm) * blend(septal, lateral, soft(d, 8.0))

    def _facing(self, distance_mm: Map) -> Map:
        """Return how squarely the beam meets a surface: 1 across it, 0 along it."""
        slope = np.abs(np.gradient(distance_mm, self._row_mm, axis=0))
        return np.asarray(np.clip(slope, 0, 1), dtype=np.float32)

    def _surroundings(self, view: _View) -> Map:
        """Return what lies around the heart: tissue, the bright pericardium, and what is under the atria."""
        levels, heart = self.levels, self.heart
        decay = np.exp(-np.maximum(view.phi - view.wall, 0) / np.float32(levels.pericardial_decay_mm))
        pericardium = amplitude(levels.pericardium - 38 + 30 * decay)
        echo = self._background + self._lateral(view) * pericardium * soft(
            self._above_base_mm(view) + 14, 30.0
        )
        roof_px = view.pose.base_at_rest_px + 0.45 * heart.px(heart.la_height_mm)
        below = soft(view.z - np.float32(roof_px), 12.0) * soft(view.psi - 2.5, 3.0)
        below *= 1 - np.float32(0.7) * self.scan.angle**2
        below *= np.exp(-np.maximum(view.psi - 2, 0) / np.float32(16.0))
        return np.asarray(self._patches * (echo + below * amplitude(levels.pericardium - 6)))

    def _walls(self, view: _View, echo: Map) -> Map:
        """Lay the walls over their surroundings: thin ones, then the left ventricle's with its two surfaces."""
        levels = self.levels
        lateral, above_base = self._lateral(view), soft(self._above_base_mm(view) + 2.0, 5.0)
        facing = 0.15 + 0.7 * self._facing(view.psi) - 0.1 * above_base
        echo = blend(echo, amplitude(levels.muscle - 3) * self._mottle, soft(4.0 - view.psi, 2.0) * facing)

        beyond = view.phi - view.wall
        ridge = 1 + 0.6 * bump(beyond + 0.5 * view.wall, 1.8) * (1 - lateral)
        echo = blend(echo, amplitude(levels.muscle) * self._mottle * ridge, soft(-beyond, 2.0) * above_base)

        facing = self._facing(view.phi)
        outer = amplitude(levels.muscle + 7 + (levels.pericardium - levels.muscle - 9) * lateral)
        surfaces = bump(view.phi - 1, 1.1) * (0.15 + 0.85 * facing**2) * amplitude(levels.endocardium)
        surfaces += bump(beyond, 1.3) * (0.2 + 0.8 * facing**1.5) * outer
        return echo + surfaces * above_base

    def _cavities(self, view: _View, echo: Map) -> Map:
        """Fill the four chambers with blood; what stands in the left ventricle is traced as cavity."""
        echo = blend(echo, amplitude(self.levels.blood + 2), soft(-view.psi, 4.0))
        inside = soft(-view.phi, 1.5)
        return blend(echo, amplitude(self.levels.blood), inside) + inside * self._inside(view)

    def _lateral(self, view: _View) -> Map:
        """Return 1 on the lateral side and around the apex, where pericardium and lung lie, else 0."""
        beside = soft(view.d + 2.0, 10.0) * soft(view.z + 4.0, 8.0)
        return np.minimum(beside + np.float32(0.6) * soft(-view.z - 1.0, 6.0), np.float32(1))

    def _above_base_mm(self, view: _View) -> Map:
        return (np.float32(view.pose.length_px) - view.z) * np.float32(self.heart.mm_per_px)

    def _inside(self, view: _View) -> Map:
        """Return what stands in the cavity and is traced as cavity: trabeculae and papillary muscles."""
        levels, heart, pose = self.levels, self.heart, view.pose
        along = view.z * np.float32(1 / pose.length_px)
        depth_mm = 1.5 + 2.5 * levels.trabeculae * np.clip(1.2 - along, 0.1, 1.2)
        echo = amplitude(levels.muscle - 4) * np.exp(np.minimum(view.phi, 0) / depth_mm) * self._mottle
        echo *= soft(np.float32(0.88) - along, 0.2)
        for place, length_mm, width_mm, level_db in levels.papillary:
            wall_px = pose.half_width_px * float(heart.lateral.half_width(np.array(place)))
            across = (view.d - np.float32(wall_px - heart.px(width_mm * 1.3))) * np.float32(
                heart.mm_per_px / width_mm
            )
            down = (view.z - np.float32(place * pose.length_px)) * np.float32(heart.mm_per_px / length_mm)
            echo += amplitude(level_db) * soft(1 - across**2 - down**2, 0.8)
        return np.asarray(echo, dtype=np.float32)

    def _material(self, view: _View) -> tuple[Map, Map]:
        """Return where each sample lay at end-diastole: near the ventricle tissue moves with its wall."""
        carried = np.exp(-np.maximum(view.phi - view.wall, 0) / np.float32(CARRIED_MM))
        shorter = np.float32(1 - view.pose.length_px / self.heart.length_px)
        narrower = np.float32(0.6 * (1 - view.pose.half_width_px / self.heart.half_width_px))
        return view.z / (1 - shorter * carried), view.d / (1 - narrower * carried)


def signed_px(*polygons: NDArray[np.float64]) -> Map:
    """Return the distance to the nearest edge of a union of polygons on the canvas, px, negative inside."""
    inside = np.zeros((CANVAS, CANVAS), np.uint8)
    for polygon_P2 in polygons:
        corners = np.rint((polygon_P2 + MARGIN_PX) * SCALE * 2**FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(inside, [corners], 1, shift=FRACTION_BITS)
    outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    inner = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    signed = (outer - inner + np.float32(0.5) * (2 * inside.astype(np.float32) - 1)) / SCALE
    return np.asarray(cv2.GaussianBlur(signed, (0, 0), 1.2), dtype=np.float32)
