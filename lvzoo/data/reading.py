"""Reads one video of EchoNet-Dynamic: its traced frames and their references, or the reasons why it has none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import quirks
from lvzoo.data.labels import Label, label_frames, label_others
from lvzoo.data.tables import TracingRow
from lvzoo.data.video import Clip, Way, open_clip
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced, fit_sector
from lvzoo.types import FRAME_SIZE_HW, Finding, Sector

LOG = logging.getLogger("lvzoo.data")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The findings on one video, and its usable labels, each with its frame, if there are any."""

    video: str
    findings: Sequence[Finding]
    labels: Sequence[Label] = ()
    frames: Sequence[NDArray[np.uint8]] = ()
    sector: Sector | None = None
    way: Way | None = None


def read_video(
    video: str,
    path: Path | None,
    rows_by_frame: Mapping[int, Sequence[TracingRow]],
    further_by_frame: Mapping[int, Sequence[TracingRow]] = MappingProxyType({}),
) -> Reading:
    """Read the traced frames of one video; `path` is None if its file is missing.

    `further_by_frame` holds tracings of other frames than ED and ES; they are used only if ED or ES is usable.
    """
    labels, findings = label_frames(video, rows_by_frame)
    if not labels:
        return Reading(video=video, findings=findings)
    others, further_findings = label_others(video, further_by_frame)
    labels, findings = [*labels, *others], [*findings, *further_findings]
    if path is None:
        return Reading(video=video, findings=[*findings, quirks.VIDEO_MISSING.finding(video)])
    try:
        clip = open_clip(path)
    except DataError as error:
        damage = quirks.VIDEO_DAMAGED.finding(video, reason_of(error, path))
        return Reading(video=video, findings=[*findings, damage])
    return _read_frames(video, clip, labels, [*findings, *_note_decoder(video, clip)])


def _read_frames(video: str, clip: Clip, labels: Sequence[Label], findings: list[Finding]) -> Reading:
    """Decode the labelled frames; frames that do not decode become findings, which are added to the list."""
    if clip.size_HW != FRAME_SIZE_HW:
        height, width = clip.size_HW
        findings.append(quirks.OTHER_SIZE.finding(video, f"{width} x {height}"))
        return Reading(video=video, findings=findings, way=clip.way)
    usable, frames = [], []
    for label in labels:
        where = f"{label.phase}, frame {label.frame}"
        if label.frame >= clip.count:
            findings.append(quirks.VIDEO_SHORT.finding(video, f"{where} of {clip.count}"))
            continue
        try:
            frames.append(clip.frame_at(label.frame))
        except DataError as error:
            findings.append(quirks.FRAME_DAMAGED.finding(video, f"{where}: {reason_of(error, clip.path)}"))
            continue
        usable.append(label)
    return Reading(
        video=video,
        findings=findings,
        labels=usable,
        frames=frames,
        sector=_fit_clip_sector(clip) if usable else None,
        way=clip.way,
    )


def _note_decoder(video: str, clip: Clip) -> list[Finding]:
    """Return a finding if the frames could not be read by the index of an MJPG AVI."""
    quirk = {"mjpg-scan": quirks.NO_INDEX, "opencv": quirks.OTHER_CODEC}.get(clip.way)
    return [quirk.finding(video)] if quirk else []


def _fit_clip_sector(clip: Clip) -> Sector:
    """Fit the sector to evenly spaced frames of the clip, without those that do not decode."""
    frames = []
    for index in evenly_spaced(clip.count):
        try:
            frames.append(clip.frame_at(index))
        except DataError as error:
            LOG.warning("left out of the sector's fit: %s", error)
    return fit_sector(np.stack(frames) if frames else np.empty((0, *clip.size_HW), dtype=np.uint8))


def reason_of(error: DataError, path: Path) -> str:
    """Return an error's message without the path of this machine, because findings are shared with the results."""
    return str(error).removeprefix(f"{path}: ")
