"""Reads one video of EchoNet-Pediatric: its traced frames with their masks, or the reasons why it has none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import quirks as common_quirks
from lvzoo.data.clips.clip import Clip, report_damage
from lvzoo.data.clips.video.reader import open_video
from lvzoo.data.labelled import LabelledFrame
from lvzoo.data.reading import Decoded, decode, note_decoder, note_failure
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import evenly_spaced
from lvzoo.types import FRAME_SIZE_HW, Finding, Phase
from lvzoo_datasets import pediatric_quirks as quirks
from lvzoo_datasets.pediatric_tables import Tracings

NAME: Final = re.compile(r"(CR[0-9a-f]+)-CR[0-9a-f]+-\d+", re.IGNORECASE)
"""A usual name of a video, such as CR32a0001-CR32a0002-000003. Videos of one patient begin alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Video:
    """What the tables say about a video; `path` is None if its file is missing."""

    name: str
    path: Path | None
    tracings: Tracings
    view: str
    ef: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The usable frames of a video, and the findings on it."""

    frames: Sequence[LabelledFrame] = ()
    findings: Sequence[Finding]


def patient_of(video: str) -> str:
    """Return the patient of a video: the first part of a usual name, or else the whole name.

    >>> patient_of("CR32a0001-CR32a0002-000003"), patient_of("clip-1-2")
    ('CR32a0001', 'clip-1-2')
    """
    usual = NAME.fullmatch(video)
    return usual.group(1) if usual else video


def read_video(video: Video) -> Reading:
    """Read the traced frames of one video."""
    findings = list(video.tracings.findings)
    masks = {
        frame: _draw_mask(video.name, frame, video.tracings, findings) for frame in video.tracings.points
    }
    phases = _decide_phases(video, masks, findings)
    if not phases:
        return Reading(findings=findings)
    if video.path is None:
        return Reading(findings=[*findings, common_quirks.VIDEO_MISSING.finding(video.name)])
    try:
        with report_damage(video.path):
            clip = open_video(video.path, fps=None)
        frames = _read_frames(video, clip, phases, masks, findings)
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged files; only this video is lost
        return Reading(findings=[*findings, note_failure(error, video.name, video.path)])
    return Reading(frames=frames, findings=[*findings, *note_decoder(video.name, clip)])


def _draw_mask(video: str, frame: int, tracings: Tracings, findings: list[Finding]) -> NDArray[np.bool_]:
    """Return the mask of a polygon with the points in the file's order, by EchoNet-Dynamic's rule."""
    points_P2 = np.asarray(tracings.points[frame], dtype=np.float64)
    most_2 = np.array(FRAME_SIZE_HW[::-1]) - 1
    if (np.rint(points_P2) < 0).any() or (np.rint(points_P2) > most_2).any():
        findings.append(common_quirks.OUTSIDE_FRAME.finding(video, f"frame {frame}"))
    return rasterise(points_P2, FRAME_SIZE_HW)


def _decide_phases(
    video: Video, masks: Mapping[int, NDArray[np.bool_]], findings: list[Finding]
) -> dict[Phase, int]:
    """Return the frame of each phase, ED first: the largest of all traced frames is ED, the smallest ES.

    A single traced frame has a phase if the file says that the other one is missing.
    """
    missing = video.tracings.missing
    # The sort is stable: frames of equal area stay in the file's order.
    by_area = sorted(masks, key=lambda frame: int(masks[frame].sum()))
    if not by_area:
        findings.append(common_quirks.NOT_TRACED.finding(video.name))
        return {}
    if len(by_area) == 1:
        if len(missing) != 1:
            findings.append(common_quirks.ONE_FRAME.finding(video.name, f"frame {by_area[0]}"))
            return {}
        findings.append(quirks.PHASE_MISSING.finding(video.name, f"no {'ED' if 'ED' in missing else 'ES'}"))
        return {"ES" if "ED" in missing else "ED": by_area[0]}
    if missing:
        findings.append(quirks.ODD_MARK.finding(video.name))
    smallest, *between, largest = by_area
    if between:
        unused = ", ".join(map(str, sorted(between)))
        detail = f"not used: frame{'s' * (len(between) > 1)} {unused}"
        findings.append(common_quirks.MORE_FRAMES.finding(video.name, detail))
    return {"ED": largest, "ES": smallest}


def _read_frames(
    video: Video,
    clip: Clip,
    phases: Mapping[Phase, int],
    masks: Mapping[int, NDArray[np.bool_]],
    findings: list[Finding],
) -> list[LabelledFrame]:
    """Decode the traced frames; those that do not decode become findings, which are added to the list."""
    if clip.size_HW != FRAME_SIZE_HW:
        height, width = clip.size_HW
        findings.append(common_quirks.OTHER_SIZE.finding(video.name, f"{width} x {height}"))
        return []
    found = decode(clip, list(phases.values()))
    usable: list[LabelledFrame] = []
    for phase, traced in phases.items():
        frame = _find_frame(video.name, phase, traced, phases, found, findings)
        if frame is None:
            continue
        usable.append(
            LabelledFrame(
                patient=patient_of(video.name),
                video=video.name,
                frame=frame,
                phase=phase,
                grey_HW=found.frames[frame],
                mask_HW=masks[traced],
                ef=video.ef,
                view=video.view,
                others_NHW=_choose_others(found),
            )
        )
    return usable


def _find_frame(
    video: str,
    phase: Phase,
    traced: int,
    phases: Mapping[Phase, int],
    found: Decoded,
    findings: list[Finding],
) -> int | None:
    """Return the frame that a tracing belongs to; None if it cannot be used."""
    where = f"{phase}, frame {traced}"
    frame = traced
    if traced == found.count and traced not in found.frames:
        frame = found.count - 1
        if frame in phases.values():
            findings.append(quirks.LAST_FRAME_TWICE.finding(video, f"{where} of {found.count}"))
            return None
        findings.append(quirks.PAST_END.finding(video, f"{where} of {found.count}"))
    if frame in found.frames:
        return frame
    if frame < found.count:
        damage = found.damage.get(frame, f"frame {frame} does not decode")
        findings.append(common_quirks.FRAME_DAMAGED.finding(video, f"{where}: {damage}"))
    else:
        findings.append(common_quirks.VIDEO_SHORT.finding(video, f"{where} of {found.count}"))
    return None


def _choose_others(found: Decoded) -> NDArray[np.uint8] | None:
    """Return the evenly spaced frames to which the sector is fitted; None if none of them decodes."""
    frames = [found.frames[index] for index in evenly_spaced(found.count) if index in found.frames]
    return np.stack(frames) if frames else None
