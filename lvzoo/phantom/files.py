"""Writes a phantom's files: EchoNet-Dynamic's own layout, and further tables with what only a simulator knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.layout import (
    FILE_LIST_HEADER,
    TRACINGS_HEADER,
    list_tracing_rows,
    write_table,
    write_video,
)
from lvzoo.data.tables import FILE_LIST, TRACINGS
from lvzoo.geometry.ventricle import ejection_fraction
from lvzoo.phantom.clip import Clip

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
    edv_ml, esv_ml = round(clip.edv_ml, 6), round(clip.esv_ml, 6)
    ef = round(ejection_fraction(edv_ml, esv_ml), 6)
    frames, height, width = clip.frames_NHW.shape
    write_video(
        videos / f"{clip.name}.avi",
        clip.frames_NHW,
        size_HW=(height, width),
        fps=clip.beat.fps,
        quality=clip.quality,
    )
    size_and_split = (height, width, round(clip.beat.fps), frames, clip.split.upper())
    sector = (*clip.scan.apex_px, float(np.rad2deg(clip.scan.half_angle_rad)), clip.scan.last_px)
    truth = (round(clip.heart.mm_per_px, 6), round(clip.beat.heart_rate_bpm, 3), ef, edv_ml, esv_ml)
    return ClipRows(
        name=clip.name,
        file_list=(clip.name, ef, esv_ml, edv_ml, *size_and_split),
        tracings=(  # ES first, as EchoNet-Dynamic's loader expects
            *list_tracing_rows(clip.name, clip.es, clip.beat.es_frame),
            *list_tracing_rows(clip.name, clip.ed, clip.beat.ed_frame),
        ),
        further=tuple(
            row
            for frame, tracing in clip.further.items()
            for row in list_tracing_rows(clip.name, tracing, frame)
        ),
        phantom=(
            *(clip.name, *truth, clip.beat.ed_frame, clip.beat.es_frame),
            *(round(value, 4) for value in sector),
        ),
        contours_NP2=clip.contours_NP2,
    )


def write_tables(folder: Path, clips: Sequence[ClipRows]) -> None:
    """Write the two tables of EchoNet-Dynamic's layout, and those that only a phantom has."""
    write_table(folder / FILE_LIST, FILE_LIST_HEADER, [clip.file_list for clip in clips])
    write_table(folder / TRACINGS, TRACINGS_HEADER, [row for clip in clips for row in clip.tracings])
    if any(clip.further for clip in clips):
        write_table(folder / FURTHER, TRACINGS_HEADER, [row for clip in clips for row in clip.further])
    write_table(folder / TRUTH, PHANTOM, [clip.phantom for clip in clips])
    contours: dict[str, Any] = {clip.name: clip.contours_NP2 for clip in clips}
    np.savez(folder / TRUE_CONTOURS, **contours)
