"""Reads EchoNet-Dynamic in the form in which its authors ship it: FileList.csv, VolumeTracings.csv and Videos/*.avi.

References follow the authors' own rule (Ouyang et al. 2020, doi 10.1038/s41586-020-2145-8). Quirks of their files are
handled, named and counted (`lvzoo.data.quirks`). The table in docs/data.md explains each of them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from lvzoo.data import quirks
from lvzoo.data.clips.clip import Way
from lvzoo.data.frames import fingerprint, load_or_make
from lvzoo.data.labels import Label
from lvzoo.data.opencv import decoder_identity
from lvzoo.data.reading import Reading, is_complete, read_video
from lvzoo.data.tables import FILE_LIST, SUFFIX, TRACINGS, read_file_list, read_tracings, stem_of
from lvzoo.errors import DataError, NoSplitError, name_some
from lvzoo.types import FRAME_SIZE_HW, Finding, FrameSet, Sector, Source, Split

LOG = logging.getLogger("lvzoo.data")

VIDEOS: Final = "Videos"
MOST_NAMES: Final = 3
"""How many videos an error names."""
READER_VERSION: Final = "echonet-reader-3"
"""Raise this number whenever other labels, contours, sectors or findings are read from the same files."""


class EchoNetDynamic:
    """A folder in EchoNet-Dynamic's layout as a `Dataset`: the ED and ES frame of each video, split by patient."""

    def __init__(self, folder: Path, *, further: str | None = None) -> None:
        """Check that the files of the layout exist.

        `further` names a table like VolumeTracings.csv with tracings of other frames than ED and ES. EchoNet-Dynamic
        itself has no such table.

        Raises:
            DataError: the folder or one of its parts is missing.
        """
        self.folder = Path(folder)
        self.further = further
        layout = f"{FILE_LIST}, {TRACINGS} and {VIDEOS}/"
        if not self.folder.is_dir():
            raise DataError(f"{folder}: no such folder; give the folder that holds {layout}")
        for part in (FILE_LIST, TRACINGS, VIDEOS):
            path = self.folder / part
            if not (path.is_dir() if part == VIDEOS else path.is_file()):
                raise DataError(f"{path}: missing; the layout is {layout} in one folder")

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split. They are kept in the cache, so a second call decodes nothing.

        Raises:
            DataError: files are missing or do not parse, or the split has no usable frame.
        """
        frames = load_or_make(self._key(split), lambda: self._read(split), keep=is_complete)
        efs = read_file_list(self.folder / FILE_LIST).efs
        return replace(frames, listed_efs=tuple(efs.get(video) for video in frames.videos)) if efs else frames

    def _list_videos(self) -> list[os.DirEntry[str]]:
        """Return the video files, sorted by name."""
        with os.scandir(self.folder / VIDEOS) as entries:
            videos = [entry for entry in entries if stem_of(entry.name) != entry.name]
        return sorted(videos, key=lambda entry: entry.name)

    def _check_suffixes(self, videos: Sequence[str]) -> None:
        """Raise DataError if a listed video has a file with another suffix. Called if none of them is an AVI file."""
        listed = set(videos)
        with os.scandir(self.folder / VIDEOS) as entries:
            others = sorted(each.name for each in entries if {each.name, Path(each.name).stem} & listed)
        if others:
            first = others[0]
            raise DataError(
                f"{self.folder / VIDEOS}: the videos are no .avi files ({name_some(others, MOST_NAMES)}), but "
                "EchoNet-Dynamic's are; get the original files, or convert each: "
                f"ffmpeg -i {first} -c:v mjpeg -q:v 1 {Path(first).stem}{SUFFIX}"
            )

    def _key(self, split: Split) -> str:
        """Return a hash of all inputs of the frames: reader, decoder, lists, and size and date of each video."""
        # Size and date stand for a video's contents, because hashing gigabytes of videos would be slow.
        digest = hashlib.sha256(json.dumps([READER_VERSION, decoder_identity(), split]).encode())
        for name in (FILE_LIST, TRACINGS, *([self.further] if self.further else [])):
            digest.update(hashlib.sha256(_read_bytes(self.folder / name)).digest())
        for entry in self._list_videos():
            state = entry.stat()
            digest.update(json.dumps([entry.name, state.st_size, state.st_mtime_ns]).encode())
        return digest.hexdigest()

    def _read(self, split: Split) -> FrameSet:
        """Read the lists, decode the labelled frames of a split, and collect the findings."""
        file_list = read_file_list(self.folder / FILE_LIST)
        videos = file_list.videos[split]
        tracings = read_tracings(self.folder / TRACINGS, videos)
        further = read_tracings(self.folder / self.further, videos).rows if self.further else {}
        if not videos:
            raise NoSplitError(f"{self.folder / FILE_LIST}: no row has the split {split.upper()}; add one")
        paths = {stem_of(entry.name): Path(entry.path) for entry in self._list_videos()}
        if not paths.keys() & set(videos):
            self._check_suffixes(videos)
        LOG.info("%s: decoding the labelled frames of %d videos (%s)", self.folder, len(videos), split)

        def read(video: str) -> Reading:
            return read_video(video, paths.get(video), tracings.rows.get(video, {}), further.get(video, {}))

        most = sum(len(rows.get(video, ())) for rows in (tracings.rows, further) for video in videos)
        joined = _Joined(most)
        with ThreadPoolExecutor() as threads:
            for reading in threads.map(read, videos):
                joined.add(reading)
        _log_ways(split, joined.ways)
        # Findings on the lists, on the tracings and videos, and on videos that belong to no split.
        findings = [finding for video in videos for finding in file_list.findings[video]]
        findings += [finding for video in videos for finding in tracings.findings.get(video, ())]
        findings += joined.findings
        unlisted = [video for video in tracings.rows if video not in file_list.findings]
        findings += [quirks.NOT_LISTED.finding(video) for video in unlisted]
        if not joined.labels:
            raise DataError(f"{self.folder}: {_explain_no_frames(split, len(videos), findings)}")
        return joined.assemble(tuple(findings))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions"
        ) from error


class _Joined:
    """Joins what is read from the videos, one after the other, so that no frame is held twice."""

    def __init__(self, most: int) -> None:
        """Reserve memory for `most` frames; the system gives it only when it is written to."""
        self.frames_NHW = np.empty((most, *FRAME_SIZE_HW), np.uint8)
        self.masks_NHW = np.empty((most, *FRAME_SIZE_HW), np.bool_)
        self.labels: list[Label] = []
        self.videos: list[str] = []
        self.sectors: list[Sector] = []
        self.findings: list[Finding] = []
        self.ways: Counter[Way] = Counter()

    def add(self, reading: Reading) -> None:
        """Add the frames, labels and findings of the next video."""
        self.findings.extend(reading.findings)
        if reading.way is not None:
            self.ways[reading.way] += 1
        if reading.sector is None:
            return
        for label, frame_HW in zip(reading.labels, reading.frames, strict=True):
            place = len(self.videos)
            self.frames_NHW[place], self.masks_NHW[place] = frame_HW, label.mask_HW
            self.labels.append(replace(label, mask_HW=self.masks_NHW[place]))
            self.videos.append(reading.video)
            self.sectors.append(reading.sector)

    def assemble(self, findings: tuple[Finding, ...]) -> FrameSet:
        """Return all frames; the fingerprint is computed from the result."""
        videos, count = tuple(self.videos), len(self.videos)
        frames = FrameSet(
            frames_NHW=self.frames_NHW[:count],
            masks_NHW=self.masks_NHW[:count],
            contours_NP2=np.stack([label.contour_P2 for label in self.labels]),
            sectors=tuple(self.sectors),
            patients=videos,  # each patient has one video, and is named like it
            videos=videos,
            frame_indices=tuple(label.frame for label in self.labels),
            phases=tuple(label.phase for label in self.labels),
            source=Source(name="echonet-dynamic", version=READER_VERSION, fingerprint="", findings=findings),
        )
        return replace(frames, source=replace(frames.source, fingerprint=fingerprint(frames)))


def _explain_no_frames(split: Split, videos: int, findings: Sequence[Finding]) -> str:
    """Return the reasons why a split has no usable frame, the most frequent first, and the first decoding errors."""
    reasons = Counter(finding.quirk for finding in findings if finding.excluded)
    texts = [f"{quirk} ({count})" for quirk, count in reasons.most_common()]
    failures = {quirk.text for quirk in quirks.FAILURES}
    errors = [f"{finding.name}: {finding.detail}" for finding in findings if finding.quirk in failures]
    listed = "; ".join([*texts, *([name_some(errors, MOST_NAMES, separator="; ")] if errors else [])])
    return f"none of the {videos} videos in split {split.upper()} has a usable frame: {listed}"


def _log_ways(split: Split, ways: Counter[Way]) -> None:
    counted = ", ".join(f"{way} {count}" for way, count in sorted(ways.items())) or "none"
    LOG.info("%s: videos per way of decoding: %s", split, counted)
