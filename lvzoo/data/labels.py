"""Turns a video's tracings into references: decides which frame is ED and which ES, and makes masks and contours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import quirks
from lvzoo.data.tables import TracingRow
from lvzoo.geometry.contour import Tracing, open_contour, repair_sides
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.ventricle import polygon_area
from lvzoo.types import FRAME_SIZE_HW, Finding, Phase

ROWS: Final = 21
"""The usual number of rows of a tracing: the long axis and 20 chords."""
FEWEST_CHORDS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The reference of one frame."""

    frame: int
    phase: Phase
    mask_HW: NDArray[np.bool_]
    contour_P2: NDArray[np.float32]


def label_frames(
    video: str, rows_by_frame: Mapping[int, Sequence[TracingRow]]
) -> tuple[list[Label], list[Finding]]:
    """Return a video's labels, ED before ES, and the findings on its tracings.

    The largest of all traced frames is ED and the smallest is ES, whether or not a frame can be used. If two areas
    are equal, the frame that is traced first counts as the smaller one, as in EchoNet-Dynamic's own code.
    """
    if not rows_by_frame:
        return [], [quirks.NOT_TRACED.finding(video)]
    findings: list[Finding] = []
    tracings = {frame: _read_tracing(video, frame, rows, findings) for frame, rows in rows_by_frame.items()}
    if len(tracings) == 1:
        return [], [*findings, quirks.ONE_FRAME.finding(video, f"frame {next(iter(tracings))}")]
    phases = _decide_phases(video, tracings, findings)
    labels = [_make_label(video, frame, phase, tracings[frame], findings) for phase, frame in phases.items()]
    return [label for label in labels if label is not None], findings


def label_others(
    video: str, rows_by_frame: Mapping[int, Sequence[TracingRow]]
) -> tuple[list[Label], list[Finding]]:
    """Return the labels of frames that are neither ED nor ES, and the findings on their tracings."""
    findings: list[Finding] = []
    labels = [
        _make_label(video, frame, "other", _read_tracing(video, frame, rows, findings), findings)
        for frame, rows in rows_by_frame.items()
    ]
    return [label for label in labels if label is not None], findings


def _read_tracing(video: str, frame: int, rows: Sequence[TracingRow], findings: list[Finding]) -> Tracing:
    """Return the tracing of a frame; if its rows hold several tracings, one after the other, return the first."""
    tracings, rest = divmod(len(rows), ROWS)
    if tracings > 1 and not rest:
        findings.append(quirks.TRACED_TWICE.finding(video, f"frame {frame}: {tracings} tracings"))
        rows = rows[:ROWS]
    elif len(rows) != ROWS:
        findings.append(quirks.OTHER_ROWS.finding(video, f"frame {frame}: {len(rows)} rows"))
    ends_R22 = np.asarray(rows, dtype=np.float64).reshape(-1, 2, 2)
    columns, lines = np.rint(ends_R22[..., 0]), np.rint(ends_R22[..., 1])
    height, width = FRAME_SIZE_HW
    if columns.min() < 0 or lines.min() < 0 or columns.max() >= width or lines.max() >= height:
        findings.append(quirks.OUTSIDE_FRAME.finding(video, f"frame {frame}"))
    return Tracing(axis_22=ends_R22[0], chords_R22=ends_R22[1:])


def _decide_phases(video: str, tracings: Mapping[int, Tracing], findings: list[Finding]) -> dict[Phase, int]:
    """Return the frame of each phase, ED first, and note when the file has them in an unusual order or number."""
    # The sort is stable: frames of equal area stay in the file's order.
    by_area = sorted(tracings, key=lambda frame: _area(tracings[frame]))
    smallest, *between, largest = by_area
    if between:
        unused = ", ".join(map(str, sorted(between)))
        findings.append(
            quirks.MORE_FRAMES.finding(video, f"not used: frame{'s' * (len(between) > 1)} {unused}")
        )
    in_file = list(tracings)
    if in_file.index(largest) < in_file.index(smallest):
        findings.append(quirks.ED_FIRST.finding(video, f"ED is frame {largest}, ES is frame {smallest}"))
    return {"ED": largest, "ES": smallest}


def _area(tracing: Tracing) -> float:
    """Return the area between the walls. Swapped chords are turned first, because they would reduce the area."""
    if not len(tracing.chords_R22):
        return 0.0
    chords_R22, _ = repair_sides(tracing.chords_R22)
    return polygon_area(Tracing(axis_22=tracing.axis_22, chords_R22=chords_R22).polygon_P2)


def _make_label(
    video: str, frame: int, phase: Phase, tracing: Tracing, findings: list[Finding]
) -> Label | None:
    """Return the reference of a frame, or None if its tracing encloses no pixel."""
    mask_HW = rasterise(tracing.polygon_P2, FRAME_SIZE_HW)
    if not mask_HW.any() or len(tracing.chords_R22) < FEWEST_CHORDS:
        findings.append(quirks.EMPTY_MASK.finding(video, f"{phase}, frame {frame}"))
        return None
    contour = open_contour(tracing)
    if contour.swapped_chords:
        findings.append(
            quirks.SWAPPED_SIDES.finding(video, f"frame {frame}: {contour.swapped_chords} chords")
        )
    if contour.apex_at_base:
        findings.append(quirks.APEX_AT_BASE.finding(video, f"frame {frame}"))
    return Label(frame=frame, phase=phase, mask_HW=mask_HW, contour_P2=contour.points_P2)
