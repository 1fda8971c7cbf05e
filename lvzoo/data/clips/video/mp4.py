"""Reads what the index of an MP4 or MOV file says about its video: the codec, and the number of frames.

Such a file is a tree of boxes. A box is a length, a name of four letters, and its content. The index is the box
`moov`; the video's own part is `moov/trak/mdia/minf/stbl`.
Format: ISO/IEC 14496-12, "ISO base media file format"; Apple, "QuickTime File Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvzoo.data.clips.content import Content, OpenFile
from lvzoo.data.clips.video.containers import is_mp4

MOST_INDEX_BYTES: Final = 256 << 20
"""A longer `moov` is not read: its length is damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mp4:
    """The first video track; without `moov` the codec is None."""

    codec: str | None
    stated_frames: int | None
    """The number of frames in the index; None if an edit list leaves out some, or if the frames lie in fragments."""
    has_index: bool
    has_other_tracks: bool = False
    """Whether there are tracks, such as sound, but none of them is a video."""


def read_mp4(path: Path) -> Mp4 | None:
    """Read the index of a file; return None if it is neither MP4 nor MOV."""
    with path.open("rb", buffering=0) as file:
        content = OpenFile(file)
        if not is_mp4(content[:8]):
            return None
        for name, start, end in _boxes(content, 0, len(content)):
            if name == b"moov" and end - start <= MOST_INDEX_BYTES:
                return _read_index(content[start:end])
    return Mp4(codec=None, stated_frames=None, has_index=False)


def _boxes(data: Content, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, first byte, end) of the content of the boxes between two positions."""
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", data[at : at + 8])
        header = 8
        if size == 1 and at + 16 <= end:  # the length follows in 8 bytes
            (size,), header = struct.unpack(">Q", data[at + 8 : at + 16]), 16
        elif size == 0:  # up to the end of the file
            size = end - at
        if size < header:
            return
        yield name, at + header, min(at + size, end)
        at += size


def _find(data: bytes, *names: bytes) -> bytes | None:
    """Return the content of the first box under a path of names."""
    for wanted in names:
        spans = [(start, end) for name, start, end in _boxes(data, 0, len(data)) if name == wanted]
        if not spans:
            return None
        data = data[spans[0][0] : spans[0][1]]
    return data


def _read_index(moov: bytes) -> Mp4:
    others = 0
    for name, start, end in _boxes(moov, 0, len(moov)):
        track = moov[start:end]
        kind = _find(track, b"mdia", b"hdlr")
        if name != b"trak" or kind is None or kind[8:12] != b"vide":
            others += name == b"trak" and kind is not None
            continue
        tables = _find(track, b"mdia", b"minf", b"stbl") or b""
        formats, sizes = _find(tables, b"stsd") or b"", _find(tables, b"stsz") or b""
        count = struct.unpack_from(">I", sizes, 8)[0] if len(sizes) >= 12 else 0
        return Mp4(
            codec=formats[12:16].decode("latin-1") if len(formats) >= 16 else None,
            stated_frames=None if not count or _is_trimmed(moov, track, count) else count,
            has_index=True,
        )
    return Mp4(codec=None, stated_frames=None, has_index=True, has_other_tracks=others > 0)


def _is_trimmed(moov: bytes, track: bytes, frames: int) -> bool:
    """Return whether an edit list (`elst`) shows less than the whole track, by half a frame or more."""
    edits = _find(track, b"edts", b"elst")
    whole, movie = _read_duration(_find(track, b"mdia", b"mdhd")), _read_duration(_find(moov, b"mvhd"))
    if edits is None or len(edits) < 8 or whole is None or movie is None:
        return False
    whole_s, scale = whole[0] / whole[1], movie[1]
    wide = edits[0] == 1
    each = struct.Struct(">Qq4x" if wide else ">Ii4x")
    count = min(struct.unpack_from(">I", edits, 4)[0], (len(edits) - 8) // each.size)
    listed = [each.unpack_from(edits, 8 + number * each.size) for number in range(count)]
    shown = [duration for duration, start in listed if start != -1]  # -1 is a pause in front of the video
    if not shown or 0 in shown:  # a duration of zero means the whole track
        return False
    return bool(sum(shown) / scale < whole_s - max(0.5 * whole_s / frames, 1 / scale))


def _read_duration(header: bytes | None) -> tuple[int, int] | None:
    """Return the duration and the units per second that `mvhd` or `mdhd` states."""
    if header is None or len(header) < (32 if header[:1] == b"\1" else 20):
        return None
    scale, duration = (
        struct.unpack_from(">IQ", header, 20) if header[0] == 1 else struct.unpack_from(">II", header, 12)
    )
    return (duration, scale) if scale else None
