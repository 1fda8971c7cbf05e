"""Lists the quirks of EchoNet-Pediatric's files. Those that EchoNet-Dynamic has, too, are in `lvzoo.data.quirks`."""

from __future__ import annotations

from typing import Final

from lvzoo.data.quirks import Quirk

# The lists
NO_FOLD: Final = Quirk("Split in FileList.csv that is no fold from 0 to 9: of no split", excludes=True)
NO_SUFFIX: Final = Quirk("name without a suffix in FileList.csv: read as it is")
PATIENT_IN_SPLITS: Final = Quirk(
    "videos in several splits with names that begin alike: perhaps of one patient"
)

# The tracings
PHASE_MISSING: Final = Quirk("marked as No Systolic or No Diastolic: the other phase alone is used")
ODD_MARK: Final = Quirk(
    "marked as No Systolic or No Diastolic, but two frames are traced: the mark is not used"
)
PAST_END: Final = Quirk("traced frame one past the end of its video: the last frame is used")
LAST_FRAME_TWICE: Final = Quirk(
    "traced frame one past the end of its video, and the last one is traced, too: not used", excludes=True
)
