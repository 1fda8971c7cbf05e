"""Reads anyone's pictures and masks: a folder of `images`, a folder of `masks`, and an optional `frames.csv`.

Who the patient of a picture is must be said, in frames.csv or by a pattern of the pictures' names. Otherwise one
patient's pictures could be trained on and tested on, and intervals over patients would be too narrow. What is unusual
is named and counted (`lvzoo_datasets.masks_quirks`). docs/data.md describes the layout.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from lvzoo.data.frames import load_or_make
from lvzoo.data.labelled import LabelledFrame, assemble_frames, split_patients
from lvzoo.data.opencv import decoder_identity
from lvzoo.data.reading import is_complete, note_failure
from lvzoo.errors import DataError, NoSplitError, UsageError, show_name
from lvzoo.geometry.sector import evenly_spaced
from lvzoo.types import Finding, FrameSet, Split
from lvzoo_datasets import masks_quirks as quirks
from lvzoo_datasets.masks_checks import find_mistake
from lvzoo_datasets.masks_files import (
    IMAGES,
    MASKS,
    Decoded,
    Pair,
    decode,
    find_pairs,
    name_file,
    name_set,
    show_values,
    stem_of,
)
from lvzoo_datasets.masks_table import TABLE, Row, check_videos, find_splits, read_table
from lvzoo_datasets.masks_videos import Picture, decide_phases, group_by_video

LOG = logging.getLogger("lvzoo.data")
READER_VERSION: Final = "masks-reader-2"
"""Raise this number whenever other labels, contours, sectors or findings are read from the same files."""
HOW_TO_PATTERN: Final = (
    "--patient-pattern REGEX, in Python data_options={'masks.patient-pattern': REGEX}, for example '^([^_]+)_' if "
    "names begin with the patient and '_', or '(.+)' if every picture is of another patient"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """The pictures that can be used, each with its patient and its row (an empty one if it has none)."""

    pairs: Mapping[str, Pair]
    rows: Mapping[str, Row]
    patients: Mapping[str, str]
    splits: Mapping[str, Split]
    """The split of each patient."""
    splits_are_listed: bool
    findings: Sequence[Finding]


class MaskFolder:
    """A folder of pictures and masks as a `Dataset`, in the splits of its frames.csv or by a hash of the patient."""

    def __init__(self, folder: Path, *, patient_pattern: str | None = None, label: int = 0) -> None:
        """Check that the folder has the layout.

        The first group of `patient_pattern`, a regular expression that is searched for in a picture's name, is the
        patient. `label` is the value of the ventricle's pixels in a mask; 0: every value above 0.

        Raises:
            DataError: the folder or one of its parts is missing.
            UsageError: the pattern is no regular expression, or has no group; or the label is below 0.
        """
        self.folder = Path(folder)
        self.label = label
        self.pattern = None if patient_pattern is None else _compile(patient_pattern)
        if label < 0:
            raise UsageError(f"masks.label is {label}; it must be at least 0")
        for part in (IMAGES, MASKS):
            if not (self.folder / part).is_dir():
                raise DataError(
                    f"{self.folder / part}: missing; the layout is {IMAGES}/ and {MASKS}/ in one folder"
                )

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split. They are kept in the cache, so a second call decodes nothing.

        Raises:
            NoSplitError: no patient is in the split.
            DataError: nothing says who the patients are, a patient is in two splits, the table cannot be read, or no
                picture of the split can be used.
        """
        known = self._look()
        names = [name for name, patient in known.patients.items() if known.splits.get(patient) == split]
        if not names:
            why = f"no row of {TABLE} has it" if known.splits_are_listed else f"write splits into {TABLE}"
            raise NoSplitError(f"{self.folder}: no patient is in the split {split}; {why}")
        return load_or_make(self._key(split, known), lambda: self._read(known, names), keep=is_complete)

    def _look(self) -> _Known:
        """Return what is known without decoding anything."""
        findings: list[Finding] = []
        pairs = {pair.name: pair for pair in find_pairs(self.folder, findings)}
        rows, path = read_table(self.folder), self.folder / TABLE
        lost = {stem_of(Path(each.name).name) for each in findings if each.quirk == quirks.NO_MASK_FILE.text}
        findings += [
            quirks.NO_FILE.finding(f"{IMAGES}/{name}") for name in rows if name not in lost.union(pairs)
        ]
        patients = {name: patient for name in pairs if (patient := self._find_patient(name, rows.get(name)))}
        if not patients:
            raise self._explain_no_patient([*pairs])
        findings += [
            quirks.NO_PATIENT.finding(pair.files[0]) for name, pair in pairs.items() if name not in patients
        ]
        check_videos(rows, patients, path)
        listed = find_splits(rows, patients, path)
        splits = split_patients(patients.values()) if listed is None else listed
        findings += [
            quirks.NO_SPLIT.finding(pairs[name].files[0])
            for name, patient in patients.items()
            if patient not in splits
        ]
        return _Known(
            pairs=pairs,
            rows={name: rows.get(name, Row()) for name in patients},
            patients=patients,
            splits=splits,
            splits_are_listed=listed is not None,
            findings=tuple(findings),
        )

    def _explain_no_patient(self, names: Sequence[str]) -> DataError:
        """Return the error for a folder in which no picture's patient is known."""
        if self.pattern is not None and names:
            return DataError(
                f"{self.folder}: the patient pattern {self.pattern.pattern!r} matches none of {len(names):,} names, "
                f"for example {show_name(names[0])}; correct the pattern, or write {TABLE}"
            )
        return DataError(
            f"{self.folder}: nothing says of which patient a picture is; write {TABLE} with the columns name and "
            f"patient, or give the pattern of the patient in the names ({HOW_TO_PATTERN})"
        )

    def _find_patient(self, name: str, row: Row | None) -> str:
        """Return the patient of a picture, by its row or by the pattern; "" if neither tells."""
        if row is not None and row.patient:
            return row.patient
        found = None if self.pattern is None else self.pattern.search(name)
        return "" if found is None else found[1] or ""

    def _key(self, split: Split, known: _Known) -> str:
        """Return a hash of all inputs: reader, decoder, options, table, and size and date of each file."""
        pattern = None if self.pattern is None else self.pattern.pattern
        name = name_set(self.folder, self.label)
        inputs = [READER_VERSION, decoder_identity(), name, pattern, self.label, split]
        digest = hashlib.sha256(json.dumps(inputs).encode())
        if (self.folder / TABLE).exists():
            digest.update((self.folder / TABLE).read_bytes())
        for name in known.pairs:
            for path in (known.pairs[name].picture, known.pairs[name].mask):
                state = path.stat()
                digest.update(json.dumps([path.name, state.st_size, state.st_mtime_ns]).encode())
        digest.update(json.dumps([[each.name, each.quirk, each.detail] for each in known.findings]).encode())
        return digest.hexdigest()

    def _read(self, known: _Known, names: Sequence[str]) -> FrameSet:
        LOG.info("%s: reading %d pictures", self.folder, len(names))
        findings = list(known.findings)
        owners: dict[str, str] = {}
        values: set[int] = set()

        def read() -> Iterator[LabelledFrame]:
            by_patient: dict[str, list[str]] = {}
            for name in names:
                by_patient.setdefault(known.patients[name], []).append(name)
            for patient, own in by_patient.items():
                frames = [
                    frame for name in own for frame in self._read_pair(patient, name, known, findings, values)
                ]
                for video in group_by_video(frames, findings):
                    _check_owner(video[0].frame, owners)
                    yield from decide_phases(video, findings)

        try:
            return assemble_frames(
                read(), name=name_set(self.folder, self.label), version=READER_VERSION, findings=findings
            )
        except DataError as error:
            if str(self.folder) in str(error):
                raise  # it is about one file, which it names
            if values and self.label not in values:
                found = show_values(sorted(values))
                problem = f"no mask has the value {self.label}; values found: {found}; correct masks.label"
                raise DataError(f"{self.folder}: {problem}") from error
            raise DataError(f"{self.folder}: {error}") from error

    def _read_pair(
        self, patient: str, name: str, known: _Known, findings: list[Finding], values: set[int]
    ) -> Iterator[Picture]:
        """Yield the labelled frames of a pair, more than one if it is a sequence; add its findings and values."""
        pair, row = known.pairs[name], known.rows[name]
        try:
            decoded = decode(pair, self.label, findings)
        except Exception as error:  # decoders raise anything on damaged files; only this one is lost
            if isinstance(error.__cause__, ImportError):
                raise  # nibabel is not installed: no NIfTI file can be read
            findings.append(_note_failure(error, pair))
            return
        if decoded is None:
            return
        values |= decoded.values
        labelled, count = _list_usable(decoded, pair, findings), len(decoded.masks)
        sample = np.stack([decoded.pictures[place] for place in evenly_spaced(count)]) if count > 1 else None
        for place in labelled:
            yield Picture(
                name=name,
                row=replace(row, video=row.video or name, frame=place, phase=None) if count > 1 else row,
                frame=LabelledFrame(
                    patient=patient,
                    video=row.video or (name if count > 1 else ""),
                    frame=place,
                    phase="other",
                    file=pair.files[0],
                    grey_HW=decoded.pictures[place],
                    mask_HW=decoded.masks[place],
                    spacing_mm=row.spacing_mm,
                    ef=row.ef,
                    view=row.view,
                    quality=row.quality,
                    others_NHW=sample,
                ),
            )


