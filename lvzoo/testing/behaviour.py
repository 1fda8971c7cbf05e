"""Checks of an untrained model: what it returns for which frames, and whether the result can be reproduced.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from lvzoo.device import autocast
from lvzoo.errors import PluginError, name_some, one_line
from lvzoo.geometry.contour import landmark_stride
from lvzoo.testing.subject import CPU, compute_loss, decode, forward, landmarks_of, noise_frames, predict
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lvzoo.testing.subject import Subject

SIZES_HW: Final = (FRAME_SIZE_HW, (96, 128))
BATCHES: Final = (1, 3)
ROUNDING: Final = 1e-4
"""Allowed difference between batch sizes, as a fraction of the largest output: float32 sums depend on the order."""


def shapes(subject: Subject) -> None:
    """`forward` returns finite numbers with one row per frame, for two batch sizes and two frame sizes."""
    model = subject.build()
    for frames_B1HW in _frames_of_all_sizes():
        forward(model, frames_B1HW)


def masks(subject: Subject) -> None:
    """`decode` returns one mask of the frame's size per frame, for two batch sizes and two frame sizes."""
    model = subject.build()
    for frames_B1HW in _frames_of_all_sizes():
        prediction = predict(model, frames_B1HW)
        if subject.entry.family.kind == "mask" and prediction.landmarks_BK2 is not None:
            raise PluginError(
                "decode of a mask model returned landmarks; declare kind='landmark', or return no landmarks"
            )


def landmarks(subject: Subject) -> None:
    """`decode` returns K finite landmarks (x, y) per frame; K is the same for all sizes and fits the contour."""
    model, counts = subject.build(), set()
    for size_HW in SIZES_HW:
        points_BK2 = landmarks_of(predict(model, noise_frames(2, size_HW)))
        if points_BK2.ndim != 3 or points_BK2.shape[::2] != (2, 2) or not np.isfinite(points_BK2).all():
            raise PluginError(
                f"landmarks_BK2 has shape {points_BK2.shape} for 2 frames, or is not finite; return finite (x, y) in "
                "pixels of shape (B, K, 2)"
            )
        counts.add(points_BK2.shape[1])
    if len(counts) > 1:
        raise PluginError(
            f"the number of landmarks depends on the frame size: {sorted(counts)}; return the same K for all sizes"
        )
    landmark_stride(counts.pop())  # raises if K landmarks cannot stand at equal arc lengths


def black_frame(subject: Subject) -> None:
    """The model accepts a black frame, also as the only frame of a batch."""
    predict(subject.build(), torch.zeros(1, 1, *FRAME_SIZE_HW))


def low_precision(subject: Subject) -> None:
    """Under bf16 autocast, as on a GPU, the output is finite and decodes, and the loss is finite with a gradient."""
    model, frames_B1HW = subject.build(), noise_frames(2, FRAME_SIZE_HW)
    with autocast(CPU, torch.bfloat16):
        output = forward(model, frames_B1HW)
    try:
        decode(model, output, FRAME_SIZE_HW)
    except TypeError as error:
        raise PluginError(
            f"decode fails on a bf16 output ({one_line(error)}); begin decode with output.float()"
        ) from error
    try:
        loss = compute_loss(model.train(), subject.batch, precision=torch.bfloat16)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    except (TypeError, RuntimeError) as error:
        raise PluginError(
            f"loss fails on a bf16 output ({one_line(error)}); begin loss with output.float()"
        ) from error
    if not torch.isfinite(loss):
        raise PluginError(f"the loss of a bf16 output is {loss.item()}; begin loss with output.float()")


def same_seed(subject: Subject) -> None:
    """Two models that are built with the same seed have the same weights and the same output."""
    first, second = subject.build(seed=1), subject.build(seed=1)
    if differing := _differing(first.state_dict(), second.state_dict()):
        raise PluginError(
            f"{name_some(differing, 3)} differ between two models with the same seed; draw weights only from torch's "
            "global generator, which lvzoo seeds"
        )
    frames_B1HW = noise_frames(2, FRAME_SIZE_HW)
    if not torch.equal(forward(first, frames_B1HW), forward(second, frames_B1HW)):
        raise PluginError(
            "two models with the same weights give different outputs; use no random numbers in eval mode"
        )


def eval_mode(subject: Subject) -> None:
    """In eval mode, a prediction changes neither the model nor the frames, and repeating it gives the same output."""
    model, frames_B1HW = subject.build().eval(), noise_frames(2, FRAME_SIZE_HW)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given_B1HW = frames_B1HW.clone()
    first, second = forward(model, given_B1HW), forward(model, frames_B1HW.clone())
    if changed := _differing(model.state_dict(), before):
        raise PluginError(
            f"forward changes {name_some(changed, 3)} in eval mode; change buffers only `if self.training`"
        )
    if not torch.equal(given_B1HW, frames_B1HW):
        raise PluginError("forward changes its input frames; work on a copy, not in place")
    if not torch.equal(first, second):
        raise PluginError(
            "the same frames give a different output the second time; use no random numbers in eval mode"
        )
    if model.training or any(module.training for module in model.modules()):
        raise PluginError(
            "a part of the model is in training mode after model.eval(); do not call train() in forward"
        )


def one_by_one(subject: Subject) -> None:
    """In eval mode, the output for a frame does not depend on the other frames of its batch."""
    model = subject.build()
    brightness_B111 = torch.linspace(0.2, 1, 3)[:, None, None, None]  # three frames that differ in brightness
    frames_B1HW = noise_frames(3, FRAME_SIZE_HW) * brightness_B111
    together = forward(model, frames_B1HW)
    alone = torch.cat([forward(model, frame_1HW[None]) for frame_1HW in frames_B1HW])
    difference = float((together - alone).abs().max())
    if difference > ROUNDING * float(together.abs().max()):
        raise PluginError(
            f"a frame's output depends on the other frames of its batch (by {difference:.2g}); in eval mode "
            "compute each frame by itself, and keep track_running_stats=True in batch normalisation"
        )


def saved_and_loaded(subject: Subject) -> None:
    """A model that loads the weights from a safetensors file gives the same output as the model that saved them."""
    model, other = subject.build(seed=1), subject.build(seed=2)
    with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder:
        path = Path(folder, "model.safetensors")
        weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
        try:
            save_file(weights, path)
        except RuntimeError as error:
            raise PluginError(
                f"the weights cannot be saved as safetensors ({one_line(error)}); do not register one tensor "
                "under two names"
            ) from error
        other.load_state_dict(load_file(path))
    frames_B1HW = noise_frames(2, FRAME_SIZE_HW)
    if not torch.equal(forward(model, frames_B1HW), forward(other, frames_B1HW)):
        raise PluginError(
            "after saving and loading, the output is different; keep everything that it depends on in parameters or "
            "persistent buffers"
        )


def _frames_of_all_sizes() -> Iterator[torch.Tensor]:
    """Yield noise frames (B, 1, H, W) for each frame size and batch size."""
    for size_HW in SIZES_HW:
        for count in BATCHES:
            yield noise_frames(count, size_HW)


def _differing(weights: Mapping[str, torch.Tensor], others: Mapping[str, torch.Tensor]) -> list[str]:
    """Return the names of the tensors that are missing or different in `others`."""
    return [
        name
        for name, tensor in weights.items()
        if name not in others or not torch.equal(tensor, others[name])
    ]
