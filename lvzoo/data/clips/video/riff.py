"""Finds the bytes of each frame in an AVI file: by the `idx1` index, or by scanning the chunks.

An AVI is a tree of chunks. A chunk is a name of four letters, a length, and that many bytes, padded to an even
length. `LIST hdrl` describes the streams, `LIST movi` holds the frames' chunks (`00dc`), and `idx1` lists them. After
one gigabyte, a file continues in `RIFF AVIX` segments, each with its own `LIST movi` (OpenDML).
Format: Microsoft, "AVI RIFF file reference"; Matrox, "OpenDML AVI file format extensions" 1.02.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.content import Content
from lvzoo.data.clips.video.containers import is_avi

RIFF_HEADER: Final = 12
"""Bytes of `RIFF`, a length and a form type, or of `LIST`, a length and a list type."""
CHUNK_HEADER: Final = 8
"""Bytes of a chunk's name and length."""
INDEX_ENTRY: Final = 16
"""Bytes of one entry of `idx1`: name, flags, offset and length, 4 bytes each."""
STREAM_HEADER: Final = 64
"""So many bytes of `strh` and `strf` are read; all that is needed lies within."""
NO_NAME: Final = bytes(4)
"""What stands in place of a chunk's name where nothing was written."""
ZEROS_READ: Final = 1 << 20
"""A gap of zeros is read in blocks of so many bytes."""
LOST: Final = (-1, 1)
"""The span of a frame that the index lists, but that is not where the index says."""
MOST_LOST: Final = 0.5
"""An index is used only if less than this part of its frames is lost."""
Span: TypeAlias = tuple[int, int]
"""The position of the first byte of a chunk's content, and the number of its bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Avi:
    """The video stream of an AVI file."""

    codec: str
    fps: float | None
    """The rate as it stands in the header, which may be damaged; None if it is not stated."""
    size_HW: tuple[int, int]
    stated_frames: int | None
    """The number of frames that the header promises. A recording that was interrupted promises none."""
    spans_N2: NDArray[np.int64]
    """The first byte and the length of each frame, in order. A frame without bytes repeats the one before it.

    The first byte is negative for a frame that the index lists, but that is not at the listed place.
    """
    empty_frames: int
    """The number of frames without bytes."""
    indexed: bool
    """Whether the frames were found by `idx1`."""


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


def parse_avi(data: Content) -> Avi | None:
    """Find the frames of an AVI file's first video stream; return None if it has no such stream.

    The index is used if it lists as many frames as the header states, and if its entries point at chunks with the
    same name and length. Its offsets may count from `movi` or from the file's first byte. Without a usable index, the
    `movi` chunks are scanned. If some entries point elsewhere, the chunks are scanned too: either the index is wrong,
    and the scan finds all frames, or a part of the file is damaged, and the index loses only the frames in it.
    """
    if not is_avi(data[:RIFF_HEADER]):
        return None
    layout = _read_layout(data)
    if layout.stream is None:
        return None
    indexed_N2 = _read_index(data, layout)
    if indexed_N2 is None:
        spans_N2 = _scan_chunks(data, layout)
    else:
        spans_N2 = indexed_N2
        is_broken = bool((indexed_N2[:, 0] < 0).any())
        if is_broken and len(scanned_N2 := _scan_chunks(data, layout)) >= len(indexed_N2):
            spans_N2, indexed_N2 = scanned_N2, None
    # Some writers state only the frames of the first segment. If the file holds more frames than its header states,
    # the stated number is ignored.
    stated = layout.frames if layout.frames >= len(spans_N2) else 0
    return Avi(
        codec=layout.codec,
        fps=layout.fps,
        size_HW=layout.size_HW,
        stated_frames=stated or None,
        spans_N2=_repeat_empty(spans_N2),
        empty_frames=int((spans_N2[:, 1] == 0).sum()),
        indexed=indexed_N2 is not None,
    )


def _read_head(data: Content, at: int) -> tuple[bytes, int]:
    """Return the name and the length of the chunk at a position."""
    name, length = struct.unpack("<4sI", data[at : at + CHUNK_HEADER])
    return name, length


def _walk(data: Content, at: int, end: int, group: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, first byte, length) of the chunks between two positions. The last one may reach beyond `end`.

    Of a chunk with the name `group`, the chunks inside it are yielded instead.
    """
    while at + CHUNK_HEADER <= end:
        name, length = _read_head(data, at)
        start = at + CHUNK_HEADER
        if name == NO_NAME:  # recorders reserve space that they do not fill if they are interrupted
            at = _skip_zeros(data, at, end)
        elif name == group:
            at += RIFF_HEADER
        else:
            yield name, start, length
            at = start + length + length % 2


