"""How strongly one patient's tissues scatter, and where their walls give no echo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lvzoo.phantom.anatomy import Pose, ventricle_contour
from lvzoo.phantom.fields import Map, amplitude, bump, soft
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import POLAR

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.anatomy import Heart
    from lvzoo.phantom.ranges import Ranges

TO_THE_SIDE_PX = 2.0
SEPTAL_SHARE = 0.5
"""A lost septum is lost half as much: it is what readers find the ventricle by."""
MUSCLE_WIDTH = 0.6


class Papillary(NamedTuple):
    """One papillary muscle: its place 0..1 along its wall (-1 septal, 1 lateral), radii (mm), and level (dB)."""

    place: float
    wall: int
    length_mm: float
    width_mm: float
    level_db: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """One patient's scatter levels, dB below full scale, and the extent of what shines."""

    blood: float
    other_blood: float
    muscle: float
    lateral: float
    apical: float
    ridge: float
    edge_mm: float
    endocardium: float
    pericardium: float
    pericardium_mm: float
    below: float
    below_mm: float
    chamber_wall: float
    valves: float
    trabeculae: float
    papillaries: tuple[Papillary, ...]


def draw_levels(rng: Generator, ranges: Ranges) -> Levels:
    """Draw one patient's levels."""
    muscle, blood = ranges.muscle_db.draw(rng), ranges.blood_db.draw(rng)
    pericardium = ranges.pericardium_db.draw(rng)
    return Levels(
        blood=blood,
        other_blood=blood + ranges.rv_blood_db.draw(rng),
        muscle=muscle,
        lateral=ranges.lateral_db.draw(rng),
        apical=ranges.apical_db.draw(rng),
        ridge=ranges.ridge.draw(rng),
        edge_mm=ranges.edge_mm.draw(rng),
        endocardium=muscle + ranges.endocardium_db.draw(rng),
        pericardium=pericardium,
        pericardium_mm=ranges.pericardium_mm.draw(rng),
        below=pericardium + ranges.below_db.draw(rng),
        below_mm=ranges.below_mm.draw(rng),
        chamber_wall=muscle + ranges.chamber_wall_db.draw(rng),
        valves=ranges.valves_db.draw(rng),
        trabeculae=ranges.trabeculae.draw(rng),
        papillaries=_draw_papillaries(branch(rng), ranges),
    )


def _draw_papillaries(rng: Generator, ranges: Ranges) -> tuple[Papillary, ...]:
    return tuple(_draw_papillary(rng, ranges) for _ in range(ranges.papillaries.draw(rng)))


def _draw_papillary(rng: Generator, ranges: Ranges) -> Papillary:
    length_mm = ranges.papillary_mm.draw(rng)
    return Papillary(
        place=ranges.papillary_at.draw(rng),
        wall=1 if ranges.papillary_lateral.draw(rng) else -1,
        length_mm=length_mm,
        width_mm=MUSCLE_WIDTH * length_mm,
        level_db=ranges.papillary_db.draw(rng),
    )


def draw_dropout(rng: Generator, heart: Heart, place_px: tuple[Map, Map], ranges: Ranges) -> Map:
    """Return what is left of the echo at places of the heart (x, y at rest, px), as a factor.

    Blobs are lost all along the wall, and at times a whole wall is: never the septum together with another, for
    then nothing would be left to tell the ventricle by.
    """
    x, y = place_px
    lost_db = np.zeros(POLAR, np.float32)
    contour_P2 = ventricle_contour(heart, Pose.at_rest(heart))
    blobs = branch(rng)
    for _ in range(ranges.dropouts.draw(blobs)):
        place, reach_px = ranges.dropout_at.draw(blobs), ranges.dropout_px.draw(blobs)
        lost_db += _blob(contour_P2, place, x, y, reach_px, ranges.dropout_db.draw(blobs))
    lateral, apex = ranges.lateral_missing.draw(rng), ranges.apex_missing.draw(rng)
    septum, loss_db = ranges.septum_missing.draw(rng), ranges.missing_db.draw(rng)
    middle, apical = np.float32(ranges.missing_at.draw(rng)), np.float32(ranges.missing_apex.draw(rng))
    z, d = heart.locate(Pose.at_rest(heart), x, y)
    along = z * np.float32(1 / heart.length_px)
    if septum:
        there = SEPTAL_SHARE * soft(-d - TO_THE_SIDE_PX, 8.0) * bump(along - middle, 0.22)
        lost_db += loss_db * there
    elif lateral:
        lost_db += loss_db * soft(d - TO_THE_SIDE_PX, 8.0) * bump(along - middle, 0.28)
    if apex and not septum:
        lost_db += loss_db * soft(apical - along, 0.25)
    return amplitude(-lost_db)


def _blob(
    contour_P2: NDArray[np.float64], place: float, x: Map, y: Map, reach_px: float, loss_db: float
) -> Map:
    """Return the loss, dB, about a place 0..1 of the open contour."""
    middle_2 = contour_P2[int(place * (len(contour_P2) - 1))]
    near = ((x - middle_2[0]) ** 2 + (y - middle_2[1]) ** 2) / np.float32(2 * reach_px**2)
    return np.asarray(np.float32(loss_db) * np.exp(-near), dtype=np.float32)
