"""Draws a patient: size and shape of the ventricle, what the view shows of the other chambers, and their position.

Population figures are those of EchoNet-Dynamic's published lists; the shapes are this project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.geometry.ventricle import MM3_PER_ML
from lvzoo.phantom.anatomy import Heart, Wall, rest_contour
from lvzoo.phantom.ranges import Ranges
from lvzoo.phantom.reader import disks_volume_px
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import Scan
from lvzoo.phantom.warp import Warp

LOG_VOLUME_MEAN, LOG_VOLUME_SD, EF_MEAN, EF_SD = 4.44, 0.43, 55.8, 12.4
"""Of whole ventricles. Foreshortened views show less of some of them, which gives the lists' mean of 4.41."""
CORRELATION = -0.49
"""Between ln(end-diastolic volume in ml) and the ejection fraction (%), in EchoNet-Dynamic's lists."""
VOLUMES_ML = (25.0, 350.0)
ROUNDING = 0.3
"""Decrease of length by width for each factor e in volume: dilated ventricles are round."""
ROUNDEST = 1.2
"""Length by width of the roundest ventricle, also of those that are dilated or foreshortened. The principal axis of
a rounder mask would not be its long axis."""
NORMAL_EF = 58
"""Ejection fraction (%) at which the base descends by the drawn shortening; the descent is proportional to it."""
CORNERS = 15
STROKES = 8
TRIES = 40
"""Aims of the probe that are tried for one patient."""
LEAN = 0.35
"""Position along the axis of the point that `apex_x_px` places."""
SHOWN_SHARE = 0.95
"""Least share of the contour's points in the sector: nobody traces a ventricle that is not on the picture. It is more
than the nine tenths that must be visible in a frame, because the heart sways."""
SHRINKAGE, DESCENT_PX = 0.94, 1.5
"""Change of the ventricle's size and depth in each round in which no aim shows enough of it."""
DEPTHS_MM = (80.0, 260.0)
"""Depths of the picture that machines show of adult hearts."""
ROUNDS = 16
"""Most attempts to fit size and aim."""


def draw_heart(rng: Generator, scan: Scan, warp: Warp, ranges: Ranges) -> Heart:
    """Draw a patient whose ventricle lies in the sector as an apical view shows it."""
    # Volume: regression of ln(EDV) on the ejection fraction, plus scatter. Large ventricles are rounder.
    ef = ranges.ejection_fraction.draw(rng)
    expected = LOG_VOLUME_MEAN + CORRELATION * LOG_VOLUME_SD * (ef - EF_MEAN) / EF_SD
    log_volume = expected + ranges.log_volume.draw(rng)
    aspect = max(ranges.aspect.draw(rng) - ROUNDING * (log_volume - LOG_VOLUME_MEAN), ROUNDEST)
    # Shape of the two walls, thick walls, foreshortening. All is drawn for every patient, needed or not, so that a
    # shift of one quantity leaves the others as they are.
    length_px, asymmetry = ranges.length_px.draw(rng), ranges.asymmetry.draw(rng)
    septal, lateral = (_draw_wall(rng, ranges, factor=1 + side * asymmetry) for side in (-1, 1))
    thicker, growth = ranges.hypertrophied.draw(rng), ranges.hypertrophy.draw(rng)
    foreshortened, left = ranges.foreshortened.draw(rng), ranges.foreshortening.draw(rng)
    kept = max(left, ROUNDEST / aspect) if foreshortened else 1.0
    atria_left = ranges.atria_left.draw(rng)
    atria = atria_left if foreshortened else 1.0
    rv_width_mm, rv_apex = _draw_right_ventricle(rng, ranges)
    heart = Heart(
        ejection_fraction=ef,
        edv_ml=float(np.clip(np.exp(log_volume), *VOLUMES_ML)),
        mm_per_px=1.0,
        apex_px=scan.apex_px,
        tilt_rad=0.0,
        length_px=length_px * kept,
        half_width_px=length_px / (2 * aspect),
        septal=septal,
        lateral=lateral,
        bow=ranges.bow.draw(rng),
        slant=ranges.slant.draw(rng),
        shortening=ranges.shortening.draw(rng) * ef / NORMAL_EF,
        apex_share=ranges.apex_share.draw(rng),
        regional_24=_draw_regional_contraction(branch(rng), ranges),
        thickness_mm=ranges.thickness_mm.draw(rng) * (growth if thicker else 1.0),
        rv_width_mm=rv_width_mm,
        rv_apex=rv_apex,
        la_height_mm=_draw_la_height_mm(rng, ranges, atria),
        la_width_mm=ranges.la_width_mm.draw(rng),
        ra_height_mm=ranges.ra_height_mm.draw(rng) * atria,
        ra_width_mm=ranges.ra_width_mm.draw(rng),
        leaflet_mm=ranges.leaflet_mm.draw(rng),
        echogenicity=np.array([ranges.echogenicity.draw(rng) for _ in range(STROKES)]),
        unevenness_mm=np.array([[ranges.corner_mm.draw(rng) for _ in range(2)] for _ in range(CORNERS)]),
        strand=ranges.strand.draw(rng),
    )
    aims = [
        _Aim(ranges.tilt_deg.draw(rng), ranges.apex_x_px.draw(rng), ranges.apex_depth_px.draw(rng))
        for _ in range(TRIES)
    ]
    return _aim_probe(heart, kept, aims, scan, warp)


