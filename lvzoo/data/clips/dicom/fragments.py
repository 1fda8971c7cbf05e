"""Finds the compressed frames of a DICOM file: which fragments of its pixel data belong to which frame.

Only the places of the fragments are held, never their content. A table of offsets in the file, the number of frames
in the header, and the first bytes of the fragments may contradict each other, and may end early.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Sequence
from typing import BinaryIO, Final, TypeAlias

from pydicom.uid import RLELossless

from lvzoo.data.clips.dicom.header import ITEM, UNDEFINED, DicomHeader
from lvzoo.data.clips.dicom.syntaxes import starts_frame

Place: TypeAlias = tuple[int, int]
"""Where a fragment's content lies in the file: its first byte and its length."""

ITEM_HEAD_BYTES: Final = 8
START_BYTES: Final = 12
"""The first bytes of a fragment, which show whether it begins a picture."""
MOST_TABLE_BYTES: Final = 1 << 24


def list_fragments(file: BinaryIO, header: DicomHeader) -> tuple[list[Place], tuple[int, ...]]:
    """Return the places of the complete fragments, and the basic table of offsets, which may be empty.

    The list ends at the end of the file, or before the first thing that is not a fragment.
    """
    items = _list_items(file, header)
    if not items:
        return [], ()
    (table_at, table_bytes), fragments = items[0], items[1:]
    if not 0 < table_bytes <= MOST_TABLE_BYTES:
        return fragments, ()
    file.seek(table_at)
    count = table_bytes // 4
    return fragments, struct.unpack(f"<{count}L", file.read(4 * count))


def _list_items(file: BinaryIO, header: DicomHeader) -> list[Place]:
    items: list[Place] = []
    position = header.start
    while position + ITEM_HEAD_BYTES <= header.end:
        file.seek(position)
        head = file.read(ITEM_HEAD_BYTES)
        length = int.from_bytes(head[4:], "little")
        start = position + ITEM_HEAD_BYTES
        if head[:4] != ITEM or length == UNDEFINED or start + length > header.end:
            break
        items.append((start, length))
        position = start + length
    return items


def group_fragments(file: BinaryIO, header: DicomHeader, stated: int | None) -> list[tuple[Place, ...]]:
    """Return the fragments of each frame.

    Args:
        file: the open file.
        header: the file's header.
        stated: the number of frames that the header states.
    """
    fragments, basic = list_fragments(file, header)
    if not fragments:
        return []
    for offsets in (_read_extended_table(header), basic):
        if len(offsets) == stated and (frames := _group_by_table(fragments, offsets)):
            return frames
    if len(fragments) == stated or header.syntax == RLELossless:
        return [(fragment,) for fragment in fragments]
    if len(basic) > 1 and (frames := _group_by_table(fragments, basic)):
        return frames
    return [tuple(fragments)] if stated == 1 else _group_by_starts(file, fragments)


def _read_extended_table(header: DicomHeader) -> tuple[int, ...]:
    if "ExtendedOffsetTable" not in header.elements:
        return ()
    content = header.elements.read_bytes("ExtendedOffsetTable")
    return struct.unpack(f"<{len(content) // 8}Q", content[: len(content) // 8 * 8])


def _group_by_table(fragments: Sequence[Place], offsets: Sequence[int]) -> list[tuple[Place, ...]]:
    """Group fragments by the offsets of the frames' first fragments; empty if these do not fit.

    Offsets beyond the last fragment belong to frames that were cut off.
    """
    first = fragments[0][0]
    number_of = {start - first: number for number, (start, _) in enumerate(fragments)}
    present = [offset for offset in offsets if offset <= fragments[-1][0] - first]
    if not present or present[0] != 0 or any(offset not in number_of for offset in present):
        return []
    if any(one >= other for one, other in itertools.pairwise(present)):
        return []
    bounds = [*(number_of[offset] for offset in present), len(fragments)]
    return [tuple(fragments[start:stop]) for start, stop in itertools.pairwise(bounds)]


def _group_by_starts(file: BinaryIO, fragments: Sequence[Place]) -> list[tuple[Place, ...]]:
    """Begin a frame at each fragment that begins a picture; one frame per fragment if the first one does not."""
    frames: list[list[Place]] = []
    marked = False
    for number, (start, length) in enumerate(fragments):
        file.seek(start)
        begins = starts_frame(file.read(min(START_BYTES, length)))
        marked = begins if number == 0 else marked
        if begins or not marked:
            frames.append([])
        frames[-1].append((start, length))
    return [tuple(frame) for frame in frames]


def read_fragments(file: BinaryIO, places: Sequence[Place]) -> bytes:
    """Return the content of a frame's fragments, joined."""
    pieces = []
    for start, length in places:
        file.seek(start, io.SEEK_SET)
        pieces.append(file.read(length))
    return b"".join(pieces)
