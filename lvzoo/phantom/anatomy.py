"""The heart of one synthetic patient: its shape at end-diastole, and its outline in any pose of the beat.

Two systems of coordinates: the frame's pixels (x, y), and the heart's own (z, d): z along the ventricle's long
axis from the apex towards the base, d across it, positive towards the lateral wall (right in the display).
`lvzoo.phantom.patient` draws one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.geometry.contour import join_walls

if TYPE_CHECKING:
    from numpy.typing import NDArray

WALL_POINTS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Pose:
    """The heart at one moment; z runs from the apex of this moment."""

    apex_px: NDArray[np.float64]
    length_px: float
    half_width_px: float
    thickness_mm: float
    contraction: float
    opening: float
    base_at_rest_px: float
    """Where along z the base stood at end-diastole: the far walls of the atria hang on it."""

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
    """The half width of the cavity towards one wall, as a share of the ventricle's: 0 at the apex, 1 at most."""

    widest: float
    bluntness: float
    roundness: float
    basal: float
    factor: float

    def half_width(self, along: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the half width at positions 0 (apex) .. 1 (base), in units of the ventricle's half width."""
        rise = np.clip(1 - np.clip(along, 0, None) / self.widest, 0, 1)
        cap = np.power(1 - rise**self.bluntness, 1 / self.roundness)
        past = np.clip((along - self.widest) / (1 - self.widest), 0, 1.2)
        return np.asarray(self.factor * (cap - (1 - self.basal) * past**2))


@dataclass(frozen=True, kw_only=True, slots=True)
class Heart:
    """One patient's heart at end-diastole; lengths in px where named so, otherwise in mm."""

    ejection_fraction: float
    edv_ml: float
    mm_per_px: float
    apex_px: tuple[float, float]
    tilt_rad: float
    length_px: float
    half_width_px: float
    septal: Wall
    lateral: Wall
    bow: float
    slant: float
    shortening: float
    thickness_mm: float
    rv_width_mm: float | None
    """None where the view shows no right heart."""
    rv_apex: float
    la_height_mm: float | None
    """None where the view shows no left atrium."""
    la_width_mm: float
    ra_height_mm: float
    ra_width_mm: float
    leaflet_mm: float
    echogenicity: NDArray[np.float64]
    """How bright each stroke is, 0..1: anterior and posterior mitral leaflet, septal and free tricuspid leaflet, the
    atrial septum at the valves, in its middle (a false tendon too) and at the roof, the crux."""
    unevenness_mm: NDArray[np.float64]
    """Displacements (15, 2) of the atria's corners."""
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
        """How far below the mitral valve the left atrium ends."""
        return self.la_height_mm or 0.0

    def px(self, mm: float) -> float:
        """Turn millimetres into pixels."""
        return mm / self.mm_per_px

    def place(
        self, pose: Pose, z_px: NDArray[np.floating], d_px: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Turn the heart's coordinates into the frame's, as (P, 2) pixels."""
        along = z_px / pose.length_px
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


def ventricle_contour(heart: Heart, pose: Pose) -> NDArray[np.float64]:
    """Return the endocardium in 121 points: septal annulus -> apex -> lateral annulus, px."""
    along = np.linspace(0, 1, WALL_POINTS) ** 2
    left, right = (
        heart.place(
            pose,
            pose.length_px * along * (1 + side * heart.slant * along**4),
            side * pose.half_width_px * wall.half_width(along),
        )
        for wall, side in ((heart.septal, -1), (heart.lateral, 1))
    )
    return join_walls(left[::-1], right).astype(np.float64)
