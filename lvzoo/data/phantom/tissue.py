"""How strongly each place of the heart scatters: the amplitude map that the scanner's beams meet.

Everything is worked out on the scanner's polar grid (ranges x beams), where the angle between a wall and the
beam is a difference along the range: surfaces across the beam shine, the lateral wall along it drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.anatomy import other_chambers, ventricle_contour
from lvzoo.data.phantom.fields import Map, amplitude, blend, bump, smooth_field, soft
from lvzoo.data.phantom.imaging import POLAR
from lvzoo.data.phantom.motion import Pose
from lvzoo.data.phantom.strokes import draw_strokes

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.data.phantom.anatomy import Heart
    from lvzoo.data.phantom.imaging import Scan
    from lvzoo.data.phantom.warp import Warp

MARGIN_PX = 14
SCALE = 2
CANVAS = SCALE * (112 + 2 * MARGIN_PX)
FRACTION_BITS = 4


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
        self._background = amplitude(rng.uniform(-44, -26) + 5 * smooth_field(rng, POLAR, (9, 7)))
        self._mottle = amplitude(2.5 * smooth_field(rng, POLAR, (24, 18)))
        self._thickness = (rng.uniform(0.8, 1.2, size=2), rng.uniform(-0.2, 0.2, size=2))
        self._valves_db = rng.uniform(-7, -1)
        self._dropout = self._draw_dropout(rng)

    def _draw_dropout(self, rng: Generator) -> Map:
        """Places where the wall gives no echo, mostly at the apex and along the lateral wall."""
        lost_db = np.zeros(POLAR, np.float32)
        contour_P2 = ventricle_contour(self.heart, Pose.at_rest(self.heart))
        for _ in range(rng.poisson(2.2)):
            place = rng.uniform(0.2, 0.4) if rng.random() < 0.3 else rng.uniform(0.45, 0.9)
            x, y = contour_P2[int(place * (len(contour_P2) - 1))] + rng.normal(0, 2, size=2)
            reach = rng.uniform(3, 9)
            near = ((self._x - x) ** 2 + (self._y - y) ** 2) / np.float32(2 * reach**2)
            lost_db -= np.float32(rng.uniform(6, 26)) * np.exp(-near)
        return amplitude(lost_db)

    def echo(self, pose: Pose) -> tuple[Map, tuple[Map, Map]]:
        """Return the amplitude on the polar grid, and the material point (px) that each sample sees."""
        contour_P2 = ventricle_contour(self.heart, pose)
        chambers = other_chambers(self.heart, pose)
        phi, psi, lines = self._sample(
            self._distance(signed_px(contour_P2)),
            self._distance(signed_px(*chambers)),
            draw_strokes(self.heart, pose, contour_P2, scale=SCALE, margin_px=MARGIN_PX, size=CANVAS),
        )
        z, d = self.heart.locate(pose, self._x, self._y)
        wall_mm = self._wall_mm(pose, z, d)
        echo = self._muscle_and_blood(pose, phi, psi, z, d, wall_mm)
        echo += lines * amplitude(self._valves_db)
        return echo * self._dropout, self._material(pose, phi, z, d, wall_mm)

    def _sample(self, *maps: Map) -> tuple[Map, ...]:
        stacked = np.dstack(maps)
        sampled = cv2.remap(
            stacked, self._canvas_x, self._canvas_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return tuple(np.ascontiguousarray(sampled[..., each]) for each in range(len(maps)))

    def _distance(self, distance_px: Map) -> Map:
        return distance_px * np.float32(self.heart.mm_per_px)

    def _wall_mm(self, pose: Pose, z: Map, d: Map) -> Map:
        """Return the thickness of the wall next to each sample: each wall has its own, changing along it."""
        level, slope = self._thickness
        along = np.clip(z * np.float32(1 / pose.length_px), 0, 1.2) - np.float32(0.5)
        lateral = soft(d, 8.0)
        septal_mm = level[0] * 0.9 + slope[0] * along
        lateral_mm = level[1] + slope[1] * along
        return np.float32(pose.thickness_mm) * (septal_mm + lateral * (lateral_mm - septal_mm)).astype(
            np.float32
        )

    def _muscle_and_blood(self, pose: Pose, phi: Map, psi: Map, z: Map, d: Map, wall_mm: Map) -> Map:
        levels, base = self.levels, np.float32(pose.length_px)
        mm = np.float32(self.heart.mm_per_px)
        lateral = soft(d + 2.0, 10.0) * soft(z + 4.0, 8.0) + soft(-z - 1.0, 6.0) * 0.6
        lateral = np.clip(lateral, 0, 1)
        above_base = soft((base - z) * mm + 2.0, 5.0)
        beyond = phi - wall_mm
        facing = np.abs(np.gradient(phi, self._row_mm, axis=0))
        facing = np.clip(facing, 0, 1)

        peri = amplitude(
            levels.pericardium - 8 - 30 * (1 - np.exp(-np.maximum(beyond, 0) / levels.pericardial_decay_mm))
        )
        echo = self._background + lateral * peri * soft((base - z) * mm + 14, 30.0)
        roof = soft(
            z - np.float32(pose.base_at_rest_px + 0.45 * self.heart.px(self.heart.la_height_mm)), 12.0
        )
        echo = echo + roof * amplitude(levels.pericardium - 5) * np.exp(
            -np.maximum(psi - 2, 0) / np.float32(16.0)
        )
        echo = blend(
            echo,
            amplitude(levels.muscle - 3) * self._mottle,
            soft(4.0 - psi, 2.0) * (0.75 - 0.35 * above_base),
        )

        ridge = 1 + 0.6 * bump(beyond + 0.5 * wall_mm, 1.8) * (1 - lateral)
        echo = blend(echo, amplitude(levels.muscle) * self._mottle * ridge, soft(-beyond, 2.0) * above_base)
        outer_db = blend(np.float32(levels.muscle + 7), np.float32(levels.pericardium - 2), lateral)
        surface = bump(phi - 1, 1.1) * (0.15 + 0.85 * facing**2) * amplitude(levels.endocardium)
        surface += bump(beyond, 1.3) * (0.2 + 0.8 * facing**1.5) * amplitude(outer_db)
        echo = echo + surface * above_base

        blood = amplitude(levels.blood)
        echo = blend(echo, blood * np.float32(1.26) + 0 * echo, soft(-psi, 2.0))
        inside = soft(-phi, 1.5)
        echo = blend(echo, blood + 0 * echo, inside)
        echo += inside * self._inside(pose, phi, z, d)
        return echo

    def _inside(self, pose: Pose, phi: Map, z: Map, d: Map) -> Map:
        """Return what stands in the cavity and is traced as cavity: trabeculae and papillary muscles."""
        levels, heart = self.levels, self.heart
        along = z * np.float32(1 / pose.length_px)
        depth_mm = 1.5 + 2.5 * levels.trabeculae * np.clip(1.2 - along, 0.1, 1.2)
        echo = amplitude(levels.muscle - 4) * np.exp(np.minimum(phi, 0) / depth_mm) * self._mottle
        for place, length_mm, width_mm, level_db in levels.papillary:
            wall_px = pose.half_width_px * float(heart.lateral.half_width(np.array(place)))
            across = (d - np.float32(wall_px - heart.px(width_mm * 1.3))) * np.float32(
                heart.mm_per_px / width_mm
            )
            down = (z - np.float32(place * pose.length_px)) * np.float32(heart.mm_per_px / length_mm)
            echo += amplitude(level_db) * soft(1 - across**2 - down**2, 0.8)
        return np.asarray(echo, dtype=np.float32)

    def _material(self, pose: Pose, phi: Map, z: Map, d: Map, wall_mm: Map) -> tuple[Map, Map]:
        """Return where each sample lay at end-diastole: near the ventricle tissue moves with its wall."""
        carried = np.exp(-np.maximum(phi - wall_mm, 0) / np.float32(25.0))
        shorter = np.float32(1 - pose.length_px / self.heart.length_px)
        narrower = np.float32(0.6 * (1 - pose.half_width_px / self.heart.half_width_px))
        return z / (1 - shorter * carried), d / (1 - narrower * carried)


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
