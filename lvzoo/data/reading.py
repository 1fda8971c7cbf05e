"""One video of EchoNet-Dynamic: its traced frames and their references, or the reasons why there are none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data import quirks
from lvzoo.data.labels import label_frames, label_others
from lvzoo.data.video import open_clip
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced, fit_sector
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.data.labels import Label
    from lvzoo.data.tables import TracingRow
    from lvzoo.data.video import Clip, Way
    from lvzoo.types import Finding, Sector

LOG = logging.getLogger("lvzoo.data")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one video gave: its usable labels, each with its frame, or none; and all that was found."""

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
    """Read the traced frames of one video; `path` is None where its file is missing.

    `further_by_frame` are tracings of frames beside ED and ES; a video without those two is not used.
    """
    labels, findings = label_frames(video, rows_by_frame)
    if not labels:
        return Reading(video=video, findings=findings)
    others, further_findings = label_others(video, further_by_frame)
    labels, findings = [*labels, *others], [*findings, *further_findings]
    if path is None:
        return Reading(video=video, findings=[*findings, quirks.VIDEO_MISSING.found(video)])
    try:
        clip = open_clip(path)
    except DataError as error:
        damage = quirks.VIDEO_DAMAGED.found(video, _reason(error, path))
        return Reading(video=video, findings=[*findings, damage])
    return _read_frames(video, clip, labels, [*findings, *_way_finding(video, clip)])


def _read_frames(video: str, clip: Clip, labels: Sequence[Label], findings: list[Finding]) -> Reading:
    if clip.size_HW != FRAME_SIZE_HW:
        height, width = clip.size_HW
        findings.append(quirks.OTHER_SIZE.found(video, f"{width} x {height}"))
        return Reading(video=video, findings=findings, way=clip.way)
    usable, frames = [], []
    for label in labels:
        where = f"{label.phase}, frame {label.frame}"
        if label.frame >= clip.count:
            findings.append(quirks.VIDEO_SHORT.found(video, f"{where} of {clip.count}"))
            continue
        try:
            frames.append(clip.frame_at(label.frame))
        except DataError as error:
            findings.append(quirks.FRAME_DAMAGED.found(video, f"{where}: {_reason(error, clip.path)}"))
            continue
        usable.append(label)
    return Reading(
        video=video,
        findings=findings,
        labels=usable,
        frames=frames,
        sector=_sector(clip) if usable else None,
        way=clip.way,
    )


def _way_finding(video: str, clip: Clip) -> list[Finding]:
    quirk = {"mjpg-scan": quirks.NO_INDEX, "opencv": quirks.OTHER_CODEC}.get(clip.way)
    return [quirk.found(video)] if quirk else []


def _sector(clip: Clip) -> Sector:
    """Fit the sector to evenly spaced frames of the clip, passing over those that do not decode."""
    frames = []
    for index in evenly_spaced(clip.count):
        try:
            frames.append(clip.frame_at(index))
        except DataError as error:
            LOG.warning("passed over for the sector: %s", error)
    return fit_sector(np.stack(frames) if frames else np.empty((0, *clip.size_HW), dtype=np.uint8))


def _reason(error: DataError, path: Path) -> str:
    """Return an error's message without the machine's path, for findings that travel with results."""
    return str(error).removeprefix(f"{path}: ")
