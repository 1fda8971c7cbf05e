"""Reads UnityLV-MultiX: frames of 100 videos with the contours of 11 experts, and their consensus as the reference.

All frames are for testing. Each expert's contours are moved onto the frame of 112 x 112 as the reference is, so that
experts can be scored as models are.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Final

from lvzoo.data.frames import load_or_make
from lvzoo.data.labelled import LabelledFrame, VideoCrop, assemble_frames
from lvzoo.data.opencv import decoder_identity
from lvzoo.data.reading import is_complete
from lvzoo.errors import DataError, NoSplitError, show_name
from lvzoo.types import FrameSet, Split
from lvzoo_datasets.unity_curves import Outline
from lvzoo_datasets.unity_files import ANNOTATIONS, CONSENSUS, IMAGES, read_annotations
from lvzoo_datasets.unity_pictures import Picture, Readings, list_pictures, read_all

LOG = logging.getLogger("lvzoo.data")

NAME: Final = "unity-multix"
VIEW: Final = "4CH"
READER_VERSION: Final = "unity-multix-reader-1"
"""Raise this number whenever other frames, contours or findings are read from the same files."""


class UnityMultiX:
    """A folder in UnityLV-MultiX's layout as a `Dataset` that is `ReadByExperts`; it has only a test split."""

    def __init__(self, folder: Path) -> None:
        """Check that the files of the layout exist.

        Raises:
            DataError: the folder or one of its parts is missing.
        """
        self.folder = Path(folder)
        layout = f"{IMAGES}/, {ANNOTATIONS} and {CONSENSUS}"
        for part in (IMAGES, ANNOTATIONS, CONSENSUS):
            path = self.folder / part
            if not (path.is_dir() if part == IMAGES else path.is_file()):
                raise DataError(f"{path}: missing; the layout is {layout} in one folder")

    def load(self, split: Split) -> FrameSet:
        """Return all frames with the consensus as their references; they are kept in the cache.

        Raises:
            NoSplitError: the split is not `test`.
            DataError: a file is missing or does not parse, or no picture can be used.
        """
        self._check_split(split)
        return load_or_make(self._key(""), lambda: _assemble(read_all(self.folder), {}), keep=is_complete)

    def load_experts(self, split: Split) -> Mapping[str, FrameSet]:
        """Return by expert the frames that he or she traced, with these tracings as their references.

        Raises the errors of `load`.
        """
        self._check_split(split)
        users = sorted({user for curves in read_annotations(self.folder).values() for user in curves})
        # The pictures are decoded and cropped only if the cache lacks an expert, and then once for all of them.
        read = cache(lambda: _read_and_crop(self.folder))

        found: dict[str, FrameSet] = {}
        for user in users:
            make = partial(_assemble_expert, read, user)
            try:
                found[user] = load_or_make(self._key(user), make, keep=lambda _: read()[0].complete)
            except DataError as error:  # the findings of `load` name each curve that cannot be used
                LOG.warning("%s: the expert %s is left out: %s", self.folder, show_name(user), error)
        return found

    def _check_split(self, split: Split) -> None:
        if split != "test":
            raise NoSplitError(
                f"{self.folder}: UnityLV-MultiX has no {split} split; all of it is for testing"
            )

    def _key(self, user: str) -> str:
        """Return a hash of all inputs of the frames: reader, decoder, curves, and size and date of each picture."""
        digest = hashlib.sha256(json.dumps([READER_VERSION, decoder_identity(), user]).encode())
        for name in (ANNOTATIONS, CONSENSUS):
            digest.update(hashlib.sha256((self.folder / name).read_bytes()).digest())
        for path in list_pictures(self.folder):
            state = path.stat()
            digest.update(json.dumps([path.name, state.st_size, state.st_mtime_ns]).encode())
        return digest.hexdigest()


def _assemble(readings: Readings, crops: dict[str, VideoCrop]) -> FrameSet:
    """Return the frames with the consensus as their references."""
    labelled = (_label(each, each.consensus) for each in readings.pictures)
    findings = readings.findings
    return assemble_frames(labelled, name=NAME, version=READER_VERSION, findings=findings, crops=crops)


def _read_and_crop(folder: Path) -> tuple[Readings, dict[str, VideoCrop]]:
    """Return what the files hold, and the crop of each video, which all its pictures decide."""
    readings, crops = read_all(folder), dict[str, VideoCrop]()
    _assemble(readings, crops)
    return readings, crops


def _assemble_expert(read: Callable[[], tuple[Readings, dict[str, VideoCrop]]], user: str) -> FrameSet:
    """Return the frames that an expert traced."""
    readings, crops = read()
    labelled = (
        _label(each, outline) for each in readings.pictures if (outline := each.experts.get(user)) is not None
    )
    return assemble_frames(labelled, name=f"{NAME}, {user}", version=READER_VERSION, crops=crops)


def _label(picture: Picture, outline: Outline) -> LabelledFrame:
    return LabelledFrame(
        patient=picture.name.video,
        video=picture.name.video,
        frame=picture.name.frame,
        phase=picture.phase,
        grey_HW=picture.grey_HW,
        mask_HW=outline.mask_HW,
        contour_P2=outline.contour_P2,
        view=VIEW,
    )
