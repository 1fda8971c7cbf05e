"""Writes EchoNet-Dynamic's layout: the videos, and the rows of FileList.csv and VolumeTracings.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.video.avi import read_layout
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.errors import DataError, did_you_mean
from lvzoo.files import atomic_file
from lvzoo.geometry.contour import Tracing

FILE_LIST_HEADER: Final = (
    *("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split"),
)
TRACINGS_HEADER: Final = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
PLACES: Final = 4
"""The decimal places of coordinates."""


def write_video(
    path: Path, frames: Iterable[NDArray[np.uint8]], *, size_HW: tuple[int, int], fps: float, quality: int
) -> int:
    """Write grey frames as MJPG, and return how many.

    OpenCV's built-in writer is used, because its output does not depend on the build of OpenCV. `quality` is that of
    the JPEGs, 1..100.

    Raises:
        DataError: the video cannot be written completely.
    """
    silence_opencv()
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, fps, size_HW[::-1])
    if not writer.isOpened():
        raise DataError(f"{path}: opencv cannot write this video; is there space on the disk?")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, quality)
    count = 0
    for frame_HW in frames:
        writer.write(cv2.cvtColor(frame_HW, cv2.COLOR_GRAY2BGR))
        count += 1
    writer.release()
    written = read_layout(path)  # the writer does not report a full disk
    if written is None or not written.indexed or len(written.spans_N2) != count:
        raise DataError(f"{path}: opencv could not write the whole video; is there space on the disk?")
    return count


def list_tracing_rows(name: str, tracing: Tracing, frame: int) -> Iterator[tuple[object, ...]]:
    """Yield the 21 rows of one traced frame: the long axis, then the chords from apex to base."""
    for start_2, end_2 in (tracing.axis_22, *tracing.chords_R22):
        yield (f"{name}.avi", *(round(float(value), PLACES) for value in (*start_2, *end_2)), frame)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def append_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append rows to a table, whatever the order of its columns; write it if it is missing.

    The file is replaced as a whole, so that a crash leaves no half rows. Columns that are not in `header` stay empty.

    Raises:
        DataError: the table cannot be read, or lacks a column.
    """
    if not path.exists():
        with atomic_file(path) as temporary:
            write_table(temporary, header, rows)
        return
    before = _read_text(path)
    columns = [cell.strip() for cell in next(csv.reader([before.lstrip("\ufeff").partition("\n")[0]]), [])]
    for name in header:
        if name not in columns:
            raise DataError(
                f"{path}: line 1: no column {name!r}{did_you_mean(name, columns)}; add it to the header"
            )
    end = "\r\n" if "\r\n" in before else "\n"
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, restval="", lineterminator=end)
    table.writerows(dict(zip(header, row, strict=True)) for row in rows)
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        file.write(before + ("" if before.endswith("\n") else end) + text.getvalue())


def _read_text(path: Path) -> str:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
