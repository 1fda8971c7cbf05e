"""The bytes of a file, of which only the parts that are asked for are read."""

from __future__ import annotations

import os
from typing import BinaryIO, Final, Protocol

BLOCK_BYTES: Final = 4096
"""A small part is read together with so many bytes behind it, because the next small part often lies there."""
SMALL_BYTES: Final = 64
"""The most bytes of a small part, such as the name and the length of a chunk."""


class Content(Protocol):
    """The bytes of a file: `bytes`, or an open file of which only the parts that are asked for are read."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...


class OpenFile:
    """The content of an open file, opened without buffering. Only one small block is kept."""

    def __init__(self, file: BinaryIO) -> None:
        """Take an open file, which the caller closes."""
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._block = b""
        self._block_start = 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        start, end, _ = part.indices(self._size)
        if end - start > SMALL_BYTES:
            return self._read(start, end - start)
        if not self._block_start <= start <= end <= self._block_start + len(self._block):
            self._block, self._block_start = self._read(start, BLOCK_BYTES), start
        return self._block[start - self._block_start : max(0, end - self._block_start)]

    def _read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        return self._file.read(length)
