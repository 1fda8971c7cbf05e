"""Decodes a clip: from its frames, batch by batch, to the masks of the answer and those of each model.

Every frame's values are read from each model (averaged over moved copies, if asked for) and smoothed in time; then
each model decodes them, and the masks of the models that answer are averaged. What each model finds without smoothing
is decoded too. The memory that this needs does not depend on the length of the clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.decoding.copies import COPIES
from lvzoo.decoding.forms import Form, choose_form
from lvzoo.decoding.means import average_masks
from lvzoo.decoding.smoothing import Smoother
from lvzoo.evaluate.predict import explain_lack_of_memory, make_tensor

MS_PER_S: Final = 1e3


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedFrames:
    """Some consecutive frames of a clip as a model sees them, and their times, which may not be known."""

    frames_BHW: NDArray[np.uint8]
    times_s: Sequence[float | None]


class ModelFrames:
    """What one model finds in some consecutive frames: from each frame alone, and smoothed in time.

    Without smoothing, the smoothed arrays are the same as the others. Each array is made when it is first asked for.
    Logits have the size of the frames, and are None unless the model's logits can be averaged. Landmarks are (x, y)
    px of the frame, and None likewise.
    """

    def __init__(
        self, form: Form, values_B: torch.Tensor, smoothed_B: torch.Tensor, size_HW: tuple[int, int]
    ) -> None:
        self.form, self._values_B, self._smoothed_B, self._size_HW = form, values_B, smoothed_B, size_HW

    def __len__(self) -> int:
        """B, the number of frames."""
        return len(self._values_B)

    @property
    def is_smoothed(self) -> bool:
        """Whether the smoothed arrays may differ from the others."""
        return self._smoothed_B is not self._values_B

    @cached_property
    def masks_BHW(self) -> NDArray[np.bool_]:
        """The masks of each frame alone."""
        return self._decode(self._values_B)

    @cached_property
    def smoothed_masks_BHW(self) -> NDArray[np.bool_]:
        """The masks, smoothed in time."""
        return self._decode(self._smoothed_B) if self.is_smoothed else self.masks_BHW

    @cached_property
    def logits_BHW(self) -> NDArray[np.float32] | None:
        """The logits of each frame alone."""
        return self.form.read_logits(self._values_B, self._size_HW)

    @cached_property
    def smoothed_logits_BHW(self) -> NDArray[np.float32] | None:
        """The logits, smoothed in time."""
        if not self.is_smoothed:
            return self.logits_BHW
        return self.form.read_logits(self._smoothed_B, self._size_HW)

    @property
    def landmarks_BK2(self) -> NDArray[np.float32] | None:
        """The landmarks of each frame alone."""
        return self.form.read_landmarks(self._values_B)

    @property
    def smoothed_landmarks_BK2(self) -> NDArray[np.float32] | None:
        """The landmarks, smoothed in time."""
        return self.form.read_landmarks(self._smoothed_B)

    def _decode(self, values_B: torch.Tensor) -> NDArray[np.bool_]:
        if not len(values_B):
            return np.zeros((0, *self._size_HW), dtype=np.bool_)
        return self.form.decode(values_B, self._size_HW)


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedFrames:
    """Some consecutive frames as the models saw them, the answer's masks, and what each model finds."""

    frames_BHW: NDArray[np.uint8]
    masks_BHW: NDArray[np.bool_]
    """The answer, smoothed: the masks of the model, or the mean of those of several."""
    answers: tuple[ModelFrames, ...]
    """Each model of the answer."""
    checks: tuple[ModelFrames, ...]
    """Each model that gives a second opinion, which is not averaged into the answer."""

    def __len__(self) -> int:
        """B, the number of frames."""
        return len(self.frames_BHW)


