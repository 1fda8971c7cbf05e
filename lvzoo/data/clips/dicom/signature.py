"""Recognises DICOM files, also those without preamble and prefix."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from pydicom.valuerep import VR

from lvzoo.data.clips.suffixes import DICOM_SUFFIXES

PREFIX: Final = b"DICM"
PREFIX_AT: Final = 128
"""The prefix comes after a preamble, which may hold anything."""
FIRST_GROUPS: Final = (0x0002, 0x0008)
"""The groups of elements with which a file without preamble begins."""
LONGEST_FIRST: Final = 1024
"""The longest value, in bytes, that is expected among the first elements of a file."""
VALUE_REPRESENTATIONS: Final = frozenset(each.value.encode() for each in VR if len(each.value) == 2)
LONG_LENGTHS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""The value representations whose length has 32 bits."""


def is_dicom(head: bytes, path: Path) -> bool:
    """Return whether a file is a DICOM file: by the prefix or the first elements in its head, or by its suffix."""
    return (
        head[PREFIX_AT : PREFIX_AT + len(PREFIX)] == PREFIX
        or path.suffix.lower() in DICOM_SUFFIXES
        or any(
            _starts_with_elements(head, order, explicit=explicit)
            for order, explicit in (("<", True), ("<", False), (">", True))
        )
    )


def _starts_with_elements(head: bytes, order: str, *, explicit: bool) -> bool:
    """Return whether a head without prefix begins with two elements of the first groups, in ascending order."""
    position, last, found = 0, (0, 0), 0
    while found < 2:
        if position + 12 > len(head):
            return False
        tag = struct.unpack_from(f"{order}HH", head, position)
        representation = head[position + 4 : position + 6]
        if (
            tag[0] not in FIRST_GROUPS
            or tag <= last
            or (explicit and representation not in VALUE_REPRESENTATIONS)
        ):
            return False
        if explicit and representation not in LONG_LENGTHS:
            start, length = 8, struct.unpack_from(f"{order}H", head, position + 6)[0]
        else:
            start = 12 if explicit else 8
            length = struct.unpack_from(f"{order}L", head, position + start - 4)[0]
        if length > LONGEST_FIRST:
            return False
        position, last, found = position + start + length, tag, found + 1
    return True
