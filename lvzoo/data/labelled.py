"""Builds the frames of a split from labelled pictures of any size, for the readers of data sets in plugins.

A reader says what a file holds, one `LabelledFrame` per labelled picture. `assemble_frames` does the rest in the
same way for every data set: it crops each video's pictures to their ultrasound sector, resizes them to 112 x 112, and
moves the references with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import picture_quirks
from lvzoo.data.crop import (
    Crop,
    VideoCrop,
    crop_mask,
    crop_points,
    find_scale,
    fit_video_crop,
    holds_mask,
    make_cropper,
)
from lvzoo.data.frames import fingerprint, load_or_make
from lvzoo.data.mask_contour import count_pieces, open_wall, trace_mask
from lvzoo.data.patients import split_patients
from lvzoo.data.quirks import Quirk
from lvzoo.errors import DataError, name_some
from lvzoo.geometry.sector import evenly_spaced
from lvzoo.types import Finding, FrameSet, Phase, Sector, Source

__all__ = [
    "LabelledFrame",
    "Quirk",
    "VideoCrop",
    "assemble_frames",
    "load_or_make",
    "split_patients",
]
"""All that the reader of a plugin needs (docs/decisions/0047)."""

Value = TypeVar("Value")

MOST_REASONS: Final = 3
"""How many findings an error names if no picture can be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledFrame:
    """One labelled picture as its file holds it, of any size, with its reference.

    `mask_HW` is True inside the left ventricle. `contour_P2` is the open contour (x, y) from the left annulus over
    the apex to the right annulus, in px of the picture, with any number of points. If it is None, it is traced from
    the mask. `annulus_22` holds the two ends of the mitral valve, left first, where the file tells them; it helps to
    trace the mask.
    """

    patient: str
    video: str
    frame: int
    phase: Phase
    grey_HW: NDArray[np.uint8]
    mask_HW: NDArray[np.bool_]
    contour_P2: NDArray[np.float64] | None = None
    annulus_22: NDArray[np.float64] | None = None
    spacing_mm: float | None = None
    """Size of a pixel of the picture; None if the file does not give it."""
    ef: float | None = None
    view: str = ""
    quality: str = ""
    file: str = ""
    """The file of the picture as findings name it, where the video and the frame do not tell it."""
    others_NHW: NDArray[np.uint8] | None = None
    """Other pictures of the same video, to which its sector is fitted as well; a few evenly spaced ones are enough.
    Only those of a video's first frame are used."""


def assemble_frames(
    labelled: Iterable[LabelledFrame],
    *,
    name: str,
    version: str,
    findings: Sequence[Finding] = (),
    crops: dict[str, VideoCrop] | None = None,
) -> FrameSet:
    """Return the frames of one split; pictures of one video must follow one another and have one size.

    Pictures without a usable reference are left out, and named in the findings of the result. They follow the
    reader's own `findings`, a list that may grow while the pictures are read.

    If several experts have traced the same pictures, `crops` is one dictionary for all of them. It is filled with the
    crop of each video, so that the pictures are cropped alike for all experts, and each sector is fitted once.

    Raises:
        DataError: no picture can be used.
    """
    joined = _Joined(findings=[], crops={} if crops is None else crops)
    for video, frames in groupby(labelled, key=lambda each: each.video):
        if video in joined.begun:
            raise ValueError(f"the pictures of video {video!r} do not follow one another")
        joined.begun.add(video)
        joined.add(list(frames))
    joined.findings[:0] = findings
    if not joined.frames:
        raise DataError(f"{name}: no picture can be used{_explain(joined.findings)}")
    return joined.assemble(name, version)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """One frame as models see it; the picture itself is not kept."""

    labelled: LabelledFrame
    grey_HW: NDArray[np.uint8]
    mask_HW: NDArray[np.bool_]
    contour_P2: NDArray[np.float32]
    spacing_mm: float | None
    sector: Sector


