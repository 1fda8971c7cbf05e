"""Reads EchoNet-Pediatric as its authors ship it: the folders A4C and PSAX, each with two tables and Videos/*.avi.

The tables look like EchoNet-Dynamic's but have other columns: a polygon has one point per row, and Split is a fold
(Reddy et al. 2023, doi 10.1016/j.echo.2023.01.015). The tables in docs/data.md explain all quirks.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lvzoo.data import quirks as common_quirks
from lvzoo.data.frames import load_or_make
from lvzoo.data.labelled import LabelledFrame, assemble_frames
from lvzoo.data.opencv import decoder_identity
from lvzoo.data.reading import is_complete
from lvzoo.data.tables import FILE_LIST, TRACINGS, stem_of
from lvzoo.errors import DataError, NoSplitError, UsageError
from lvzoo.types import Finding, FrameSet, Split
from lvzoo_datasets import pediatric_quirks as quirks
from lvzoo_datasets.pediatric_tables import FOLDS, FileList, Tracings, read_file_list, read_tracings
from lvzoo_datasets.pediatric_video import Video, patient_of, read_video

LOG = logging.getLogger("lvzoo.data")

VIDEOS: Final = "Videos"
VIEWS: Final = ("A4C", "PSAX")
BATCH: Final = 64
"""How many videos are decoded ahead, so that not all of them are in memory at once."""
READER_VERSION: Final = "pediatric-reader-1"
"""Raise this number whenever other labels, contours, sectors or findings are read from the same files."""


class EchoNetPediatric:
    """EchoNet-Pediatric as a `Dataset`: ED and ES of each video in one view; folds 0-7 train, 8 val, 9 test."""

    def __init__(self, folder: Path, *, view: str = "A4C") -> None:
        """Check that the files of the layout exist; `view` is "A4C" or "PSAX".

        Raises:
            DataError: the folder or one of its parts is missing.
            UsageError: there is no such view.
        """
        if view not in VIEWS:
            raise UsageError(f"unknown view {view!r} of EchoNet-Pediatric; use one of {', '.join(VIEWS)}")
        self.folder = Path(folder) / view
        self.view = view
        for part in (FILE_LIST, TRACINGS, VIDEOS):
            path = self.folder / part
            if not (path.is_dir() if part == VIDEOS else path.is_file()):
                raise DataError(
                    f"{path}: missing; give the folder with {' and '.join(VIEWS)}, each of which holds {FILE_LIST}, "
                    f"{TRACINGS} and {VIDEOS}/"
                )

    @property
    def name(self) -> str:
        """The name by which reports tell this view from the other one."""
        return "echonet-pediatric" if self.view == VIEWS[0] else f"echonet-pediatric-{self.view}"

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split. They are kept in the cache, so a second call decodes nothing.

        Raises:
            NoSplitError: no video is in this split's folds.
            DataError: files are missing or do not parse, or the split has no usable frame.
        """
        return load_or_make(self._key(split), lambda: self._read(split), keep=is_complete)

    def _list_videos(self) -> list[os.DirEntry[str]]:
        """Return the video files, sorted by name."""
        with os.scandir(self.folder / VIDEOS) as entries:
            videos = [entry for entry in entries if stem_of(entry.name) != entry.name]
        return sorted(videos, key=lambda entry: entry.name)

    def _key(self, split: Split) -> str:
        """Return a hash of all inputs of the frames: reader, decoder, tables, and size and date of each video."""
        inputs = [READER_VERSION, decoder_identity(), self.name, self.view, split]
        digest = hashlib.sha256(json.dumps(inputs).encode())
        for name in (FILE_LIST, TRACINGS):
            digest.update(hashlib.sha256((self.folder / name).read_bytes()).digest())
        for entry in self._list_videos():
            state = entry.stat()
            digest.update(json.dumps([entry.name, state.st_size, state.st_mtime_ns]).encode())
        return digest.hexdigest()

    def _read(self, split: Split) -> FrameSet:
        """Read the tables, decode the traced frames of a split, and collect the findings."""
        file_list = read_file_list(self.folder / FILE_LIST)
        videos = file_list.videos[split]
        if not videos:
            folds = ", ".join(str(fold) for fold, its in enumerate(FOLDS) if its == split)
            raise NoSplitError(
                f"{self.folder / FILE_LIST}: no row has a Split of {folds}, which is {split.upper()}; add one"
            )
        tracings = read_tracings(self.folder / TRACINGS, videos)
        paths = {stem_of(entry.name): Path(entry.path) for entry in self._list_videos()}
        LOG.info("%s: decoding the labelled frames of %d videos (%s)", self.folder, len(videos), split)
        wanted = [
            Video(
                name=video,
                path=paths.get(video),
                tracings=tracings.get(video, Tracings()),
                view=self.view,
                ef=file_list.efs.get(video),
            )
            for video in videos
        ]
        findings = _note_lists(split, file_list, tracings)
        try:
            return assemble_frames(
                _read_videos(wanted, findings),
                name=self.name,
                version=READER_VERSION,
                findings=findings,
            )
        except DataError as error:
            raise DataError(f"{self.folder}: split {split.upper()}: {error}") from error


def _read_videos(videos: Sequence[Video], findings: list[Finding]) -> Iterator[LabelledFrame]:
    """Yield the usable frames of the videos, and add the findings on them to the list."""
    with ThreadPoolExecutor() as threads:
        for start in range(0, len(videos), BATCH):
            for reading in threads.map(read_video, videos[start : start + BATCH]):
                findings += reading.findings
                yield from reading.frames


def _note_lists(split: Split, file_list: FileList, tracings: Mapping[str, Tracings]) -> list[Finding]:
    """Return the findings on the lists: of this split's videos, and of those of no split."""
    in_splits = {video for videos in file_list.videos.values() for video in videos}
    findings = [
        finding
        for video, found in file_list.findings.items()
        if video in file_list.videos[split] or video not in in_splits
        for finding in found
    ]
    findings += [
        common_quirks.NOT_LISTED.finding(video) for video in tracings if video not in file_list.findings
    ]
    splits_of: dict[str, set[Split]] = {}
    for each, videos in file_list.videos.items():
        for video in videos:
            splits_of.setdefault(patient_of(video), set()).add(each)
    findings += [
        quirks.PATIENT_IN_SPLITS.finding(video, f"also in {', '.join(sorted(others))}")
        for video in file_list.videos[split]
        if (others := splits_of[patient_of(video)] - {split})
    ]
    return findings
