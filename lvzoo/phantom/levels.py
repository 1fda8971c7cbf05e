"""How strongly one patient's tissues scatter, and where their walls give no echo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from lvzoo.phantom.anatomy import Heart, Side, rest_contour
from lvzoo.phantom.fields import Map, amplitude, bump, soft_step
from lvzoo.phantom.ranges import Ranges
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import POLAR

TO_THE_SIDE_PX = 2.0
"""How far beside the long axis a side wall begins to fade."""
SEPTAL_SHARE = 0.5
"""A missing septum loses half as many dB as another wall: readers find the ventricle by it."""
MUSCLE_WIDTH = 0.6
"""Width of a papillary muscle by its length."""


class Papillary(NamedTuple):
    """One papillary muscle, an ellipse."""

    place: float
    """Of its middle along the axis, 0 (apex) .. 1 (base)."""
    wall: Side
    length_mm: float
    width_mm: float
    """Its two radii."""
    level_db: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """One patient's scatter levels, and how far bright tissue reaches.

    Levels are dB relative to full scale; `lateral`, `apical` and `layer` are relative to `muscle`. `ridge` and
    `trabeculae` are factors.
    """

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
    layer: float
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
        layer=ranges.layer_db.draw(rng),
        papillaries=_draw_papillaries(branch(rng), ranges),
    )


def _draw_papillaries(rng: Generator, ranges: Ranges) -> tuple[Papillary, ...]:
    muscles = []
    for _ in range(ranges.papillaries.draw(rng)):
        length_mm = ranges.papillary_mm.draw(rng)
        muscle = Papillary(
            place=ranges.papillary_at.draw(rng),
            wall=1 if ranges.papillary_lateral.draw(rng) else -1,
            length_mm=length_mm,
            width_mm=MUSCLE_WIDTH * length_mm,
            level_db=ranges.papillary_db.draw(rng),
        )
        muscles.append(muscle)
    return tuple(muscles)


def draw_dropout(rng: Generator, heart: Heart, place_px: tuple[Map, Map], ranges: Ranges) -> Map:
    """Return the factor by which echoes are weakened at places of the heart (x, y at rest, px).

    Small blobs are lost all along the wall, and in some patients a whole wall is. The septum is never lost together
    with another wall, because then nothing would show where the ventricle lies.
    """
    x, y = place_px
    lost_db = np.zeros(POLAR, np.float32)

    # Blobs on the contour, Gaussian in both directions.
    contour_P2 = rest_contour(heart)
    blobs = branch(rng)
    for _ in range(ranges.dropouts.draw(blobs)):
        # `place` is a position 0..1 along the open contour.
        place, reach_px = ranges.dropout_at.draw(blobs), ranges.dropout_px.draw(blobs)
        middle_2 = contour_P2[int(place * (len(contour_P2) - 1))]
        near = ((x - middle_2[0]) ** 2 + (y - middle_2[1]) ** 2) / np.float32(2 * reach_px**2)
        loss_db = ranges.dropout_db.draw(blobs)
        lost_db += (np.float32(loss_db) * np.exp(-near)).astype(np.float32)

    # Whole walls. All is drawn for every patient, so that a shift of one quantity leaves the others as they are.
    lateral, apex = ranges.lateral_missing.draw(rng), ranges.apex_missing.draw(rng)
    septum, loss_db = ranges.septum_missing.draw(rng), ranges.missing_db.draw(rng)
    middle, apical = np.float32(ranges.missing_at.draw(rng)), np.float32(ranges.missing_apex.draw(rng))
    along, d = heart.locate_at_rest(x, y)
    if septum:
        lost = SEPTAL_SHARE * soft_step(-d - TO_THE_SIDE_PX, 8.0) * bump(along - middle, 0.22)
        lost_db += loss_db * lost
    elif lateral:
        lost_db += loss_db * soft_step(d - TO_THE_SIDE_PX, 8.0) * bump(along - middle, 0.28)
    if apex and not septum:
        lost_db += loss_db * soft_step(apical - along, 0.25)
    return amplitude(-lost_db)