def _skip_zeros(data: Content, at: int, end: int) -> int:
    """Return the position of the first byte that is not zero, or the even one before it; `end` if there is none."""
    while at < end:
        block = data[at : min(at + ZEROS_READ, end)]
        rest = block.lstrip(b"\0")
        at += len(block) - len(rest)
        if rest or not block:
            return at - at % 2
    return end


def _chunks(data: Content, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, first byte, length) of the chunks between two positions, cut off at `end`."""
    for name, start, length in _walk(data, at, end, b"RIFF"):  # a RIFF here is a further segment (AVIX)
        yield name, start, min(length, end - start)


def _read_layout(data: Content) -> _Layout:
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


def _read_headers(data: Content, at: int, end: int, layout: _Layout) -> None:
    """Read the header (`strh`) and the format (`strf`) of the first video stream into the layout."""
    for name, start, length in _chunks(data, at, end):
        if name != b"LIST" or data[start : start + 4] != b"strl":
            continue
        parts = {
            part: data[first : first + min(size, STREAM_HEADER)]
            for part, first, size in _chunks(data, start + 4, start + length)
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


def _read_index(data: Content, layout: _Layout) -> NDArray[np.int64] | None:
    """Return the frames that `idx1` lists; None if it is missing or incomplete, or most of it does not fit the file.

    An entry that does not fit becomes a lost frame.
    """
    if layout.index is None or len(layout.movies) != 1:  # idx1 does not list the frames of AVIX segments
        return None
    # Select the entries of our stream.
    start, length = layout.index
    content = np.frombuffer(data[start : start + length - length % INDEX_ENTRY], dtype=np.uint8)
    entries_N16 = content.reshape(-1, INDEX_ENTRY)
    ours_N = np.zeros(len(entries_N16), dtype=np.bool_)
    for name in layout.frame_ids:
        ours_N |= (entries_N16[:, :4] == np.frombuffer(name, dtype=np.uint8)).all(axis=1)
    entries_N16 = entries_N16[ours_N]
    if len(entries_N16) != layout.frames or not layout.frames:
        return None
    _, _, offsets_N, sizes_N = np.ascontiguousarray(entries_N16).view("<u4").astype(np.int64).T
    # Name and length of an entry must equal the 8 bytes in front of the chunk that it points at.
    heads_N8 = entries_N16[:, [0, 1, 2, 3, 12, 13, 14, 15]]
    for base in (layout.movies[0][0], 0):
        starts_N = base + offsets_N + CHUNK_HEADER
        fits_N = starts_N + sizes_N <= len(data)
        fits_N[fits_N] = (_read_heads(data, starts_N[fits_N] - CHUNK_HEADER) == heads_N8[fits_N]).all(axis=1)
        if fits_N.mean() > 1 - MOST_LOST:
            spans_N2 = np.stack([starts_N, sizes_N], axis=1)
            spans_N2[~fits_N] = LOST
            return spans_N2
    return None


def _read_heads(data: Content, starts_N: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the 8 bytes at each position as (N, 8)."""
    if isinstance(data, bytes):
        content = np.frombuffer(data, dtype=np.uint8)
        return np.asarray(content[starts_N[:, None] + np.arange(CHUNK_HEADER)], dtype=np.uint8)
    heads = b"".join(data[start : start + CHUNK_HEADER] for start in starts_N.tolist())
    return np.frombuffer(heads, dtype=np.uint8).reshape(-1, CHUNK_HEADER)


def _scan_chunks(data: Content, layout: _Layout) -> NDArray[np.int64]:
    """Return the frames found by going from chunk to chunk; a frame that is cut off by the file's end is left out."""
    spans, frame_ids = [], layout.frame_ids
    for movie_start, movie_length in layout.movies:
        # A LIST here groups the chunks of one moment (`rec `).
        for name, start, size in _walk(data, movie_start + 4, movie_start + movie_length, b"LIST"):
            if name in frame_ids and start + size <= len(data):
                spans.append((start, size))
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _repeat_empty(spans_N2: NDArray[np.int64]) -> NDArray[np.int64]:
    """Replace each empty frame by the frame before it."""
    numbers_N = np.where(spans_N2[:, 1] > 0, np.arange(len(spans_N2)), 0)
    return spans_N2[np.maximum.accumulate(numbers_N)] if len(spans_N2) else spans_N2
