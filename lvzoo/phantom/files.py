"""Writes a phantom's files: EchoNet-Dynamic's own layout, and further tables with what only a simulator knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.video.avi import read_layout
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.errors import DataError
from lvzoo.geometry.contour import Tracing
from lvzoo.geometry.ventricle import ejection_fraction
from lvzoo.phantom.clip import Clip

FILE_LIST = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split")
TRACINGS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
TRUTH = "Phantom.csv"
TRUE_CONTOURS = "TrueContours.npz"
FURTHER = "FurtherTracings.csv"
"""Tracings of further frames, in the form of VolumeTracings.csv, which must hold ED and ES only."""
PHANTOM = (
    *("FileName", "MmPerPx", "HeartRate", "TrueEF", "TrueEDV", "TrueESV", "EDFrame", "ESFrame"),
    *("SectorX", "SectorY", "HalfAngleDeg", "RadiusPx"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipRows:
    """The rows that the tables hold for one video that has been written, and its true contours."""

    name: str
    file_list: tuple[object, ...]
    tracings: tuple[tuple[object, ...], ...]
    further: tuple[tuple[object, ...], ...]
    phantom: tuple[object, ...]
    contours_NP2: NDArray[np.float32]


def write_clip(videos: Path, clip: Clip) -> ClipRows:
    """Write a clip's video and return its rows for the tables.

    Raises:
        DataError: the video cannot be written completely.
    """
    _write_video(videos / f"{clip.name}.avi", clip)
    edv_ml, esv_ml = round(clip.edv_ml, 6), round(clip.esv_ml, 6)
    ef = round(ejection_fraction(edv_ml, esv_ml), 6)
    frames, height, width = clip.frames_NHW.shape
    size_and_split = (height, width, round(clip.beat.fps), frames, clip.split.upper())
    sector = (*clip.scan.apex_px, float(np.rad2deg(clip.scan.half_angle_rad)), clip.scan.last_px)
    truth = (round(clip.heart.mm_per_px, 6), round(clip.beat.heart_rate_bpm, 3), ef, edv_ml, esv_ml)
    return ClipRows(
        name=clip.name,
        file_list=(clip.name, ef, esv_ml, edv_ml, *size_and_split),
        tracings=(  # ES first, as EchoNet-Dynamic's loader expects
            *_tracing_rows(clip.name, clip.es, clip.beat.es_frame),
            *_tracing_rows(clip.name, clip.ed, clip.beat.ed_frame),
        ),
        further=tuple(
            row for frame, tracing in clip.further.items() for row in _tracing_rows(clip.name, tracing, frame)
        ),
        phantom=(
            *(clip.name, *truth, clip.beat.ed_frame, clip.beat.es_frame),
            *(round(value, 4) for value in sector),
        ),
        contours_NP2=clip.contours_NP2,
    )


def _write_video(path: Path, clip: Clip) -> None:
    """Write a clip as MJPG with OpenCV's built-in writer, whose output does not depend on the build of OpenCV."""
    frames, height, width = clip.frames_NHW.shape
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    silence_opencv()
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, clip.beat.fps, (width, height))
    if not writer.isOpened():
        raise DataError(f"{path}: opencv cannot write this video; is there space on the disk?")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, clip.quality)
    for frame_HW in clip.frames_NHW:
        writer.write(cv2.cvtColor(frame_HW, cv2.COLOR_GRAY2BGR))
    writer.release()
    written = read_layout(path)  # the writer does not report a full disk
    if written is None or not written.indexed or len(written.spans_N2) != frames:
        raise DataError(f"{path}: opencv could not write the whole video; is there space on the disk?")


def _tracing_rows(name: str, tracing: Tracing, frame: int) -> Iterator[tuple[object, ...]]:
    """Yield the 21 rows of one traced frame: the long axis, then the chords from apex to base."""
    for start_2, end_2 in (tracing.axis_22, *tracing.chords_R22):
        yield (f"{name}.avi", *(round(float(value), 4) for value in (*start_2, *end_2)), frame)


def write_tables(folder: Path, clips: Sequence[ClipRows]) -> None:
    """Write the two tables of EchoNet-Dynamic's layout, and those that only a phantom has."""
    _write_csv(folder / "FileList.csv", FILE_LIST, [clip.file_list for clip in clips])
    _write_csv(folder / "VolumeTracings.csv", TRACINGS, [row for clip in clips for row in clip.tracings])
    if any(clip.further for clip in clips):
        _write_csv(folder / FURTHER, TRACINGS, [row for clip in clips for row in clip.further])
    _write_csv(folder / TRUTH, PHANTOM, [clip.phantom for clip in clips])
    contours: dict[str, Any] = {clip.name: clip.contours_NP2 for clip in clips}
    np.savez(folder / TRUE_CONTOURS, **contours)


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
