"""Lists the quirks of real files. Each has one text, under which its findings are named and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lvzoo.types import Finding


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something wrong or unusual in the files; `excludes` says whether the frame or the video is left out for it."""

    text: str
    excludes: bool = False

    def finding(self, name: str, detail: str = "") -> Finding:
        """Return a finding of this quirk in the video `name`."""
        return Finding(name=name, quirk=self.text, excluded=self.excludes, detail=detail)


# The lists
NAME_WITH_SUFFIX: Final = Quirk("name with a suffix in FileList.csv: read without it")
NAME_WITHOUT_SUFFIX: Final = Quirk("name without a suffix in VolumeTracings.csv: read as it is")
NO_EF: Final = Quirk("EF in FileList.csv that is no number from -100 to 100: not used")
SPLIT_NOT_UPPER: Final = Quirk("split not in upper case: read all the same")
LISTED_TWICE: Final = Quirk("listed more than once in FileList.csv: used once")
NOT_TRACED: Final = Quirk("listed in FileList.csv but never traced", excludes=True)
NOT_LISTED: Final = Quirk("traced but not listed in FileList.csv: of no split", excludes=True)

# The tracings
ONE_FRAME: Final = Quirk("only one traced frame: its phase is unknown", excludes=True)
MORE_FRAMES: Final = Quirk("more than two traced frames: the largest is ED, the smallest ES", excludes=True)
ED_FIRST: Final = Quirk("traced ED before ES: phases are decided by area, not by the file's order")
OTHER_ROWS: Final = Quirk("tracing of other than 21 rows: used as it is")
TRACED_TWICE: Final = Quirk("frame traced more than once: the first tracing is used")
OUTSIDE_FRAME: Final = Quirk("coordinates outside the frame: the mask is cut off at its border")
EMPTY_MASK: Final = Quirk("tracing that encloses no pixel", excludes=True)
SWAPPED_SIDES: Final = Quirk("chords with swapped ends: turned for the landmarks, not for the mask")
APEX_AT_BASE: Final = Quirk("chords that run from base to apex: reversed for the landmarks")

# The videos
VIDEO_MISSING: Final = Quirk("video file missing", excludes=True)
VIDEO_DAMAGED: Final = Quirk("video that does not decode", excludes=True)
VIDEO_UNREAD: Final = Quirk("video that could not be read this time", excludes=True)
FRAME_DAMAGED: Final = Quirk("traced frame that does not decode", excludes=True)
VIDEO_SHORT: Final = Quirk("traced frame beyond the end of its video", excludes=True)
OTHER_SIZE: Final = Quirk("frames that are not 112 x 112: the tracing's grid is unknown", excludes=True)
NO_INDEX: Final = Quirk("AVI without a usable index: its chunks were scanned")
OTHER_CODEC: Final = Quirk("not a Motion JPEG AVI: decoded by OpenCV from the first frame on")

FAILURES: Final = (VIDEO_DAMAGED, VIDEO_UNREAD, FRAME_DAMAGED)
"""The quirks of videos and frames that could not be decoded."""
