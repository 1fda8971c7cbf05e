"""Decodes a clip: from its frames, batch by batch, to one mask per frame.

Every frame's values are read from each model (averaged over moved copies, if asked for) and smoothed in time; then
each model decodes them, and the masks of several models are averaged. The memory that this needs does not depend on
the length of the clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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


class ClipDecoder:
    """Predicts the masks of clips with one model, or with the mean of several."""

    def __init__(
        self, models: Sequence[nn.Module], *, device: torch.device, precision: torch.dtype, copies: bool
    ) -> None:
        """Take models, which are on the device. `copies` says whether moved copies of each frame are averaged."""
        self.device, self.copies = device, copies
        self.forms = [choose_form(model, precision) for model in models]

    def decode(
        self, batches: Iterable[TimedFrames], *, sigma_ms: float | None
    ) -> Iterator[NDArray[np.bool_]]:
        """Yield the masks (N, H, W) of consecutive frames, in order; N differs from batch to batch and may be 0.

        With smoothing, a frame's masks come up to 3 sigma later than the frame.

        Args:
            batches: the frames of one clip, all of one size.
            sigma_ms: standard deviation of the smoothing in time; None: no smoothing.

        Raises:
            UntimedError: smoothing was asked for, and the times of the frames are not known or do not increase.
            PluginError: the code of a model fails, or its outputs cannot be used.
            DataError: memory runs out.
        """
        smoothers = [None if sigma_ms is None else Smoother(sigma_ms / MS_PER_S) for _ in self.forms]
        batch = None
        for batch in batches:
            with explain_lack_of_memory(batch.frames_BHW, self.device):
                frames_B1HW = make_tensor(batch.frames_BHW, self.device)
                masks_BHW = average_masks(
                    [
                        self._add(frames_B1HW, batch.times_s, form, smoother)
                        for form, smoother in zip(self.forms, smoothers, strict=True)
                    ]
                )
            yield masks_BHW
        if batch is not None and sigma_ms is not None:
            size_HW = (batch.frames_BHW.shape[1], batch.frames_BHW.shape[2])
            with explain_lack_of_memory(batch.frames_BHW, self.device):
                masks_BHW = average_masks(
                    [
                        form.decode(smoother.finish(), size_HW)
                        for form, smoother in zip(self.forms, smoothers, strict=True)
                        if smoother is not None
                    ]
                )
            yield masks_BHW

    @torch.inference_mode()
    def _add(
        self,
        frames_B1HW: torch.Tensor,
        times_s: Sequence[float | None],
        form: Form,
        smoother: Smoother | None,
    ) -> NDArray[np.bool_]:
        """Take frames, and return the masks of one model for the frames that are ready."""
        values_B = read_copies(form, frames_B1HW) if self.copies else form.read(frames_B1HW)
        if smoother is not None:
            values_B = smoother.push(times_s, values_B)
        size_HW = (frames_B1HW.shape[-2], frames_B1HW.shape[-1])
        return form.decode(values_B, size_HW) if len(values_B) else np.zeros((0, *size_HW), dtype=np.bool_)


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
