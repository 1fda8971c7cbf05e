"""The one door to OpenCV of the data step: where it cannot be imported, the reader learns what to install."""

from __future__ import annotations

import functools
import re

from lvzoo.errors import LvzooError

try:
    import cv2
except ImportError as error:
    raise LvzooError(
        f"opencv cannot be imported ({error}); on a machine without a display install opencv-python-headless "
        "in its place: pip uninstall --yes opencv-python && pip install opencv-python-headless"
    ) from error

__all__ = ["cv2", "decoder_identity"]


@functools.cache
def decoder_identity() -> str:
    """Name OpenCV and the decoders inside it: others give pixels that differ by one or two grey levels."""
    build = cv2.getBuildInformation()
    parts = [re.search(pattern, build) for pattern in (r"\n\s+JPEG:\s+(.+)", r"\n\s+avcodec:\s+(.+)")]
    found = [" ".join(part[1].split()) for part in parts if part]
    return "-".join([f"cv2-{cv2.__version__}", *found])