def _draw_wall(rng: Generator, ranges: Ranges, *, factor: float) -> Wall:
    return Wall(
        widest=ranges.widest.draw(rng),
        curvature=ranges.curvature.draw(rng),
        bluntness=ranges.bluntness.draw(rng),
        basal=ranges.basal.draw(rng),
        factor=factor,
    )


def _draw_regional_contraction(rng: Generator, ranges: Ranges) -> NDArray[np.float64]:
    """Draw how strongly apex, middle, base and annulus of both walls contract; a few patients have a fault in one."""
    apex, base = ranges.apical_contraction.draw(rng), ranges.basal_contraction.draw(rng)
    regional_24 = np.array(2 * [[apex, 1.0, base, ranges.annular_contraction.draw(rng)]])
    regional_24[:, :3] *= [[ranges.regional_scatter.draw(rng) for _ in range(3)] for _ in range(2)]
    faulty, lateral = ranges.wall_fault.draw(rng), ranges.fault_lateral.draw(rng)
    place, left = int(ranges.fault_at.draw(rng)), ranges.fault_left.draw(rng)
    if faulty:
        regional_24[int(lateral), place] *= left
    return regional_24


def _draw_right_ventricle(rng: Generator, ranges: Ranges) -> tuple[float | None, float]:
    """Return the right ventricle's width at its base, mm (None if it is not in the view), and where it begins."""
    missing, dominant = ranges.rv_missing.draw(rng), ranges.rv_dominant.draw(rng)
    width_mm, growth = ranges.rv_width_mm.draw(rng), ranges.rv_growth.draw(rng)
    begins = ranges.rv_apex.draw(rng)
    if missing:
        return None, begins
    return (width_mm * growth, 0.3 * begins) if dominant else (width_mm, begins)


def _draw_la_height_mm(rng: Generator, ranges: Ranges, left: float) -> float | None:
    missing, height_mm = ranges.la_missing.draw(rng), ranges.la_height_mm.draw(rng)
    return None if missing else height_mm * left


class _Aim(NamedTuple):
    """One way to point the probe: the axis' angle, and the ventricle's apex relative to the sector's apex."""

    tilt_deg: float
    beside_px: float
    below_px: float


def _aim_probe(heart: Heart, kept: float, aims: Sequence[_Aim], scan: Scan, warp: Warp) -> Heart:
    """Point the probe and set the depth, so that the ventricle is on the picture at a depth that machines show.

    If no aim shows enough of the ventricle, it is made smaller and moved down, where the sector is wider. If the
    frame would show less or more depth than machines do, it is made smaller or larger. `kept` is the share of the
    length that foreshortening leaves.
    """
    smaller, deeper_px = False, 0.0
    for _ in range(ROUNDS):
        placed, shown = _place_by_aims(heart, aims, deeper_px, scan, warp)
        placed = _set_pixel_size(placed, kept, warp)
        depth_mm = scan.visible_px * placed.mm_per_px
        if shown < SHOWN_SHARE:
            smaller, factor = True, SHRINKAGE
            deeper_px += DESCENT_PX
        elif depth_mm < DEPTHS_MM[0] or (depth_mm > DEPTHS_MM[1] and not smaller):
            factor = depth_mm / float(np.clip(depth_mm, *DEPTHS_MM))
        else:
            break
        heart = replace(heart, length_px=factor * heart.length_px, half_width_px=factor * heart.half_width_px)
    return placed


def _place_by_aims(
    heart: Heart, aims: Sequence[_Aim], deeper_px: float, scan: Scan, warp: Warp
) -> tuple[Heart, float]:
    """Place the heart by the first aim that shows enough of the ventricle, or else by the best of all aims.

    Returns the placed heart and the share of its contour that is shown.
    """
    best, most = heart, -1.0
    for aim in aims:
        tilt_rad = float(np.deg2rad(aim.tilt_deg))
        # If the axis leans to the right, the apex lies further left: the sector's middle crosses it at a third.
        x = scan.apex_px[0] + aim.beside_px - LEAN * heart.length_px * np.sin(tilt_rad)
        y = scan.apex_px[1] + aim.below_px + deeper_px
        placed = replace(heart, tilt_rad=tilt_rad, apex_px=(float(x), y))
        shown = float(scan.shows(warp.move(rest_contour(placed))).mean())
        if shown > most:
            best, most = placed, shown
        if shown >= SHOWN_SHARE:
            break
    return best, most


def _set_pixel_size(heart: Heart, kept: float, warp: Warp) -> Heart:
    """Choose mm per pixel so that the whole ventricle, as drawn and warped, holds the end-diastolic volume.

    A foreshortened view shows less than this volume.
    """
    whole = replace(heart, length_px=heart.length_px / kept)
    volume_px3 = disks_volume_px(warp.move(rest_contour(whole)))
    return replace(heart, mm_per_px=float(np.cbrt(heart.edv_ml * MM3_PER_ML / volume_px3)))
