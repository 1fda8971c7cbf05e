"""Target heatmaps, compared with OpenCV and with plain arithmetic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from lvzoo.models.targets import contour_band, log_band_maps, log_gaussian_maps
from tests.toys import toy_frames

SIZE_HW = (112, 112)


def peaks(log_maps_BKHW: torch.Tensor) -> torch.Tensor:
    """The highest pixels as (x, y)."""
    highest = log_maps_BKHW.flatten(2).argmax(2)
    columns = log_maps_BKHW.shape[-1]
    return torch.stack([highest % columns, highest // columns], dim=-1).float()


def means(log_maps_BKHW: torch.Tensor) -> torch.Tensor:
    """The mean points as (x, y), summed pixel by pixel."""
    weights = log_maps_BKHW.double().exp()
    y_H1, x_1W = torch.arange(weights.shape[-2])[:, None], torch.arange(weights.shape[-1])[None, :]
    total = weights.sum((2, 3))
    return (
        torch.stack([(weights * x_1W).sum((2, 3)), (weights * y_H1).sum((2, 3))], dim=-1) / total[..., None]
    )


def test_a_gaussian_has_its_width_and_its_peak_of_one() -> None:
    maps = log_gaussian_maps(torch.tensor([[[40.0, 61.0]]]), SIZE_HW, SIZE_HW, 2.0).exp()[0, 0]
    assert maps[61, 40] == 1
    assert maps[61, 42] == pytest.approx(np.exp(-0.5))
    assert maps[65, 40] == pytest.approx(np.exp(-2.0))


def test_sigma_counts_pixels_of_the_frame_on_a_coarser_grid_too() -> None:
    fine, coarse = (
        log_gaussian_maps(torch.tensor([[[40.3, 61.8]]]), cells_HW, SIZE_HW, 4.0)
        for cells_HW in (SIZE_HW, (56, 56))
    )
    pooled = torch.nn.functional.avg_pool2d(fine.exp(), 2)
    assert (pooled - coarse.exp()).abs().max() < 0.02


@pytest.mark.parametrize("shift", [0, -45])
def test_the_band_is_opencvs_dilate_xor_erode_also_at_the_border(shift: int) -> None:
    masks = np.roll(toy_frames(4).masks_NHW, shift, axis=1)
    masks[:, :20] |= shift < 0  # a mask that leaves the frame at the top
    kernel = np.ones((3, 3), np.uint8)
    for mask_HW, band_HW in zip(masks, contour_band(torch.from_numpy(masks)), strict=True):
        plain = mask_HW.astype(np.uint8)
        expected = cv2.dilate(plain, kernel, iterations=2) != cv2.erode(plain, kernel, iterations=2)
        assert np.array_equal(band_HW.numpy(), expected)
        assert band_HW.any()


def test_the_band_keeps_the_peak_at_the_landmark_and_moves_the_mean_inwards() -> None:
    frames = toy_frames(6)
    apex_N12 = torch.from_numpy(frames.contours_NP2[:, 60:61])
    plain = log_gaussian_maps(apex_N12, SIZE_HW, SIZE_HW, 5.0)
    held = log_band_maps(plain, torch.from_numpy(frames.masks_NHW))
    assert (peaks(held) - apex_N12).norm(dim=-1).max() < 0.8
    assert (means(plain) - apex_N12).norm(dim=-1).max() < 0.1
    assert (means(held)[..., 1] - apex_N12[..., 1]).min() > 0.5, "below the apex: inside of the ventricle"


def test_without_a_ventricle_the_band_changes_nothing() -> None:
    plain = log_gaussian_maps(torch.tensor([[[40.0, 60.0], [300.0, -50.0]]]), SIZE_HW, SIZE_HW, 5.0)
    held = log_band_maps(plain, torch.zeros(1, *SIZE_HW, dtype=torch.bool))
    torch.testing.assert_close(held.flatten(2).softmax(2), plain.flatten(2).softmax(2), atol=1e-3, rtol=1e-2)


def test_a_band_for_coarser_heatmaps_lies_where_the_fine_one_does() -> None:
    frames = toy_frames(2)
    coarse = log_band_maps(torch.zeros(2, 1, 56, 56), torch.from_numpy(frames.masks_NHW))[:, 0] == 0
    fine = contour_band(torch.from_numpy(frames.masks_NHW))
    assert torch.equal(coarse, fine.view(2, 56, 2, 56, 2).any(4).any(2))
