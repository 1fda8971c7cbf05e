"""Reads what the head of a Matroska or WebM file says: the codec of its video, and how long the file should be.

Such a file is a tree of elements: a number, a length, and the content. A length is a number of variable
width: the leading zeros of its first byte tell how many bytes follow. Format: RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvzoo.data.clips.video.containers import EBML, is_matroska

SEGMENT: Final = b"\x18\x53\x80\x67"
"""The number of the element that holds everything behind the head."""
CODEC_ID: Final = re.compile(rb"\x86[\x80-\xff](V_[A-Z0-9/_]{2,40})")
"""The element `CodecID` of a video track: its number, its length in one byte, and its text."""
SOUND: Final = re.compile(rb"\x86[\x80-\xff]A_[A-Z]")
"""The element `CodecID` of a sound track."""
DURATION: Final = re.compile(rb"\x44\x89(?:\x84(.{4})|\x88(.{8}))", re.DOTALL)
"""The element `Duration`: its number, its length of 4 or 8 bytes, and a float of this length."""
TIME_UNIT: Final = re.compile(rb"\x2a\xd7\xb1([\x81-\x84])(.{4})", re.DOTALL)
"""The element `TimestampScale`: its number, its length of at most 4 bytes, and a number that may be shorter."""
USUAL_UNIT_NS: Final = 1_000_000
HEAD_BYTES: Final = 1 << 16
"""The tracks are described within so many bytes from the file's start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matroska:
    """What the head of a file says; `is_cut` is whether the file is shorter than that.

    `stated_s` is the duration in seconds. It is None if none is stated, or if sound may last longer than the video.
    """

    codec: str | None
    is_cut: bool
    stated_s: float | None


def read_matroska(path: Path) -> Matroska | None:
    """Read the head of a file; return None if it is neither Matroska nor WebM."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not is_matroska(head):
        return None
    found = CODEC_ID.search(head)
    return Matroska(
        codec=found[1].decode("ascii") if found else None,
        is_cut=_find_end(head) > path.stat().st_size,
        stated_s=None if SOUND.search(head) else _read_duration(head),
    )


def _read_duration(head: bytes) -> float | None:
    """Return the stated duration in seconds, or None."""
    found, unit = DURATION.search(head), TIME_UNIT.search(head)
    if found is None:
        return None
    (duration,) = struct.unpack(">f", found[1]) if found[1] else struct.unpack(">d", found[2])
    unit_ns = int.from_bytes(unit[2][: unit[1][0] & 0x7F], "big") if unit else USUAL_UNIT_NS
    stated_s = duration * unit_ns / 1e9
    return float(stated_s) if 0 < stated_s < float("inf") else None


def _find_end(head: bytes) -> int:
    """Return where the segment should end, or 0 if the writer left its length open."""
    length, start = _read_length(head, len(EBML))
    at = start + (length or 0)
    if head[at : at + 4] != SEGMENT:
        return 0
    length, start = _read_length(head, at + 4)
    return start + length if length is not None else 0


def _read_length(head: bytes, at: int) -> tuple[int | None, int]:
    """Return an element's length, or None if it is left open, and the first byte of its content."""
    width = 9 - head[at].bit_length() if at < len(head) and head[at] else 8
    value = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width
