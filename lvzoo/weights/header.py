"""Reads the header of a safetensors file, and no more of it: 8 bytes of length, then JSON, then the tensors.

The format: https://github.com/huggingface/safetensors#format. Nothing else is ever taken for weights: what a pickle
holds runs as code when it is read.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import DataError
from lvzoo.weights.card import KEY, NewerCardError, card_of

if TYPE_CHECKING:
    from lvzoo.weights.card import WeightsCard

PREFIX: Final = 8
LONGEST_HEADER: Final = 4 * 2**20
"""In bytes; a tensor takes about a hundred of them, a card a few thousand."""
MOST_DIMENSIONS: Final = 16
ITEM_BYTES: Final = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL"), 1),
}
"""Bytes of one number of each type."""
OTHER_FORMATS: Final = {
    b"PK\x03\x04": "a zip archive, as torch.save writes it (.pt, .pth): a pickle",
    b"\x80": "a pickle (.pt, .pth, .pkl)",
    b"\x89HDF": "HDF5",
    b"version https://git-lfs": "a Git LFS pointer and not the file itself; fetch it with `git lfs pull`",
    b"<": "a page of the web; download the file itself",
}
"""What a file that is no safetensors begins with, and what it is then."""
PICKLE: Final = "a pickle"
WHERE_FROM: Final = "`lvzoo pack TRIAL` makes a weights file of a trial"
AGAIN: Final = "copy or download it again, or pack its trial again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """One tensor of a file: its type as safetensors names it ("F16"), its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def floating(self) -> bool:
        """Whether its numbers are floating-point."""
        return "F" in self.dtype


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a safetensors file says of itself."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


class UnreadTypeError(ValueError):
    """A tensor of a type that safetensors may know and lvzoo does not."""


def read_card(path: str | Path) -> WeightsCard:
    """Return the card of a weights file.

    Raises:
        DataError: the file is missing, damaged or no weights file of lvzoo.
    """
    path = Path(path)
    text = read_header(path).metadata.get(KEY)
    if text is None:
        raise DataError(
            f"{path}: a sound safetensors file, but without lvzoo's card: nobody can tell which model it is of; "
            f"{WHERE_FROM}"
        )
    try:
        return card_of(json.loads(text))
    except NewerCardError as error:
        raise DataError(f"{path}: was made by a newer lvzoo ({error}); update lvzoo") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: its card is damaged ({error}); {AGAIN}") from error


def read_header(path: Path) -> Header:
    """Return what a safetensors file says of itself, held against the file's size.

    Raises:
        DataError: the file is missing, cut short, damaged or something else.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            prefix = file.read(PREFIX)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == PREFIX else 0
            text = file.read(min(length, LONGEST_HEADER))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({(error.strerror or str(error)).lower()}); {WHERE_FROM}"
        ) from error
    if not text.startswith(b"{"):
        raise DataError(f"{path}: {_what_else(prefix + text, size)}")
    if length > min(size - PREFIX, LONGEST_HEADER):
        raise DataError(
            f"{path}: cut short or damaged: its header should have {length} bytes, and the file has {size}; {AGAIN}"
        )
    try:
        return _parse(text, size - PREFIX - length)
    except UnreadTypeError as error:
        raise DataError(f"{path}: {error}, which lvzoo does not read; `lvzoo pack` writes float16") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: cut short or damaged: {error}; {AGAIN}") from error


def _what_else(beginning: bytes, size: int) -> str:
    """Say what a file is that does not begin as safetensors does, and what to do."""
    if not size:
        return f"is empty; {AGAIN}"
    for signature, what in OTHER_FORMATS.items():
        if beginning.startswith(signature):
            if PICKLE in what:
                return f"is {what}; it is never read, since it can run code; {WHERE_FROM}"
            return f"is {what}"
    return f"is no safetensors file, or damaged at its beginning; {WHERE_FROM}"


def _parse(text: bytes, room: int) -> Header:
    """Return the header that `text` is, if its tensors fill the `room` bytes behind it without gap or overlap."""
    try:
        plain: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is no JSON ({error})") from error
    metadata = plain.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are no text")
    end = 0
    for name, tensor in sorted(plain.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        start, stop = tensor["data_offsets"]
        if start != end or stop - start != _size(name, tensor, room):
            raise ValueError(f"{name!r} does not lie where it should")
        end = stop
    if end != room:
        raise ValueError(f"its tensors have {end} bytes, and {room} are there")
    tensors = {name: Tensor(dtype=each["dtype"], shape=tuple(each["shape"])) for name, each in plain.items()}
    return Header(tensors=tensors, metadata=metadata)


def _size(name: str, tensor: Mapping[str, Any], room: int) -> int:
    """Return how many bytes a tensor takes; its shape comes from anywhere, and may say anything."""
    dtype: str = tensor["dtype"]
    shape: list[int] = tensor["shape"]
    if len(shape) > MOST_DIMENSIONS or not all(type(each) is int and 0 <= each <= room for each in shape):
        raise ValueError(f"{name!r} cannot be of shape {shape!s:.60}")
    if dtype not in ITEM_BYTES:
        raise UnreadTypeError(f"{name!r} is of type {dtype!r:.60}")
    return math.prod(shape) * ITEM_BYTES[dtype]
