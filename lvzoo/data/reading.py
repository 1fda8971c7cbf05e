"""Reads one video of EchoNet-Dynamic: its traced frames and their references, or the reasons why it has none."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import quirks
from lvzoo.data.clips.clip import BROKEN, Clip, DamagedFrame, Frame, Way, report_damage
from lvzoo.data.clips.video.reader import open_video
from lvzoo.data.labels import Label, label_frames, label_others
from lvzoo.data.tables import TracingRow
from lvzoo.errors import LvzooError, explain_exception, is_out_of_memory, show_name
from lvzoo.geometry.sector import evenly_spaced, fit_sector
from lvzoo.types import FRAME_SIZE_HW, Finding, FrameSet, Sector

LOG = logging.getLogger("lvzoo.data")
LONGEST_REASON = 300
"""How many characters of a decoder's error a finding quotes."""


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
        with report_damage(path):
            clip = open_video(path, fps=None)
        return _read_frames(video, clip, labels, [*findings, *note_decoder(video, clip)])
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged files; only this video is lost
        return Reading(video=video, findings=[*findings, note_failure(error, video, path)])


def _read_frames(video: str, clip: Clip, labels: Sequence[Label], findings: list[Finding]) -> Reading:
    """Decode the labelled frames; frames that do not decode become findings, which are added to the list."""
    if clip.size_HW != FRAME_SIZE_HW:
        height, width = clip.size_HW
        findings.append(quirks.OTHER_SIZE.finding(video, f"{width} x {height}"))
        return Reading(video=video, findings=findings, way=clip.way)
    found = decode(clip, [label.frame for label in labels])
    usable = []
    for label in labels:
        where = f"{label.phase}, frame {label.frame}"
        if label.frame in found.damage:
            damage = f"{where}: {found.damage[label.frame]}"
            findings.append(quirks.FRAME_DAMAGED.finding(video, damage))
        elif label.frame in found.frames:
            usable.append(label)
        else:
            findings.append(quirks.VIDEO_SHORT.finding(video, f"{where} of {found.count}"))
    return Reading(
        video=video,
        findings=findings,
        labels=usable,
        frames=[found.frames[label.frame] for label in usable],
        sector=_fit_clip_sector(clip, found) if usable else None,
        way=clip.way,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Frames of a clip by their numbers, the damage of those that do not decode, and the number of its frames."""

    frames: Mapping[int, NDArray[np.uint8]]
    damage: Mapping[int, str]
    count: int


def decode(clip: Clip, labelled: Sequence[int]) -> Decoded:
    """Decode the labelled frames and those that the sector is fitted to, in one pass through the file."""
    found = _read_numbers(clip, {*labelled, *evenly_spaced(clip.likely_frames)}, clip.likely_frames)
    if all(index in found.frames or index in found.damage for index in evenly_spaced(clip.likely_frames)):
        return found
    count = sum(1 for _ in clip.read())  # the file holds fewer frames than its header promises
    return _read_numbers(clip, {*labelled, *evenly_spaced(count)}, count)


def _read_numbers(clip: Clip, numbers: Iterable[int], count: int) -> Decoded:
    frames, damage = {}, {}
    for frame in clip.read(sorted(numbers)):
        if isinstance(frame, Frame):
            frames[frame.index] = frame.grey_HW
        elif frame.index is not None:
            damage[frame.index] = _explain_damage(frame)
    return Decoded(frames=frames, damage=damage, count=count)


def _explain_damage(frame: DamagedFrame) -> str:
    if frame.reason == BROKEN:
        return f"frame {frame.index} does not decode; the file is damaged, so copy it again from its source"
    return f"frame {frame.index} does not decode; {frame.reason}"


def note_decoder(video: str, clip: Clip) -> list[Finding]:
    """Return a finding if the frames could not be read by the index of an MJPG AVI."""
    quirk = {"mjpg-scan": quirks.NO_INDEX, "opencv": quirks.OTHER_CODEC}.get(clip.way)
    return [quirk.finding(video)] if quirk else []


def _fit_clip_sector(clip: Clip, found: Decoded) -> Sector:
    """Fit the sector to evenly spaced frames of the clip, without those that do not decode."""
    numbers = evenly_spaced(found.count)
    frames = [found.frames[index] for index in numbers if index in found.frames]
    reasons = [found.damage[index] for index in numbers if index in found.damage]
    if reasons:
        LOG.warning(
            "%s: %d of %d frames are left out of the sector's fit: %s",
            *(clip.path, len(reasons), len(numbers), reasons[0]),
        )
    return fit_sector(np.stack(frames) if frames else np.empty((0, *clip.size_HW), dtype=np.uint8))


def note_failure(error: Exception, name: str, path: Path) -> Finding:
    """Return the finding on a video of this name that could not be read."""
    quirk = quirks.VIDEO_UNREAD if _may_pass(error) else quirks.VIDEO_DAMAGED
    return quirk.finding(name, reason_of(error, path))


def _may_pass(error: Exception) -> bool:
    """Return whether reading again may succeed: memory ran out, or the disk or network failed.

    gzip and Pillow raise OSError for damaged files, too, but without the number of an error of the system.
    """
    causes = [each for each in (error, error.__cause__) if each is not None]
    return any(
        (isinstance(each, OSError) and each.errno is not None) or is_out_of_memory(each) for each in causes
    )


def is_complete(frames: FrameSet) -> bool:
    """Return False if a file could not be read this time, such as for lack of memory: the next run may read it."""
    return all(finding.quirk != quirks.VIDEO_UNREAD.text for finding in frames.source.findings)


def reason_of(error: Exception, path: Path) -> str:
    """Return an error's message without the path of this machine, because findings are shared with the results."""
    text = str(error) if isinstance(error, LvzooError) else explain_exception(error)
    for shown in (str(path), show_name(path)):  # errors of lvzoo escape control characters
        text = text.replace(f"{shown}: ", "").replace(shown, path.name)
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."
