"""Imports OpenCV for the whole package; if that fails, the error says what to install."""

from __future__ import annotations

import functools
import os
import re
from typing import Any, Final

from lvzoo.errors import LvzooError, one_line

FATAL: Final = 1
"""OpenCV's log level of that name."""
AV_LOG_QUIET: Final = "-8"

try:
    import cv2
except ImportError as error:
    raise LvzooError(
        f"opencv cannot be imported ({error}); on a machine without a display replace it "
        "with opencv-python-headless: pip uninstall --yes opencv-python && pip install opencv-python-headless"
    ) from error

__all__ = ["cv2", "decoder_identity", "silence_opencv"]


@functools.cache
def silence_opencv() -> None:
    """Stop OpenCV and its FFmpeg from printing messages of their own. Call it before they read or write a file.

    lvzoo says in one line what is wrong with a file. If the user has set `OPENCV_LOG_LEVEL` or
    `OPENCV_FFMPEG_LOGLEVEL`, that setting stays.
    """
    if "OPENCV_LOG_LEVEL" not in os.environ:
        logging: Any = cv2.utils.logging if hasattr(cv2.utils, "logging") else cv2  # its place since OpenCV 5
        logging.setLogLevel(FATAL)
    os.environ.setdefault(
        "OPENCV_FFMPEG_LOGLEVEL", AV_LOG_QUIET
    )  # FFmpeg reads it when the first video is opened


@functools.cache
def decoder_identity() -> str:
    """Return the versions of OpenCV and its decoders; with others, pixels may differ by one or two grey levels."""
    build = cv2.getBuildInformation()
    parts = [re.search(pattern, build) for pattern in (r"\n\s+JPEG:\s+(.+)", r"\n\s+avcodec:\s+(.+)")]
    found = [one_line(part[1]) for part in parts if part]
    return "-".join([f"cv2-{cv2.__version__}", *found])
