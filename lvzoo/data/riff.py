"""Finds the bytes of each frame in an AVI file: by the `idx1` index, or by scanning the chunks.

An AVI is a tree of chunks. A chunk is a name of four letters, a length, and that many bytes, padded to an even
length. `LIST hdrl` describes the streams, `LIST movi` holds the frames' chunks (`00dc`), and `idx1` lists them. After
one gigabyte, a file continues in `RIFF AVIX` segments, each with its own `LIST movi` (OpenDML).
Format: Microsoft, "AVI RIFF file reference"; Matrox, "OpenDML AVI file format extensions" 1.02.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

RIFF_HEADER: Final = 12
"""Bytes of `RIFF`, a length and a form type, or of `LIST`, a length and a list type."""
CHUNK_HEADER: Final = 8
"""Bytes of a chunk's name and length."""
INDEX_ENTRY: Final = 16
"""Bytes of one entry of `idx1`: name, flags, offset and length, 4 bytes each."""
Span = tuple[int, int]
"""The position of the first byte of a chunk's content, and the number of its bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Avi:
    """The video stream of an AVI file; `spans` are its frames in order, `indexed` says whether `idx1` gave them."""

    codec: str
    fps: float | None
    size_HW: tuple[int, int]
    spans: tuple[Span, ...]
    indexed: bool


@dataclass(kw_only=True, slots=True)
class _Layout:
    """The headers of the first video stream, and where the frames and the index lie in the file."""

    stream: int | None = None
    streams: int = 0
    codec: str = ""
    fps: float | None = None
    frames: int = 0
    size_HW: tuple[int, int] = (0, 0)
    movies: list[Span] = field(default_factory=list)
    index: Span | None = None

    @property
    def frame_ids(self) -> tuple[bytes, bytes]:
        """The names of the stream's frame chunks: for compressed frames, and for uncompressed ones.

        Some writers use the second name for compressed frames too.
        """
        number = b"%02d" % (self.stream or 0)
        return number + b"dc", number + b"db"


def is_avi(head: bytes) -> bool:
    """Return whether a file with these first bytes is an AVI."""
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def parse_avi(data: bytes) -> Avi | None:
    """Find the frames of an AVI file's first video stream; return None if there are none.

    The index is used if it lists as many frames as the header states, and if each of its entries points at a chunk
    with the same name and length. Its offsets may count from `movi` or from the file's first byte. Without a usable
    index, the `movi` chunks are scanned. A frame without bytes repeats the frame before it.
    """
    if not is_avi(data):
        return None
    layout = _read_layout(data)
    if layout.stream is None:
        return None
    indexed = _read_index(data, layout)
    spans = indexed or _scan_chunks(data, layout)
    if not spans:
        return None
    return Avi(
        codec=layout.codec,
        fps=layout.fps,
        size_HW=layout.size_HW,
        spans=_repeat_empty(spans),
        indexed=bool(indexed),
    )


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, first byte, length) of the chunks between two positions; no chunk reaches beyond `end`."""
    while at + CHUNK_HEADER <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        start = at + CHUNK_HEADER
        if name == b"RIFF":  # a further segment (AVIX): go on with the chunks inside it
            at += RIFF_HEADER
            continue
        yield name, start, min(length, end - start)
        at = start + length + length % 2


def _read_layout(data: bytes) -> _Layout:
    layout = _Layout()
    for name, start, length in _chunks(data, RIFF_HEADER, len(data)):
        kind = data[start : start + 4] if name == b"LIST" else b""
        if kind == b"hdrl":
            _read_headers(data, start + 4, start + length, layout)
        elif kind == b"movi":
            # An interrupted writer leaves a length of zero; then the frames reach to the file's end.
            layout.movies.append((start, length if length > len(kind) else len(data) - start))
        elif name == b"idx1":
            layout.index = (start, length)
    return layout


def _read_headers(data: bytes, at: int, end: int, layout: _Layout) -> None:
    """Read the header (`strh`) and the format (`strf`) of the first video stream into the layout."""
    for name, start, length in _chunks(data, at, end):
        if name != b"LIST" or data[start : start + 4] != b"strl":
            continue
        parts = {
            part: data[first : first + size] for part, first, size in _chunks(data, start + 4, start + length)
        }
        head, form = parts.get(b"strh", b""), parts.get(b"strf", b"")
        if layout.stream is None and head[:4] == b"vids" and len(head) >= 36 and len(form) >= 20:
            # strh has scale, rate, start and length from byte 20 on; strf is a BITMAPINFOHEADER.
            layout.stream = layout.streams
            scale, rate, _, layout.frames = struct.unpack_from("<4I", head, 20)
            layout.fps = rate / scale if scale and rate else None
            width, height = struct.unpack_from("<2i", form, 4)
            layout.size_HW = (abs(height), width)
            layout.codec = form[16:20].decode("latin-1").upper()
        layout.streams += 1


def _read_index(data: bytes, layout: _Layout) -> list[Span] | None:
    """Return the frames that `idx1` lists, or None if it is missing or incomplete, or does not fit the file."""
    if layout.index is None or len(layout.movies) != 1:  # idx1 does not list the frames of AVIX segments
        return None
    # Select the entries of our stream.
    start, length = layout.index
    content = np.frombuffer(data, dtype=np.uint8)
    entries_N16 = content[start : start + length - length % INDEX_ENTRY].reshape(-1, INDEX_ENTRY)
    ours_N = np.zeros(len(entries_N16), dtype=np.bool_)
    for name in layout.frame_ids:
        ours_N |= (entries_N16[:, :4] == np.frombuffer(name, dtype=np.uint8)).all(axis=1)
    entries_N16 = entries_N16[ours_N]
    if len(entries_N16) != layout.frames:
        return None
    _, _, offsets_N, sizes_N = np.ascontiguousarray(entries_N16).view("<u4").astype(np.int64).T
    # Name and length of an entry must equal the 8 bytes in front of the chunk that it points at.
    heads_N8 = entries_N16[:, [0, 1, 2, 3, 12, 13, 14, 15]]
    for base in (layout.movies[0][0], 0):
        starts_N = base + offsets_N + CHUNK_HEADER
        if (starts_N + sizes_N > len(data)).any():
            continue
        found_N8 = content[starts_N[:, None] + np.arange(-CHUNK_HEADER, 0)]
        if (found_N8 == heads_N8).all():
            return list(zip(starts_N.tolist(), sizes_N.tolist(), strict=True))
    return None


def _scan_chunks(data: bytes, layout: _Layout) -> list[Span]:
    """Return the frames found by going from chunk to chunk; a frame that is cut off by the file's end is left out."""
    spans, frame_ids = [], layout.frame_ids
    for movie_start, movie_length in layout.movies:
        at, end = movie_start + 4, movie_start + movie_length
        while at + CHUNK_HEADER <= end:
            name, size = struct.unpack_from("<4sI", data, at)
            if name == b"LIST":  # `rec ` groups the chunks of one moment: go on with the chunks inside it
                at += RIFF_HEADER
                continue
            start = at + CHUNK_HEADER
            if name in frame_ids and start + size <= len(data):
                spans.append((start, size))
            at = start + size + size % 2
    return spans


def _repeat_empty(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Replace each empty frame by the frame before it."""
    filled: list[Span] = []
    for span in spans:
        filled.append(filled[-1] if span[1] == 0 and filled else span)
    return tuple(filled)
