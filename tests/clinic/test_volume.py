from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lvzoo.clinic.outline import RasterRule
from lvzoo.clinic.volume import Size, measure_contour, measure_map, measure_mask, to_ml
from lvzoo.geometry.contour import landmark_stride, spline
from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.clip import draw_scene
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.reader import disks_volume_px
from tests.clinic.figures_volumes import CYLINDERS, TILTS_DEG
from tests.clinic.made_shapes import MadeShape, cover, make_shape

FRAME = (112, 112)
UNCORRECTED: RasterRule = "centres inside"


def off(size: Size, shape: MadeShape) -> float:
    """The error of the volume by disks, in percent."""
    assert size.reason is None
    return 100 * (size.disks_px3 / shape.volume_px3 - 1)


def every_shape(length_px: float, width_px: float) -> list[MadeShape]:
    return [
        make_shape(
            length_px=length_px,
            width_px=width_px,
            cylinder=cylinder,
            tilt_deg=tilt_deg,
            middle_px=(50.1, 60.9),
        )
        for cylinder in CYLINDERS
        for tilt_deg in TILTS_DEG
    ]


@pytest.mark.parametrize(("length_px", "width_px"), [(70, 42), (55, 30), (40, 20), (30, 16)])
def test_a_contour_has_the_volume_of_its_body(length_px: float, width_px: float) -> None:
    for shape in every_shape(length_px, width_px):
        size = measure_contour(shape.contour_P2)
        assert abs(off(size, shape)) < 0.1
        assert size.length_px == pytest.approx(length_px, rel=1e-6)
        assert size.area_px2 == pytest.approx(shape.area_px2, rel=1e-3)


@pytest.mark.parametrize(
    ("length_px", "width_px", "mean", "most", "gained"),
    [(70, 42, 0.5, 2.0, 4.0), (55, 30, 1.0, 2.5, 7.0), (40, 20, 3.0, 6.5, 12.0), (30, 16, 4.0, 7.0, 15.0)],
)
def test_the_border_of_a_mask_runs_half_a_pixel_inside(
    length_px: float, width_px: float, mean: float, most: float, gained: float
) -> None:
    shapes = every_shape(length_px, width_px)
    masks = [rasterise(shape.contour_P2, FRAME) for shape in shapes]
    errors = [off(measure_mask(mask_HW), shape) for mask_HW, shape in zip(masks, shapes, strict=True)]
    assert abs(np.mean(errors)) < mean
    assert max(map(abs, errors)) < most
    # Without the correction, every single volume is too large.
    raw = [
        off(measure_mask(mask_HW, rule=UNCORRECTED), shape)
        for mask_HW, shape in zip(masks, shapes, strict=True)
    ]
    assert min(raw) > gained


@pytest.mark.parametrize(("length_px", "width_px"), [(70, 42), (55, 30), (40, 20), (30, 16)])
def test_masks_of_the_other_rule_and_their_maps_need_no_correction(length_px: float, width_px: float) -> None:
    for shape in every_shape(length_px, width_px)[::4]:
        share_HW = cover(shape.contour_P2)
        assert abs(off(measure_mask(share_HW >= 0.5, rule=UNCORRECTED), shape)) < 3.5
        assert off(measure_mask(share_HW >= 0.5), shape) < -3.5
        map_HW = gaussian_filter(share_HW, 0.8)
        logits_HW = np.log(np.clip(map_HW, 1e-4, 1 - 1e-4) / (1 - np.clip(map_HW, 1e-4, 1 - 1e-4)))
        by_map = measure_map(map_HW, rule=UNCORRECTED)
        by_logits = measure_map(logits_HW.astype(np.float32), level=0, rule=UNCORRECTED)
        assert abs(off(by_map, shape)) < 1.6
        assert by_logits.disks_px3 == pytest.approx(by_map.disks_px3, rel=0.01)


@pytest.mark.parametrize(("length_px", "width_px", "most"), [(70, 42, 1.5), (55, 30, 1.2), (30, 16, 4.0)])
def test_the_border_of_a_map_of_such_masks_runs_inside_too(
    length_px: float, width_px: float, most: float
) -> None:
    rng = np.random.default_rng(0)
    for shape in every_shape(length_px, width_px)[::3]:
        shaken = [rasterise(shape.contour_P2 + rng.normal(0, 0.7, 2), FRAME) for _ in range(60)]
        map_HW = np.mean(shaken, axis=0)
        assert abs(off(measure_map(map_HW), shape)) < most
        assert off(measure_map(map_HW, rule=UNCORRECTED), shape) > 2 * most


def test_the_axis_of_a_mask_follows_its_tilt_and_points_down() -> None:
    for tilt_deg in TILTS_DEG:
        shape = make_shape(tilt_deg=tilt_deg)
        for size, most_deg in (
            (measure_contour(shape.contour_P2), 1e-4),
            (measure_mask(rasterise(shape.contour_P2, FRAME)), 1.0),
        ):
            assert size.axis
            x, y = size.axis.direction
            assert abs(math.degrees(math.atan2(x, y)) - tilt_deg) < most_deg


