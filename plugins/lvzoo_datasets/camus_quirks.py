"""Lists the quirks of CAMUS's files. Those of any picture and mask are in `lvzoo.data.quirks`."""

from __future__ import annotations

from typing import Final

from lvzoo.data.quirks import Quirk

# The lists of patients
NO_FOLDER: Final = Quirk("listed patient without a folder", excludes=True)
NOT_LISTED: Final = Quirk("patient in no list of database_split: of no split", excludes=True)
LISTED_TWICE: Final = Quirk("patient listed more than once in one list: used once")

# Info_4CH.cfg and Info_2CH.cfg
NO_INFO: Final = Quirk("no Info_*.cfg: frame numbers, quality and EF are not known")
ODD_LINE: Final = Quirk("line of Info_*.cfg that is not 'Key: value': not used")
NO_NUMBERS: Final = Quirk(
    "no usable frame numbers of ED and ES in Info_*.cfg: found by the pictures, if possible"
)
NO_QUALITY: Final = Quirk("no ImageQuality in Info_*.cfg: of unknown quality")
OTHER_QUALITY: Final = Quirk("ImageQuality other than Good, Medium or Poor: kept as it is")
NO_EF: Final = Quirk("EF in Info_*.cfg that is missing or no number from -100 to 100: not used")
ES_BEFORE_ED: Final = Quirk("ES before ED by Info_*.cfg: the half sequence runs from ES to ED")
OTHER_LENGTH: Final = Quirk("NbFrame in Info_*.cfg is not the number of frames in the half sequence")
OTHER_PLACE: Final = Quirk(
    "frame number in Info_*.cfg that is not the picture's place in the half sequence: its place is used"
)
NO_PLACE: Final = Quirk("picture that is not in the half sequence: the frame number in Info_*.cfg is used")

# The pictures
NO_FILE: Final = Quirk("ED or ES without its picture or its labels", excludes=True)
NO_VIEW: Final = Quirk("picture without a view in its name: not read", excludes=True)
MORE_FRAMES: Final = Quirk("ED or ES with more than one frame in its file: the first is used")
SMALLER_ED: Final = Quirk("ED has the smaller cavity: phases are decided by area, not by name")
OTHER_LABELS: Final = Quirk("labels other than 0 to 3: read as background")
NO_VALVE: Final = Quirk("no left atrium beside the cavity: the annulus is found from the mask alone")
OBLONG_PIXELS: Final = Quirk("pixels that are not square: the picture is resized to square ones")

# The half sequences
NO_SEQUENCE: Final = Quirk("half sequence or its labels missing: ED and ES alone")
UNEQUAL_LENGTHS: Final = Quirk(
    "half sequence with more or fewer frames than its labels: not used", excludes=True
)
NOT_PLACED: Final = Quirk(
    "half sequence in which ED or ES is not found: not used, because they could appear twice", excludes=True
)
