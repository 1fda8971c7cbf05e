"""Tells from the pixels of a mask that it cannot be the mask of a ventricle: a picture, an outline, or inverted."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.data.labelled import Quirk
from lvzoo_datasets import masks_quirks as quirks

MOST_LABELS: Final = 16
"""A mask of more values is a picture, or its border is smooth."""
LEAST_SHARE: Final = 1 / 3
"""The most frequent value of a mask with a smooth border fills at least this share of it; in a picture, none does."""
JPEG_STEP: Final = 16
"""JPEG changes values by less than this; so many neighbouring values count as one."""
DARK: Final = 16
"""Pixels below this part of the brightest one do not count."""
COLOUR_BASE: Final = 256
"""A colour of three channels becomes one number to this base."""
HOLLOW: Final = 2.0
"""An outline encloses at least so many times its own area."""
LEAST_INVERTED: Final = 0.5
"""The share of the picture that is inside, from which on a mask that touches all borders may be inverted."""


def is_picture(values: NDArray[Any], *, jpeg: bool) -> bool:
    """Return whether the values of a mask file, numbers (H, W) or colours (H, W, 3), are those of a picture."""
    steps = values // JPEG_STEP if jpeg else values
    colours_PC = steps.reshape(steps.shape[0] * steps.shape[1], -1).astype(np.int64)
    levels_P = colours_PC.max(axis=1)
    numbers_P = colours_PC @ COLOUR_BASE ** np.arange(colours_PC.shape[1])
    if len(np.unique(numbers_P)) <= (MOST_LABELS // 2 if jpeg else MOST_LABELS):
        return False
    # Dark pixels are alike in pictures, too
    _, counts = np.unique(numbers_P[levels_P > levels_P.max() / DARK], return_counts=True)
    return bool(counts.max() < LEAST_SHARE * counts.sum())


def find_mistake(mask_HW: NDArray[np.bool_]) -> tuple[Quirk, str] | None:
    """Return why a mask cannot be used, and the share or area that shows it; None if it can."""
    share = float(mask_HW.mean())
    borders = (mask_HW[0], mask_HW[-1], mask_HW[:, 0], mask_HW[:, -1])
    if share > LEAST_INVERTED and all(border.any() for border in borders):
        return quirks.INVERTED, f"{share:.0%} of the picture"
    filled_HW = ndimage.binary_fill_holes(mask_HW)
    hollow = int(filled_HW.sum()) - int(mask_HW.sum())
    if hollow >= HOLLOW * mask_HW.sum() > 0:
        return quirks.OUTLINE, f"it encloses {hollow:,} pixels, and has {int(mask_HW.sum()):,}"
    return None
