"""Reads the tensors of a checkpoint that other code wrote: a file of `torch.save`, or a safetensors file.

A file of `torch.save` is a pickle, which can run code. torch reads it with `weights_only=True`: it builds tensors and
plain values only, and anything else in the file is an error.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file

from lvzoo.errors import DataError, explain_exception, is_out_of_memory, name_some, one_line

INSIDE: Final = ("state_dict", "model_state_dict", "model")
"""The keys under which training programs keep the tensors of a network, beside the optimiser and the epoch."""
PREFIXES: Final = ("_orig_mod.", "module.", "_orig_mod.")
"""What torch's wrappers put before every name: `torch.compile` inside or outside of DataParallel."""
HOW: Final = "`torch.save(model.state_dict(), PATH)`"
SCALAR: Final[Any] = np.float64(0).__reduce__()[0]
NUMPY: Final[tuple[Any, ...]] = (
    np.dtype,
    SCALAR,
    (SCALAR, "numpy.core.multiarray.scalar"),  # its name in numpy 1
    *(type(np.dtype(name)) for name in ("bool", "int32", "int64", "float32", "float64")),
)
"""What a number of numpy consists of. Programs keep losses and scores as such numbers, and building them is safe."""


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a network by name, on the CPU, without the prefixes of torch's wrappers.

    Raises:
        DataError: the file is missing or damaged, holds no tensors of a network, or would run code.
    """
    tensors = _find_tensors(_read(path), path)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def list_shorter_names(tensors: Mapping[str, torch.Tensor]) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """Yield each beginning that all names share, and the tensors without it; first the empty beginning.

    >>> [beginning for beginning, _ in list_shorter_names({"model.a.bias": torch.ones(1)})]
    ['', 'model.', 'model.a.']
    """
    beginning = ""
    yield beginning, dict(tensors)
    while len(words := {name.partition(".")[:2] for name in tensors}) == 1 and (word := words.pop())[1]:
        beginning += "".join(word)
        tensors = {name.removeprefix("".join(word)): tensor for name, tensor in tensors.items()}
        yield beginning, tensors


def _read(path: Path) -> object:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals(list(NUMPY)):
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from error
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{path}: not read, since it is damaged or holds more than tensors and plain values, which could run "
            f"code ({_shorten(error)}); ask its author for the state_dict alone: {HOW}"
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        if is_out_of_memory(error):
            raise
        raise DataError(
            f"{path}: damaged, or not a checkpoint of torch.save or safetensors ({_shorten(error)}); get it again"
        ) from error


def _find_tensors(content: object, path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors in what a checkpoint holds: a mapping of them, or one that has such a mapping inside."""
    inside = [content[key] for key in INSIDE if key in content] if isinstance(content, Mapping) else []
    for each in (*inside, content):
        if (
            isinstance(each, Mapping)
            and each
            and all(isinstance(value, torch.Tensor) for value in each.values())
        ):
            return {str(name): tensor for name, tensor in each.items()}
    raise DataError(f"{path}: holds {_describe(content)}; ask its author for the state_dict alone: {HOW}")


def _describe(content: Any) -> str:  # noqa: ANN401 - whatever the file holds
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__} and no tensors by name"
    return f"no tensors of a network, but {name_some([str(key) for key in content], 5) or 'nothing'}"


def _shorten(error: Exception) -> str:
    """Return what torch says without its advice to read the file unsafely."""
    text = one_line(explain_exception(error))
    for beginning in ("WeightsUnpickler error:", "Weights only load failed."):
        text = text.partition(beginning)[2].strip() or text
    return text.partition(". ")[0].partition(" Please ")[0][:200].rstrip(". ")
