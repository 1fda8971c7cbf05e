"""Writes the folder of one clip: masks, overlay and pictures frame by frame, and everything else from the answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.facts import FramesRead
from lvzoo.errors import show_name
from lvzoo.evaluate.jitter import measure_jitter
from lvzoo.exports.request import Exports
from lvzoo.files import FRAMES, SUMMARY
from lvzoo.report.clip_files import MASKS, Made, name_mask, write_mask
from lvzoo.report.clip_nifti import NIFTI, check_nibabel, write_masks_nifti
from lvzoo.report.clip_page import ClipPage
from lvzoo.report.clip_summary import make_summary, write_summary
from lvzoo.report.clip_tables import BEATS, write_beats, write_frames
from lvzoo.report.clip_video import OverlayVideo
from lvzoo.types.answer import ClipAnswer
from lvzoo.workflows.clip_answer import ClipFacts, Outline

PAGE: Final = "clip.html"
THUMBNAIL: Final = "thumbnail.jpg"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is written for each clip besides what is always written."""

    nifti: bool = False
    """The masks as one NIfTI file."""
    whole_picture: bool = False
    """Show the whole picture in the overlay and on the page, and not the sector alone."""
    sr: bool = False
    """A DICOM report with the contours and measurements. Only DICOM clips can have one."""
    echonet: str | Path | None = None
    """A folder in EchoNet-Dynamic's layout, to which each clip and its tracings are added."""
    coco: bool = False
    """The contours as COCO polygons, with the pictures that they lie on."""
    keep_identifiers: bool = False
    """Keep names of DICOM clips that tell whom they show, and write the patient and the real UIDs into reports."""

    @property
    def exports(self) -> Exports:
        """The formats of other programs."""
        return Exports(
            sr=self.sr,
            echonet=None if self.echonet is None else Path(self.echonet),
            coco=self.coco,
            keep_identifiers=self.keep_identifiers,
        )

    def check(self) -> None:
        """Check that the libraries are installed.

        Raises:
            UsageError: nibabel or highdicom is missing.
        """
        self.exports.check()
        if self.nifti:
            check_nibabel()

    @property
    def options(self) -> tuple[str, ...]:
        """What was asked for, in words, so that results without it are not returned."""
        names = ("coco", "echonet", "keep_identifiers", "nifti", "sr", "whole_picture")
        return tuple(name for name in names if getattr(self, name))


class ClipFolder:
    """The folder of one clip. `mask_px` is the number of pixels of each mask so far."""

    def __init__(self, folder: Path, facts: ClipFacts, wanted: Wanted) -> None:
        """Begin the files that are written frame by frame."""
        self.folder, self.facts, self.wanted = folder, facts, wanted
        (folder / MASKS).mkdir()
        self.video = OverlayVideo(folder, facts.view, fps=facts.clip.fps)
        self.page = ClipPage(facts.view, likely_frames=facts.clip.likely_frames)
        self.mask_px: list[int] = []

    def add(self, frame: Frame, mask_HW: NDArray[np.bool_], outline_P2: Outline, check_P2: Outline) -> None:
        """Write what the next frame gives. The outlines are (x, y) px of the clip."""
        write_mask(self.folder / MASKS, frame.index, mask_HW)
        self.video.add(frame.grey_HW, outline_P2, check_P2)
        self.page.add(frame.grey_HW)
        self.mask_px.append(int(np.count_nonzero(mask_HW)))

    def finish(self, answer: ClipAnswer, read: FramesRead, made: Made, models: Mapping[str, Any]) -> None:
        """Write the files that need the whole answer. `models` says how the masks were made of models' outputs."""
        write_frames(answer, self.mask_px, self.folder / FRAMES)
        write_beats(answer, self.folder / BEATS)
        self.page.write(answer, self.folder / PAGE)
        self.page.write_thumbnail(answer, self.folder / THUMBNAIL)
        read_facts = read.describe(self.facts.crop)
        further = self._write_further(answer, read, read_facts, digest=made.clip)
        made_facts = {
            "clip": self.facts.name,
            "empty_masks": self.mask_px.count(0),
            "jitter": measure_jitter(self.mask_px, read.indices),
            "files": [BEATS, self.video.name, PAGE, THUMBNAIL, *further],
            "not_exported": self.wanted.exports.explain_left_out(answer),
            **models,
        }
        write_summary(make_summary(answer, {**read_facts, **made_facts}, made), self.folder / SUMMARY)

    def _write_further(
        self, answer: ClipAnswer, read: FramesRead, facts: Mapping[str, Any], *, digest: str
    ) -> list[str]:
        """Write the files that were asked for, and return their names."""
        exports, clip = self.wanted.exports, self.facts.clip
        exports.write(self.folder, answer, clip, self.facts.crop, name=self.facts.label, digest=digest)
        if self.wanted.nifti:
            write_masks_nifti(
                self._list_masks(read),
                self.folder / NIFTI,
                size_HW=self.facts.clip.size_HW,
                spacing_mm=facts["calibration"]["spacing_mm"],
                fps=self.facts.clip.fps,
            )
            return [NIFTI, *exports.written]
        return list(exports.written)

    def _list_masks(self, read: FramesRead) -> list[Path | None]:
        """Return the mask of each frame of the file up to the last that decodes; None for one that does not."""
        masks: list[Path | None] = [None] * (max(read.indices) + 1)
        for index in read.indices:
            masks[index] = self.folder / MASKS / name_mask(index)
        missing = masks.count(None)
        if missing:
            frames = "1 frame that does" if missing == 1 else f"{missing} frames that do"
            log.warning(
                "%s: %s has an empty mask for %s not decode", show_name(self.facts.clip.path), NIFTI, frames
            )
        return masks
