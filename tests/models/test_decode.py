"""Reading points from heatmaps, and drawing masks through points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.models.base import LandmarkModel
from lvzoo.models.decode import dark_points, highest_points, masks_from_landmarks
from lvzoo.models.targets import log_band_maps, log_gaussian_maps
from tests.toys import toy_frames

SIZE_HW = (112, 112)
POINTS_BK2 = torch.tensor([[[40.3, 61.8], [70.62, 20.45]], [[55.0, 30.0], [90.5, 88.1]]])


def test_the_highest_pixel_is_within_half_a_pixel() -> None:
    found = highest_points(log_gaussian_maps(POINTS_BK2, SIZE_HW, SIZE_HW, 2.0), SIZE_HW)
    assert torch.equal(found, found.round())
    assert (found - POINTS_BK2).abs().max() <= 0.5


@pytest.mark.parametrize(("sigma_px", "cells"), [(1.5, 112), (2.0, 112), (5.0, 112), (4.0, 56)])
def test_dark_reads_a_gaussian_of_any_size_with_sub_pixel_accuracy(sigma_px: float, cells: int) -> None:
    maps = log_gaussian_maps(POINTS_BK2, (cells, cells), SIZE_HW, sigma_px).exp()
    assert (dark_points(maps, SIZE_HW) - POINTS_BK2).abs().max() < 0.06
    assert (dark_points(3 * maps - 0.001, SIZE_HW) - POINTS_BK2).abs().max() < 0.06


def test_dark_stays_within_a_cell_and_inside_of_the_frame() -> None:
    corner = log_gaussian_maps(torch.tensor([[[-3.0, 0.2]]]), SIZE_HW, SIZE_HW, 2.0).exp()
    assert (dark_points(corner, SIZE_HW) - torch.tensor([0.0, 0.2])).abs().max() <= 1
    noise = torch.rand(4, 7, 30, 40, generator=torch.Generator().manual_seed(0))
    found = dark_points(noise, (30, 40))
    assert torch.isfinite(found).all()
    assert (found.amin((0, 1)) >= -1).all()
    assert (found.amax((0, 1)) <= torch.tensor([40.0, 30.0])).all()


def test_a_flat_heatmap_gives_a_point_and_no_step() -> None:
    assert torch.isfinite(dark_points(torch.zeros(1, 2, 20, 20), (20, 20))).all()


def test_dark_finds_the_landmark_on_the_contours_band() -> None:
    frames = toy_frames(8)
    landmarks_BK2 = torch.from_numpy(frames.contours_NP2[:, ::20])
    maps = log_band_maps(
        log_gaussian_maps(landmarks_BK2, SIZE_HW, SIZE_HW, 5.0), torch.from_numpy(frames.masks_NHW)
    ).exp()
    miss_BK = (dark_points(maps, SIZE_HW) - landmarks_BK2).norm(dim=-1)
    assert miss_BK.mean() < 0.5


def test_a_polygon_is_what_straight_lines_enclose() -> None:
    frames = toy_frames(6)
    points_BK2 = frames.contours_NP2[:, ::20]
    drawn = LandmarkModel(curve="polygon").draw(points_BK2, SIZE_HW)
    assert np.array_equal(drawn, np.stack([rasterise(points_K2, SIZE_HW) for points_K2 in points_BK2]))
    smooth = LandmarkModel().draw(points_BK2, SIZE_HW)
    assert dice_N(smooth, frames.masks_NHW).mean() > dice_N(drawn, frames.masks_NHW).mean() + 0.01


def test_a_model_decodes_by_its_own_way_of_drawing() -> None:
    class Box(LandmarkModel):
        def draw(
            self, landmarks_BK2: np.ndarray[tuple[int, ...], np.dtype[np.floating]], size_HW: tuple[int, int]
        ) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
            masks = np.zeros((len(landmarks_BK2), *size_HW), dtype=np.bool_)
            masks[:, 10:20, 30:50] = True
            return masks

    prediction = Box().decode(torch.rand(3, 7, 2) * 50, size_HW=SIZE_HW)
    assert prediction.masks_BHW.sum(axis=(1, 2)).tolist() == [200] * 3


@pytest.mark.parametrize("curve", ["spline", "polygon"])
def test_one_broken_frame_does_not_touch_the_others(curve: str) -> None:
    points_BK2 = toy_frames(3).contours_NP2[:, ::20].copy()
    points_BK2[1, 4, 0] = np.nan
    masks = masks_from_landmarks(points_BK2, SIZE_HW, curve="polygon" if curve == "polygon" else "spline")
    assert masks.any(axis=(1, 2)).tolist() == [True, False, True]
    assert masks_from_landmarks(points_BK2[:0], SIZE_HW).shape == (0, *SIZE_HW)
