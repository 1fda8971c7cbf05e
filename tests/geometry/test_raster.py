"""Polygons become masks by EchoNet-Dynamic's own rule, with x across and y down."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import polygon

from lvzoo.geometry.raster import rasterise

L_SHAPE = np.array([[1, 1], [2, 1], [2, 4], [6, 4], [6, 5], [1, 5]], dtype=np.float64)


def test_x_runs_across_and_y_down() -> None:
    expected_HW = [
        "........",
        ".##.....",
        ".##.....",
        ".##.....",
        ".######.",
        ".######.",
        "........",
    ]
    drawn = ["".join("#" if filled else "." for filled in row) for row in rasterise(L_SHAPE, (7, 8))]
    assert drawn == expected_HW


def test_the_sense_of_rotation_and_the_first_vertex_do_not_matter() -> None:
    mask_HW = rasterise(L_SHAPE, (7, 8))
    assert np.array_equal(rasterise(L_SHAPE[::-1], (7, 8)), mask_HW)
    assert np.array_equal(rasterise(np.roll(L_SHAPE, 2, axis=0), (7, 8)), mask_HW)


def test_vertices_are_rounded_half_to_even_before_they_are_filled() -> None:
    square = np.array([[0.5, 1.5], [3.49, 1.5], [3.49, 3.5], [0.5, 3.5]])
    mask_HW = rasterise(square, (6, 6))
    assert sorted(map(tuple, np.argwhere(mask_HW).tolist())) == [(y, x) for y in (2, 3, 4) for x in range(4)]


def test_it_is_echonets_own_rule() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        vertices_P2 = rng.uniform(-5, 117, (12, 2))
        expected_HW = np.zeros((112, 112), np.bool_)
        x, y = np.rint(vertices_P2[:, 0]), np.rint(vertices_P2[:, 1])
        rows, columns = polygon(y.astype(int), x.astype(int), (112, 112))  # type: ignore[no-untyped-call] # untyped there
        expected_HW[rows, columns] = True
        assert np.array_equal(rasterise(vertices_P2, (112, 112)), expected_HW)


def test_what_lies_outside_the_frame_is_cut_off() -> None:
    large = np.array([[-50.0, 2.0], [50.0, 2.0], [50.0, 90.0], [-50.0, 90.0]])
    mask_HW = rasterise(large, (5, 4))
    assert mask_HW.sum(axis=1).tolist() == [0, 0, 4, 4, 4]


@pytest.mark.parametrize(
    "vertices",
    [
        [],
        [[1.0, 1.0], [3.0, 3.0]],
        [[1.0, 1.0], [3.0, 1.0], [np.nan, 3.0]],
        [[1.0, 1.0], [np.inf, 1.0], [1.0, 3.0]],
    ],
)
def test_what_encloses_nothing_is_empty(vertices: list[list[float]]) -> None:
    assert not rasterise(np.array(vertices).reshape(-1, 2), (5, 5)).any()


@pytest.mark.parametrize("size_HW", [(112, 112), (7, 9), (20, 5)])
@pytest.mark.parametrize("most_vertices", [4, 8, 150])
def test_masks_equal_those_of_skimage_also_for_polygons_that_cross_themselves(
    size_HW: tuple[int, int], most_vertices: int
) -> None:
    rng = np.random.default_rng(most_vertices)
    for _ in range(100):
        count, side = int(rng.integers(3, most_vertices)), max(size_HW)
        angles = np.linspace(0, 2 * np.pi, count)
        ellipse_P2 = np.stack([side / 2 + side / 3 * np.cos(angles), side / 2 * (1 + np.sin(angles))], axis=1)
        for vertices_P2 in (
            rng.uniform(-5, side + 5, (count, 2)),
            rng.integers(0, 4, (count, 2)).astype(np.float64),  # with edges on top of each other
            ellipse_P2 + rng.normal(0, rng.choice([0.1, 3.0]), (count, 2)),
        ):
            expected_HW = np.zeros(size_HW, np.bool_)
            columns, rows = np.rint(vertices_P2).T
            expected_HW[polygon(rows, columns, size_HW)] = True  # type: ignore[no-untyped-call] # untyped there
            assert np.array_equal(rasterise(vertices_P2, size_HW), expected_HW)