def test_a_mask_ignores_small_pieces_and_holes() -> None:
    mask_HW = rasterise(make_shape().contour_P2, FRAME)
    whole = measure_mask(mask_HW)
    mask_HW[50:53, 55:58] = False
    mask_HW[2:10, 2:10] = True
    assert measure_mask(mask_HW) == whole


def test_area_and_length_give_the_volume_of_half_an_ellipsoid() -> None:
    shape = make_shape(cylinder=0.0)
    assert measure_contour(shape.contour_P2).area_length_px3 == pytest.approx(shape.volume_px3, rel=2e-3)


def test_millilitres_need_the_size_of_a_pixel() -> None:
    mask_HW = rasterise(make_shape().contour_P2, FRAME)
    size = measure_mask(mask_HW, mm_per_px=1.5)
    assert size.disks_ml == pytest.approx(size.disks_px3 * 1.5**3 / 1000)
    assert size.area_length_ml == pytest.approx(size.area_length_px3 * 1.5**3 / 1000)
    assert measure_mask(mask_HW).disks_ml is None
    assert to_ml(1000.0, 1.0) == 1.0


def one_pixel_line() -> Size:
    mask_HW = np.zeros(FRAME, dtype=np.bool_)
    mask_HW[10:60, 40] = True
    return measure_mask(mask_HW)


@pytest.mark.parametrize(
    "size",
    [
        measure_mask(np.zeros(FRAME, dtype=np.bool_)),
        measure_mask(np.eye(112, dtype=np.bool_)[:, ::-1] & (np.arange(112) < 12)),
        one_pixel_line(),
        measure_map(np.zeros(FRAME, dtype=np.float32)),
        measure_map(np.full(FRAME, np.nan)),
        measure_map(np.pad(np.ones((4, 4)), 54)),
        measure_contour(np.zeros((7, 2))),
        measure_contour(np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]])),
        measure_contour(np.zeros((0, 2))),
        measure_contour(np.array([[0.0, 50.0], [40.0, 50.0], [20.0, 50.0]])),
    ],
    ids=["empty", "tiny", "line", "empty map", "nan", "small map", "point", "nan point", "no points", "flat"],
)
def test_what_has_no_volume_has_a_reason(size: Size) -> None:
    assert size.reason
    assert all(
        math.isnan(each) for each in (size.area_px2, size.length_px, size.disks_px3, size.area_length_px3)
    )
    assert size.axis is None
    assert size.disks_ml is None


def test_a_mask_at_the_edge_of_the_frame_is_measured() -> None:
    shape = make_shape(middle_px=(8.0, 30.0))
    mask_HW = rasterise(shape.contour_P2, FRAME)
    assert mask_HW[:, 0].any()
    whole, cut = (
        measure_mask(rasterise(shape.contour_P2 + np.array([40.0, 0.0]), FRAME)),
        measure_mask(mask_HW),
    )
    assert 0.5 * whole.disks_px3 < cut.disks_px3 < whole.disks_px3
    by_map = measure_map(mask_HW.astype(np.float32), rule=UNCORRECTED)
    assert by_map.area_px2 == pytest.approx(measure_mask(mask_HW, rule=UNCORRECTED).area_px2, rel=1e-6)
    assert measure_mask(np.ones(FRAME, dtype=np.bool_)).area_px2 == pytest.approx(111 * 111)


def test_true_contours_of_simulated_patients_have_the_phantoms_own_volume() -> None:
    for index in range(6):
        scene = draw_scene(seed=3, split="test", index=index)
        poses = [
            pose_at(scene.heart, scene.beat, frame) for frame in (scene.beat.ed_frame, scene.beat.es_frame)
        ]
        efs = []
        for contour_P2 in scene.contours_at(poses):
            true = disks_volume_px(contour_P2)
            assert measure_contour(contour_P2).disks_px3 == pytest.approx(true, rel=1e-6)
            by_mask = measure_mask(rasterise(contour_P2, FRAME)).disks_px3
            efs.append((true, by_mask))
            assert by_mask == pytest.approx(true, rel=0.12)
        (ed, ed_mask), (es, es_mask) = efs
        assert abs(es_mask / ed_mask - es / ed) < 0.05


def test_landmarks_use_their_own_apex_and_annulus() -> None:
    scene = draw_scene(seed=3, split="test", index=0)
    contour_P2 = scene.contours_at([pose_at(scene.heart, scene.beat, scene.beat.ed_frame)])[0]
    landmarks_K2 = contour_P2[:: landmark_stride(7)]
    size = measure_contour(spline(landmarks_K2), apex_2=landmarks_K2[3])
    assert size.axis
    assert np.allclose(size.axis.apex_px, contour_P2[60])
    assert np.allclose(size.axis.base_px, (contour_P2[0] + contour_P2[-1]) / 2)
    assert size.disks_px3 == pytest.approx(disks_volume_px(contour_P2), rel=0.05)
