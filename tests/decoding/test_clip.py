"""A clip is decoded batch by batch, and what goes wrong is told, also at the end of the clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lvzoo.decoding.clip import ClipDecoder, TimedFrames
from lvzoo.errors import DataError
from tests.decoding.models import Placed, blob_frames


class Greedy(Placed):
    """Drawing its masks needs more memory than there is."""

    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        raise MemoryError(len(landmarks_BK2), size_HW)


@pytest.mark.parametrize("sigma_ms", [None, 40.0])
def test_lack_of_memory_is_told_also_for_the_last_frames(sigma_ms: float | None) -> None:
    """With smoothing, all masks of a clip of three frames are decoded after its last frame."""
    frames_BHW = (255 * blob_frames(np.array([[50.0, 60.0]] * 3))[:, 0]).numpy().astype(np.uint8)
    decoder = ClipDecoder([Greedy()], device=torch.device("cpu"), precision=torch.float32, copies=False)
    clip = [TimedFrames(frames_BHW=frames_BHW, times_s=[0.0, 0.02, 0.04])]
    with pytest.raises(DataError, match="not enough memory for 3 frames of 112 x 112"):
        list(decoder.decode(clip, sigma_ms=sigma_ms))
