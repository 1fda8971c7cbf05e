"""The simulated patients: their volumes, their beat, and how readers trace them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.data.phantom.anatomy import Heart, ventricle_contour
from lvzoo.data.phantom.motion import draw_beat, pose_at
from lvzoo.data.phantom.patient import draw_heart
from lvzoo.data.phantom.ranges import RANGES
from lvzoo.data.phantom.reader import disks_volume_px, draw_reader, trace, tracing
from lvzoo.data.phantom.rng import stream
from lvzoo.data.phantom.scan import draw_scan
from lvzoo.data.phantom.warp import Warp
from lvzoo.geometry.contour import join_walls
from lvzoo.geometry.raster import rasterise

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATIENTS = 300


@pytest.fixture(scope="module")
def hearts() -> list[Heart]:
    return [draw_one(index) for index in range(PATIENTS)]


def draw_one(index: int) -> Heart:
    rng = stream(seed=0, split="train", index=index, part="test")
    return draw_heart(rng, draw_scan(rng, RANGES), Warp(rng, RANGES), RANGES)


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def test_the_population_is_that_of_the_real_lists(hearts: list[Heart]) -> None:
    ef = np.array([heart.ejection_fraction for heart in hearts])
    log_edv = np.log([heart.edv_ml for heart in hearts])
    assert ef.mean() == pytest.approx(55.75, abs=2.5)
    assert ef.std() == pytest.approx(12.4, abs=2.5)
    assert log_edv.mean() == pytest.approx(4.41, abs=0.1)
    assert log_edv.std() == pytest.approx(0.44, abs=0.08)
    assert np.corrcoef(ef, log_edv)[0, 1] == pytest.approx(-0.49, abs=0.12)


def test_a_beat_ejects_what_the_ejection_fraction_says(hearts: list[Heart]) -> None:
    for index, heart in enumerate(hearts[:40]):
        beat = draw_beat(stream(seed=0, split="train", index=index, part="test beat"), RANGES)
        volumes_ml = [
            disks_volume_px(ventricle_contour(heart, pose_at(heart, beat, frame))) * heart.mm_per_px**3 / 1000
            for frame in (beat.ed_frame, beat.es_frame)
        ]
        assert volumes_ml[0] == pytest.approx(heart.edv_ml, rel=0.01)
        assert 100 * (1 - volumes_ml[1] / volumes_ml[0]) == pytest.approx(heart.ejection_fraction, abs=2.5)


def test_readers_trace_near_the_truth_but_not_on_it(hearts: list[Heart]) -> None:
    """Against the true contour; the format itself (20 chords, whole pixels) costs about 0.02 of it."""
    agreement: dict[str, list[float]] = {"ED": [], "ES": []}
    for index, heart in enumerate(hearts[:120]):
        rng = stream(seed=0, split="train", index=index, part="test reader")
        beat, reader = draw_beat(rng, RANGES), draw_reader(rng)
        for phase, frame in (("ED", beat.ed_frame), ("ES", beat.es_frame)):
            contour_P2 = ventricle_contour(heart, pose_at(heart, beat, frame))
            traced = tracing(trace(contour_P2, reader, rng, mm_per_px=heart.mm_per_px))
            agreement[phase].append(
                dice(rasterise(contour_P2, (112, 112)), rasterise(traced.polygon_P2, (112, 112)))
            )
    assert np.mean(agreement["ED"]) == pytest.approx(0.955, abs=0.012)
    assert np.mean(agreement["ES"]) == pytest.approx(0.938, abs=0.015)


def test_disks_measure_half_an_ellipsoid() -> None:
    angle = np.linspace(0, np.pi / 2, 400)
    wall_P2 = np.stack([20 * np.sin(angle), 60 - 60 * np.cos(angle)], axis=1)
    contour_P2 = join_walls((wall_P2 * [-1, 1])[::-1], wall_P2)
    assert disks_volume_px(contour_P2) == pytest.approx(2 / 3 * np.pi * 20**2 * 60, rel=0.005)


def test_chords_of_an_oblique_valve_end_on_the_mitral_line() -> None:
    left_P2 = np.array([[-10.0, 30.0], [-10.0, 5.0], [0.0, 0.0]])
    right_P2 = np.array([[0.0, 0.0], [10.0, 5.0], [10.0, 50.0]])
    traced = tracing(join_walls(left_P2, right_P2))
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
