"""Prediction: an exception of a plugin's code is told as the plugin's, and a lack of memory as what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lvzoo.errors import DataError, PluginError
from lvzoo.evaluate.predict import CPU_BATCH, predict_batches, predict_masks
from lvzoo.models.base import MaskModel
from lvzoo.types import Prediction

CPU = torch.device("cpu")
FRAMES_NHW = np.zeros((3, 32, 48), np.uint8)


class Forward(MaskModel):
    """Its `forward` does what a test wants."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act = act

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        found = self.act()
        return frames_B1HW if found is None else found


class Decode(Forward):
    """Its `decode` does what a test wants."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        return self.act() or super().decode(output, size_HW=size_HW)


def fail(error: BaseException) -> Callable[[], None]:
    """Return a function that raises an exception."""

    def act() -> None:
        raise error

    return act


def predict(model: MaskModel) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the masks of a model for a few small frames."""
    return predict_masks(model, FRAMES_NHW, device=CPU, precision=torch.float32)


@pytest.mark.parametrize(("model", "method"), [(Forward, "Forward.forward"), (Decode, "Decode.decode")])
@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        StopIteration("x"),
        RuntimeError("first\nx"),
        SystemExit("x"),
        OSError("x"),
        ValueError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_of_a_plugin_names_its_class_method_and_line(
    model: type[Forward], method: str, error: BaseException
) -> None:
    with pytest.raises(PluginError) as raised:
        predict(model(fail(error)))
    message = str(raised.value)
    assert message.startswith(f"{method} raised {type(error).__name__}: ")
    assert "(test_predict.py, line " in message
    assert "lvzoo check NAME" in message
    assert "\n" not in message
    assert raised.value.__cause__ is error, "the traceback of the plugin is kept"


@pytest.mark.parametrize(("device", "instead"), [("cpu", "close other programs$"), ("cuda", "--device cpu ")])
@pytest.mark.parametrize("model", [Forward, Decode])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        OSError(12, "Cannot allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lack_of_memory_is_told_with_the_size_of_the_frames(
    model: type[Forward], error: Exception, device: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, _device: tensor)  # a GPU need not be there
    found = predict_batches(
        model(fail(error)), FRAMES_NHW, device=torch.device(device), precision=torch.float32
    )
    with pytest.raises(
        DataError, match=rf"^not enough memory for 3 frames of 48 x 32; .*{instead}"
    ) as raised:
        next(found)
    assert raised.value.__cause__ is error


def test_frames_that_memory_does_not_hold_are_a_lack_of_memory_too() -> None:
    """The copy of the batch fails, before the plugin is called."""
    huge_NHW = np.broadcast_to(np.uint8(0), (1, 2**24, 2**24))
    with pytest.raises(DataError, match=r"^not enough memory for 1 frame of 16777216 x 16777216"):
        predict_masks(Forward(lambda: None), huge_NHW, device=CPU, precision=torch.float32)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Forward(lambda: (1, 2)), r"^Forward\.forward returned a tuple; return one tensor"),
        (Decode(lambda: "masks"), r"^Decode\.decode returned a str; return a Prediction"),
        (
            Decode(lambda: Prediction(masks_BHW=[[1]])),  # type: ignore[arg-type] # the fault
            r"^Decode\.decode returned masks as a list; return a numpy array",
        ),
    ],
    ids=["output", "prediction", "masks"],
)
def test_a_value_of_another_type_is_told_as_the_plugins_fault(model: MaskModel, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        predict(model)


def test_an_error_that_explains_itself_is_passed_on() -> None:
    with pytest.raises(PluginError, match=r"^its own message$"):
        predict(Forward(fail(PluginError("its own message"))))


def test_batches_before_the_error_are_yielded() -> None:
    calls = iter([None, KeyError("x")])

    def act() -> None:
        if error := next(calls):
            raise error

    frames_NHW = np.zeros((CPU_BATCH + 1, 16, 16), np.uint8)
    found = predict_batches(Forward(act), frames_NHW, device=CPU, precision=torch.float32)
    assert len(next(found).masks_BHW) == CPU_BATCH
    with pytest.raises(PluginError, match="KeyError"):
        next(found)
