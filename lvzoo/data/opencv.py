"""Imports OpenCV for the whole package; if that fails, the error says what to install."""

from __future__ import annotations

import functools
import re

from lvzoo.errors import LvzooError, one_line

try:
    import cv2
except ImportError as error:
    raise LvzooError(
        f"opencv cannot be imported ({error}); on a machine without a display replace it "
        "with opencv-python-headless: pip uninstall --yes opencv-python && pip install opencv-python-headless"
    ) from error

__all__ = ["cv2", "decoder_identity"]


@functools.cache
def decoder_identity() -> str:
    """Return the versions of OpenCV and its decoders; with others, pixels may differ by one or two grey levels."""
    build = cv2.getBuildInformation()
    parts = [re.search(pattern, build) for pattern in (r"\n\s+JPEG:\s+(.+)", r"\n\s+avcodec:\s+(.+)")]
    found = [one_line(part[1]) for part in parts if part]
    return "-".join([f"cv2-{cv2.__version__}", *found])