def _check_owner(frame: LabelledFrame, owners: dict[str, str]) -> None:
    """Raise DataError if a video has the name of another patient's: patient "p 4CH", and view 4CH of patient "p"."""
    first = owners.setdefault(frame.video, frame.patient)
    if first != frame.patient:
        raise DataError(
            f"patients {first!r} and {frame.patient!r} would both have a video {frame.video!r}; name their videos in "
            f"the column video of {TABLE}"
        )


def _note_failure(error: Exception, pair: Pair) -> Finding:
    """Return the finding on a pair that could not be read; it names the file that the error is about."""
    path = pair.mask if str(pair.mask) in str(error) else pair.picture
    return note_failure(error, name_file(path), path)


def _list_usable(decoded: Decoded, pair: Pair, findings: list[Finding]) -> list[int]:
    """Return the frames of a pair whose masks can be used; the findings name the others."""
    count, (_, file) = len(decoded.masks), pair.files
    labelled = [place for place, mask_HW in enumerate(decoded.masks) if count == 1 or mask_HW.any()]
    if len(labelled) < count:
        findings.append(quirks.NOT_LABELLED.finding(file, f"{count - len(labelled)} of {count}"))
    mistakes = {place: find_mistake(decoded.masks[place]) for place in labelled}
    for place, mistake in mistakes.items():
        if mistake is not None:
            quirk, detail = mistake
            findings.append(quirk.finding(file, f"frame {place}: " * (count > 1) + detail))
    return [place for place in labelled if mistakes[place] is None]


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"the patient pattern {pattern!r} is no regular expression ({error}); correct it"
        ) from error
    if not compiled.groups:
        raise UsageError(
            f"the patient pattern {pattern!r} has no group; put brackets around the patient: ({pattern})"
        )
    return compiled
