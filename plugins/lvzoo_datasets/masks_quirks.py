"""Lists what is unusual in a folder of pictures and masks. docs/data.md explains each of them."""

from __future__ import annotations

from typing import Final

from lvzoo.data.quirks import Quirk

# Which files belong together
NO_MASK_FILE: Final = Quirk("picture without a mask", excludes=True)
NO_PICTURE: Final = Quirk("mask without a picture", excludes=True)
NO_FILE: Final = Quirk("listed in frames.csv but without a picture", excludes=True)
SAME_NAME: Final = Quirk("several files of one name: only one is used")
OTHER_FILE: Final = Quirk("neither a picture nor a NIfTI file: not read")

# Patients and splits
NO_PATIENT: Final = Quirk("picture whose patient neither frames.csv nor the pattern tells", excludes=True)
NO_SPLIT: Final = Quirk("picture of a patient who has no split in frames.csv", excludes=True)

# The masks
LABEL_VALUES: Final = Quirk("mask of several values, all of which count as inside; masks.label chooses one")
JPEG_MASK: Final = Quirk("mask in JPEG, which blurs its border: values from 128 up are inside")
NO_LABELS: Final = Quirk(
    "mask in JPEG or in colours, which holds no labels: masks.label needs PNG or NIfTI", excludes=True
)

PICTURE_AS_MASK: Final = Quirk("mask of many values, like a picture: is it one?", excludes=True)
OUTLINE: Final = Quirk("mask that is only an outline: fill its inside", excludes=True)
INVERTED: Final = Quirk(
    "mask of most of the picture that touches all its borders: it may be inverted", excludes=True
)

# Videos and phases
BY_AREA: Final = Quirk("no phase listed: of the two pictures, the larger mask is ED")
NO_PHASE: Final = Quirk("no phase listed, and not two pictures of a video: neither ED nor ES")
SIZES: Final = Quirk("pictures of one patient in several sizes: each size counts as a video")
NOT_LABELLED: Final = Quirk("frames of a sequence with an empty mask: not used")
LENGTHS: Final = Quirk("picture and mask with different numbers of frames", excludes=True)
