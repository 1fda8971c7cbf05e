"""Reads the header of a safetensors file, and nothing behind it: 8 bytes of length, then JSON, then the tensors.

The format: https://github.com/huggingface/safetensors#format. The library's own reader imports numpy, which a listing
of the zoo must not wait for. This one checks what a listing needs: that the file is complete, and what it is if it is
no safetensors file. The library checks the tensors' places when it reads the tensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import DataError
from lvzoo.weights.card import KEY, NewerCardError, parse_card

if TYPE_CHECKING:
    from lvzoo.weights.card import WeightsCard

PREFIX: Final = 8
LONGEST_HEADER: Final = 4 * 2**20
"""In bytes. A tensor takes about a hundred of them, a card a few thousand."""
MOST_DIMENSIONS: Final = 16
ITEM_BYTES: Final = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL"), 1),
}
"""Bytes of one number of each type."""
PICKLE: Final = "a pickle"
OTHER_FORMATS: Final = {
    b"PK\x03\x04": f"a zip archive, as torch.save writes it (.pt, .pth): {PICKLE}",
    b"\x80": f"{PICKLE} (.pt, .pth, .pkl)",
    b"\x89HDF": "HDF5",
    b"version https://git-lfs": "a Git LFS pointer and not the file itself; fetch it with `git lfs pull`",
    b"<": "a web page; download the file itself",
}
"""The first bytes of files that people take for weights files, and what such a file is."""
HOW_TO_MAKE: Final = "`lvzoo pack TRIAL` makes a weights file of a trial"
AGAIN: Final = "copy or download it again, or pack its trial again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """One tensor of a file: its shape, and its type as safetensors names it ("F16")."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def floating(self) -> bool:
        """Whether its numbers are floating-point."""
        return "F" in self.dtype


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The tensors of a safetensors file, and its metadata."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


class UnknownTypeError(ValueError):
    """A tensor has a type that lvzoo does not read."""


def read_card(path: str | Path) -> WeightsCard:
    """Return the card of a weights file.

    Raises:
        DataError: the file is missing, damaged, or not a weights file of lvzoo.
    """
    path = Path(path)
    text = read_header(path).metadata.get(KEY)
    if text is None:
        raise DataError(
            f"{path}: a sound safetensors file, but it has no card of lvzoo, so its model is unknown; {HOW_TO_MAKE}"
        )
    try:
        return parse_card(json.loads(text))
    except NewerCardError as error:
        raise DataError(f"{path}: was made by a newer lvzoo ({error}); update lvzoo") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: its card is damaged ({error}); {AGAIN}") from error


def read_header(path: Path) -> Header:
    """Return the header of a safetensors file, after comparing it with the size of the file.

    Raises:
        DataError: the file is missing, cut short, damaged, or has another format.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            prefix = file.read(PREFIX)
            length = int.from_bytes(prefix, "little")
            text = file.read(min(length, LONGEST_HEADER))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{path}: cannot be read ({reason}); {HOW_TO_MAKE}") from error
    if not text.startswith(b"{"):
        raise DataError(f"{path}: {_describe_other_format(prefix + text, size)}")
    if length > min(size - PREFIX, LONGEST_HEADER):
        raise DataError(
            f"{path}: cut short or damaged: its header should have {length} bytes, and the file has {size}; {AGAIN}"
        )
    try:
        return _parse(text, size - PREFIX - length)
    except UnknownTypeError as error:
        raise DataError(f"{path}: {error}, which lvzoo does not read; `lvzoo pack` writes float16") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: cut short or damaged: {error}; {AGAIN}") from error


def _describe_other_format(beginning: bytes, size: int) -> str:
    """Return what a file is that does not begin as a safetensors file does, and what to do next."""
    if not size:
        return f"is empty; {AGAIN}"
    for signature, what in OTHER_FORMATS.items():
        if beginning.startswith(signature):
            never = f"; it is never read, since it can run code; {HOW_TO_MAKE}" if PICKLE in what else ""
            return f"is {what}{never}"
    return f"is not a safetensors file, or is damaged at its beginning; {HOW_TO_MAKE}"


def _parse(text: bytes, room: int) -> Header:
    """Return the header in `text`; its tensors must have as many bytes as follow it, which are `room`."""
    try:
        plain: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is not JSON ({error})") from error
    metadata = plain.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are not text")
    tensors = {name: _parse_tensor(name, each, room) for name, each in plain.items()}
    size = sum(math.prod(each.shape) * ITEM_BYTES[each.dtype] for each in tensors.values())
    if size != room:
        raise ValueError(f"its tensors should have {size} bytes, and {room} are there")
    return Header(tensors=tensors, metadata=metadata)


def _parse_tensor(name: str, plain: Mapping[str, Any], room: int) -> Tensor:
    """Return a tensor's type and shape. A hostile file may hold any shape, so check it before multiplying."""
    dtype: str = plain["dtype"]
    shape: list[int] = plain["shape"]
    if len(shape) > MOST_DIMENSIONS or not all(type(each) is int and 0 <= each <= room for each in shape):
        raise ValueError(f"{name!r} cannot have shape {shape!s:.60}")
    if dtype not in ITEM_BYTES:
        raise UnknownTypeError(f"{name!r} is of type {dtype!r:.60}")
    return Tensor(dtype=dtype, shape=tuple(shape))
