"""The ventricles that the phantom's readers trace have the shape of those in nine real clips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.data.shapes import REAL_SHAPES, Shapes, summarise_shapes
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.shape import measure_shape
from lvzoo.phantom.clip import draw_scene
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.ranges import RANGES
from lvzoo.phantom.reader import draw_reader, make_tracing, trace
from lvzoo.phantom.rng import stream
from lvzoo.phantom.statistics import statistics_of_phantom
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PATIENTS = 150


def trace_patient(index: int) -> list[NDArray[np.bool_]]:
    """Return the masks of a reader's tracings of ED and ES, as `simulate` draws them, without the pictures."""
    scene = draw_scene(seed=0, split="train", index=index)
    readings = stream(seed=0, split="train", index=index, part="reader")
    reader = draw_reader(readings, RANGES)
    poses = [pose_at(scene.heart, scene.beat, frame) for frame in (scene.beat.ed_frame, scene.beat.es_frame)]
    tracings = [
        make_tracing(trace(contour_P2, reader, readings, mm_per_px=scene.heart.mm_per_px))
        for contour_P2 in scene.contours_at(poses)
    ]
    return [rasterise(tracing.polygon_P2, FRAME_SIZE_HW) for tracing in tracings]


def measure(patients: int) -> Shapes:
    measured = {str(index): measure_shape(*trace_patient(index)) for index in range(patients)}
    return summarise_shapes(measured, source="phantom", origin="tracings", synthetic=measured.keys())


def test_the_means_lie_within_one_sd_of_real_tracings() -> None:
    shapes = measure(PATIENTS)
    assert shapes.videos == PATIENTS
    assert {
        each.name: (round(each.mean, 3), REAL_SHAPES[each.name])
        for each in shapes.statistics
        if each.as_real is False
    } == {}
    assert {each.name for each in shapes.statistics if each.as_real} == set(REAL_SHAPES)


def test_the_command_measures_the_tracings_of_the_simulated_clips() -> None:
    [shapes] = statistics_of_phantom(patients=3).shapes
    assert (shapes.videos, shapes.synthetic_videos, shapes.origin) == (3, 3, "tracings")
    assert shapes.statistics == measure(3).statistics
