"""Tells DICOM files of a kind that has no pictures: reports, presentation states, waveforms.

Such files lie beside the clips of an exam. A clip that was cut off before its pixel data is not one of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydicom.uid import UID

from lvzoo.data.clips.dicom.header import read_elements
from lvzoo.data.clips.dicom.silence import silence_pydicom
from lvzoo.errors import DataError

CLASS: Final = re.compile(rb"\x02\x00\x02\x00UI..([0-9.]+)", re.DOTALL)
"""MediaStorageSOPClassUID, one of the first elements of a file."""
PICTURE: Final = "Image Storage"
"""What the names of nearly all classes with pictures contain, as in `Ultrasound Multi-frame Image Storage`."""


def lacks_picture(head: bytes, path: Path) -> bool:
    """Return whether a DICOM file has no pixel data and is of a class without pictures. Only the header is read.

    Args:
        head: the first bytes of the file. For most clips they suffice.
        path: the file.

    Raises:
        OSError: the file cannot be read.
    """
    stated = CLASS.search(head)
    if stated and _has_pictures(stated[1].decode()):
        return False
    silence_pydicom()
    try:
        elements, has_pixels = read_elements(path)
    except DataError:
        return False  # opening it tells why
    return not (has_pixels or "Rows" in elements or _has_pictures(elements.read_text("SOPClassUID")))


def _has_pictures(sop_class: str) -> bool:
    return PICTURE in UID(sop_class).name
