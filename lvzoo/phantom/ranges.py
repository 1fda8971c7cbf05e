# ruff: noqa: RUF009 - a field of the table is made by `varied`, which hands its range on
"""Every quantity that differs from patient to patient, in one table: its range, its unit, its reason.

`RANGES` is the standard phantom. It is meant to be broad, not typical: what a network has met in all variations on
simulated patients is less of a surprise to it on real ones. `SHIFTS` are phantoms whose ranges lie at the edge of
the standard ones or outside of them, to measure what a network does there. docs/phantom.md shows this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Final, TypeVar

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.phantom.draw import Chance, Either, LogUniform, Normal, Number, Poisson, Uniform

Range = TypeVar("Range", Number, Chance, Poisson)


def varied(default: Range, unit: str, reason: str) -> Range:
    """Return a field of `Ranges` with its unit and its reason beside it."""
    return field(default=default, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranges:
    """What is drawn once for a patient (or for each of its parts where the reason says so)."""

    # The sector on the display
    sector_x_px: Number = varied(Normal(56, 5, 42, 70), "px", "apex of the sector; real ones stand at 56 ± 5")
    sector_y_px: Number = varied(Uniform(1, 12), "px", "apex of the sector; real ones stand at 3 to 10")
    half_angle_deg: Number = varied(
        Normal(43, 6, 30, 55), "degrees", "half the opening: probes show 60 to 110 degrees, most about 90"
    )
    steer_deg: Number = varied(
        Normal(0, 2.5, -8, 8),
        "degrees",
        "the whole sector turned: steered beams, a display that is not level",
    )
    first_px: Number = varied(Uniform(1.5, 6), "px", "where the beams begin: the probe's curvature")
    last_px: Number = varied(
        Uniform(96, 130),
        "px",
        "where they end; the display cuts what lies beyond 99 to 110, by `sector_y_px`",
    )
    side_cut: Chance = varied(Chance(0.18), "", "a clip cropped so that a side of the sector is lost")
    side_cut_px: Number = varied(Uniform(3, 16), "px", "how much of it")
    cut_left: Chance = varied(Chance(0.5), "", "whether it is the left side")

    # Ventricle and beat
    ejection_fraction: Number = varied(
        Either(0.78, Normal(60.5, 6, 12, 85), Normal(38, 13, 12, 85)),
        "%",
        "EchoNet-Dynamic's lists: 56 ± 12, skewed to the left",
    )
    log_volume: Number = varied(
        Normal(0, 0.375, -1.2, 1.4),
        "ln ml",
        "end-diastolic volume about what the ejection fraction predicts; the lists: median 82 ml, correlation -0.49",
    )
    aspect: Number = varied(
        Normal(1.8, 0.22, 1.25, 2.5),
        "",
        "length by width; 0.35 less for each factor e in volume: dilated ventricles are round",
    )
    length_px: Number = varied(
        Normal(53, 7, 40, 70), "px", "depth setting: how large the ventricle stands in the frame"
    )
    tilt_deg: Number = varied(
        Normal(10, 11, -18, 40), "degrees", "long axis from the vertical, base to the right"
    )
    apex_x_px: Number = varied(
        Normal(-3, 5, -16, 12), "px", "a third down the long axis, beside the apex of the sector"
    )
    apex_depth_px: Number = varied(
        Uniform(6, 20), "px", "apex of the ventricle below that of the sector: chest wall and lung between"
    )
    asymmetry: Number = varied(
        Normal(0.10, 0.09, -0.15, 0.35),
        "",
        "how much wider the lateral half, and narrower the septal one, is than their mean",
    )
    widest: Number = varied(
        Uniform(0.5, 0.8), "of the length", "where a wall is farthest from the axis; each wall its own"
    )
    bluntness: Number = varied(
        Uniform(1.5, 2.5), "", "shape of the apex: pointed to round; each wall its own"
    )
    basal: Number = varied(
        Uniform(0.68, 1.0),
        "of the width",
        "how wide the base is: spherical to cylindrical; each wall its own",
    )
    bow: Number = varied(Normal(0, 0.03, -0.09, 0.09), "of the length", "bowed long axis: oblique cuts")
    slant: Number = varied(Normal(0, 0.045, -0.14, 0.14), "of the length", "oblique mitral plane")
    shortening: Number = varied(
        Normal(0.16, 0.04, 0.04, 0.3),
        "of the length",
        "descent of the base in systole at a normal ejection fraction",
    )
    thickness_mm: Number = varied(Normal(9.5, 1.6, 6, 15), "mm", "wall at end-diastole")
    hypertrophied: Chance = varied(Chance(0.12), "", "patients with thick walls")
    hypertrophy: Number = varied(Uniform(1.25, 1.8), "times", "how much thicker theirs are")
    wall_share: Number = varied(
        Uniform(0.7, 1.3),
        "times",
        "thickness of a wall to `thickness_mm`; each wall its own, the septum 0.9 of it",
    )
    wall_slope: Number = varied(
        Uniform(-0.35, 0.35), "times", "change from apex to base: septal bulge, thin base; each wall its own"
    )
    apical_share: Number = varied(
        Uniform(0.45, 1.15), "times", "thickness at the apex: thin as a rule, thick in apical hypertrophy"
    )
    wall_unevenness: Number = varied(Uniform(0.04, 0.22), "times", "scatter of the thickness along the walls")
    foreshortened: Chance = varied(
        Chance(0.12), "", "views that miss the true apex: a short, round ventricle with little of the atria"
    )
    foreshortening: Number = varied(Uniform(0.7, 0.92), "times", "the length that is left")
    heart_rate_bpm: Number = varied(Normal(70, 13, 42, 120), "beats/min", "adults at rest")
    usual_fps: Chance = varied(Chance(0.79), "", "clips of 50 frames/s in EchoNet-Dynamic")
    other_fps: Number = varied(Normal(55, 12, 33, 76), "frames/s", "the rest")
    systole: Number = varied(
        Uniform(0.285, 0.33),
        "s",
        "from end-diastole to end-systole, at any rate at which that is 0.25 to 0.5 of the cycle",
    )
    sway_px: Number = varied(Uniform(0.2, 1.6), "px", "breathing and the hand that holds the probe")
    sway_hz: Number = varied(Uniform(0.15, 0.35), "Hz", "breathing")
    sway_angle_deg: Number = varied(Uniform(0, 360), "degrees", "direction of the sway")

    # The other chambers, and what bends the whole picture
    rv_missing: Chance = varied(
        Chance(0.1), "", "off-axis and two-chamber views: tissue on both sides of the ventricle"
    )
    rv_dominant: Chance = varied(Chance(0.1), "", "dilated right hearts, views turned to the right")
    rv_growth: Number = varied(Uniform(1.3, 1.8), "times", "how much wider theirs are; they reach the apex")
    rv_width_mm: Number = varied(Uniform(20, 44), "mm", "right ventricle at its base")
    rv_apex: Number = varied(
        Uniform(0.08, 0.42),
        "of the length",
        "where the right ventricle begins, seen from the left one's apex",
    )
    la_missing: Chance = varied(
        Chance(0.1), "", "views in front of the left atrium: tissue below the mitral valve"
    )
    la_height_mm: Number = varied(Uniform(26, 52), "mm", "left atrium, normal to dilated")
    la_width_mm: Number = varied(Uniform(30, 52), "mm", "left atrium")
    ra_height_mm: Number = varied(Uniform(26, 50), "mm", "right atrium")
    ra_width_mm: Number = varied(Uniform(26, 48), "mm", "right atrium")
    atria_left: Number = varied(
        Uniform(0.15, 0.7), "times", "height of the atria that a foreshortened view leaves"
    )
    corner_mm: Number = varied(
        Normal(0, 4.5, -12, 12), "mm", "displacement of each corner of the atria: they are no ellipses"
    )
    edge_wobble_mm: Number = varied(
        Uniform(0.6, 3), "mm", "ragged outline of the other chambers: appendage, veins, trabeculae"
    )
    leaflet_mm: Number = varied(
        Uniform(17, 27), "mm", "leaflets of narrow valves; those of wide ones are a share of the annulus"
    )
    echogenicity: Number = varied(
        Uniform(0.1, 1), "of the brightest", "each leaflet, each part of the atrial septum, the crux"
    )
    strand: Chance = varied(Chance(0.15), "", "a false tendon across the cavity")
    fine_warp_px: Number = varied(
        Uniform(0.5, 1.8), "px", "displacement over about 20 px: no wall follows a formula"
    )
    coarse_warp_px: Number = varied(
        Uniform(0.8, 3.6), "px", "displacement over about 60 px: hearts are pushed and turned"
    )
    shear: Number = varied(Normal(0, 0.07, -0.18, 0.18), "px per px", "sheared heart: oblique cuts")
    bend: Number = varied(
        Normal(0, 0.09, -0.22, 0.22),
        "px at 7.5 px",
        "bent heart, growing with the square of the distance from the frame's middle",
    )

    # How strongly tissue scatters
    blood_db: Number = varied(Uniform(-60, -40), "dB", "cavities: black as a rule, grey at high gain")
    muscle_db: Number = varied(Uniform(-22, -12), "dB", "septal muscle")
    lateral_db: Number = varied(
        Uniform(-13, 1), "dB", "lateral muscle to septal muscle: it lies along the beam and behind the lung"
    )
    apical_db: Number = varied(Uniform(-11, 2), "dB", "apical muscle to septal muscle")
    ridge: Number = varied(Uniform(0, 1.6), "times", "bright line in the middle of the septum")
    mottle_db: Number = varied(Uniform(2, 5.5), "dB", "scatter of the muscle's echo along the walls")
    edge_mm: Number = varied(
        LogUniform(0.9, 5), "mm", "how gradually muscle becomes blood: slice thickness, oblique walls"
    )
    endocardium_db: Number = varied(
        Uniform(-18, 8), "dB", "bright line on the cavity's border to the muscle; mostly absent in real clips"
    )
    pericardium_db: Number = varied(
        Uniform(-14, 2),
        "dB",
        "pericardium and lung beside the lateral wall: 2 dB more than its surface has, 8 more than what lies behind",
    )
    pericardium_mm: Number = varied(Uniform(4, 24), "mm", "how far they shine")
    background_db: Number = varied(Uniform(-54, -30), "dB", "tissue elsewhere")
    patches_db: Number = varied(Uniform(3, 8), "dB", "scatter of everything around the heart")
    below_db: Number = varied(Uniform(-18, 0), "dB", "tissue under the atria to the pericardium")
    below_mm: Number = varied(LogUniform(4, 30), "mm", "how deep it shines")
    rv_blood_db: Number = varied(
        Uniform(0, 10), "dB", "the other chambers' blood to the left ventricle's: slices across trabeculae"
    )
    chamber_wall_db: Number = varied(Uniform(-14, 0), "dB", "thin walls of the other chambers to the muscle")
    valves_db: Number = varied(Uniform(-14, 0), "dB", "valves, annulus and crux")
    papillaries: Poisson = varied(
        Poisson(0.8), "", "papillary muscles in view; readers leave them in the cavity"
    )
    papillary_at: Number = varied(Uniform(0.35, 0.65), "of the length", "where one stands on its wall")
    papillary_mm: Number = varied(Uniform(3.5, 8), "mm", "its half length; it is 0.6 as wide")
    papillary_db: Number = varied(Uniform(-26, -14), "dB", "its echo")
    papillary_lateral: Chance = varied(
        Chance(0.8), "", "whether it stands on the lateral wall, or on the septal one"
    )
    trabeculae: Number = varied(Uniform(0.1, 1.3), "", "muscle that frays into the cavity, most at the apex")
    dropouts: Poisson = varied(
        Poisson(1.6), "", "places where the wall gives no echo, 70 % at apex and lateral wall"
    )
    dropout_at: Number = varied(
        Either(0.3, Uniform(0.05, 0.4), Uniform(0.45, 0.92)),
        "of the contour",
        "where one lies, from the septal annulus",
    )
    dropout_px: Number = varied(Uniform(3, 10), "px", "its radius (SD)")
    dropout_db: Number = varied(Uniform(6, 26), "dB", "loss in one")
    lateral_missing: Chance = varied(Chance(0.25), "", "lateral walls that are lost, as in many real clips")
    apex_missing: Chance = varied(Chance(0.18), "", "apices that are lost in the near field")
    septum_missing: Chance = varied(Chance(0.04), "", "septa that fade; then the rest is there")
    missing_db: Number = varied(Uniform(8, 28), "dB", "loss of a missing wall")
    missing_at: Number = varied(Uniform(0.3, 0.7), "of the length", "middle of what is lost of a side wall")
    missing_apex: Number = varied(Uniform(0.15, 0.3), "of the length", "how much is lost with the apex")

    # The scanner
    axial_px: Number = varied(
        Either(0.82, LogUniform(0.15, 0.42), Uniform(0.45, 0.75)),
        "px",
        "pulse length (SD): speckle along the beam",
    )
    lateral_deg: Number = varied(
        Either(0.82, LogUniform(0.2, 0.7), Uniform(0.8, 1.5)),
        "degrees",
        "beam width (SD): speckle across the beam, wider with depth",
    )
    texels: Number = varied(Uniform(1.0, 1.8), "per px", "scatterers: few are grainy")
    fresh: Number = varied(
        Uniform(0.02, 0.1), "times", "speckle that changes from frame to frame: motion through the slice"
    )
    thermal_db: Number = varied(Uniform(-62, -44), "dB", "electronic noise at the probe")
    thermal_slope_db: Number = varied(Uniform(2, 11), "dB", "its rise to the end of the beam")
    near_db: Number = varied(Uniform(-36, -13), "dB", "near-field clutter at the probe")
    near_px: Number = varied(Uniform(5, 22), "px", "how far it reaches")
    near_rings: Chance = varied(Chance(0.4), "", "near-field clutter in bands: reverberation")
    ring_px: Number = varied(Uniform(3, 9), "px", "their distance")
    haze_db: Number = varied(Uniform(-64, -41), "dB", "clutter all over the sector that stands still")
    haze_patches_db: Number = varied(Uniform(3, 7), "dB", "its scatter")
    headroom_db: Number = varied(
        Normal(2.8, 4.2, -6, 14),
        "dB",
        "gain: how far the brightest 2 % stay below white; saturated to nearly black",
    )
    range_db: Number = varied(Uniform(28, 43), "dB", "dynamic range: hard to soft")
    gamma: Number = varied(Uniform(0.9, 1.8), "", "grey map of the display")
    slope_db: Number = varied(
        Normal(0, 7, -18, 16), "dB", "time-gain compensation that misses: far field to near field"
    )
    shadows: Poisson = varied(Poisson(1.3), "", "shadows of ribs and lung")
    shadow_at: Number = varied(Uniform(-1, 1), "half angles", "where one lies")
    shadow_width: Number = varied(Uniform(0.05, 0.24), "half angles", "its width (SD)")
    shadow_db: Number = varied(Uniform(4, 22), "dB", "its depth")
    edge_width: Number = varied(Uniform(0.1, 0.6), "half angles", "outer beams that fade; each side its own")
    edge_db: Number = varied(Uniform(0, 16), "dB", "by how much")
    sharpening: Number = varied(Uniform(0, 1.4), "times", "edge enhancement, which most machines do")
    persistence: Number = varied(Uniform(0.4, 0.7), "times", "the frame before that is still seen")

    # The display and the file
    native_px: Number = varied(
        LogUniform(84, 330), "px", "size of the picture before it is made 112 x 112: blurred to grainy"
    )
    cubic: Chance = varied(
        Chance(0.8),
        "",
        "shrunk by cubic interpolation, which keeps the grain, as EchoNet-Dynamic was; else by areas",
    )
    compressed: Chance = varied(Chance(0.5), "", "clips that were JPEGs before they were made small")
    jpeg_quality: Number = varied(Uniform(25, 90), "", "of those JPEGs: blocks of 8 px, and ringing")
    mjpg_quality: Number = varied(Uniform(20, 85), "", "of the file")
    marks: Chance = varied(Chance(0.85), "", "depth marks and the probe's marker")
    text: Chance = varied(Chance(0.15), "", "letters at the frame's border")
    trace: Chance = varied(Chance(0.12), "", "a line like an electrocardiogram, in no step with the beat")
    outline: Chance = varied(Chance(0.1), "", "the sector's edges drawn as lines")
    mark_level: Number = varied(Uniform(0.3, 1), "of white", "brightness of each mark")
    mark_step_px: Number = varied(Uniform(6, 14), "px", "distance of depth marks: a centimetre at any depth")
    marks_on_edge: Chance = varied(
        Chance(0.3), "", "depth marks along the sector's right edge, else in a column"
    )
    mark_column_px: Number = varied(Either(0.8, Uniform(104, 110), Uniform(1, 6)), "px", "that column")
    marker_px: Number = varied(
        Either(0.5, Uniform(-14, -7), Uniform(7, 14)),
        "px",
        "the probe's marker beside the apex of the sector",
    )
    marker_radius_px: Number = varied(Uniform(0.8, 2.3), "px", "its size")
    text_left: Chance = varied(Chance(0.5), "", "letters on the left, else on the right")
    text_top: Chance = varied(Chance(0.6), "", "letters at the top, else at the bottom")
    text_lines: Poisson = varied(Poisson(1.2), "", "further lines of letters after the first")
    text_letters: Poisson = varied(Poisson(3), "", "further letters in a line after the first two")
    text_px: Number = varied(Uniform(0.6, 1.1), "px", "a fourth of a letter's width")
    trace_beat_px: Number = varied(Uniform(22, 60), "px", "distance of two beats of the trace")
    trace_row_px: Number = varied(Uniform(100, 109), "px", "where the trace runs")
    trace_px: Number = varied(Uniform(5, 12), "px", "its height")


RANGES: Final = Ranges()

SHIFTS: Final[Mapping[str, Ranges]] = MappingProxyType(
    {
        "gain": replace(RANGES, headroom_db=Either(0.5, Uniform(-22, -12), Uniform(10, 16))),
        "depth": replace(RANGES, length_px=Either(0.5, Uniform(30, 37), Uniform(66, 76))),
        "opening-angle": replace(RANGES, half_angle_deg=Either(0.5, Uniform(25, 31), Uniform(53, 62))),
        "anatomy": replace(
            RANGES,
            aspect=Either(0.5, Uniform(1.1, 1.4), Uniform(2.2, 2.7)),
            hypertrophied=Chance(0.5),
            hypertrophy=Uniform(1.6, 2.1),
            foreshortened=Chance(0.4),
            rv_missing=Chance(0.3),
            rv_dominant=Chance(0.4),
            la_missing=Chance(0.3),
            corner_mm=Normal(0, 7, -16, 16),
            papillaries=Poisson(2.0),
            coarse_warp_px=Uniform(3.2, 4.0),
        ),
        "speckle": replace(
            RANGES,
            axial_px=Uniform(0.9, 1.4),
            lateral_deg=Uniform(1.4, 2.2),
            texels=Uniform(0.7, 1.0),
            fresh=Uniform(0.18, 0.35),
        ),
        "frame-size": replace(RANGES, native_px=Either(0.5, Uniform(56, 84), Uniform(330, 440))),
        "compression": replace(RANGES, compressed=Chance(1.0), jpeg_quality=Uniform(10, 25)),
    }
)


def ranges_of(shift: str | None) -> Ranges:
    """Return the standard ranges, or those of a shift.

    Raises:
        UsageError: there is no such shift.
    """
    if shift is None:
        return RANGES
    if shift not in SHIFTS:
        raise UsageError(
            f"unknown shift {shift!r}; use one of {', '.join(SHIFTS)}{did_you_mean(shift, SHIFTS)}"
        )
    return SHIFTS[shift]


def shifted(shift: str) -> Mapping[str, str]:
    """Return what a shift draws from other ranges: the ranges in words, by name."""
    ranges = SHIFTS[shift]
    return {
        each.name: str(getattr(ranges, each.name))
        for each in fields(ranges)
        if getattr(ranges, each.name) != getattr(RANGES, each.name)
    }
