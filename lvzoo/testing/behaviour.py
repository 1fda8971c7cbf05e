"""Checks of a built, untrained model: what it gives for what it is given, and that it gives it again.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from lvzoo.device import autocast
from lvzoo.errors import PluginError
from lvzoo.geometry.contour import landmark_stride
from lvzoo.testing.subject import CPU, decode, forward, noise_frames, predict
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from torch import nn

    from lvzoo.interfaces import LVModel
    from lvzoo.testing.subject import Subject
    from lvzoo.types import Batch

SIZES_HW: Final = (FRAME_SIZE_HW, (96, 128))
BATCHES: Final = (1, 3)
SHOWN: Final = 3
TOGETHER: Final = 3
ROUNDING: Final = 1e-4
"""By how much of the largest output float32 may differ between sizes of batch, which are summed in other orders."""


def shapes(subject: Subject) -> None:
    """For two batch sizes and two frame sizes, forward gives finite numbers with a row a frame."""
    model = subject.build()
    for size_HW in SIZES_HW:
        for count in BATCHES:
            forward(model, noise_frames(count, size_HW))


def masks(subject: Subject) -> None:
    """For two batch sizes and two frame sizes, decode gives a mask of the frame's size for each frame."""
    model = subject.build()
    for size_HW in SIZES_HW:
        for count in BATCHES:
            prediction = predict(model, noise_frames(count, size_HW))
            if subject.entry.family.kind == "mask" and prediction.landmarks_BK2 is not None:
                raise PluginError(
                    "decode gives landmarks, so it is no mask model; declare kind='landmark', or leave them out"
                )


def landmarks(subject: Subject) -> None:
    """A landmark model gives the same K finite landmarks (x, y) for every frame, at equal arc lengths."""
    model, found = subject.build(), set()
    for size_HW in SIZES_HW:
        points_BK2 = predict(model, noise_frames(2, size_HW)).landmarks_BK2
        if points_BK2 is None:
            raise PluginError(
                "decode gives no landmarks; give Prediction(landmarks_BK2=...), or declare kind='mask'"
            )
        if points_BK2.ndim != 3 or points_BK2.shape[::2] != (2, 2) or not np.isfinite(points_BK2).all():
            raise PluginError(f"landmarks are {points_BK2.shape}; give finite (x, y) in pixels: (B, K, 2)")
        found.add(points_BK2.shape[1])
    if len(found) > 1:
        raise PluginError(f"gives {sorted(found)} landmarks for frames of different sizes; K must stay")
    landmark_stride(found.pop())  # says itself which K there are


def black_frame(subject: Subject) -> None:
    """A black frame, alone in its batch, is no reason to fail."""
    predict(subject.build(), torch.zeros(1, 1, *FRAME_SIZE_HW))


def low_precision(subject: Subject) -> None:
    """Under bf16 autocast, as on a GPU, outputs are finite, decode to masks and have a finite loss and gradient."""
    model, frames_B1HW = subject.build(), noise_frames(2, FRAME_SIZE_HW)
    with autocast(CPU, torch.bfloat16):
        output = forward(model, frames_B1HW)
    try:
        decode(model, output, FRAME_SIZE_HW)
    except TypeError as error:
        raise PluginError(f"decode fails on bf16 outputs ({error}); begin it with output.float()") from error
    try:
        value = _descend_in_bf16(model.train(), subject.batch)
    except (TypeError, RuntimeError) as error:
        line = " ".join(str(error).split())
        raise PluginError(
            f"loss fails on bf16 outputs ({line}); begin the loss with output.float()"
        ) from error
    if not torch.isfinite(value):
        raise PluginError(f"the loss of bf16 outputs is {value.item()}; begin the loss with output.float()")


