"""From chords to landmarks and back: each landmark stays at its anatomical place, and the curve keeps its shape."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.interpolate import make_interp_spline

from lvzoo.errors import UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.contour import (
    Tracing,
    find_normals,
    join_walls,
    landmark_stride,
    open_contour,
    repair_sides,
    resample,
    spline,
)
from lvzoo.geometry.raster import rasterise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.geometry.conftest import DrawVentricle

SIZE_HW = (112, 112)


def landmarks(tracing: Tracing, count: int) -> NDArray[np.float32]:
    return open_contour(tracing).points_P2[:: landmark_stride(count)]


def overlap(one_HW: NDArray[np.bool_], other_HW: NDArray[np.bool_]) -> float:
    return float(dice_N(one_HW[None], other_HW[None])[0])


def mirror(tracing: Tracing) -> Tracing:
    """Return the tracing of the flipped frame."""

    def flip(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([SIZE_HW[1] - 1 - points[..., 0], points[..., 1]], axis=-1)

    return Tracing(axis_22=flip(tracing.axis_22), chords_R22=flip(tracing.chords_R22))


# --- the open contour -----------------------------------------------------------------------------------------


def test_the_contour_runs_from_the_left_annulus_over_the_apex_to_the_right(
    draw_ventricle: DrawVentricle,
) -> None:
    tracing = draw_ventricle()
    contour = open_contour(tracing)
    assert contour.points_P2.shape == (121, 2)
    assert contour.points_P2.dtype == np.float32
    assert contour.points_P2[0] == pytest.approx(tracing.chords_R22[-1, 0], abs=1e-4)
    assert contour.points_P2[60] == pytest.approx(tracing.axis_22[0], abs=1e-4)
    assert contour.points_P2[120] == pytest.approx(tracing.chords_R22[-1, 1], abs=1e-4)
    assert contour.points_P2[0, 0] < contour.points_P2[120, 0]
    assert (contour.swapped_chords, contour.apex_at_base) == (0, False)


def test_each_wall_is_cut_into_equal_arc_lengths() -> None:
    left_P2 = np.array([[0.0, 60.0], [0.0, 0.0]])
    right_P2 = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 90.0]])
    contour_P2 = join_walls(left_P2, right_P2)
    steps = np.linalg.norm(np.diff(contour_P2, axis=0), axis=1)
    assert steps[:60] == pytest.approx(np.full(60, 1.0))
    assert steps[60:] == pytest.approx(np.full(60, 2.0))


def test_chords_whose_ends_are_swapped_are_turned_and_counted(draw_ventricle: DrawVentricle) -> None:
    tracing = draw_ventricle()
    muddled_R22 = tracing.chords_R22.copy()
    muddled_R22[[3, 11, 12]] = muddled_R22[[3, 11, 12], ::-1]
    mended = open_contour(dataclasses.replace(tracing, chords_R22=muddled_R22))
    assert mended.swapped_chords == 3
    assert np.array_equal(mended.points_P2, open_contour(tracing).points_P2)


def test_the_wall_that_the_file_names_first_does_not_matter(draw_ventricle: DrawVentricle) -> None:
    tracing = draw_ventricle()
    turned = open_contour(dataclasses.replace(tracing, chords_R22=tracing.chords_R22[:, ::-1]))
    assert np.array_equal(turned.points_P2, open_contour(tracing).points_P2)
    assert turned.swapped_chords == 0


def test_chords_that_run_towards_the_apex_are_read_backwards_and_told(draw_ventricle: DrawVentricle) -> None:
    tracing = draw_ventricle()
    upwards = open_contour(dataclasses.replace(tracing, chords_R22=tracing.chords_R22[::-1]))
    assert upwards.apex_at_base
    assert np.array_equal(upwards.points_P2, open_contour(tracing).points_P2)


def test_the_end_of_the_axis_that_is_higher_up_is_the_apex(draw_ventricle: DrawVentricle) -> None:
    tracing = draw_ventricle()
    turned = open_contour(dataclasses.replace(tracing, axis_22=tracing.axis_22[::-1]))
    assert np.array_equal(turned.points_P2, open_contour(tracing).points_P2)


def test_repairing_leaves_the_files_own_chords_alone(draw_ventricle: DrawVentricle) -> None:
    chords_R22 = draw_ventricle().chords_R22
    before = chords_R22.copy()
    repair_sides(chords_R22[:, ::-1])
    assert np.array_equal(chords_R22, before)


def test_the_reference_polygon_follows_the_file_even_where_a_chord_is_swapped() -> None:
    chords_R22 = np.array([[[4.0, 1.0], [6.0, 1.0]], [[8.0, 5.0], [2.0, 5.0]]])  # the second is swapped
    tracing = Tracing(axis_22=np.array([[5.0, 0.0], [5.0, 6.0]]), chords_R22=chords_R22)
    assert tracing.polygon_P2.tolist() == [[4, 1], [8, 5], [2, 5], [6, 1]]


def test_points_at_one_place_can_be_resampled() -> None:
    assert resample(np.full((3, 2), 7.0), 4).tolist() == [[7.0, 7.0]] * 4


# --- landmarks ------------------------------------------------------------------------------------------------


def test_seven_landmarks_are_annulus_wall_wall_apex_wall_wall_annulus(draw_ventricle: DrawVentricle) -> None:
    tracing = draw_ventricle()
    points_K2 = landmarks(tracing, 7)
    apex_2, base_2 = tracing.axis_22
    down_2 = (base_2 - apex_2) / np.linalg.norm(base_2 - apex_2)
    depth_K = (points_K2 - apex_2) @ down_2
    assert depth_K[:4].tolist() == sorted(depth_K[:4], reverse=True)
    assert depth_K[3:].tolist() == sorted(depth_K[3:])
    assert points_K2[3] == pytest.approx(apex_2, abs=1e-4)
    side_K = (points_K2 - apex_2) @ np.array([down_2[1], -down_2[0]])
    assert (side_K[:3] < -5).all()
    assert (side_K[4:6] > 5).all()


@pytest.mark.parametrize("count", [5, 7, 9, 13, 21])
def test_a_flipped_frame_has_the_same_landmarks_in_reverse(count: int, draw_ventricle: DrawVentricle) -> None:
    """Index k becomes K - 1 - k: the left annulus of the flipped frame is the right annulus of the original."""
    tracing = draw_ventricle(1)
    points_K2, flipped_K2 = landmarks(tracing, count), landmarks(mirror(tracing), count)
    assert len(points_K2) == count
    assert flipped_K2[::-1, 0] == pytest.approx(SIZE_HW[1] - 1 - points_K2[:, 0], abs=1e-3)
    assert flipped_K2[::-1, 1] == pytest.approx(points_K2[:, 1], abs=1e-3)


@pytest.mark.parametrize("count", [1, 2, 4, 6, 8, 15, 122])
def test_a_number_of_landmarks_that_cannot_be_spread_evenly_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=rf"^{count} landmarks cannot .*; use one of 3, 5, 7, 9, 11, 13, 21"):
        landmark_stride(count)


# --- the curve ------------------------------------------------------------------------------------------------


def test_the_curve_is_the_natural_spline_over_the_root_of_the_distance(draw_ventricle: DrawVentricle) -> None:
    points_K2 = landmarks(draw_ventricle(2), 7).astype(np.float64)
    knots = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points_K2, axis=0), axis=1) ** 0.5)])
    oracle = make_interp_spline(knots, points_K2, k=3, bc_type="natural")
    curve_P2 = spline(points_K2)
    assert curve_P2 == pytest.approx(oracle(np.linspace(0, knots[-1], len(curve_P2))), abs=1e-9)


def test_the_curve_passes_the_landmarks_and_is_finer_than_a_pixel(draw_ventricle: DrawVentricle) -> None:
    points_K2 = landmarks(draw_ventricle(3), 7)
    curve_P2 = spline(points_K2)
    assert curve_P2[0] == pytest.approx(points_K2[0])
    assert curve_P2[-1] == pytest.approx(points_K2[-1])
    steps = np.linalg.norm(np.diff(curve_P2, axis=0), axis=1)
    assert steps.max() < 2.0
    distance_KP = np.linalg.norm(points_K2[:, None] - curve_P2[None], axis=2)
    assert distance_KP.min(axis=1).max() < 1.0


def test_landmarks_that_coincide_do_not_break_the_curve() -> None:
    points_K2 = np.array([[10.0, 50.0], [10.0, 50.0], [20.0, 10.0], [30.0, 50.0], [30.0, 50.0]])
    assert np.isfinite(spline(points_K2)).all()
    assert spline(points_K2) == pytest.approx(spline(points_K2[[0, 2, 3]]))


def test_fewer_than_three_places_are_joined_by_a_straight_line() -> None:
    assert spline(np.full((7, 2), 5.0)).tolist() == [[5.0, 5.0]]
    assert spline(np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]])).tolist() == [[1.0, 2.0], [3.0, 4.0]]


# --- there and back -------------------------------------------------------------------------------------------


def test_landmarks_give_the_mask_back_and_no_other_reading_of_them_does(
    draw_ventricle: DrawVentricle,
) -> None:
    for number in range(8):
        tracing = draw_ventricle(number)
        reference_HW = rasterise(tracing.polygon_P2, SIZE_HW)
        points_K2 = landmarks(tracing, 7)
        assert overlap(rasterise(spline(points_K2), SIZE_HW), reference_HW) > 0.93
        wrong = {
            "x and y swapped": points_K2[:, ::-1],
            "both walls reversed": points_K2[[2, 1, 0, 3, 6, 5, 4]],
            "one wall reversed": points_K2[[0, 1, 2, 3, 6, 5, 4]],
            "mirrored": np.stack([111 - points_K2[:, 0], points_K2[:, 1]], axis=1),
        }
        for mistake, misread_K2 in wrong.items():
            assert overlap(rasterise(spline(misread_K2), SIZE_HW), reference_HW) < 0.9, mistake


@pytest.mark.parametrize(
    ("count", "line", "published"),
    [
        (5, "spline", 0.940),
        (7, "spline", 0.960),
        (9, "spline", 0.973),
        (13, "spline", 0.976),
        (7, "polygon", 0.921),
    ],
)
def test_perfect_landmarks_reach_the_ceilings_that_were_measured(
    count: int, line: str, published: float, draw_ventricle: DrawVentricle
) -> None:
    """The mean Dice of K perfect landmarks against the scored reference agrees with an earlier measurement.

    A polygon through 7 landmarks is always too small; the spline corrects most of that.
    """
    scores = []
    for number in range(60):
        tracing = draw_ventricle(number)
        points_K2 = landmarks(tracing, count)
        mask_HW = rasterise(spline(points_K2) if line == "spline" else points_K2, SIZE_HW)
        scores.append(overlap(mask_HW, rasterise(tracing.polygon_P2, SIZE_HW)))
    assert np.mean(scores) == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize("step", [1, -1])
def test_normals_point_outwards_whichever_end_comes_first(step: int) -> None:
    angles = np.linspace(1.1 * np.pi, 1.9 * np.pi, 41)[::step]  # over the top, because y points down
    directions_P2 = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    normals_P2 = find_normals(50 + 20 * directions_P2)
    assert normals_P2[1:-1] == pytest.approx(directions_P2[1:-1], abs=1e-6)
    assert np.linalg.norm(normals_P2, axis=1) == pytest.approx(np.ones(41))


def test_points_at_one_place_have_no_normal() -> None:
    assert find_normals(np.array([[0.0, 2.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 2.0]]))[
        2
    ].tolist() == [0, 0]
