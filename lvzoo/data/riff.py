"""Where the JPEG of each frame lies in an AVI file: RIFF headers, the `idx1` index, and the scan without it.

An AVI is a tree of chunks (four letters, a length, that many bytes, padded to an even length): `LIST hdrl`
describes the streams, `LIST movi` holds the frames' chunks (`00dc`), and `idx1` lists them. A file above one
gigabyte goes on in `RIFF AVIX` segments, each with its own `LIST movi` (OpenDML).
Format: Microsoft, "AVI RIFF file reference"; Matrox, "OpenDML AVI file format extensions" 1.02.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RIFF_HEADER: Final = 12
"""Bytes of `RIFF`, a length and a form type; those of `LIST`, a length and a list type too."""
CHUNK_HEADER: Final = 8
INDEX_ENTRY: Final = 16
"""Bytes of an entry of `idx1`: name, flags, offset, length."""
Span = tuple[int, int]
"""First byte of a chunk's content, and how many bytes it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Avi:
    """The video stream of an AVI file: `spans` are its frames in order, found by the index or by the scan."""

    codec: str
    fps: float | None
    size_HW: tuple[int, int]
    spans: tuple[Span, ...]
    indexed: bool


@dataclass(kw_only=True, slots=True)
class _Layout:
    """What one walk through the file's top levels finds."""

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
        """The names that the stream's frames carry: compressed, or (by careless writers) uncompressed."""
        number = b"%02d" % (self.stream or 0)
        return number + b"dc", number + b"db"


def is_avi(head: bytes) -> bool:
    """Tell whether a file that begins so is an AVI."""
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def parse_avi(data: bytes) -> Avi | None:
    """Find the frames of an AVI file's first video stream; None where there are none to be found.

    The index is believed when every entry points at a chunk of the name and length that it says, and when it
    lists as many frames as the header does; offsets may count from `movi` or from the file's first byte.
    Otherwise the `movi` chunks are scanned. A frame of no bytes repeats the frame before it.
    """
    if not is_avi(data):
        return None
    layout = _walk(data)
    if layout.stream is None:
        return None
    indexed = _read_index(data, layout)
    spans = indexed or _scan(data, layout)
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
    """Yield (name, first byte, length) of the chunks between two places; lengths never pass the end."""
    while at + CHUNK_HEADER <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        start = at + CHUNK_HEADER
        if name == b"RIFF":  # an AVIX segment: its chunks stand on this level
            at += RIFF_HEADER
            continue
        yield name, start, min(length, end - start)
        at = start + length + length % 2


def _walk(data: bytes) -> _Layout:
    layout = _Layout()
    for name, start, length in _chunks(data, RIFF_HEADER, len(data)):
        kind = data[start : start + 4] if name == b"LIST" else b""
        if kind == b"hdrl":
            _read_headers(data, start + 4, start + length, layout)
        elif kind == b"movi":
            # A writer that was interrupted leaves a length of zero: the frames run to the file's end.
            layout.movies.append((start, length if length > len(kind) else len(data) - start))
        elif name == b"idx1":
            layout.index = (start, length)
    return layout


def _read_headers(data: bytes, at: int, end: int, layout: _Layout) -> None:
    """Keep the first video stream's header (`strh`) and format (`strf`)."""
    for name, start, length in _chunks(data, at, end):
        if name != b"LIST" or data[start : start + 4] != b"strl":
            continue
        parts = {
            part: data[first : first + size] for part, first, size in _chunks(data, start + 4, start + length)
        }
        head, form = parts.get(b"strh", b""), parts.get(b"strf", b"")
        if layout.stream is None and head[:4] == b"vids" and len(head) >= 36 and len(form) >= 20:
            layout.stream = layout.streams
            scale, rate, _, layout.frames = struct.unpack_from("<4I", head, 20)
            layout.fps = rate / scale if scale and rate else None
            width, height = struct.unpack_from("<2i", form, 4)
            layout.size_HW = (abs(height), width)
            layout.codec = form[16:20].decode("latin-1").upper()
        layout.streams += 1


def _read_index(data: bytes, layout: _Layout) -> list[Span] | None:
    """Return the frames that `idx1` lists, or None where it is missing, incomplete or points elsewhere."""
    if layout.index is None or len(layout.movies) != 1:  # idx1 does not reach into AVIX segments
        return None
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
    heads_N8 = entries_N16[
        :, [0, 1, 2, 3, 12, 13, 14, 15]
    ]  # name and length, as they stand before the chunk itself
    for base in (layout.movies[0][0], 0):
        starts_N = base + offsets_N + CHUNK_HEADER
        if (starts_N + sizes_N > len(data)).any():
            continue
        found_N8 = content[starts_N[:, None] + np.arange(-CHUNK_HEADER, 0)]
        if (found_N8 == heads_N8).all():
            return list(zip(starts_N.tolist(), sizes_N.tolist(), strict=True))
    return None


def _scan(data: bytes, layout: _Layout) -> list[Span]:
    """Return the frames found by going from chunk to chunk; one that the file's end cuts off is no frame."""
    spans, frame_ids = [], layout.frame_ids
    for movie_start, movie_length in layout.movies:
        at, end = movie_start + 4, movie_start + movie_length
        while at + CHUNK_HEADER <= end:
            name, size = struct.unpack_from("<4sI", data, at)
            if name == b"LIST":  # `rec ` groups the chunks of one moment: step inside
                at += RIFF_HEADER
                continue
            start = at + CHUNK_HEADER
            if name in frame_ids and start + size <= len(data):
                spans.append((start, size))
            at = start + size + size % 2
    return spans


def _repeat_empty(spans: Sequence[Span]) -> tuple[Span, ...]:
    filled: list[Span] = []
    for span in spans:
        filled.append(filled[-1] if span[1] == 0 and filled else span)
    return tuple(filled)
