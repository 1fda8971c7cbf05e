"""Reads what CAMUS says about its patients: who is in which split, and what Info_4CH.cfg and Info_2CH.cfg hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from lvzoo.errors import DataError, NoSplitError
from lvzoo.types import SPLITS, Finding, Split
from lvzoo_datasets import camus_quirks as quirks

Named = Literal["ED", "ES"]
"""What CAMUS calls a picture, whatever its phase by area is."""

NAMED: Final[tuple[Named, ...]] = ("ED", "ES")
LISTS: Final[Mapping[Split, str]] = MappingProxyType(
    {"train": "subgroup_training.txt", "val": "subgroup_validation.txt", "test": "subgroup_testing.txt"}
)
"""The list of patients of each split, in the folder `database_split`."""
QUALITIES: Final = ("Good", "Medium", "Poor")
MOST_EF: Final = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The patients of each split, in the file's order; a split without a list is left out."""

    patients: Mapping[Split, Sequence[str]]
    findings: Mapping[Split, Sequence[Finding]]

    def of(self, split: Split, folder: Path) -> Sequence[str]:
        """Return the patients of a split.

        Raises:
            NoSplitError: it has no list, or an empty one.
        """
        path = folder / LISTS[split]
        if split not in self.patients:
            raise NoSplitError(
                f"{path}: missing; it lists the patients of split {split.upper()}, one per line"
            )
        if not self.patients[split]:
            raise NoSplitError(f"{path}: lists no patient; write one name per line, such as patient0001")
        return self.patients[split]


@dataclass(frozen=True, kw_only=True, slots=True)
class Info:
    """What is used of Info_4CH.cfg or Info_2CH.cfg; None or "" is what the file does not say."""

    numbers: Mapping[Named, int] = field(default_factory=dict)
    """The frame numbers of ED and ES in the half sequence, from 0 (the file counts from 1)."""
    length: int | None = None
    quality: str = ""
    ef: float | None = None
    findings: Sequence[Finding] = ()


def read_lists(folder: Path) -> Lists:
    """Read the lists of patients in `database_split`.

    Raises:
        DataError: the folder or all of its lists are missing, a list cannot be read, or a patient is in two of them.
    """
    if not any((folder / name).is_file() for name in LISTS.values()):
        raise DataError(
            f"{folder}: holds none of {', '.join(LISTS.values())}; CAMUS comes with them, one patient per line"
        )
    patients: dict[Split, list[str]] = {}
    findings: dict[Split, list[Finding]] = {}
    split_of: dict[str, Split] = {}
    for split in SPLITS:
        path = folder / LISTS[split]
        if not path.is_file():
            continue
        listed, found = patients.setdefault(split, []), findings.setdefault(split, [])
        for name in filter(None, map(str.strip, read_text(path).splitlines())):
            if split_of.setdefault(name, split) != split:
                raise DataError(
                    f"{path}: {name} is listed in {LISTS[split_of[name]]}, too; a patient must be in one split only, "
                    "so remove one of the lines"
                )
            if name in listed:
                found.append(quirks.LISTED_TWICE.finding(name, path.name))
            else:
                listed.append(name)
    return Lists(patients=patients, findings=findings)


def read_text(path: Path) -> str:
    """Return the text of a file; bytes that are not UTF-8 are replaced.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); check its permissions"
        ) from error


def read_info(path: Path, video: str) -> Info:
    """Read Info_4CH.cfg or Info_2CH.cfg; whatever is missing or odd becomes a finding on the video.

    Raises:
        DataError: the file is there, but cannot be read.
    """
    if not path.is_file():
        return Info(findings=(quirks.NO_INFO.finding(video, path.name),))
    findings: list[Finding] = []
    values: dict[str, str] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        key, colon, value = line.partition(":")
        if colon:
            values[key.strip().lower()] = value.strip()
        elif line.strip():
            findings.append(quirks.ODD_LINE.finding(video, f"{path.name}, line {number}"))
    stated = {name: _parse_number(values.get(name.lower(), "")) for name in NAMED}
    numbers = {name: number - 1 for name, number in stated.items() if number is not None}
    if len(set(numbers.values())) < 2:
        numbers = {}
        findings.append(quirks.NO_NUMBERS.finding(video, path.name))
    elif numbers["ED"] > numbers["ES"]:
        where = f"ED is frame {numbers['ED'] + 1}, ES is frame {numbers['ES'] + 1}"
        findings.append(quirks.ES_BEFORE_ED.finding(video, where))
    quality = _read_quality(values.get("imagequality", ""), video, findings)
    ef = _parse_ef(values.get("ef", ""))
    if ef is None:
        findings.append(quirks.NO_EF.finding(video, path.name))
    length = _parse_number(values.get("nbframe", ""))
    return Info(numbers=numbers, length=length, quality=quality, ef=ef, findings=findings)


def _read_quality(word: str, video: str, findings: list[Finding]) -> str:
    if not word:
        findings.append(quirks.NO_QUALITY.finding(video))
        return ""
    for quality in QUALITIES:
        if word.lower() == quality.lower():
            return quality
    findings.append(quirks.OTHER_QUALITY.finding(video, repr(word)))
    return word


def _parse_number(text: str) -> int | None:
    """Return a frame number or a count from 1 up, or None."""
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _parse_ef(text: str) -> float | None:
    try:
        ef = float(text)
    except ValueError:
        return None
    return ef if math.isfinite(ef) and abs(ef) <= MOST_EF else None
