"""Reads CAMUS as its authors ship it: `database_nifti` with a folder for each patient, and `database_split`.

The reference is the left ventricle's cavity, label 1 (Leclerc et al. 2019, doi 10.1109/TMI.2019.2900516). Quirks of
the files are handled, named and counted (`lvzoo_datasets.camus_quirks`). The tables in docs/data.md explain them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lvzoo.data.frames import load_or_make
from lvzoo.data.labelled import LabelledFrame, assemble_frames
from lvzoo.data.opencv import decoder_identity
from lvzoo.data.reading import is_complete
from lvzoo.errors import DataError, UsageError
from lvzoo.types import FrameSet, Split
from lvzoo_datasets import camus_quirks as quirks
from lvzoo_datasets.camus_info import Lists, read_lists
from lvzoo_datasets.camus_patient import read_patient

LOG = logging.getLogger("lvzoo.data")

PATIENTS: Final = "database_nifti"
SPLIT_LISTS: Final = "database_split"
VIEWS: Final = ("4CH", "2CH")
READER_VERSION: Final = "camus-reader-1"
"""Raise this number whenever other labels, contours, sectors or findings are read from the same files."""


class Camus:
    """CAMUS as a `Dataset`: ED, ES and the half sequence of each patient in one view, in the authors' own splits."""

    def __init__(self, folder: Path, *, view: str = "4CH", half_sequences: bool = True) -> None:
        """Check that the folder has the layout.

        `view` is "4CH" or "2CH". Without `half_sequences`, only ED and ES are read.

        Raises:
            DataError: the folder or one of its parts is missing.
            UsageError: there is no such view.
        """
        self.folder = Path(folder)
        self.view = view
        self.half_sequences = half_sequences
        if view not in VIEWS:
            raise UsageError(f"unknown view {view!r} of CAMUS; use one of {', '.join(VIEWS)}")
        layout = f"{PATIENTS}/ and {SPLIT_LISTS}/"
        if self.folder.name == PATIENTS and not (self.folder / PATIENTS).exists():
            raise DataError(f"{folder}: give the folder above it, which holds {layout}")
        for part in (PATIENTS, SPLIT_LISTS):
            if not (self.folder / part).is_dir():
                raise DataError(f"{self.folder / part}: missing; CAMUS has {layout} in one folder")

    @property
    def name(self) -> str:
        """The name by which reports tell this part of CAMUS from others."""
        parts = ("camus", "" if self.view == VIEWS[0] else self.view, "" if self.half_sequences else "ED-ES")
        return "-".join(filter(None, parts))

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split. They are kept in the cache, so a second call reads no pictures.

        Raises:
            NoSplitError: the split has no list of patients.
            DataError: files are missing or cannot be read, or the split has no usable frame.
        """
        lists = read_lists(self.folder / SPLIT_LISTS)
        patients = lists.of(split, self.folder / SPLIT_LISTS)
        folders = self._list_folders()
        key = self._key(split, lists, folders)
        return load_or_make(key, lambda: self._read(split, patients, lists, folders), keep=is_complete)

    def _list_folders(self) -> Sequence[str]:
        """Return the names of the patients' folders, sorted."""
        with os.scandir(self.folder / PATIENTS) as entries:
            return sorted(
                entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")
            )

    def _key(self, split: Split, lists: Lists, folders: Sequence[str]) -> str:
        """Return a hash of all inputs: reader, OpenCV, options, lists, and size and date of each file."""
        options = [self.name, self.view, self.half_sequences]
        inputs = [READER_VERSION, decoder_identity(), options, split, dict(lists.patients), folders]
        digest = hashlib.sha256(json.dumps(inputs).encode())
        for patient in lists.patients[split]:
            if patient in folders:
                for name, state in _list_files(self.folder / PATIENTS / patient):
                    digest.update(json.dumps([patient, name, state.st_size, state.st_mtime_ns]).encode())
        return digest.hexdigest()

    def _read(self, split: Split, patients: Sequence[str], lists: Lists, folders: Sequence[str]) -> FrameSet:
        """Read the patients of a split, one after the other."""
        LOG.info("%s: reading %d patients (%s, %s)", self.folder, len(patients), split, self.view)
        listed = {patient for names in lists.patients.values() for patient in names}
        findings = list(lists.findings[split])
        findings += [quirks.NOT_LISTED.finding(name) for name in folders if name not in listed]

        def read() -> Iterator[LabelledFrame]:
            for patient in patients:
                if patient not in folders:
                    findings.append(quirks.NO_FOLDER.finding(patient))
                    continue
                yield from read_patient(
                    self.folder / PATIENTS / patient,
                    self.view,
                    half_sequences=self.half_sequences,
                    findings=findings,
                )

        try:
            return assemble_frames(read(), name=self.name, version=READER_VERSION, findings=findings)
        except DataError as error:
            if str(self.folder) in str(error):
                raise  # it is about one file, which it names
            raise DataError(f"{self.folder}: split {split.upper()}, view {self.view}: {error}") from error


def _list_files(folder: Path) -> list[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        return sorted(((entry.name, entry.stat()) for entry in entries), key=lambda each: each[0])
