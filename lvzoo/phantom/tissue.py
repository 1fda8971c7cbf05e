"""How strongly each place of the heart scatters: the amplitude map that the scanner's beams meet.

All maps are on the scanner's polar grid (ranges x beams). There the angle between a wall and the beam is a difference
along the range: surfaces across the beam are bright, and the lateral wall, which lies along it, fades.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.anatomy import Heart, Pose, spread_parts
from lvzoo.phantom.canvas import FAR, MARGIN_PX, SCALE, draw_strokes, find_rows, signed_px
from lvzoo.phantom.chambers import Chambers
from lvzoo.phantom.fields import Map, amplitude, blend, bump, smooth_field, soft_step
from lvzoo.phantom.levels import draw_dropout, draw_levels
from lvzoo.phantom.ranges import Ranges
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import POLAR, Scan
from lvzoo.phantom.warp import Warp

SEPTAL_THICKNESS = 0.9
"""Thickness of the septum by the lateral wall's."""
LEAST_THICKNESS = 0.3
"""Least thickness of a wall, as a share of the patient's."""
CARRIED_MM = 25.0
"""Distance from the wall over which the tissue's motion with it falls by a factor e."""
CARRIED_ACROSS = 0.6
"""Share of the cavity's narrowing that the tissue around it follows: thickening takes up the rest."""
CROWDING = 0.4
"""How much thicker the layer of trabeculae is at end-systole, when they are pushed together."""
ROOT = 0.13
"""Length (SD) of a papillary muscle's root on its wall, of the ventricle's length."""
FRAYING = 0.6
"""Amplitude of the trabeculae that fray into the cavity, times that of their layer."""


@dataclass(frozen=True, kw_only=True)
class _View:
    """The heart in one pose: where each sample of the polar grid lies in it."""

    pose: Pose
    phi: Map
    """Distance to the left ventricle's contour, mm, negative inside: the inner border of the trabeculae."""
    compact: Map
    """Distance to the compact muscle behind the trabeculae, mm, negative inside."""
    psi: Map
    """Distance to the nearest other chamber, mm, negative inside."""
    z: Map
    """The heart's coordinate along the axis from the apex, px."""
    d: Map
    """The heart's coordinate across the axis, px, positive towards the lateral wall."""
    wall: Map
    """Thickness of the nearest wall's compact muscle, mm."""
    beyond: Map
    """Distance to the outer surface of the nearest wall, mm, negative inside of it."""
    lateral: Map
    """1 where pericardium and lung lie (around the apex, beside walls without a chamber), else 0."""
    above_base: Map
    """Distance from the base towards the apex, mm; negative below the base."""

    @cached_property
    def outside(self) -> Map:
        """Distance to the outer surface of the nearest wall, mm, 0 inside of it."""
        return np.clip(self.beyond, 0, np.inf)


