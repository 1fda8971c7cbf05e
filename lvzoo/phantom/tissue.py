"""How strongly each place of the heart scatters: the amplitude map that the scanner's beams meet.

Everything is worked out on the scanner's polar grid (ranges x beams), where the angle between a wall and the
beam is a difference along the range: surfaces across the beam shine, the lateral wall along it drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.phantom.anatomy import Pose, ventricle_contour
from lvzoo.phantom.chambers import other_chambers
from lvzoo.phantom.fields import Map, amplitude, blend, bump, smooth_field, soft
from lvzoo.phantom.levels import draw_dropout, draw_levels
from lvzoo.phantom.scan import POLAR
from lvzoo.phantom.strokes import draw_strokes
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.anatomy import Heart
    from lvzoo.phantom.ranges import Ranges
    from lvzoo.phantom.scan import Scan
    from lvzoo.phantom.warp import Warp

MARGIN_PX = 14
SCALE = 2
CANVAS = SCALE * (FRAME_SIZE_HW[0] + 2 * MARGIN_PX)
FRACTION_BITS = 4
SEPTAL_THICKNESS = 0.9
LEAST_THICKNESS = 0.3
CARRIED_MM = 25.0
FAR = 200.0
"""Beyond all that the picture shows, in mm as in px."""
TRABECULAE = 0.63
"""Amplitude of the muscle that frays into the cavity, times that of the wall."""


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

    def __init__(self, rng: Generator, heart: Heart, scan: Scan, warp: Warp, ranges: Ranges) -> None:
        self.heart, self.scan = heart, scan
        self.levels = draw_levels(rng, ranges)
        x, y = scan.grid_px
        self._x, self._y = warp.undo(x, y)
        self._canvas_x = SCALE * (self._x + MARGIN_PX)
        self._canvas_y = SCALE * (self._y + MARGIN_PX)
        self._row_mm = float(scan.row_px * heart.mm_per_px)
        background_db, patches_db = ranges.background_db.draw(rng), ranges.patches_db.draw(rng)
        self._background = amplitude(background_db + 6 * smooth_field(rng, POLAR, (9, 7)))
        self._patches = amplitude(patches_db * smooth_field(rng, POLAR, (10, 8)))
        self._wobble_mm = ranges.edge_wobble_mm.draw(rng) * smooth_field(rng, POLAR, (24, 18))
        self._share = self._draw_thickness(rng, ranges)
        self._muscle = self._draw_muscle(rng, ranges)
        self._dropout = draw_dropout(rng, heart, (self._x, self._y), ranges)

    def _draw_thickness(self, rng: Generator, ranges: Ranges) -> Map:
        """Return the thickness of the wall next to each sample, times the patient's: each wall has its own."""
        z, d = self.heart.locate(Pose.at_rest(self.heart), self._x, self._y)
        along = np.clip(z * np.float32(1 / self.heart.length_px), 0, 1.2)
        septal, lateral = (
            np.float32(ranges.wall_share.draw(rng))
            + np.float32(ranges.wall_slope.draw(rng)) * (along - np.float32(0.5))
            for _ in range(2)
        )
        share = blend(np.float32(SEPTAL_THICKNESS) * septal, lateral, soft(d, 8.0))
        apical = np.float32(ranges.apical_share.draw(rng))
        share *= apical + (1 - apical) * soft(along - 0.15, 0.3)
        share *= 1 + np.float32(ranges.wall_unevenness.draw(rng)) * smooth_field(rng, POLAR, (14, 11))
        return np.maximum(share, np.float32(LEAST_THICKNESS))

    def _draw_muscle(self, rng: Generator, ranges: Ranges) -> Map:
        """Return the muscle's amplitude: mottled, fainter at the apex and on the lateral side."""
        z, d = self.heart.locate(Pose.at_rest(self.heart), self._x, self._y)
        along = z * np.float32(1 / self.heart.length_px)
        level_db = self.levels.muscle + self.levels.lateral * soft(d, 10.0)
        level_db += self.levels.apical * soft(np.float32(0.25) - along, 0.3)
        level_db += ranges.mottle_db.draw(rng) * smooth_field(rng, POLAR, (20, 15))
        return amplitude(level_db)

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
        view = _View(
            pose=pose,
            phi=phi_px * mm,
            psi=psi_px * mm + self._wobble_mm,
            z=z,
            d=d,
            wall=np.float32(pose.thickness_mm) * self._share,
        )
        echo = self._walls(view, self._surroundings(view))
        echo = self._cavities(view, echo)
        echo += strokes * amplitude(self.levels.valves)
        return echo * self._dropout, self._material(view)

    def _sample(self, *maps: Map) -> tuple[Map, ...]:
        """Read maps of the canvas at the samples of the polar grid."""
        stacked = np.dstack(maps)
        sampled = cv2.remap(
            stacked, self._canvas_x, self._canvas_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return tuple(np.ascontiguousarray(sampled[..., each]) for each in range(len(maps)))

    def _facing(self, distance_mm: Map) -> Map:
        """Return how squarely the beam meets a surface: 1 across it, 0 along it."""
        slope = np.abs(np.gradient(distance_mm, self._row_mm, axis=0))
        return np.asarray(np.clip(slope, 0, 1), dtype=np.float32)

    def _surroundings(self, view: _View) -> Map:
        """Return what lies around the heart: tissue, the bright pericardium, and what is under the atria."""
        levels, heart = self.levels, self.heart
        decay = np.exp(-np.maximum(view.phi - view.wall, 0) / np.float32(levels.pericardium_mm))
        pericardium = amplitude(levels.pericardium - 38 + 30 * decay)
        echo = self._background + self._lateral(view) * pericardium * soft(
            self._above_base_mm(view) + 14, 30.0
        )
        roof_px = view.pose.base_at_rest_px + 0.45 * heart.px(heart.roof_mm)
        below = soft(view.z - np.float32(roof_px), 12.0) * soft(view.psi - 2.5, 3.0)
        below *= 1 - np.float32(0.7) * self.scan.angle**2
        below *= np.exp(-np.clip(view.psi - 2, 0, FAR) / np.float32(levels.below_mm))
        return np.asarray(self._patches * (echo + below * amplitude(levels.below)))

    def _walls(self, view: _View, echo: Map) -> Map:
        """Lay the walls over their surroundings: thin ones, then the left ventricle's with its two surfaces."""
        levels = self.levels
        lateral, above_base = self._lateral(view), soft(self._above_base_mm(view) + 2.0, 5.0)
        facing = 0.15 + 0.7 * self._facing(view.psi) - 0.1 * above_base
        thin = amplitude(levels.chamber_wall - levels.muscle) * self._muscle
        echo = blend(echo, thin, soft(4.0 - view.psi, 2.0) * facing)

        beyond = view.phi - view.wall
        ridge = 1 + np.float32(levels.ridge) * bump(beyond + 0.5 * view.wall, 1.8) * (1 - lateral)
        echo = blend(echo, self._muscle * ridge, soft(-beyond, 1 + levels.edge_mm) * above_base)

        facing = self._facing(view.phi)
        outer = amplitude(levels.muscle - 6 + (levels.pericardium - levels.muscle + 4) * lateral)
        surfaces = bump(view.phi - 1, 1.1) * (0.15 + 0.85 * facing**2) * amplitude(levels.endocardium)
        surfaces += bump(beyond, 1.3) * (0.2 + 0.8 * facing**1.5) * outer
        return echo + surfaces * above_base

    def _cavities(self, view: _View, echo: Map) -> Map:
        """Fill the four chambers with blood; what stands in the left ventricle is traced as cavity."""
        levels = self.levels
        echo = blend(echo, amplitude(levels.other_blood), soft(-view.psi, 3.0 + levels.edge_mm))
        inside = soft(-view.phi, levels.edge_mm)
        return blend(echo, amplitude(levels.blood), inside) + inside * self._inside(view)

    def _lateral(self, view: _View) -> Map:
        """Return 1 where pericardium and lung lie, else 0: beside walls without a chamber, and around the apex."""
        outwards: Map = view.d if self.heart.rv_width_mm is not None else np.abs(view.d)
        beside = soft(outwards + 2.0, 10.0) * soft(view.z + 4.0, 8.0)
        return np.minimum(beside + np.float32(0.6) * soft(-view.z - 1.0, 6.0), np.float32(1))

    def _above_base_mm(self, view: _View) -> Map:
        return (np.float32(view.pose.length_px) - view.z) * np.float32(self.heart.mm_per_px)

    def _inside(self, view: _View) -> Map:
        """Return what stands in the cavity and is traced as cavity: trabeculae and papillary muscles."""
        levels, heart, pose = self.levels, self.heart, view.pose
        along = view.z * np.float32(1 / pose.length_px)
        depth_mm = 1.5 + 2.5 * levels.trabeculae * np.clip(1.2 - along, 0.1, 1.2)
        echo = np.float32(TRABECULAE) * self._muscle * np.exp(np.minimum(view.phi, 0) / depth_mm)
        echo *= soft(np.float32(0.88) - along, 0.2)
        for place, side, length_mm, width_mm, level_db in levels.papillaries:
            wall = heart.lateral if side > 0 else heart.septal
            wall_px = pose.half_width_px * float(wall.half_width(np.array(place)))
            across = (side * view.d - np.float32(wall_px - heart.px(width_mm * 1.3))) * np.float32(
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
    """Return the distance to the nearest edge of a union of polygons on the canvas, px, negative inside.

    Between two samples the edge is half a sample from each; and OpenCV fills every sample that the edge touches,
    half a sample too many all round. Together: nothing to add outside, one sample inside.
    """
    inside = np.zeros((CANVAS, CANVAS), np.uint8)
    for polygon_P2 in polygons:
        corners = np.rint((polygon_P2 + MARGIN_PX) * SCALE * 2**FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(inside, [corners], 1, shift=FRACTION_BITS)
    if not polygons:
        return np.full(inside.shape, FAR, np.float32)
    outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    inner = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    signed = (outer - inner + inside.astype(np.float32)) / SCALE
    return np.asarray(cv2.GaussianBlur(signed, (0, 0), 1.2), dtype=np.float32)
