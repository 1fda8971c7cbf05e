"""Lists the quirks of pictures of any size and of their masks, which `lvzoo.data.labelled` finds for every reader."""

from __future__ import annotations

from typing import Final

from lvzoo.data.quirks import Quirk

NO_MASK: Final = Quirk("empty mask", excludes=True)
SMALL_MASK: Final = Quirk(
    "mask without a long axis, because too little is left of it at 112 x 112", excludes=True
)
MASK_SIZE: Final = Quirk("mask that is not of its picture's size", excludes=True)
PICTURE_SIZE: Final = Quirk("picture of another size than the first one of its video", excludes=True)
AT_BORDER: Final = Quirk("mask that touches the picture's border: it may be cut off there")
BEYOND_SECTOR: Final = Quirk("mask that reaches beyond the sector's square: cut off there")
PIECES: Final = Quirk("mask in several pieces: scored as it is, landmarks on the largest")
NO_SECTOR: Final = Quirk("no sector found: the standard one is used")
NO_SPACING: Final = Quirk("pixel size missing, so no frame of the split has one")