class ClipDecoder:
    """Predicts the masks of clips with one model, or with the mean of several."""

    def __init__(
        self,
        models: Sequence[nn.Module],
        *,
        checks: Sequence[nn.Module] = (),
        device: torch.device,
        precision: torch.dtype,
        copies: bool,
    ) -> None:
        """Take models, which are on the device. `copies` says whether moved copies of each frame are averaged.

        `checks` are models for a second opinion. They see the same frames, but are not averaged into the answer.
        """
        self.device, self.copies = device, copies
        self.forms = [choose_form(model, precision) for model in models]
        self.check_forms = [choose_form(model, precision) for model in checks]

    def decode(self, batches: Iterable[TimedFrames], *, sigma_ms: float | None) -> Iterator[DecodedFrames]:
        """Yield consecutive frames with their masks, in order; their number differs and may be 0.

        With smoothing, a frame comes up to 3 sigma later than it was given.

        Args:
            batches: the frames of one clip, all of one size.
            sigma_ms: standard deviation of the smoothing in time; None: no smoothing.

        Raises:
            UntimedError: smoothing was asked for, and the times of the frames are not known or do not increase.
            PluginError: the code of a model fails, or its outputs cannot be used.
            DataError: memory runs out.
        """
        tracks = [
            _Track(form, None if sigma_ms is None else Smoother(sigma_ms / MS_PER_S))
            for form in (*self.forms, *self.check_forms)
        ]
        waiting_NHW: NDArray[np.uint8] | None = None
        for batch in batches:
            held_NHW = batch.frames_BHW
            if waiting_NHW is not None:
                held_NHW = np.concatenate([waiting_NHW, held_NHW])
            with explain_lack_of_memory(batch.frames_BHW, self.device):
                ready = self._add(batch, tracks)
                decoded = self._join(held_NHW, [track.decode(ready, held_NHW) for track in tracks])
            waiting_NHW = held_NHW[ready:].copy()
            yield decoded
        if waiting_NHW is not None and sigma_ms is not None:
            with explain_lack_of_memory(waiting_NHW, self.device):
                for track in tracks:
                    track.finish()
                decoded = self._join(
                    waiting_NHW, [track.decode(len(waiting_NHW), waiting_NHW) for track in tracks]
                )
            yield decoded

    @torch.inference_mode()
    def _add(self, batch: TimedFrames, tracks: Sequence[_Track]) -> int:
        """Let each model read frames, and return how many frames are ready."""
        frames_B1HW = make_tensor(batch.frames_BHW, self.device)
        for track in tracks:
            values_B = read_copies(track.form, frames_B1HW) if self.copies else track.form.read(frames_B1HW)
            track.push(batch.times_s, values_B)
        return tracks[0].ready

    def _join(self, frames_NHW: NDArray[np.uint8], decoded: Sequence[ModelFrames]) -> DecodedFrames:
        """Return the first of these frames, those that were decoded, with the mean of the answer's masks."""
        answers, checks = decoded[: len(self.forms)], decoded[len(self.forms) :]
        for model in decoded:
            _ = model.smoothed_masks_BHW  # made here, where a lack of memory is explained
        for model in answers:
            _ = model.masks_BHW
        return DecodedFrames(
            frames_BHW=frames_NHW[: len(decoded[0])],
            masks_BHW=average_masks([model.smoothed_masks_BHW for model in answers]),
            answers=tuple(answers),
            checks=tuple(checks),
        )


class _Track:
    """One model over a clip: the values of the frames that are not decoded yet, and their smoothed values."""

    def __init__(self, form: Form, smoother: Smoother | None) -> None:
        self.form, self.smoother = form, smoother
        self._values_N: torch.Tensor | None = None
        self._smoothed_R: torch.Tensor | None = None

    @property
    def ready(self) -> int:
        """How many frames can be decoded."""
        return 0 if self._smoothed_R is None else len(self._smoothed_R)

    def push(self, times_s: Sequence[float | None], values_B: torch.Tensor) -> None:
        """Take the values of the next frames."""
        held_N = self._values_N
        self._values_N = values_B if held_N is None else torch.cat([held_N, values_B])
        self._smoothed_R = values_B if self.smoother is None else self.smoother.push(times_s, values_B)

    def finish(self) -> None:
        """Let all frames be ready: the clip has ended."""
        if self.smoother is not None:
            self._smoothed_R = self.smoother.finish()

    def decode(self, count: int, frames_NHW: NDArray[np.uint8]) -> ModelFrames:
        """Return what the model finds in the first `count` frames, those that are ready, and forget their values."""
        values_N, smoothed_R = self._values_N, self._smoothed_R
        if values_N is None or smoothed_R is None:
            raise AssertionError  # push comes first
        size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
        self._values_N = values_N[count:].clone()
        values_R = values_N[:count]
        return ModelFrames(self.form, values_R, values_R if self.smoother is None else smoothed_R, size_HW)


def read_copies(form: Form, frames_B1HW: torch.Tensor) -> torch.Tensor:
    """Return the mean of the values of the frames and of their moved copies, which are moved back.

    A copy counts only where it shows the frame. The frames themselves count everywhere.
    """
    size_HW = (frames_B1HW.shape[-2], frames_B1HW.shape[-1])
    plain_B = form.read(frames_B1HW)
    total_B, weight_B = plain_B, torch.ones_like(plain_B)
    for move in COPIES:
        moved_B = form.read(move.move_frames(frames_B1HW))
        values_B, seen_B = form.move_back(moved_B, move, plain_B, size_HW)
        total_B, weight_B = total_B + values_B, weight_B + seen_B
    return total_B / weight_B
