# ruff: noqa: RUF009 - a field of the table is made by `vary`, whose default is its range
"""One table of all quantities that differ from patient to patient: the range, unit and reason of each.

`RANGES` is the standard phantom. It is meant to be broad rather than typical: a network trained on wide variation is
more likely to cope with real clips. `SHIFTS` are phantoms whose ranges lie at the edge of the standard ones or
outside of them, to measure how a network does there. docs/phantom.md shows this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Final, TypeVar

from lvzoo.errors import choose
from lvzoo.phantom.draw import Chance, Either, LogUniform, Normal, Number, Poisson, Uniform

Range = TypeVar("Range", Number, Chance, Poisson)


def vary(default: Range, unit: str, reason: str) -> Range:
    """Return a field of `Ranges` that holds its unit and its reason in its metadata."""
    return field(default=default, metadata={"unit": unit, "reason": reason})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranges:
    """The range of each quantity. One value is drawn per patient, or per part of it where the reason says so."""

    # fmt: off
    # The sector on the display
    sector_x_px: Number = vary(Normal(56, 5, 42, 70), "px", "x of the sector's apex; 56 ± 5 in real clips")
    sector_y_px: Number = vary(Uniform(1, 12), "px", "y of the sector's apex; 3 to 10 in real clips")
    half_angle_deg: Number = vary(Normal(43, 6, 30, 55), "degrees",
        "half the opening angle: probes show 60 to 110 degrees, most about 90")
    steer_deg: Number = vary(Normal(0, 2.5, -8, 8), "degrees",
        "rotation of the whole sector: steered beams, a display that is not level")
    first_px: Number = vary(Uniform(1.5, 6), "px",
        "where the beams begin, from the sector's apex: the probe's curvature")
    last_px: Number = vary(Uniform(96, 130), "px",
        "where the beams end; the frame's lower edge cuts them at 99 to 110, depending on `sector_y_px`")
    side_cut: Chance = vary(Chance(0.18), "",
        "clips that are cropped, so that one side of the sector is lost")
    side_cut_px: Number = vary(Uniform(3, 16), "px", "width of the side that is lost")
    cut_left: Chance = vary(Chance(0.5), "", "clips that lose the left side, else the right one")

    # Ventricle and beat
    ejection_fraction: Number = vary(Either(0.78, Normal(60.5, 6, 12, 85), Normal(38, 13, 12, 85)), "%",
        "EchoNet-Dynamic's list: 56 ± 12, skewed to the left")
    log_volume: Number = vary(Normal(0, 0.375, -1.2, 1.4), "ln ml",
        "end-diastolic volume, relative to its regression on the ejection fraction; real: median 82 ml, r -0.49")
    aspect: Number = vary(Normal(1.66, 0.17, 1.25, 2.5), "",
        "length by width, at the mean volume; 0.3 less for each factor e in volume: dilated ventricles are round")
    length_px: Number = vary(Normal(58, 7.5, 40, 76), "px",
        "length of the ventricle in the frame: the depth setting")
    tilt_deg: Number = vary(Normal(17, 10, -18, 45), "degrees",
        "angle of the long axis from the vertical, positive if the base is to the right")
    apex_x_px: Number = vary(Normal(1.5, 4.5, -16, 14), "px",
        "horizontal distance of a point a third down the long axis from the sector's apex")
    apex_depth_px: Number = vary(Uniform(6, 20), "px",
        "distance of the ventricle's apex below the sector's apex: chest wall and lung lie between")
    asymmetry: Number = vary(Normal(0.08, 0.08, -0.15, 0.35), "",
        "how much wider the lateral half is than the mean of both halves, and how much narrower the septal one")
    widest: Number = vary(Either(0.9, Uniform(0.66, 0.92), Uniform(0.5, 0.66)), "of the length",
        "where a wall is farthest from the axis: real ventricles are widest near their base; drawn for each wall")
    curvature: Number = vary(Uniform(1.05, 2.15), "",
        "shape of the walls above the widest place: straight as a cone (1) or curved as an ellipse (2); each wall")
    bluntness: Number = vary(Uniform(1.5, 2.5), "",
        "shape of the apex, from pointed to round; drawn for each wall")
    basal: Number = vary(Either(0.85, Uniform(0.86, 1.0), Uniform(0.68, 0.86)), "of the width",
        "width of the base: cylindrical to spherical; drawn for each wall")
    bow: Number = vary(Normal(0, 0.025, -0.09, 0.09), "of the length", "bow of the long axis: oblique cuts")
    slant: Number = vary(Normal(0, 0.035, -0.14, 0.14), "of the length", "obliqueness of the mitral plane")
    shortening: Number = vary(Normal(0.18, 0.045, 0.04, 0.32), "of the length",
        "loss of length in systole at a normal ejection fraction; real: 0.18 ± 0.06")
    apex_share: Number = vary(Normal(0.36, 0.14, 0.05, 0.65), "of the loss of length",
        "how much of it the apex takes, by moving inwards (real: a third), and not the base")
    apical_contraction: Number = vary(Normal(0.75, 0.25, 0.1, 1.6), "times",
        "narrowing at the apex, relative to the middle; the apex also moves inwards, so the apical third closes most")
    basal_contraction: Number = vary(Normal(0.85, 0.2, 0.3, 1.5), "times",
        "narrowing near the base, relative to the middle")
    annular_contraction: Number = vary(Uniform(0.0, 0.4), "times",
        "narrowing of the mitral annulus, relative to the middle: a ring of fibrous tissue keeps its width")
    regional_scatter: Number = vary(Normal(1, 0.12, 0.6, 1.4), "times",
        "differences between the parts of the walls; drawn for apex, middle and base of each wall")
    wall_fault: Chance = vary(Chance(0.12), "",
        "patients in whom one part of one wall contracts too little, about half as much as it would: infarction")
    fault_lateral: Chance = vary(Chance(0.4), "", "such faults in the lateral wall, else in the septum")
    fault_at: Number = vary(Uniform(0, 3), "", "where such a fault lies: 0 to 1 apex, 1 to 2 middle, 2 to 3 base")
    fault_left: Number = vary(Uniform(-0.25, 0.5), "times",
        "contraction that the faulty part keeps in itself; what its neighbours do spreads into it")
    thickness_mm: Number = vary(Normal(9.5, 1.6, 6, 15), "mm", "thickness of the walls at end-diastole")
    hypertrophied: Chance = vary(Chance(0.12), "", "patients with thick walls")
    hypertrophy: Number = vary(Uniform(1.25, 1.8), "times",
        "how much thicker the walls of these patients are")
    wall_share: Number = vary(Uniform(0.7, 1.3), "times",
        "thickness of a wall relative to `thickness_mm`; drawn for each wall, and 0.9 of it for the septum")
    wall_slope: Number = vary(Uniform(-0.35, 0.35), "times",
        "change of the thickness from apex to base: septal bulge, thin base; drawn for each wall")
    apical_share: Number = vary(Uniform(0.45, 1.15), "times",
        "thickness at the apex, relative to the walls: usually thin, thick in apical hypertrophy")
    wall_unevenness: Number = vary(Uniform(0.04, 0.22), "times", "scatter of the thickness along the walls")
    foreshortened: Chance = vary(Chance(0.12), "",
        "views that miss the true apex: a short, round ventricle with little of the atria")
    foreshortening: Number = vary(Uniform(0.7, 0.92), "times",
        "share of the length that a foreshortened view shows")
    heart_rate_bpm: Number = vary(Normal(70, 13, 42, 120), "beats/min", "heart rate of adults at rest")
    usual_fps: Chance = vary(Chance(0.79), "", "clips of 50 frames/s, as in EchoNet-Dynamic")
    other_fps: Number = vary(Normal(55, 12, 33, 76), "frames/s", "frame rate of the other clips")
    systole: Number = vary(Uniform(0.285, 0.33), "s",
        "time from end-diastole to end-systole; limited to 0.25 to 0.5 of the cycle")
    tension_s: Number = vary(Uniform(0.025, 0.06), "s",
        "isovolumic contraction: the first part of systole, with all valves shut")
    relaxation_s: Number = vary(Uniform(0.05, 0.1), "s",
        "isovolumic relaxation: time from end-systole until the mitral valve opens")
    sway_px: Number = vary(Uniform(0.2, 1.6), "px",
        "amplitude of the sway: breathing, and the hand that holds the probe")
    sway_hz: Number = vary(Uniform(0.15, 0.35), "Hz", "frequency of the sway: breathing")
    sway_angle_deg: Number = vary(Uniform(0, 360), "degrees", "direction of the sway")

    # The other chambers, and what bends the whole picture
    rv_missing: Chance = vary(Chance(0.1), "",
        "off-axis and two-chamber views: tissue on both sides of the ventricle")
    rv_dominant: Chance = vary(Chance(0.1), "", "dilated right hearts, views turned to the right")
    rv_growth: Number = vary(Uniform(1.3, 1.8), "times",
        "how much wider these right ventricles are; they reach the apex")
    rv_width_mm: Number = vary(Uniform(20, 44), "mm", "width of the right ventricle at its base")
    rv_apex: Number = vary(Uniform(0.08, 0.42), "of the length",
        "where the right ventricle begins, counted from the left ventricle's apex")
    la_missing: Chance = vary(Chance(0.1), "",
        "views in front of the left atrium: tissue below the mitral valve")
    la_height_mm: Number = vary(Uniform(26, 52), "mm", "height of the left atrium, normal to dilated")
    la_width_mm: Number = vary(Uniform(30, 52), "mm", "width of the left atrium")
    ra_height_mm: Number = vary(Uniform(26, 50), "mm", "height of the right atrium")
    ra_width_mm: Number = vary(Uniform(26, 48), "mm", "width of the right atrium")
    atria_left: Number = vary(Uniform(0.15, 0.7), "times",
        "share of the atria's height that a foreshortened view shows")
    corner_mm: Number = vary(Normal(0, 4.5, -12, 12), "mm",
        "displacement of each corner of the atria: real ones are not ellipses")
    edge_wobble_mm: Number = vary(Uniform(0.6, 3), "mm",
        "ragged outline of the other chambers: appendage, veins, trabeculae")
    leaflet_mm: Number = vary(Uniform(17, 27), "mm",
        "length of the leaflets of narrow valves; in wide valves it is a share of the annulus")
    echogenicity: Number = vary(Uniform(0.1, 1), "of the brightest",
        "brightness of each leaflet, of each part of the atrial septum, and of the crux")
    strand: Chance = vary(Chance(0.15), "", "patients with a false tendon across the cavity")
    fine_warp_px: Number = vary(Uniform(0.5, 1.8), "px",
        "smooth displacement, over about 20 px: no wall follows a formula")
    coarse_warp_px: Number = vary(Uniform(0.8, 3.6), "px",
        "smooth displacement, over about 60 px: hearts are pushed and turned")
    shear: Number = vary(Normal(0, 0.055, -0.18, 0.18), "px per px", "shear of the heart: oblique cuts")
    bend: Number = vary(Normal(0, 0.09, -0.22, 0.22), "px at 7.5 px",
        "bend of the heart: grows with the square of the distance from the frame's middle")

    # How strongly tissue scatters
    blood_db: Number = vary(Uniform(-60, -40), "dB", "level of the blood: usually black, grey at high gain")
    muscle_db: Number = vary(Uniform(-22, -12), "dB", "level of the septal muscle")
    lateral_db: Number = vary(Uniform(-13, 1), "dB",
        "lateral muscle relative to septal muscle: it lies along the beam and behind the lung")
    apical_db: Number = vary(Uniform(-11, 2), "dB", "apical muscle relative to septal muscle")
    ridge: Number = vary(Uniform(0, 1.6), "times",
        "bright line in the middle of the septum, relative to the muscle around it")
    mottle_db: Number = vary(Uniform(2, 5.5), "dB", "scatter of the muscle's echo along the walls")
    edge_mm: Number = vary(LogUniform(0.9, 5), "mm",
        "width of the transition from muscle to blood: slice thickness, oblique walls")
    endocardium_db: Number = vary(Uniform(-18, 8), "dB",
        "bright line between cavity and muscle, relative to the muscle; mostly absent in real clips")
    pericardium_db: Number = vary(Uniform(-14, 2), "dB",
        "pericardium and lung beside the lateral wall; the wall's surface has 2 dB less, the tissue behind 8 dB less")
    pericardium_mm: Number = vary(Uniform(4, 24), "mm",
        "how far behind the wall they are bright (decay by a factor e)")
    background_db: Number = vary(Uniform(-54, -30), "dB", "level of the other tissue")
    patches_db: Number = vary(Uniform(3, 8), "dB", "scatter of the level of everything around the heart")
    below_db: Number = vary(Uniform(-18, 0), "dB", "tissue below the atria relative to the pericardium")
    below_mm: Number = vary(LogUniform(4, 30), "mm",
        "how far below the atria it is bright (decay by a factor e)")
    rv_blood_db: Number = vary(Uniform(0, 10), "dB",
        "blood of the other chambers relative to the left ventricle's: slices across trabeculae")
    chamber_wall_db: Number = vary(Uniform(-14, 0), "dB",
        "thin walls of the other chambers relative to the muscle")
    valves_db: Number = vary(Uniform(-14, 0), "dB", "level of valves, annulus and crux")
    papillaries: Poisson = vary(Poisson(0.6), "",
        "papillary muscles that stand free in the cavity; readers trace them as cavity")
    papillary_at: Number = vary(Uniform(0.35, 0.65), "of the length",
        "where a papillary muscle stands on its wall")
    papillary_mm: Number = vary(Uniform(3.5, 8), "mm",
        "half length of a papillary muscle; its width is 0.6 of it")
    papillary_db: Number = vary(Uniform(-26, -14), "dB", "level of a papillary muscle")
    papillary_lateral: Chance = vary(Chance(0.8), "",
        "papillary muscles on the lateral wall, else on the septal one")
    trabeculae: Number = vary(Uniform(0.1, 1.3), "",
        "how far trabeculae fray into the cavity, most at the apex")
    septal_layer_mm: Number = vary(Uniform(0, 1.2), "mm",
        "thickness of the trabeculae on the septum, which is smooth; readers trace along their inner border")
    lateral_layer_mm: Number = vary(Uniform(0.4, 3.4), "mm", "thickness of the trabeculae on the lateral wall")
    apical_layer_mm: Number = vary(Uniform(0.8, 5), "mm", "thickness of the trabeculae at the apex, where most are")
    root_mm: Number = vary(Either(0.6, Uniform(0.5, 4), Uniform(0, 0.5)), "mm",
        "how much thicker the layer is where a papillary muscle grows from the lateral wall")
    root_at: Number = vary(Uniform(0.3, 0.65), "of the length", "where on the lateral wall that muscle grows")
    layer_db: Number = vary(Uniform(-16, -1), "dB",
        "level of the trabeculae relative to the muscle: blood lies between them, and the beam smears the wall")
    dropouts: Poisson = vary(Poisson(1.6), "",
        "places where the wall gives no echo, 70 % at apex and lateral wall")
    dropout_at: Number = vary(Either(0.3, Uniform(0.05, 0.4), Uniform(0.45, 0.92)), "of the contour",
        "position of such a place, from the septal annulus")
    dropout_px: Number = vary(Uniform(3, 10), "px", "radius of such a place (SD)")
    dropout_db: Number = vary(Uniform(6, 26), "dB", "loss at such a place")
    lateral_missing: Chance = vary(Chance(0.25), "", "lost lateral walls, as in many real clips")
    apex_missing: Chance = vary(Chance(0.18), "", "apices lost in the near field")
    septum_missing: Chance = vary(Chance(0.04), "", "fading septa; the other walls are then complete")
    missing_db: Number = vary(Uniform(8, 28), "dB", "loss of a lost wall (half of it for the septum)")
    missing_at: Number = vary(Uniform(0.3, 0.7), "of the length", "middle of the lost part of a side wall")
    missing_apex: Number = vary(Uniform(0.15, 0.3), "of the length", "length of the lost part of an apex")

    # The reader
    reader_offset_mm: Number = vary(Normal(0, 0.6, -1.8, 1.8), "mm",
        "how far outside (or inside) of the trabeculae's inner border a reader traces, in all frames alike")

    # The scanner
    axial_px: Number = vary(Either(0.82, LogUniform(0.15, 0.42), Uniform(0.45, 0.75)), "px",
        "pulse length (SD): speckle along the beam")
    lateral_deg: Number = vary(Either(0.82, LogUniform(0.2, 0.7), Uniform(0.8, 1.5)), "degrees",
        "beam width (SD): speckle across the beam, wider with depth")
    texels: Number = vary(Uniform(1.0, 1.8), "per px", "density of scatterers: few of them look grainy")
    fresh: Number = vary(Uniform(0.02, 0.1), "times",
        "share of the speckle that changes from frame to frame: motion through the slice")
    thermal_db: Number = vary(Uniform(-62, -44), "dB", "electronic noise at the probe")
    thermal_slope_db: Number = vary(Uniform(2, 11), "dB",
        "rise of the electronic noise to the end of the beam")
    near_db: Number = vary(Uniform(-36, -8), "dB",
        "near-field clutter at the probe: strong clutter hides the apex, and what lies outside of it is as bright")
    near_px: Number = vary(Uniform(5, 28), "px", "depth over which near-field clutter falls by a factor e")
    veil: Chance = vary(Chance(0.4), "",
        "clips with a veil of clutter over the lateral wall: lung and ribs beside the heart")
    veil_db: Number = vary(Uniform(-44, -20), "dB",
        "level of the veil; a strong one is as bright as the wall, which then no longer stands out")
    veil_at: Number = vary(Uniform(0.25, 0.9), "of the half angle", "its middle, from the middle beam to the right")
    veil_width: Number = vary(Uniform(0.15, 0.4), "of the half angle", "its width (SD)")
    veil_px: Number = vary(LogUniform(25, 120), "px", "depth over which the veil falls by a factor e")
    near_rings: Chance = vary(Chance(0.4), "", "clips with near-field clutter in bands: reverberation")
    ring_px: Number = vary(Uniform(3, 9), "px", "distance between the bands")
    haze_db: Number = vary(Uniform(-64, -41), "dB", "still clutter over the whole sector (haze)")
    haze_patches_db: Number = vary(Uniform(3, 7), "dB", "scatter of the haze's level")
    headroom_db: Number = vary(Normal(2.8, 4.2, -6, 14), "dB",
        "gain: how far the brightest 2 % lie below white; from saturated to nearly black")
    range_db: Number = vary(Uniform(28, 43), "dB", "dynamic range: hard to soft contrast")
    gamma: Number = vary(Uniform(0.9, 1.8), "", "exponent of the display's grey map")
    slope_db: Number = vary(Normal(0, 7, -18, 16), "dB",
        "error of the time-gain compensation: far field relative to near field")
    shadows: Poisson = vary(Poisson(1.3), "", "number of shadows of ribs and lung")
    shadow_at: Number = vary(Uniform(-1, 1), "half angles", "position of a shadow")
    shadow_width: Number = vary(Uniform(0.05, 0.24), "half angles", "width of a shadow (SD)")
    shadow_db: Number = vary(Uniform(4, 22), "dB", "loss in a shadow")
    edge_width: Number = vary(Uniform(0.1, 0.6), "half angles",
        "width of the fading outer beams; drawn for each side")
    edge_db: Number = vary(Uniform(0, 16), "dB", "loss of the outermost beam; drawn for each side")
    sharpening: Number = vary(Uniform(0, 1.4), "times",
        "strength of the edge enhancement, which most machines apply")
    persistence: Number = vary(Uniform(0.4, 0.7), "times", "weight of the previous frames in the picture")

    # The display and the file
    native_px: Number = vary(LogUniform(84, 330), "px",
        "size of the picture before it is resized to 112 x 112: blurred to grainy")
    cubic: Chance = vary(Chance(0.8), "",
        "clips shrunk by cubic interpolation, as EchoNet-Dynamic was, which keeps the grain; else by averaging areas")
    compressed: Chance = vary(Chance(0.5), "", "clips that were JPEGs before they were resized")
    jpeg_quality: Number = vary(Uniform(25, 90), "", "quality of those JPEGs: blocks of 8 px, and ringing")
    mjpg_quality: Number = vary(Uniform(20, 85), "", "JPEG quality of the frames in the file")
    mirrored: Chance = vary(Chance(0), "",
        "displays with the septum on the right, as some laboratories prefer")
    marks: Chance = vary(Chance(0.85), "", "clips with depth marks and the probe's marker")
    text: Chance = vary(Chance(0.15), "", "clips with letters at the frame's border")
    trace: Chance = vary(Chance(0.12), "",
        "clips with a line like an electrocardiogram, not synchronous with the beat")
    outline: Chance = vary(Chance(0.1), "", "clips with the sector's edges drawn as lines")
    mark_level: Number = vary(Uniform(0.3, 1), "of white", "brightness; drawn for each kind of mark")
    mark_step_px: Number = vary(Uniform(6, 14), "px",
        "distance between depth marks: one centimetre at different depth settings")
    marks_on_edge: Chance = vary(Chance(0.3), "",
        "clips with depth marks along the sector's right edge, else in a column")
    mark_column_px: Number = vary(Either(0.8, Uniform(104, 110), Uniform(1, 6)), "px", "x of that column")
    marker_px: Number = vary(Either(0.5, Uniform(-14, -7), Uniform(7, 14)), "px",
        "horizontal distance of the probe's marker from the sector's apex")
    marker_radius_px: Number = vary(Uniform(0.8, 2.3), "px", "radius of the probe's marker")
    text_left: Chance = vary(Chance(0.5), "", "letters on the left, else on the right")
    text_top: Chance = vary(Chance(0.6), "", "letters at the top, else at the bottom")
    text_lines: Poisson = vary(Poisson(1.2), "", "lines of letters after the first one")
    text_letters: Poisson = vary(Poisson(3), "", "letters in a line after the first two")
    text_px: Number = vary(Uniform(0.6, 1.1), "px", "a quarter of a letter's width")
    trace_beat_px: Number = vary(Uniform(22, 60), "px", "distance between two beats of the trace")
    trace_row_px: Number = vary(Uniform(100, 109), "px", "y of the trace")
    trace_px: Number = vary(Uniform(5, 12), "px", "height of the trace")
    # fmt: on


RANGES: Final = Ranges()

SHIFTS: Final[Mapping[str, Ranges]] = MappingProxyType(
    {
        "gain": replace(RANGES, headroom_db=Either(0.5, Uniform(-22, -12), Uniform(10, 16))),
        "depth": replace(RANGES, length_px=Either(0.5, Uniform(30, 37), Uniform(66, 76))),
        "opening-angle": replace(RANGES, half_angle_deg=Either(0.5, Uniform(25, 31), Uniform(53, 62))),
        "anatomy": replace(
            RANGES,
            aspect=Either(0.5, Uniform(1.2, 1.4), Uniform(2.2, 2.7)),
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
        "mirrored": replace(RANGES, mirrored=Chance(1)),
    }
)


def ranges_of(shift: str | None) -> Ranges:
    """Return the standard ranges, or the ranges of a shift.

    Raises:
        UsageError: there is no such shift.
    """
    return RANGES if shift is None else choose(shift, SHIFTS, "shift")


def describe_shift(shift: str) -> Mapping[str, str]:
    """Return the ranges of a shift that differ from the standard ones, in words, by quantity."""
    ranges = SHIFTS[shift]
    return {
        each.name: str(getattr(ranges, each.name))
        for each in fields(ranges)
        if getattr(ranges, each.name) != getattr(RANGES, each.name)
    }
