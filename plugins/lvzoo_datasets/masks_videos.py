"""Settles to which video a picture belongs, its number there, and its phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lvzoo.data.labelled import LabelledFrame
from lvzoo.types import Finding, Phase
from lvzoo_datasets import masks_quirks as quirks
from lvzoo_datasets.masks_table import Row

STILLS: Final = " stills"
"""The end of the name of a video whose own name another video of the patient has already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A labelled frame whose video, frame number and phase are not settled yet."""

    name: str
    row: Row
    frame: LabelledFrame


def group_by_video(pictures: Sequence[Picture], findings: list[Finding]) -> list[list[Picture]]:
    """Return the pictures of one patient by video, each with the name of its video and its number there.

    Pictures without a video are one video for each view; if they differ in size, one for each size. They stay apart
    from a sequence or a listed video that has the name of the patient.
    """
    named = {each.frame.video for each in pictures}
    sizes = {_size_of(each) for each in pictures if not each.frame.video}
    if len(sizes) > 1:
        findings.append(quirks.SIZES.finding(pictures[0].frame.patient, ", ".join(sorted(sizes))))
    videos: dict[str, list[Picture]] = {}
    for each in pictures:
        words = [each.frame.patient, each.frame.view, _size_of(each) if len(sizes) > 1 else ""]
        own = " ".join(filter(None, words))
        videos.setdefault(each.frame.video or own + STILLS * (own in named), []).append(each)
    return [_number(video, own) for video, own in videos.items()]


def _number(video: str, pictures: Sequence[Picture]) -> list[Picture]:
    """Return the pictures of a video by their numbers; if one has none, all are numbered in their order."""
    numbers = [each.row.frame for each in pictures]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = [*range(len(pictures))]
    numbered = [
        replace(each, frame=replace(each.frame, video=video, frame=number))
        for each, number in zip(pictures, numbers, strict=True)
        if number is not None
    ]
    return sorted(numbered, key=lambda each: each.frame.frame)


def decide_phases(pictures: Sequence[Picture], findings: list[Finding]) -> Iterator[LabelledFrame]:
    """Yield the frames of a video with their phases: the listed ones, or by area if two pictures have none."""
    video = pictures[0].frame.video
    phases: list[Phase] = [each.row.phase or "other" for each in pictures]
    if all(each.row.phase is None for each in pictures):
        if len(pictures) == 2:
            first, second = (int(each.frame.mask_HW.sum()) for each in pictures)
            phases = ["ED", "ES"] if first >= second else ["ES", "ED"]
            findings.append(quirks.BY_AREA.finding(video))
        else:
            count = f"{len(pictures)} picture{'s' * (len(pictures) != 1)}"
            findings.append(quirks.NO_PHASE.finding(video, count))
    for each, phase in zip(pictures, phases, strict=True):
        yield replace(each.frame, phase=phase)


def _size_of(picture: Picture) -> str:
    height, width = picture.frame.grey_HW.shape
    return f"{width} x {height}"
