"""The simulated patients: their volumes, their beat, and how readers trace them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from lvzoo.geometry.contour import join_walls
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.ventricle import MM3_PER_ML
from lvzoo.phantom.anatomy import SIDES, Heart, Pose, ventricle_contour
from lvzoo.phantom.motion import Beat, draw_beat, pose_at
from lvzoo.phantom.patient import DEPTHS_MM, SHOWN_SHARE, draw_heart
from lvzoo.phantom.ranges import RANGES, SHIFTS, Ranges, ranges_of
from lvzoo.phantom.reader import disks_volume_px, draw_reader, make_tracing, trace
from lvzoo.phantom.rng import stream
from lvzoo.phantom.scan import Scan, draw_scan
from lvzoo.phantom.warp import Warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATIENTS = 600


class Patient(NamedTuple):
    """One patient without pictures: what the lists need."""

    heart: Heart
    scan: Scan
    warp: Warp
    beat: Beat

    def contour_P2(self, frame: int) -> NDArray[np.float64]:
        """Return the true contour of a frame, as it is written."""
        return self.warp.move(ventricle_contour(self.heart, pose_at(self.heart, self.beat, frame)))

    def volume_ml(self, frame: int) -> float:
        """Return the volume of a frame, as it is written."""
        return disks_volume_px(self.contour_P2(frame)) * self.heart.mm_per_px**3 / MM3_PER_ML


def draw_one(index: int, ranges: Ranges = RANGES) -> Patient:
    rng = stream(seed=0, split="train", index=index, part="test")
    scan, warp = draw_scan(rng, ranges), Warp(rng, ranges)
    return Patient(draw_heart(rng, scan, warp, ranges), scan, warp, draw_beat(stream_of_beat(index), ranges))


def stream_of_beat(index: int) -> np.random.Generator:
    return stream(seed=0, split="train", index=index, part="test beat")


@pytest.fixture(scope="module")
def patients() -> list[Patient]:
    return [draw_one(index) for index in range(PATIENTS)]


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def test_the_written_population_is_that_of_the_real_lists(patients: list[Patient]) -> None:
    volumes_ml = np.array(
        [[each.volume_ml(frame) for frame in (each.beat.ed_frame, each.beat.es_frame)] for each in patients]
    )
    ef, log_edv = 100 * (1 - volumes_ml[:, 1] / volumes_ml[:, 0]), np.log(volumes_ml[:, 0])
    assert ef.mean() == pytest.approx(55.75, abs=2)
    assert ef.std() == pytest.approx(12.4, abs=1.5)
    assert np.exp(np.median(log_edv)) == pytest.approx(82, abs=6)
    assert log_edv.std() == pytest.approx(0.44, abs=0.05)
    assert np.corrcoef(ef, log_edv)[0, 1] == pytest.approx(-0.49, abs=0.08)


def test_the_contour_holds_the_volume_that_was_drawn(patients: list[Patient]) -> None:
    """The warped contour holds it too; only a foreshortened view, which shows less of its ventricle, holds less."""
    held = np.array([each.volume_ml(each.beat.ed_frame) / each.heart.edv_ml for each in patients])
    assert held.max() < 1.06
    assert np.mean(held > 0.97) == pytest.approx(1 - RANGES.foreshortened.share, abs=0.05)
    assert held.min() < 0.8
    assert (held > 0.4).all()


def test_a_beat_ejects_what_the_ejection_fraction_says(patients: list[Patient]) -> None:
    differences = []
    for each in patients[:100]:
        heart, beat = each.heart, each.beat
        regular_px3 = [
            disks_volume_px(ventricle_contour(heart, pose_at(heart, beat, frame)))
            for frame in (beat.ed_frame, beat.es_frame)
        ]
        differences.append(100 * (1 - regular_px3[1] / regular_px3[0]) - heart.ejection_fraction)
    # Only where walls would touch is the contraction limited, and the ejection fraction is then lower.
    assert np.mean(np.abs(differences) <= 2.5) >= 0.95
    assert np.median(np.abs(differences)) < 1


@pytest.mark.parametrize("shift", [None, *SHIFTS])
def test_every_ventricle_is_on_the_picture_at_a_depth_that_machines_show(shift: str | None) -> None:
    for index in range(150):
        each = draw_one(index, ranges_of(shift))
        rest_P2 = each.warp.move(ventricle_contour(each.heart, Pose.at_rest(each.heart)))
        assert each.scan.shows(rest_P2).mean() >= SHOWN_SHARE, index
        assert each.scan.shows(each.contour_P2(each.beat.ed_frame)).mean() >= 0.9, "breathing hides little"
        least, most = DEPTHS_MM
        assert least - 1 <= each.scan.visible_px * each.heart.mm_per_px <= most + 1, index


def test_readers_trace_near_the_truth_but_not_on_it(patients: list[Patient]) -> None:
    """Dice against the true contour; the format itself (20 chords, whole pixels) costs about 0.02."""
    agreement: dict[str, list[float]] = {"ED": [], "ES": []}
    for index, each in enumerate(patients[:120]):
        rng = stream(seed=0, split="train", index=index, part="test reader")
        reader = draw_reader(rng, RANGES)
        for phase, frame in (("ED", each.beat.ed_frame), ("ES", each.beat.es_frame)):
            contour_P2 = each.contour_P2(frame)
            traced = make_tracing(trace(contour_P2, reader, rng, mm_per_px=each.heart.mm_per_px))
            agreement[phase].append(
                dice(rasterise(contour_P2, (112, 112)), rasterise(traced.polygon_P2, (112, 112)))
            )
    assert np.mean(agreement["ED"]) == pytest.approx(0.952, abs=0.006)
    assert np.mean(agreement["ES"]) == pytest.approx(0.939, abs=0.006)


def test_disks_measure_half_an_ellipsoid() -> None:
    angle = np.linspace(0, np.pi / 2, 400)
    wall_P2 = np.stack([20 * np.sin(angle), 60 - 60 * np.cos(angle)], axis=1)
    contour_P2 = join_walls((wall_P2 * [-1, 1])[::-1], wall_P2)
    assert disks_volume_px(contour_P2) == pytest.approx(2 / 3 * np.pi * 20**2 * 60, rel=0.005)


def test_chords_of_an_oblique_valve_end_on_the_mitral_line() -> None:
    left_P2 = np.array([[-10.0, 30.0], [-10.0, 5.0], [0.0, 0.0]])
    right_P2 = np.array([[0.0, 0.0], [10.0, 5.0], [10.0, 50.0]])
    traced = make_tracing(join_walls(left_P2, right_P2))
    lowest = np.linalg.norm(traced.chords_R22[-1, 1] - traced.chords_R22[-1, 0])
    assert 0 < lowest < 5
    assert len(traced.chords_R22) == 20


def test_a_warp_is_undone() -> None:
    warp = Warp(stream(seed=0, split="train", index=0, part="warp"), RANGES)
    y, x = np.mgrid[0:112:7, 0:112:7].astype(np.float32)
    regular = np.stack(warp.undo(x, y), axis=-1).reshape(-1, 2)
    display = np.stack([x, y], axis=-1).reshape(-1, 2)
    assert np.abs(regular - display).max() > 0.5
    assert warp.move(regular) == pytest.approx(display, abs=0.1)


def test_the_annulus_lies_at_the_ends_of_the_walls(patients: list[Patient]) -> None:
    for each in patients[:40]:
        pose = pose_at(each.heart, each.beat, each.beat.es_frame)
        ends = [float(each.heart.half_width_at(pose, side, np.array(1.0))) for side in SIDES]
        assert each.heart.annulus_px(pose) == (-ends[0], ends[1])