class Tissue:
    """One patient's tissue, sampled by one scanner's beams; `echo` gives its amplitude in any pose."""

    def __init__(self, rng: Generator, heart: Heart, scan: Scan, warp: Warp, ranges: Ranges) -> None:
        self.heart, self.scan = heart, scan
        self.levels = draw_levels(rng, ranges)
        self._chambers = Chambers(heart)
        x, y = scan.grid_px
        self._x, self._y = warp.undo(x, y)
        self._along, self._d = heart.locate_at_rest(self._x, self._y)
        self._canvas_x = SCALE * (self._x + MARGIN_PX)
        self._canvas_y = SCALE * (self._y + MARGIN_PX)
        self._rows = find_rows(self._canvas_y)
        self._row_mm = float(scan.row_px * heart.mm_per_px)
        background_db, patches_db = ranges.background_db.draw(rng), ranges.patches_db.draw(rng)
        self._background = amplitude(background_db + 6 * smooth_field(rng, POLAR, (9, 7)))
        self._patches = amplitude(patches_db * smooth_field(rng, POLAR, (10, 8)))
        self._wobble_mm = ranges.edge_wobble_mm.draw(rng) * smooth_field(rng, POLAR, (24, 18))
        self._share = self._draw_thickness(rng, ranges)
        self._layer_mm = self._draw_layer(branch(rng), ranges)
        self._muscle = self._draw_muscle(rng, ranges)
        self._dropout = draw_dropout(rng, heart, (self._x, self._y), ranges)
        # What every pose needs: amplitudes, and 1 in the middle of the sector .. 0.3 at its sides.
        levels = self.levels
        self._blood, self._other_blood = amplitude(levels.blood), amplitude(levels.other_blood)
        self._valves, self._below = amplitude(levels.valves), amplitude(levels.below)
        self._endocardium = amplitude(levels.endocardium)
        self._thin = amplitude(levels.chamber_wall - levels.muscle) * self._muscle
        self._layer = self._muscle * amplitude(levels.layer)
        self._middle = 1 - np.float32(0.7) * scan.angle**2

    def _draw_thickness(self, rng: Generator, ranges: Ranges) -> Map:
        """Draw the thickness of the wall next to each sample, as a share of the patient's."""
        along = np.clip(self._along, 0, 1.2)
        # Each wall has its own thickness and its own slope from apex to base.
        septal, lateral = (
            np.float32(ranges.wall_share.draw(rng))
            + np.float32(ranges.wall_slope.draw(rng)) * (along - np.float32(0.5))
            for _ in range(2)
        )
        share = blend(np.float32(SEPTAL_THICKNESS) * septal, lateral, soft_step(self._d, 8.0))
        # The apex is thinner or thicker than the rest, and all walls are uneven.
        apical = np.float32(ranges.apical_share.draw(rng))
        share *= apical + (1 - apical) * soft_step(along - 0.15, 0.3)
        share *= 1 + np.float32(ranges.wall_unevenness.draw(rng)) * smooth_field(rng, POLAR, (14, 11))
        return np.maximum(share, np.float32(LEAST_THICKNESS))

    def _draw_layer(self, rng: Generator, ranges: Ranges) -> Map:
        """Draw the thickness (mm) of trabeculae and papillary roots between the traced border and the compact muscle.

        The layer is thickest at the apex and the lateral wall, and ends at the base.
        """
        septal_mm, lateral_mm = ranges.septal_layer_mm.draw(rng), ranges.lateral_layer_mm.draw(rng)
        apical_mm = np.float32(ranges.apical_layer_mm.draw(rng))
        beside = soft_step(self._d, 8.0)
        layer = np.float32(septal_mm) + np.float32(lateral_mm - septal_mm) * beside
        layer += (apical_mm - layer) * soft_step(np.float32(0.3) - self._along, 0.4)
        root_mm, place = np.float32(ranges.root_mm.draw(rng)), np.float32(ranges.root_at.draw(rng))
        layer += root_mm * beside * bump(self._along - place, ROOT)
        layer *= 1 + np.float32(0.3) * smooth_field(rng, POLAR, (20, 15))
        return np.asarray(np.maximum(layer, 0) * soft_step(np.float32(0.9) - self._along, 0.3))

    def _draw_muscle(self, rng: Generator, ranges: Ranges) -> Map:
        """Draw the muscle's amplitude: mottled, and with other levels at the apex and on the lateral side."""
        level_db = self.levels.muscle + self.levels.lateral * soft_step(self._d, 10.0)
        level_db += self.levels.apical * soft_step(np.float32(0.25) - self._along, 0.3)
        level_db += ranges.mottle_db.draw(rng) * smooth_field(rng, POLAR, (20, 15))
        return amplitude(level_db)

    def echo(self, pose: Pose, contour_P2: NDArray[np.float64]) -> tuple[Map, tuple[Map, Map]]:
        """Return the amplitude on the polar grid, and the material point (z, d in px) at each sample.

        `contour_P2` is the ventricle's contour in this pose. A material point is the place at end-diastole of the
        tissue that the sample sees now.
        """
        # Distances to the chambers' edges and strokes are drawn on the canvas and read at the samples.
        phi_px = self._sample(signed_px(contour_P2, rows=self._rows))
        psi_px = self._sample(signed_px(*self._chambers.outlines(pose), rows=self._rows))
        strokes = self._sample(draw_strokes(self.heart, pose, contour_P2))
        view = self._view(pose, phi_px, psi_px)
        # From the back to the front: surroundings, walls, blood in the cavities, then valves; lost walls at the end.
        echo = self._lay_walls(view, self._surroundings(view))
        echo = self._fill_cavities(view, echo)
        echo += strokes * self._valves
        echo *= self._dropout
        return echo, self._material(view)

    def _view(self, pose: Pose, phi_px: Map, psi_px: Map) -> _View:
        """Return where the samples lie in a pose, from their distances to the ventricle and to the other chambers."""
        z, d = self.heart.locate(pose, self._x, self._y)
        mm = np.float32(self.heart.mm_per_px)
        phi = phi_px * mm
        compact = phi - np.float32(1 + CROWDING * pose.contraction) * self._layer_mm
        wall = np.float32(pose.thickness_mm) * self._share
        return _View(
            pose=pose,
            phi=phi,
            compact=compact,
            psi=psi_px * mm + self._wobble_mm,
            z=z,
            d=d,
            wall=wall,
            beyond=compact - wall,
            lateral=self._lateral(z, d),
            above_base=(np.float32(pose.length_px) - z) * mm,
        )

    def _sample(self, canvas: Map) -> Map:
        """Read a map of the canvas at the samples of the polar grid."""
        sampled = cv2.remap(
            canvas, self._canvas_x, self._canvas_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(sampled, dtype=np.float32)

    def _facing(self, distance_mm: Map) -> Map:
        """Return 1 where the beam meets a surface at a right angle, and 0 where it runs along it.

        This is |cos| of the angle between the beam and the surface's normal: the change of the distance to the
        surface, in mm per mm along the beam.
        """
        slope = np.gradient(distance_mm, self._row_mm, axis=0)
        np.abs(slope, out=slope)
        return np.clip(slope, 0, 1, out=slope)

    def _surroundings(self, view: _View) -> Map:
        """Return the amplitude around the heart: tissue, bright pericardium and lung, and tissue below the atria."""
        levels, heart = self.levels, self.heart
        # Pericardium and lung beside the wall: 8 dB below `pericardium` at the wall, decaying outwards by 30 dB more.
        decay: Map = np.exp(view.outside / np.float32(-levels.pericardium_mm))
        pericardium = amplitude(levels.pericardium - 38 + 30 * decay)
        beside = view.lateral * pericardium * soft_step(view.above_base + 14, 30.0)
        # Bright tissue below the roof of the atria, strongest in the middle of the sector and near the atria.
        roof_px = view.pose.base_at_rest_px + 0.45 * heart.px(heart.roof_mm)
        below = soft_step(view.z - np.float32(roof_px), 12.0) * soft_step(view.psi - 2.5, 3.0)
        below *= self._middle
        below *= np.exp(np.clip(view.psi - 2, 0, FAR) / np.float32(-levels.below_mm))
        return np.asarray(self._patches * (self._background + beside + below * self._below))

    def _lay_walls(self, view: _View, echo: Map) -> Map:
        """Lay the walls over their surroundings: the thin ones, then the left ventricle's with its two surfaces."""
        levels = self.levels
        lateral, above_base = view.lateral, soft_step(view.above_base + 2.0, 5.0)

        # Thin walls of the other chambers, 4 mm, brighter where the beam meets them at a right angle.
        facing = 0.15 + 0.7 * self._facing(view.psi) - 0.1 * above_base
        echo = blend(echo, self._thin, soft_step(4.0 - view.psi, 2.0) * facing)

        # The left ventricle's muscle, with a bright line in the middle of the septum.
        ridge = 1 + np.float32(levels.ridge) * bump(view.beyond + 0.5 * view.wall, 1.8) * (1 - lateral)
        echo = blend(echo, self._muscle * ridge, soft_step(-view.beyond, 1 + levels.edge_mm) * above_base)

        # Its two surfaces reflect specularly: the inner one, 1 mm inside of the compact muscle, and the epicardium,
        # 6 dB below the muscle, or 2 dB below the pericardium on the lateral side.
        facing = self._facing(view.phi)
        outer = amplitude(levels.muscle - 6 + (levels.pericardium - levels.muscle + 4) * lateral)
        surfaces = bump(view.compact - 1, 1.1) * (0.15 + 0.85 * facing**2) * self._endocardium
        surfaces += bump(view.beyond, 1.3) * (0.2 + 0.8 * facing**1.5) * outer
        return echo + surfaces * above_base

    def _fill_cavities(self, view: _View, echo: Map) -> Map:
        """Fill the four chambers with blood, and the left ventricle also with what is traced as cavity."""
        levels = self.levels
        echo = blend(echo, self._other_blood, soft_step(-view.psi, 3.0 + levels.edge_mm))
        inside = soft_step(-view.compact, levels.edge_mm)
        return blend(echo, self._blood, inside) + inside * self._structures(view)

    def _lateral(self, z: Map, d: Map) -> Map:
        """Return `_View.lateral` at these coordinates of the heart."""
        outwards: Map = d if self.heart.rv_width_mm is not None else np.abs(d)
        beside = soft_step(outwards + 2.0, 10.0) * soft_step(z + 4.0, 8.0)
        return np.clip(beside + np.float32(0.6) * soft_step(-z - 1.0, 6.0), 0, 1)

    def _structures(self, view: _View) -> Map:
        """Return the amplitude of what stands before the compact muscle: trabeculae, and papillary muscles.

        Readers trace along the inner border of the layer of trabeculae. What frays from there into the cavity, and a
        papillary muscle that stands free in it, are traced as cavity.
        """
        levels, heart, pose = self.levels, self.heart, view.pose
        along = view.z * np.float32(1 / pose.length_px)
        # The layer, and its trabeculae that fray into the cavity, farthest at the apex; none at the base.
        depth_mm = 0.6 + 2.0 * levels.trabeculae * np.clip(1.2 - along, 0.1, 1.2)
        layer = soft_step(view.phi, levels.edge_mm)
        frayed = (
            np.float32(FRAYING)
            * np.exp(np.clip(view.phi, -np.inf, 0) / depth_mm)
            * soft_step(np.float32(0.88) - along, 0.2)
        )
        echo = self._layer * np.maximum(layer, frayed)
        # Papillary muscles: ellipses that stand beside the wall.
        for place, side, length_mm, width_mm, level_db in levels.papillaries:
            wall_px = float(heart.half_width_at(pose, side, np.array(place)))
            across = (side * view.d - np.float32(wall_px - heart.px(width_mm * 1.3))) * np.float32(
                heart.mm_per_px / width_mm
            )
            down = (view.z - np.float32(place * pose.length_px)) * np.float32(heart.mm_per_px / length_mm)
            echo += amplitude(level_db) * soft_step(1 - across**2 - down**2, 0.8)
        return np.asarray(echo, dtype=np.float32)

    def _material(self, view: _View) -> tuple[Map, Map]:
        """Return (z, d), px, at end-diastole of the tissue at each sample.

        The wall shortens and narrows with the pose; tissue farther outwards moves less.
        """
        carried = np.exp(view.outside / np.float32(-CARRIED_MM))
        shorter = np.float32(1 - view.pose.length_px / self.heart.length_px)
        along = view.z * np.float32(1 / view.pose.length_px)
        septal, lateral = spread_parts(view.pose.narrowing_24.T.astype(np.float32)[..., None, None], along)
        narrower = np.float32(CARRIED_ACROSS) * np.where(view.d < 0, septal, lateral)
        return view.z / (1 - shorter * carried), view.d / (1 - narrower * carried)
