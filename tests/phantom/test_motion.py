"""The beat of phantom-v3: regional contraction, isovolumic phases, readers' offsets, mirrored displays, the veil."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.anatomy import SIDES, Heart, Pose, Side, spread_parts, ventricle_contour
from lvzoo.phantom.clip import Scene, draw_scene, simulate
from lvzoo.phantom.draw import Chance, Poisson, Uniform
from lvzoo.phantom.imaging import Scanner
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.ranges import RANGES, SHIFTS, Ranges
from lvzoo.phantom.reader import disks_volume_px, draw_reader, trace
from lvzoo.phantom.rng import stream
from lvzoo.phantom.scan import POLAR, draw_scan
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.geometry.contour import Tracing

PATIENTS = 40
BASE, MIDDLE = np.array(1.0), np.array(0.5)


def scenes(ranges: Ranges = RANGES) -> list[Scene]:
    return [draw_scene(seed=5, split="train", index=index, ranges=ranges) for index in range(PATIENTS)]


def volumes_px3(scene: Scene) -> NDArray[np.float64]:
    """Return the volume of the regular heart in every frame, px^3."""
    poses = [pose_at(scene.heart, scene.beat, frame) for frame in range(scene.beat.frames)]
    return np.array([disks_volume_px(ventricle_contour(scene.heart, pose)) for pose in poses])


def ed_and_es(scene: Scene) -> tuple[Pose, Pose]:
    ed, es = (pose_at(scene.heart, scene.beat, frame) for frame in (scene.beat.ed_frame, scene.beat.es_frame))
    return ed, es


def widths_px(heart: Heart, pose: Pose, along: NDArray[np.floating]) -> float:
    return sum(float(heart.half_width_at(pose, side, along)) for side in SIDES)


def test_no_frame_has_a_smaller_volume_than_es_or_a_larger_one_than_ed() -> None:
    for scene in scenes():
        volumes = volumes_px3(scene)
        assert volumes[scene.beat.es_frame] <= volumes.min() * (1 + 1e-6)
        assert volumes[scene.beat.ed_frame] >= volumes.max() * (1 - 1e-6)


def test_the_volume_stands_still_while_all_valves_are_shut() -> None:
    for scene in scenes():
        beat = scene.beat
        frames_per_cycle = beat.fps * 60 / beat.heart_rate_bpm
        tense = beat.ed_frame + int(beat.tension * frames_per_cycle)
        relaxed = beat.ed_frame + int((beat.systole + beat.relaxation) * frames_per_cycle)
        assert relaxed > beat.es_frame, "the phase is at least a frame long"
        for first, last in ((beat.ed_frame, tense), (beat.es_frame, relaxed)):
            moved = np.ptp([beat.contraction(frame) for frame in range(first, last + 1)])
            assert moved < 1e-9
            assert [beat.opening(frame) for frame in range(first, last + 1)] == [0.0] * (last + 1 - first)
        assert beat.contraction(relaxed + 2) < 1, "then the ventricle fills"


def test_the_annulus_keeps_its_width_while_the_walls_narrow() -> None:
    kept = []
    for scene in scenes():
        ed, es = ed_and_es(scene)
        kept.append(
            [widths_px(scene.heart, es, at) / widths_px(scene.heart, ed, at) for at in (BASE, MIDDLE)]
        )
    annulus, middle = np.array(kept).T
    assert annulus.min() > 0.75
    assert annulus.mean() > middle.mean() + 0.15


def test_the_apex_takes_its_share_of_the_shortening() -> None:
    for share in (0.1, 0.6):
        for scene in scenes(replace(RANGES, apex_share=Uniform(share, share), sway_px=Uniform(0, 0))):
            ed, es = ed_and_es(scene)
            moved = float(np.linalg.norm(es.apex_px - ed.apex_px))
            assert moved == pytest.approx(share * (ed.length_px - es.length_px))


@pytest.mark.parametrize("side", SIDES)
def test_a_faulty_wall_moves_too_little_and_the_rest_ejects_the_volume(side: Side) -> None:
    other: Side = 1 if side < 0 else -1
    faulty: dict[str, Any] = {
        "wall_fault": Chance(1),
        "fault_lateral": Chance(float(side > 0)),
        "fault_at": Uniform(1, 1.99),
        "fault_left": Uniform(-0.25, -0.25),
    }
    healthy = replace(RANGES, wall_fault=Chance(0))
    left = []
    for sick, well in zip(scenes(replace(RANGES, **faulty)), scenes(healthy), strict=True):
        _, es = ed_and_es(sick)
        _, usual = ed_and_es(well)
        assert es.kept(other, MIDDLE) < usual.kept(other, MIDDLE)
        assert es.narrowing_24.max() <= 0.9 + 1e-9
        left.append(float((1 - es.kept(side, MIDDLE)) / (1 - usual.kept(side, MIDDLE))))
    assert 0.3 < np.median(left) < 0.7, "about half of the contraction"


def test_the_parts_of_a_wall_are_the_ends_of_a_smooth_curve() -> None:
    parts_4 = np.array([0.4, 0.3, 0.2, 0.1])
    along = np.linspace(0, 1, 101)
    spread = spread_parts(parts_4, along)
    assert (spread[0], spread[-1]) == (pytest.approx(0.4), pytest.approx(0.1))
    assert np.abs(np.diff(spread, 2)).max() < 1e-3
    assert spread_parts(np.ones(4), along) == pytest.approx(1)


def test_a_reader_with_an_offset_traces_that_far_outside() -> None:
    def traced(scene: Scene, offset_mm: float) -> NDArray[np.float64]:
        rng = stream(seed=5, split="train", index=0, part="test")
        ranges = replace(RANGES, reader_offset_mm=Uniform(offset_mm, offset_mm))
        contour_P2 = scene.contours_at([Pose.at_rest(scene.heart)])[0]
        return trace(contour_P2, draw_reader(rng, ranges), rng, mm_per_px=scene.heart.mm_per_px)

    for scene in scenes():
        usual_P2, outer_P2 = traced(scene, 0.0), traced(scene, 1.0)
        moved_mm = scene.heart.mm_per_px * np.linalg.norm(outer_P2 - usual_P2, axis=1)
        assert moved_mm == pytest.approx(1.0)
        assert disks_volume_px(outer_P2) > disks_volume_px(usual_P2)


def test_a_mirrored_display_mirrors_picture_contour_and_tracing() -> None:
    usual = simulate(seed=5, split="test", index=0)
    mirrored = simulate(seed=5, split="test", index=0, ranges=SHIFTS["mirrored"])
    bare: dict[str, Any] = {
        **dict.fromkeys(("marks", "text", "trace", "outline", "compressed"), Chance(0)),
        "native_px": Uniform(112, 112),
    }
    plain, flipped = (
        simulate(seed=5, split="test", index=0, ranges=replace(ranges, **bare))
        for ranges in (RANGES, SHIFTS["mirrored"])
    )
    assert (flipped.frames_NHW == plain.frames_NHW[..., ::-1]).all()
    assert not (mirrored.frames_NHW == usual.frames_NHW[..., ::-1]).all(), "letters are not mirrored"
    last = FRAME_SIZE_HW[1] - 1
    assert mirrored.contours_NP2[..., 0] == pytest.approx(last - usual.contours_NP2[:, ::-1, 0])
    assert mirrored.scan.apex_px[0] == pytest.approx(last - usual.scan.apex_px[0])
    assert (mirrored.contours_NP2[:, 0, 0] < mirrored.contours_NP2[:, -1, 0]).all(), "left to right"

    def mask(tracing: Tracing) -> NDArray[np.bool_]:
        return rasterise(tracing.polygon_P2, FRAME_SIZE_HW)

    # The reader's scatter is drawn along the contour from left to right, so it differs.
    one, other = mask(mirrored.ed), mask(usual.ed)[:, ::-1]
    assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.9
    assert (mirrored.ed.chords_R22[:, 0, 0] <= mirrored.ed.chords_R22[:, 1, 0]).all()


def test_an_unmirrored_scan_is_displayed_as_it_is() -> None:
    scan = scenes()[0].scan
    assert scan.as_displayed() is scan
    mirrored = replace(scan, mirrored=True).as_displayed()
    assert not mirrored.mirrored
    points_P2 = np.array([[40.0, 60.0], [70.0, 80.0], [5.0, 100.0]])
    flipped_P2 = np.column_stack([FRAME_SIZE_HW[1] - 1 - points_P2[:, 0], points_P2[:, 1]])
    assert (mirrored.shows(flipped_P2) == scan.shows(points_P2)).all()


def test_a_strong_veil_hides_the_wall_on_the_lateral_side_only() -> None:
    """A bright stripe across all beams stands out, except where the veil lies over it and what is beside it."""
    veil: dict[str, Any] = {
        "veil_db": Uniform(-10, -10),
        "veil_at": Uniform(0.6, 0.6),
        "veil_width": Uniform(0.15, 0.15),
        "veil_px": Uniform(500, 500),
    }
    still: dict[str, Any] = {
        **dict.fromkeys(("near_db", "haze_db", "thermal_db"), Uniform(-90, -90)),
        **dict.fromkeys(("slope_db", "edge_db"), Uniform(0, 0)),
        "shadows": Poisson(0),
        "steer_deg": Uniform(0, 0),
        "side_cut": Chance(0),
    }
    ratio = {}
    for present in (True, False):
        ranges = replace(RANGES, veil=Chance(float(present)), **veil, **still)
        rng = stream(seed=5, split="train", index=0, part="scan")
        scan = draw_scan(rng, ranges)
        echo = np.full(POLAR, 0.003, np.float32)
        stripe = slice(POLAR[0] // 3, POLAR[0] // 2)
        echo[stripe] = 0.1
        frame_HW = Scanner(rng, scan, ranges).make_frame(echo, scan.grid_px).astype(float)
        y, x = np.mgrid[: FRAME_SIZE_HW[0], : FRAME_SIZE_HW[1]]
        beam, depth, outside = scan.beams_at(x.astype(float), y.astype(float))
        for name, angle in (("veiled", 0.6), ("opposite", -0.6)):
            near = ~outside & (np.abs(2 * beam / (POLAR[1] - 1) - 1 - angle) < 0.1)
            on = near & (depth > stripe.start + 8) & (depth < stripe.stop - 8)
            beside = near & (depth > stripe.stop + 8) & (depth < stripe.stop + 40)
            ratio[present, name] = frame_HW[beside].mean() / frame_HW[on].mean()
    assert ratio[True, "veiled"] > 0.85
    assert max(ratio[False, "veiled"], ratio[True, "opposite"], ratio[False, "opposite"]) < 0.3