@dataclass(kw_only=True, slots=True)
class _Joined:
    """Joins the frames of the videos, one video after the other."""

    findings: list[Finding]
    crops: dict[str, VideoCrop]
    begun: set[str] = field(default_factory=set)
    frames: list[_Frame] = field(default_factory=list)

    def add(self, video: Sequence[LabelledFrame]) -> None:
        """Add the usable frames of the next video."""
        usable = [each for each in self._leave_out_others(video) if self._check_mask(each)]
        if not usable:
            return
        name = video[0].video
        if name not in self.crops:
            sample_NHW = _choose_sample([each.grey_HW for each in usable], video[0].others_NHW)
            self.crops[name] = fit_video_crop(sample_NHW)
        crop, sector = self.crops[name].crop, self.crops[name].sector
        if not sector.fitted or (crop is not None and not crop.sector.fitted):
            self.findings.append(picture_quirks.NO_SECTOR.finding(name))
        height, width = usable[0].grey_HW.shape
        crop_frame = make_cropper(crop, (height, width))
        for each in usable:
            grey_HW = crop_frame(each.grey_HW)
            if (frame := self._move(each, grey_HW, crop, sector)) is not None:
                self.frames.append(frame)

    def _leave_out_others(self, video: Sequence[LabelledFrame]) -> Iterator[LabelledFrame]:
        """Yield the pictures that have the size of the video's first one and a mask of that size."""
        size_HW = video[0].grey_HW.shape
        for each in video:
            if each.mask_HW.shape != each.grey_HW.shape:
                sizes = f"{_show_size(each.mask_HW)}, picture {_show_size(each.grey_HW)}"
                self.findings.append(picture_quirks.MASK_SIZE.finding(each.video, f"{_where(each)}: {sizes}"))
            elif each.grey_HW.shape != size_HW:
                sizes = f"{_show_size(each.grey_HW)}, the first {_show_size(video[0].grey_HW)}"
                self.findings.append(
                    picture_quirks.PICTURE_SIZE.finding(each.video, f"{_where(each)}: {sizes}")
                )
            else:
                yield each

    def _check_mask(self, each: LabelledFrame) -> bool:
        """Note what is unusual about a mask, and return whether it can be used."""
        mask_HW = each.mask_HW
        if not mask_HW.any():
            self.findings.append(picture_quirks.NO_MASK.finding(each.video, _where(each)))
            return False
        if mask_HW[[0, -1]].any() or mask_HW[:, [0, -1]].any():
            self.findings.append(picture_quirks.AT_BORDER.finding(each.video, _where(each)))
        if (pieces := count_pieces(mask_HW)) > 1:
            self.findings.append(
                picture_quirks.PIECES.finding(each.video, f"{_where(each)}: {pieces} pieces")
            )
        return True

    def _move(
        self, each: LabelledFrame, grey_HW: NDArray[np.uint8], crop: Crop | None, sector: Sector
    ) -> _Frame | None:
        """Return a picture's reference on the frame (112, 112); None if nothing is left of it."""
        mask_HW = crop_mask(each.mask_HW, crop)
        contour_P2 = _find_contour(each, crop)
        if contour_P2 is None or not mask_HW.any():
            self.findings.append(picture_quirks.SMALL_MASK.finding(each.video, _where(each)))
            return None
        if crop is not None and not holds_mask(crop, each.mask_HW):
            self.findings.append(picture_quirks.BEYOND_SECTOR.finding(each.video, _where(each)))
        return _Frame(
            # What follows needs the words of a picture alone, so the picture's memory is given back.
            labelled=replace(each, grey_HW=grey_HW, mask_HW=mask_HW, others_NHW=None),
            grey_HW=grey_HW,
            mask_HW=mask_HW,
            contour_P2=contour_P2,
            spacing_mm=None if each.spacing_mm is None else each.spacing_mm * find_scale(crop),
            sector=sector,
        )

    def assemble(self, name: str, version: str) -> FrameSet:
        """Return all frames; the fingerprint is computed from the result."""
        labelled = [frame.labelled for frame in self.frames]
        spacing_mm = self._join_spacing()
        frames = FrameSet(
            frames_NHW=np.stack([frame.grey_HW for frame in self.frames]),
            masks_NHW=np.stack([frame.mask_HW for frame in self.frames]),
            contours_NP2=np.stack([frame.contour_P2 for frame in self.frames]),
            sectors=tuple(frame.sector for frame in self.frames),
            patients=tuple(each.patient for each in labelled),
            videos=tuple(each.video for each in labelled),
            frame_indices=tuple(each.frame for each in labelled),
            phases=tuple(each.phase for each in labelled),
            source=Source(name=name, version=version, fingerprint="", findings=tuple(self.findings)),
            spacing_mm=spacing_mm,
            listed_efs=_none_if_empty([each.ef for each in labelled], None),
            views=_none_if_empty([each.view for each in labelled], ""),
            qualities=_none_if_empty([each.quality for each in labelled], ""),
        )
        return replace(frames, source=replace(frames.source, fingerprint=fingerprint(frames)))

    def _join_spacing(self) -> tuple[float, ...] | None:
        """Return the pixel sizes; None, and a finding, if only some of the frames have one."""
        known = [frame.spacing_mm for frame in self.frames if frame.spacing_mm is not None]
        if len(known) == len(self.frames):
            return tuple(known)
        if known:
            without = [frame.labelled.video for frame in self.frames if frame.spacing_mm is None]
            self.findings += [picture_quirks.NO_SPACING.finding(video) for video in dict.fromkeys(without)]
        return None


def _none_if_empty(values: Sequence[Value], empty: Value) -> tuple[Value, ...] | None:
    return None if all(value == empty for value in values) else tuple(values)


def _choose_sample(
    pictures: Sequence[NDArray[np.uint8]], others_NHW: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Return the pictures that the sector is fitted to: a few labelled ones, and the others of the video."""
    chosen = [pictures[place] for place in evenly_spaced(len(pictures))]
    if others_NHW is None or others_NHW.shape[1:] != chosen[0].shape:
        return np.stack(chosen)
    return np.concatenate([np.stack(chosen), others_NHW[evenly_spaced(len(others_NHW))]])


def _find_contour(each: LabelledFrame, crop: Crop | None) -> NDArray[np.float32] | None:
    """Return the contour of 121 points on the frame (112, 112): the given one, or else one traced from the mask."""
    # Traced before the picture is resized, where the mask is finer.
    contour_P2 = trace_mask(each.mask_HW, each.annulus_22) if each.contour_P2 is None else each.contour_P2
    return None if contour_P2 is None else open_wall(crop_points(contour_P2, crop))


def _where(each: LabelledFrame) -> str:
    return each.file or f"{each.phase}, frame {each.frame}"


def _show_size(picture_HW: NDArray[np.generic]) -> str:
    return " x ".join(str(size) for size in picture_HW.shape[::-1])


def _explain(findings: Sequence[Finding]) -> str:
    """Return the reasons why no picture can be used."""
    excluded = [each for each in findings if each.excluded]
    reasons = [f"{each.name}: {each.quirk}{f' ({each.detail})' * bool(each.detail)}" for each in excluded]
    return (
        f": {name_some(reasons, MOST_REASONS, separator='; ')}" if reasons else "; it has no labelled picture"
    )
