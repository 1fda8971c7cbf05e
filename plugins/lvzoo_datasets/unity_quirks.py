"""Lists what may be odd about the pictures and curves of UnityLV-MultiX. docs/data.md has the same list."""

from __future__ import annotations

from typing import Final

from lvzoo.data.quirks import Quirk

# Pictures
ODD_NAME: Final = Quirk("name that is not NN-<64 hexadecimal digits>-<frame>.png", excludes=True)
NO_PICTURE: Final = Quirk("contours without a picture", excludes=True)
NO_CURVES: Final = Quirk("picture without any contour", excludes=True)
NO_CONSENSUS: Final = Quirk("picture with experts' contours but no consensus curve", excludes=True)
NO_EXPERTS: Final = Quirk("picture with a consensus curve but no expert's contour")
FEWER_EXPERTS: Final = Quirk("picture with fewer experts than usual")
DAMAGED: Final = Quirk("picture that does not decode", excludes=True)
BAD_CONSENSUS: Final = Quirk("consensus curve that cannot be used", excludes=True)
ONE_PICTURE: Final = Quirk(
    "only one picture of a video: its phase is unknown, and it counts as neither ED nor ES"
)
MORE_PICTURES: Final = Quirk(
    "more than two pictures of a video: the largest is ED, the smallest ES, the rest neither"
)
ES_FIRST: Final = Quirk("ES listed before ED: phases are decided by area, not by the file's order")

# Curves, of an expert or the consensus
UNEQUAL: Final = Quirk("curve with unequal numbers of X and Y: not used")
BROKEN: Final = Quirk("curve whose points are in no order, or too few: not used")
NO_APEX: Final = Quirk(
    "curve without an apex between two ends of the valve: its landmarks are traced from its mask"
)
REVERSED: Final = Quirk("curve from the right to the left end of the valve: reversed")
OUTSIDE: Final = Quirk("curve outside the picture: cut off at its border")
EMPTY: Final = Quirk("curve that encloses no pixel: not used")
