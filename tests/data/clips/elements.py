"""Changes the times of the frames in Matroska and WebM files that OpenCV wrote."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEGMENT: Final = 0x18538067
CLUSTER: Final = 0x1F43B675
CLUSTER_TIME: Final = 0xE7
SIMPLE_BLOCK: Final = 0xA3
VOID: Final = 0xEC


def list_elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number, the first byte and the end of the content of each element between two positions."""
    while at < end:
        width = 9 - data[at].bit_length()
        number, at = int.from_bytes(data[at : at + width], "big"), at + width
        width = 9 - data[at].bit_length()
        length = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        at += width
        yield number, at, at + length
        at += length


def set_block_times(matroska: bytes, times_s: Sequence[float]) -> bytes:
    """Give each frame another time, in whole milliseconds."""
    changed, times = bytearray(matroska), iter(times_s)
    (segment,) = (span for number, *span in list_elements(matroska, 0, len(matroska)) if number == SEGMENT)
    for number, *cluster in list_elements(matroska, *segment):
        if number != CLUSTER:
            continue
        for kind, start, end in list_elements(matroska, *cluster):
            if kind == CLUSTER_TIME:  # the times of blocks count from here
                changed[start:end] = bytes(end - start)
            if kind == SIMPLE_BLOCK:  # the track in one byte, the time in two
                changed[start + 1 : start + 3] = struct.pack(">h", round(next(times) * 1000))
    assert next(times, None) is None
    return bytes(changed)


def drop_blocks(matroska: bytes, numbers: Sequence[int]) -> bytes:
    """Hide frames, as garbage in their place does: a reader passes over them without a word."""
    changed, count = bytearray(matroska), 0
    (segment,) = (span for number, *span in list_elements(matroska, 0, len(matroska)) if number == SEGMENT)
    for number, *cluster in list_elements(matroska, *segment):
        if number != CLUSTER:
            continue
        at = cluster[0]
        for kind, _, end in list_elements(matroska, *cluster):
            if kind == SIMPLE_BLOCK:
                changed[at] = VOID if count in numbers else changed[at]
                count += 1
            at = end
    assert count > max(numbers)
    return bytes(changed)
