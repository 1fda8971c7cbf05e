"""Changes MP4 files that OpenCV wrote: other time stamps, another codec, the index at the front."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""The boxes around the tables of a track."""
UNITS_PER_S = 12_800
"""The units of a track's times, as OpenCV writes them at 50 frames per second."""
MOVIE_UNITS_PER_S = 1_000


def list_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each box."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert size >= 8
        yield name, data[at + 8 : at + size]
        at += size


def change_box(data: bytes, path: Sequence[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """Return the data with another content of the box under a path of names; the boxes around it grow with it."""
    changed = b""
    for name, content in list_boxes(data):
        new = content
        if name == path[0]:
            new = change_box(content, path[1:], change) if path[1:] else change(content)
        changed += struct.pack(">I4s", len(new) + 8, name) + new
    return changed


def set_times(mp4: bytes, intervals_s: Sequence[float]) -> bytes:
    """Give each frame another duration. The index must lie behind the frames, as OpenCV writes it."""
    entries = b"".join(struct.pack(">II", 1, round(each * UNITS_PER_S)) for each in intervals_s)
    table = struct.pack(">II", 0, len(intervals_s)) + entries
    shown = struct.pack(">I", round(sum(intervals_s) * MOVIE_UNITS_PER_S))
    timed = change_box(mp4, [*TABLES, b"stts"], lambda _: table)
    return change_box(timed, [b"moov", b"trak", b"edts", b"elst"], lambda old: old[:8] + shown + old[12:])


def set_codec(mp4: bytes, code: bytes) -> bytes:
    """Replace the four letters that name the codec, and hide the box that names it once more (`esds`)."""
    return change_box(
        mp4, [*TABLES, b"stsd"], lambda old: old[:12] + code + old[16:].replace(b"esds", b"free")
    )


def move_index_to_front(mp4: bytes) -> bytes:
    """Return a file whose index lies in front of the frames, as files for streaming have it."""
    boxes = dict(list_boxes(mp4))
    moved = len(boxes[b"moov"]) + 8

    def shift(table: bytes) -> bytes:
        offsets = struct.unpack(f">{(len(table) - 8) // 4}I", table[8:])
        return table[:8] + struct.pack(f">{len(offsets)}I", *(offset + moved for offset in offsets))

    index = change_box(mp4, [*TABLES, b"stco"], shift)
    order = [b"ftyp", b"moov", *(name for name in boxes if name not in (b"ftyp", b"moov"))]
    boxes = dict(list_boxes(index))
    return b"".join(struct.pack(">I4s", len(boxes[name]) + 8, name) + boxes[name] for name in order)
