"""The heart of one synthetic patient: its shape at end-diastole, and its contour in any pose of the beat.

There are two coordinate systems: the frame's pixels (x, y), and the heart's own (z, d). z runs along the long axis
of the left ventricle, from the apex towards the base; d runs across it and is positive towards the lateral wall
(right in the display). `lvzoo.phantom.patient` draws the values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.contour import join_walls

WALL_POINTS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Pose:
    """The heart at one moment; z starts at the apex of this moment."""

    apex_px: NDArray[np.float64]
    length_px: float
    half_width_px: float
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
            half_width_px=heart.half_width_px,
            thickness_mm=heart.thickness_mm,
            contraction=0.0,
            opening=0.0,
            base_at_rest_px=heart.length_px,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Wall:
    """The shape of one side of the cavity: its half width as a function of the position along the axis."""

    widest: float
    """Position of the greatest half width, 0 (apex) .. 1 (base)."""
    bluntness: float
    roundness: float
    """Exponents of the apical cap: 2 and 2 give a half ellipse."""
    basal: float
    """Half width at the base, as a share of the greatest one."""
    factor: float
    """The greatest half width, in units of the ventricle's."""

    def half_width(self, along: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the half width at positions 0 (apex) .. 1 (base), in units of the ventricle's half width."""
        # From the apex to the widest position: a superellipse (1 - (1 - s/widest)^bluntness)^(1/roundness).
        rise = np.clip(1 - np.clip(along, 0, None) / self.widest, 0, 1)
        cap = np.power(1 - rise**self.bluntness, 1 / self.roundness)
        # From there to the base: a parabola down to `basal`.
        past = np.clip((along - self.widest) / (1 - self.widest), 0, 1.2)
        return np.asarray(self.factor * (cap - (1 - self.basal) * past**2))


@dataclass(frozen=True, kw_only=True, slots=True)
class Heart:
    """One patient's heart at end-diastole. The name of a length ends in its unit; shares are of the length."""

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

    @property
    def axis_2(self) -> NDArray[np.float64]:
        """Unit vector from apex to base."""
        return np.array([np.sin(self.tilt_rad), np.cos(self.tilt_rad)])

    @property
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
        septal, lateral = (
            pose.half_width_px * float(wall.half_width(np.array(1.0))) for wall in (self.septal, self.lateral)
        )
        return -septal, lateral

    def place(
        self, pose: Pose, z_px: NDArray[np.floating], d_px: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Turn the heart's coordinates into the frame's, as (P, 2) pixels."""
        along = z_px / pose.length_px
        # A parabola bends the axis: 0 at apex and base, `bow` lengths in the middle (4 s (1 - s) is 1 there).
        bowed = d_px + 4 * self.bow * pose.length_px * np.clip(along * (1 - along), 0, None)
        return np.asarray(pose.apex_px + np.outer(z_px, self.axis_2) + np.outer(bowed, self.across_2))

    def locate(
        self, pose: Pose, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn the frame's pixels into the heart's coordinates (z, d), both in px; the inverse of `place`."""
        sine, cosine = np.float32(np.sin(self.tilt_rad)), np.float32(np.cos(self.tilt_rad))
        right, down = x - np.float32(pose.apex_px[0]), y - np.float32(pose.apex_px[1])
        z = sine * right + cosine * down
        along = z * np.float32(1 / pose.length_px)
        bow = np.float32(4 * self.bow * pose.length_px) * np.clip(along * (1 - along), 0, None)
        return z, cosine * right - sine * down - bow

    def locate_at_rest(
        self, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return where pixels lie at end-diastole: along the axis, 0 (apex) .. 1 (base), and d in px."""
        z, d = self.locate(Pose.at_rest(self), x, y)
        return z * np.float32(1 / self.length_px), d


def ventricle_contour(heart: Heart, pose: Pose) -> NDArray[np.float64]:
    """Return the endocardium in 121 points: septal annulus -> apex -> lateral annulus, px."""
    along = np.linspace(0, 1, WALL_POINTS) ** 2  # denser at the apex, where the curvature is greatest
    left, right = (
        heart.place(
            pose,
            # The oblique mitral plane moves the base of one wall down and that of the other up.
            pose.length_px * along * (1 + side * heart.slant * along**4),
            side * pose.half_width_px * wall.half_width(along),
        )
        for wall, side in ((heart.septal, -1), (heart.lateral, 1))
    )
    return join_walls(left[::-1], right).astype(np.float64)


def rest_contour(heart: Heart) -> NDArray[np.float64]:
    """Return the endocardium at end-diastole without breathing, as `ventricle_contour` does."""
    return ventricle_contour(heart, Pose.at_rest(heart))
