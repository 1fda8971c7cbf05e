"""A clip is decoded batch by batch, with what each model finds. What goes wrong is told, also at the clip's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lvzoo.decoding.clip import ClipDecoder, DecodedFrames, TimedFrames
from lvzoo.errors import DataError
from tests.decoding.models import Bright, Placed, blob_frames


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


@dataclass(frozen=True)
class Clip:
    """A clip of blobs that move, the networks, and what the decoder gave for it, joined over the batches."""

    frames_NHW: NDArray[np.uint8]
    decoded: list[DecodedFrames]

    def join(self, read: Callable[[DecodedFrames], NDArray[Any] | None]) -> NDArray[Any]:
        return np.concatenate([array for each in self.decoded if (array := read(each)) is not None])


def decode_blobs(sigma_ms: float | None, *, batch: int = 7, checks: int = 1) -> Clip:
    """Decode 40 frames of a wandering blob, 50 per second, by a coarse mask model; a landmark model checks."""
    wander = np.random.default_rng(0).normal(0, 3, (40, 2))
    frames_NHW = (255 * blob_frames(np.array([50.0, 60.0]) + wander)[:, 0]).numpy().astype(np.uint8)
    decoder = ClipDecoder(
        [Bright(step=4)],
        checks=[Placed()] * checks,
        device=torch.device("cpu"),
        precision=torch.float32,
        copies=False,
    )
    batches = [
        TimedFrames(
            frames_BHW=frames_NHW[start : start + batch],
            times_s=[n / 50 for n in range(start, min(start + batch, 40))],
        )
        for start in range(0, 40, batch)
    ]
    return Clip(frames_NHW=frames_NHW, decoded=list(decoder.decode(batches, sigma_ms=sigma_ms)))


@pytest.mark.parametrize("sigma_ms", [None, 40.0])
def test_each_frame_comes_with_what_each_model_finds_in_it_alone(sigma_ms: float | None) -> None:
    clip = decode_blobs(sigma_ms)
    assert (clip.join(lambda each: each.frames_BHW) == clip.frames_NHW).all()
    frames_N1HW = torch.from_numpy(clip.frames_NHW)[:, None] / 255
    alone = Bright(step=4).decode(Bright(step=4)(frames_N1HW)).masks_BHW
    assert (clip.join(lambda each: each.answers[0].masks_BHW) == alone).all()
    logits_NHW = clip.join(lambda each: each.answers[0].logits_BHW)
    assert logits_NHW.dtype == np.float32
    assert ((logits_NHW >= 0) == alone).all(), "logits have the size of the frames"
    found = Placed().decode(Placed()(frames_N1HW))
    assert found.landmarks_BK2 is not None
    landmarks_NK2 = clip.join(lambda each: each.checks[0].landmarks_BK2)
    assert np.allclose(landmarks_NK2, found.landmarks_BK2, atol=1e-3)
    assert (clip.join(lambda each: each.checks[0].masks_BHW) == found.masks_BHW).all()
    assert all(each.answers[0].landmarks_BK2 is None for each in clip.decoded)


def test_smoothed_values_decode_to_the_smoothed_masks() -> None:
    clip = decode_blobs(40.0)
    masks_NHW = clip.join(lambda each: each.masks_BHW)
    assert (masks_NHW == clip.join(lambda each: each.answers[0].smoothed_masks_BHW)).all()
    assert (masks_NHW == (clip.join(lambda each: each.answers[0].smoothed_logits_BHW) >= 0)).all()
    assert (masks_NHW != clip.join(lambda each: each.answers[0].masks_BHW)).any()
    landmarks_NK2 = clip.join(lambda each: each.checks[0].smoothed_landmarks_BK2)
    drawn_NHW = Placed().draw(landmarks_NK2, (112, 112))
    assert (drawn_NHW == clip.join(lambda each: each.checks[0].smoothed_masks_BHW)).all()


def test_a_second_opinion_does_not_change_the_answer() -> None:
    alone, checked = decode_blobs(40.0, checks=0), decode_blobs(40.0, checks=2)
    assert (alone.join(lambda each: each.masks_BHW) == checked.join(lambda each: each.masks_BHW)).all()


def test_batches_leave_no_trace() -> None:
    whole, single = decode_blobs(40.0, batch=40), decode_blobs(40.0, batch=1)
    assert (whole.join(lambda each: each.masks_BHW) == single.join(lambda each: each.masks_BHW)).all()
    assert max(len(each) for each in single.decoded[:-1]) == 1, "frames are given as soon as they are ready"