def _descend_in_bf16(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Return the loss of a batch as training computes it, the loss itself outside autocast, and its gradient made."""
    frames_B1HW = batch.frames_B1HW.contiguous(memory_format=torch.channels_last)
    with autocast(CPU, torch.bfloat16):
        output = model(frames_B1HW)
    value = cast("LVModel", model).loss(output, batch)
    value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    return value.detach()


def same_seed(subject: Subject) -> None:
    """The same seed gives the same weights and the same output."""
    first, second = subject.build(seed=1), subject.build(seed=1)
    weights = second.state_dict()
    _refuse_differences(
        [name for name, tensor in first.state_dict().items() if not _equal(tensor, weights.get(name))],
        "{} differ between two models of one seed; draw weights from torch's generator alone, "
        "which lvzoo seeds",
    )
    frames_B1HW = noise_frames(2, FRAME_SIZE_HW)
    if not _equal(forward(first, frames_B1HW), forward(second, frames_B1HW)):
        raise PluginError(
            "two models of the same weights differ in their output; draw nothing in forward in eval mode"
        )


def eval_mode(subject: Subject) -> None:
    """In eval mode, predicting changes nothing: not the state, not the frames, not the next output."""
    model, frames_B1HW = subject.build().eval(), noise_frames(2, FRAME_SIZE_HW)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    given_B1HW = frames_B1HW.clone()
    first, second = forward(model, given_B1HW), forward(model, frames_B1HW.clone())
    _refuse_differences(
        [name for name, tensor in model.state_dict().items() if not _equal(tensor, before[name])],
        "forward changes {} in eval mode; change buffers only `if self.training`",
    )
    if not _equal(given_B1HW, frames_B1HW):
        raise PluginError("forward changes the frames that it is given; work on a copy, not in place")
    if not _equal(first, second):
        raise PluginError(
            "the same frames give another output the second time; draw nothing at random in eval mode"
        )
    if model.training or any(module.training for module in model.modules()):
        raise PluginError(
            "a part of the model is in training mode after model.eval(); do not call train() in forward"
        )


def one_by_one(subject: Subject) -> None:
    """In eval mode, a frame's output is the same whichever frames share its batch."""
    model = subject.build()
    brightness_B111 = torch.linspace(0.2, 1, TOGETHER)[:, None, None, None]  # so that no two frames are alike
    frames_B1HW = noise_frames(TOGETHER, FRAME_SIZE_HW) * brightness_B111
    together = forward(model, frames_B1HW)
    alone = torch.cat([forward(model, frame_1HW[None]) for frame_1HW in frames_B1HW])
    off = float((together - alone).abs().max())
    if off > ROUNDING * float(together.abs().max()):
        raise PluginError(
            f"a frame's output differs by {off:.2g} with the frames that share its batch; in eval mode compute each "
            "by itself, and let batch normalisation keep track_running_stats=True"
        )


def saved_and_loaded(subject: Subject) -> None:
    """Weights that go through a safetensors file give a new model the same output."""
    model, other = subject.build(seed=1), subject.build(seed=2)
    with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder:
        path = Path(folder, "model.safetensors")
        weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
        try:
            save_file(weights, path)
        except RuntimeError as error:
            line = " ".join(str(error).split())
            raise PluginError(
                f"its state does not save as safetensors ({line}); share no tensor under two names"
            ) from error
        other.load_state_dict(load_file(path))
    frames_B1HW = noise_frames(2, FRAME_SIZE_HW)
    if not _equal(forward(model, frames_B1HW), forward(other, frames_B1HW)):
        raise PluginError(
            "saved and loaded, the model gives another output; keep whatever the output depends on in parameters "
            "or in buffers that are persistent"
        )


def _equal(one: torch.Tensor, other: torch.Tensor | None) -> bool:
    return other is not None and torch.equal(one, other)


def _refuse_differences(differing: list[str], sentence: str) -> None:
    """Raise a PluginError that names the first few of the tensors that differ, if any."""
    if differing:
        more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        raise PluginError(sentence.format(", ".join(differing[:SHOWN]) + more))
