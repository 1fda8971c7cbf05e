"""The heart of one synthetic patient: its shape at end-diastole, and its contour in any pose of the beat.

There are two coordinate systems: the frame's pixels (x, y), and the heart's own (z, d). z runs along the long axis
of the left ventricle, from the apex towards the base; d runs across it and is positive towards the lateral wall
(right in the display). `lvzoo.phantom.patient` draws the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.contour import join_walls

WALL_POINTS = 80
PARTS = 4
"""A wall contracts differently at the apex, in the middle, at the base and at the annulus."""
LEVELS = 41
"""Positions along the axis at which volumes are summed."""
ALONG = np.linspace(0, 1, WALL_POINTS) ** 2
"""Positions along the axis of a wall's points: denser at the apex, where the curvature is greatest."""
NARROWEST = 0.1
"""The smallest share of a half width that contraction leaves. The walls of a strong ventricle nearly touch, but never
cross."""

Side: TypeAlias = Literal[-1, 1]
"""-1 is the septal side, 1 the lateral one."""
SIDES: Final[tuple[Side, Side]] = (-1, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pose:
    """The heart at one moment; z starts at the apex of this moment."""

    apex_px: NDArray[np.float64]
    length_px: float
    narrowing_24: NDArray[np.float64]
    """Share of the half width at end-diastole that is lost, of the septal and the lateral wall, at apex, middle, base
    and annulus."""
    thickness_mm: float
    contraction: float
    """0 at end-diastole, 1 at end-systole."""
    opening: float
    """Of the mitral valve: 0 shut, 1 open."""
    base_at_rest_px: float
    """The z at which the base stood at end-diastole. The far walls of the atria are fixed relative to it."""

    @classmethod
    def at_rest(cls, heart: Heart) -> Pose:
        """Return the pose at end-diastole, without breathing."""
        return cls(
            apex_px=np.array(heart.apex_px),
            length_px=heart.length_px,
            narrowing_24=np.zeros((2, PARTS)),
            thickness_mm=heart.thickness_mm,
            contraction=0.0,
            opening=0.0,
            base_at_rest_px=heart.length_px,
        )

    def kept(self, side: Side, along: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the share of a wall's half width at end-diastole that is left, at positions 0 (apex) .. 1 (base)."""
        return 1 - spread_parts(self.narrowing_24[(side + 1) // 2], along)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wall:
    """The shape of one side of the cavity: its half width as a function of the position along the axis."""

    widest: float
    """Position of the greatest half width, 0 (apex) .. 1 (base)."""
    curvature: float
    bluntness: float
    """Exponents of the apical cap: 2 and 2 give a half ellipse."""
    basal: float
    """Half width at the base, as a share of the greatest one."""
    factor: float
    """The greatest half width, in units of the ventricle's."""

    def half_width(self, along: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the half width at positions 0 (apex) .. 1 (base), in units of the ventricle's half width."""
        # From the apex to the widest position: a superellipse (1 - (1 - s/widest)^curvature)^(1/bluntness).
        rise = np.clip(1 - np.clip(along, 0, None) / self.widest, 0, 1)
        cap = np.power(1 - rise**self.curvature, 1 / self.bluntness)
        # From there to the base: a parabola down to `basal`.
        past = np.clip((along - self.widest) / (1 - self.widest), 0, 1.2)
        return np.asarray(self.factor * (cap - (1 - self.basal) * past**2))


@dataclass(frozen=True, kw_only=True)
class Heart:
    """One patient's heart at end-diastole. The name of a length ends in its unit; shares are of the length.

    What every pose needs is computed once.
    """

    ejection_fraction: float
    """In percent."""
    edv_ml: float
    """End-diastolic volume of the whole ventricle, also where the view is foreshortened."""
    mm_per_px: float
    apex_px: tuple[float, float]
    tilt_rad: float
    """Angle of the long axis from the vertical, positive where the base lies to the right."""
    length_px: float
    half_width_px: float
    septal: Wall
    lateral: Wall
    bow: float
    """How far the middle of the long axis bends towards the lateral wall, as a share of the length."""
    slant: float
    """How much further down the lateral end of the annulus lies than the plane's middle, as a share of the length."""
    shortening: float
    """How much of the length is lost at end-systole."""
    apex_share: float
    """Share of the shortening by which the apex moves towards the base; the base moves by the rest."""
    regional_24: NDArray[np.float64]
    """How strongly the parts of the septal and of the lateral wall contract, relative to one another: apex, middle,
    base, annulus."""
    thickness_mm: float
    rv_width_mm: float | None
    """None where the view shows no right heart."""
    rv_apex: float
    """Where along the left ventricle's axis the right ventricle begins, as a share of the length."""
    la_height_mm: float | None
    """None where the view shows no left atrium."""
    la_width_mm: float
    ra_height_mm: float
    ra_width_mm: float
    leaflet_mm: float
    echogenicity: NDArray[np.float64]
    """Brightness of each stroke, 0..1: anterior and posterior mitral leaflet, septal and free tricuspid leaflet,
    atrial septum at the valves, in its middle (also the false tendon's) and at the roof, crux."""
    unevenness_mm: NDArray[np.float64]
    """Displacements (15, 2) of the corners of the atria."""
    strand: bool
    """Whether a false tendon crosses the cavity."""

    @cached_property
    def axis_2(self) -> NDArray[np.float64]:
        """Unit vector from apex to base."""
        return np.array([np.sin(self.tilt_rad), np.cos(self.tilt_rad)])

    @cached_property
    def across_2(self) -> NDArray[np.float64]:
        """Unit vector from the septum towards the lateral wall."""
        return np.array([np.cos(self.tilt_rad), -np.sin(self.tilt_rad)])

    @property
    def roof_mm(self) -> float:
        """Distance from the mitral valve down to the roof of the left atrium; 0 where the view shows no atrium."""
        return self.la_height_mm or 0.0

    def px(self, mm: float) -> float:
        """Turn millimetres into pixels."""
        return mm / self.mm_per_px

    def annulus_px(self, pose: Pose) -> tuple[float, float]:
        """Return d (px) of the septal and of the lateral end of the mitral annulus."""
        # At the base, `spread_parts` gives the last value.
        septal, lateral = (
            float(width_px * (1 - parts_4[-1]))
            for width_px, parts_4 in zip(self._base_px, pose.narrowing_24, strict=True)
        )
        return -septal, lateral

    @cached_property
    def _base_px(self) -> list[float]:
        """Half width of the base at end-diastole, septal and lateral."""
        base = np.array(1.0)
        return [self.half_width_px * float(self.wall(side).half_width(base)) for side in SIDES]

    @cached_property
    def walls_px(self) -> list[tuple[NDArray[np.float64], NDArray[np.floating]]]:
        """Each wall's points at end-diastole: share of the length, distance from the axis in px (septal, lateral)."""
        # The oblique mitral plane moves the base of one wall down and that of the other up.
        return [
            (1 + side * self.slant * ALONG**4, self.half_width_px * self.wall(side).half_width(ALONG))
            for side in SIDES
        ]

    def wall(self, side: Side) -> Wall:
        """Return the shape of one side."""
        return self.septal if side < 0 else self.lateral

    def half_width_at(self, pose: Pose, side: Side, along: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the distance (px) of one wall from the axis at positions 0 (apex) .. 1 (base)."""
        return np.asarray(self.half_width_px * self.wall(side).half_width(along) * pose.kept(side, along))

    def narrow_to(self, *, volume: float, length: float) -> NDArray[np.float64]:
        """Return the `Pose.narrowing_24` at which volume and length are these shares of those at end-diastole.

        The narrowing is `regional_24` times an amount a. Across the axis the ventricle is a circle of the mean half
        width, so V ~ length sum of (sum over walls of w (1 - a c))^2 over the levels, with w the half width and c
        the contraction there. That is a quadratic in a. Walls that would touch stop before: then the volume stays
        larger.
        """
        a, b, c = self._volume_terms  # A - 2 a B + a^2 C = A volume / length
        amount = (b - np.sqrt(max(b**2 - a * c * (1 - volume / length), 0.0))) / c
        most = (1 - NARROWEST) / self.regional_24.max()
        return np.asarray(min(amount, most) * self.regional_24)

    @cached_property
    def _volume_terms(self) -> tuple[np.float64, np.float64, np.float64]:
        """The coefficients of `narrow_to`'s equation."""
        along = np.linspace(0, 1, LEVELS)
        widths_2L = np.stack([self.wall(side).half_width(along) for side in SIDES])
        lost_2L = widths_2L * np.stack([spread_parts(parts_4, along) for parts_4 in self.regional_24])
        whole, lost = widths_2L.sum(axis=0), lost_2L.sum(axis=0)
        return whole @ whole, whole @ lost, lost @ lost

    def place(
        self, pose: Pose, z_px: NDArray[np.floating], d_px: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Turn the heart's coordinates into the frame's, as (P, 2) pixels."""
        along = z_px / pose.length_px
        # A parabola bends the axis: 0 at apex and base, `bow` lengths in the middle (4 s (1 - s) is 1 there).
        bowed = d_px + 4 * self.bow * pose.length_px * np.maximum(along * (1 - along), 0)
        return np.asarray(pose.apex_px + z_px[:, None] * self.axis_2 + bowed[:, None] * self.across_2)

    def locate(
        self, pose: Pose, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn the frame's pixels into the heart's coordinates (z, d), both in px; the inverse of `place`."""
        sine, cosine = np.float32(np.sin(self.tilt_rad)), np.float32(np.cos(self.tilt_rad))
        right, down = x - np.float32(pose.apex_px[0]), y - np.float32(pose.apex_px[1])
        z = sine * right + cosine * down
        along = z * np.float32(1 / pose.length_px)
        bow = np.float32(4 * self.bow * pose.length_px) * np.clip(along * (1 - along), 0, np.inf)
        return z, cosine * right - sine * down - bow

    def locate_at_rest(
        self, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return where pixels lie at end-diastole: along the axis, 0 (apex) .. 1 (base), and d in px."""
        z, d = self.locate(Pose.at_rest(self), x, y)
        return z * np.float32(1 / self.length_px), d


def spread_parts(parts_4: NDArray[np.floating], along: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a quantity at positions 0 (apex) .. 1 (base) from its values at apex, middle, base and annulus.

    The values are the control points of a cubic Bezier curve: the first and the last one hold at the ends, and the
    curve between them has no kinks. Further axes of `parts_4` are broadcast against `along`.
    """
    s = np.clip(along, 0, 1)
    rest = 1 - s
    apex, middle, base, annulus = parts_4
    return np.asarray(rest * rest * (rest * apex + 3 * s * middle) + s * s * (3 * rest * base + s * annulus))


def ventricle_contour(heart: Heart, pose: Pose) -> NDArray[np.float64]:
    """Return the endocardium in 121 points: septal annulus -> apex -> lateral annulus, px."""
    left, right = (
        heart.place(pose, pose.length_px * ALONG * share_P, side * (width_px_P * pose.kept(side, ALONG)))
        for side, (share_P, width_px_P) in zip(SIDES, heart.walls_px, strict=True)
    )
    return join_walls(left[::-1], right).astype(np.float64)


def rest_contour(heart: Heart) -> NDArray[np.float64]:
    """Return the endocardium at end-diastole without breathing, as `ventricle_contour` does."""
    return ventricle_contour(heart, Pose.at_rest(heart))
