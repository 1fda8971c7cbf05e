"""What a model finds is measured by its own landmarks if one of them is the apex, else about its principal axis."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lvzoo.clinic.batch import measure_mask_volumes
from lvzoo.decoding.clip import ClipDecoder, TimedFrames
from lvzoo.decoding.measure import measure_frames
from lvzoo.models.base import LandmarkModel


class HalfEllipse(LandmarkModel):
    """Landmarks on the lower half of an ellipse upside down: its apex is at the top, at (56, 35)."""

    def __init__(self, landmarks: int) -> None:
        super().__init__()
        angles_K = np.linspace(np.pi, 2 * np.pi, landmarks)
        points_K2 = np.stack([56 + 17 * np.cos(angles_K), 85 + 50 * np.sin(angles_K)], axis=1)
        self.points_K2 = torch.from_numpy(points_K2).float()

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return self.points_K2.expand(len(frames_B1HW), -1, -1)


@pytest.mark.parametrize("landmarks", [7, 8, 6])
def test_an_even_number_of_landmarks_has_no_apex(landmarks: int) -> None:
    """The bench measures such a model by its masks, so a clip's volumes must agree with them."""
    decoder = ClipDecoder(
        [HalfEllipse(landmarks)], device=torch.device("cpu"), precision=torch.float32, copies=False
    )
    clip = [TimedFrames(frames_BHW=np.zeros((1, 112, 112), np.uint8), times_s=[0.0])]
    [decoded] = decoder.decode(clip, sigma_ms=None)
    [size] = measure_frames(decoded.answers, smoothed=False)
    [by_mask_px3] = measure_mask_volumes(decoded.masks_BHW)
    assert size.disks_px3 == pytest.approx(by_mask_px3, rel=0.035)
