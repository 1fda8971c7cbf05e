"""Reads the card in the header of a safetensors file, and none of the tensors behind it.

The format is 8 bytes of length, JSON, then the tensors: https://github.com/huggingface/safetensors#format. The
library's own reader imports numpy, which a listing of the zoo must not wait for. This one checks what a listing
needs: that the file is complete, and what it is if it is no safetensors file. The library checks the tensors when it
reads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import DataError
from lvzoo.weights.card import KEY, NewerCardError, parse_card

if TYPE_CHECKING:
    from lvzoo.weights.card import WeightsCard

PREFIX: Final = 8
LONGEST_HEADER: Final = 4 * 2**20
"""In bytes. A tensor takes about a hundred of them, a card a few thousand."""
READ_TYPES: Final = frozenset(("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"))
"""The types of tensors that lvzoo reads, as safetensors names them."""
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
OR_ADOPT: Final = ", `lvzoo adopt` one of another program's checkpoint"
AGAIN: Final = "copy or download it again, or pack its trial again"


class UnknownTypeError(ValueError):
    """A tensor has a type that lvzoo does not read."""


def read_card(path: str | Path) -> WeightsCard:
    """Return the card of a weights file.

    Raises:
        DataError: the file is missing, damaged, or not a weights file of lvzoo.
    """
    path = Path(path)
    text = read_metadata(path).get(KEY)
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


def read_metadata(path: Path) -> Mapping[str, str]:
    """Return the metadata of a safetensors file, after comparing its header with the size of the file.

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
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: cut short or damaged: {error}; {AGAIN}") from error


def _describe_other_format(beginning: bytes, size: int) -> str:
    """Return what a file is that does not begin as a safetensors file does, and what to do next."""
    if not size:
        return f"is empty; {AGAIN}"
    for signature, what in OTHER_FORMATS.items():
        if beginning.startswith(signature):
            never = (
                f"; it is never read, since it can run code; {HOW_TO_MAKE}{OR_ADOPT}"
                if PICKLE in what
                else ""
            )
            return f"is {what}{never}"
    return f"is not a safetensors file, or is damaged at its beginning; {HOW_TO_MAKE}"


def _parse(text: bytes, room: int) -> Mapping[str, str]:
    """Return the metadata of the header in `text`; its tensors must end with the file, `room` bytes later."""
    try:
        plain: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is not JSON ({error})") from error
    metadata: dict[str, str] = plain.pop("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are not text")
    for name, tensor in plain.items():
        if tensor["dtype"] not in READ_TYPES:
            raise UnknownTypeError(f"{name!r} is of type {tensor['dtype']!r:.60}")
    end = max((tensor["data_offsets"][1] for tensor in plain.values()), default=0)
    if end != room:
        raise ValueError(f"its tensors should have {end} bytes, and {room} are there")
    return metadata
