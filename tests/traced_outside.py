"""Makes phantoms whose readers trace outside of the true contours, for tests of calibrations."""

from __future__ import annotations

import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np

from lvzoo.data.layout import TRACINGS_HEADER
from lvzoo.geometry.contour import find_normals
from lvzoo.phantom.files import TRUE_CONTOURS, TRUTH
from lvzoo.phantom.ranges import RANGES
from lvzoo.phantom.reader import draw_reader, make_tracing, trace


def trace_outside(phantom: Path, folder: Path, offset_mm: float, *, scatter: int | None = None) -> Path:
    """Copy a phantom whose readers trace the true contours of ED and ES, moved outwards by an offset.

    They trace exactly, or if there is a seed, with the phantom's own scatter, and each patient has another reader.
    """
    shutil.copytree(phantom, folder)
    rows: list[list[object]] = []
    rng = np.random.default_rng(scatter)
    with (folder / TRUTH).open(newline="") as file, np.load(folder / TRUE_CONTOURS) as contours:
        for clip in csv.DictReader(file):
            reader, mm_per_px = draw_reader(rng, RANGES), float(clip["MmPerPx"])
            for frame in (int(clip["ESFrame"]), int(clip["EDFrame"])):
                contour_P2 = contours[clip["FileName"]][frame].astype(np.float64)
                if scatter is None:
                    drawn_P2 = contour_P2 + offset_mm / mm_per_px * find_normals(contour_P2)
                else:
                    own = dataclasses.replace(reader, offset_mm=offset_mm)
                    drawn_P2 = trace(contour_P2, own, rng, mm_per_px=mm_per_px)
                tracing = make_tracing(drawn_P2)
                rows += [
                    [f"{clip['FileName']}.avi", *ends.ravel().round(4).tolist(), frame]
                    for ends in (tracing.axis_22, *tracing.chords_R22)
                ]
    write_rows(folder / "VolumeTracings.csv", TRACINGS_HEADER, rows)
    return folder


def write_rows(path: Path, header: tuple[str, ...], rows: list[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
