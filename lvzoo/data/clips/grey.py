"""Turns a decoded picture into grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2


def convert_to_grey(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a picture in grey (H, W): one of grey, BGR or BGRA, with 8 or 16 bits per colour.

    Colours become grey by OpenCV's weights (ITU-R BT.601). Of 16 bits, the upper 8 are kept. Transparent pixels are
    laid over black.
    """
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 2 or picture.shape[2] == 1:
        return np.asarray(picture, dtype=np.uint8).reshape(picture.shape[:2])
    bgr_HW3 = np.ascontiguousarray(picture[..., :3])
    grey_HW = np.asarray(cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if picture.shape[2] == 3:
        return grey_HW
    opaque_HW = picture[..., 3].astype(np.uint16)
    return ((grey_HW * opaque_HW + 127) // 255).astype(np.uint8)
