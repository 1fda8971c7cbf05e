"""Runs lvzoo on a device without values, and records where the code would wait for a GPU.

torch's device `meta` has shapes and types, but no numbers. A GPU computes while Python goes on, until a number is
read from it, or until memory is copied to it that is not pinned. Here, such a reading gets a made-up number, and is
recorded with the line of code that asked for it. The same is done for copies in both directions, and for operations
on tensors of two devices.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    import pytest

PRETENDED: Final = torch.device("meta")
ROOT: Final = Path(__file__).parents[1]
OURS: Final = (ROOT / "lvzoo", ROOT / "plugins")


def _make_up_values(tensor: torch.Tensor) -> torch.Tensor:
    """Return values on the CPU for a tensor that has none: 0, 1, 2 and so on, as far as its type goes."""
    values = torch.arange(tensor.numel()).reshape(tensor.shape)
    return values.to(tensor.dtype)


READINGS: Final[Mapping[Any, Callable[[torch.Tensor], object]]] = {
    torch.Tensor.item: lambda _: 1.0,
    torch.Tensor.__float__: lambda _: 1.0,
    torch.Tensor.__int__: lambda _: 1,
    torch.Tensor.__index__: lambda _: 1,
    torch.Tensor.__bool__: lambda _: True,
    torch.Tensor.tolist: lambda tensor: _make_up_values(tensor).tolist(),
    torch.Tensor.numpy: lambda tensor: _make_up_values(tensor).numpy(),
    torch.Tensor.cpu: _make_up_values,
}
"""The methods that read from a device, each with what it returns here."""
MAKERS: Final = (torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor.new_tensor)
"""The functions that copy numbers of Python to a device."""


@dataclass(kw_only=True, slots=True)
class Watch:
    """What was seen since the last `clear`. Each entry is a line of code, or says so."""

    readings: list[str] = field(default_factory=list)
    """Lines that read from the device."""
    copies: list[str] = field(default_factory=list)
    """Lines that copy from the CPU to the device."""
    mixtures: list[str] = field(default_factory=list)
    """Operations on tensors of both devices, except for single numbers, which become arguments of a kernel."""
    doubles: list[str] = field(default_factory=list)
    """Operations that gave float64 on the device, in which GPUs are slow."""
    operations: int = 0
    """The number of operations on the device."""

    def clear(self) -> None:
        """Forget what was seen."""
        for lines in (self.readings, self.copies, self.mixtures, self.doubles):
            lines.clear()
        self.operations = 0


class _WatchFunctions(TorchFunctionMode):
    """Answers readings, and records them and what is made out of numbers of Python."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func in READINGS and _is_pretended(args[0]):
            self.watch.readings.append(_find_line())
            return READINGS[func](args[0])
        result = func(*args, **(kwargs or {}))
        if func in MAKERS and _is_pretended(result):
            self.watch.copies.append(_find_line())
        return result


class _WatchOperations(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's
    """Records the operations below: copies between devices, and tensors of two devices in one operation."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's
        self.watch = watch

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        given, made = list(_list_tensors((args, kwargs))), list(_list_tensors(result))
        if any(map(_is_pretended, made)):
            self.watch.operations += 1
            from_cpu = [tensor for tensor in given if not _is_pretended(tensor)]
            if from_cpu and func.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_):
                self.watch.copies.append(_find_line())
            elif any(tensor.ndim for tensor in from_cpu):
                self.watch.mixtures.append(f"{func}: {_find_line()}")
            if any(tensor.dtype == torch.float64 and _is_pretended(tensor) for tensor in made):
                self.watch.doubles.append(f"{func}: {_find_line()}")
        return result


class PretendedGenerator(torch.Generator):
    """A generator that says that it is on another device; torch has none for `meta`."""

    def __new__(cls, device: torch.device | str = "cpu") -> Self:  # noqa: ARG004 - for __init__
        """Make a generator of the CPU."""
        return super().__new__(cls)

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)

    @property
    def device(self) -> torch.device:  # type: ignore[override] # nobody sets it
        """The device on which it draws."""
        return self._device


class PlainAdamW(torch.optim.AdamW):
    """AdamW in torch's operations; there is no fused kernel for `meta`."""

    def __init__(self, *args: object, fused: bool = False, **options: object) -> None:  # noqa: ARG002
        super().__init__(*args, **options)  # type: ignore[arg-type] # passed on


class pretend_device:  # noqa: N801 - used like a function
    """Watch the pretended device within a `with` block."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.watch = Watch()
        self.modes = (_WatchFunctions(self.watch), _WatchOperations(self.watch))

    def __enter__(self) -> Watch:
        self.monkeypatch.setattr(torch, "Generator", PretendedGenerator)
        self.monkeypatch.setattr(torch.optim, "AdamW", PlainAdamW)
        for mode in self.modes:
            mode.__enter__()  # type: ignore[no-untyped-call] # torch's
        return self.watch

    def __exit__(self, *why: object) -> None:
        for mode in reversed(self.modes):
            mode.__exit__(*why)  # type: ignore[no-untyped-call] # torch's


def _is_pretended(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.device == PRETENDED


def _list_tensors(value: object) -> Iterator[torch.Tensor]:
    """Yield all tensors in nested lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _list_tensors(list(value.values()))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from _list_tensors(each)


def _find_line() -> str:
    """Return the innermost line of lvzoo or of a plugin that runs now."""
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if any(path.is_relative_to(folder) for folder in OURS):
            return f"{path.name}: {linecache.getline(str(path), frame.f_lineno).strip()}"
        frame = cast("Any", frame.f_back)
    return "outside of lvzoo"
