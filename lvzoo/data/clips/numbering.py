"""Reads the numbers in the names of files: natural order, sequences of numbered files, and gaps in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from lvzoo.errors import MOST_SUGGESTIONS, name_some

DIGITS: Final = re.compile(r"([0-9]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """Files of one folder whose names differ in one number, in its order; or a single file."""

    files: tuple[Path, ...]
    numbers: tuple[int, ...] = ()
    """The number of each file; empty for a single file."""
    pattern: str = ""
    """The files' name with a star for the number; empty for a single file."""

    def describe_gaps(self) -> str:
        """Return in a few words which numbers are missing between the first and the last; empty if none is.

        >>> Numbered(files=(), numbers=(1, 2, 5)).describe_gaps()
        '2 of the numbers 1 to 5 are missing (3, 4)'
        """
        numbers = sorted(set(self.numbers))
        count = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
        if not count:
            return ""
        first = [str(each) for _, each in zip(range(MOST_SUGGESTIONS), _missing(numbers), strict=False)]
        more = f" and {count - len(first):,} more" if count > len(first) else ""
        verb = "is" if count == 1 else "are"
        some = f"{name_some(first)}{more}"
        return f"{count:,} of the numbers {numbers[0]} to {numbers[-1]} {verb} missing ({some})"


def _missing(numbers: Sequence[int]) -> Iterator[int]:
    for before, after in pairwise(numbers):
        yield from range(before + 1, after)


def natural_key(name: str) -> tuple[object, ...]:
    """Return a key that sorts names by the numbers in them: frame2 before frame10.

    >>> sorted(["f10", "f2", "f1"], key=natural_key)
    ['f1', 'f2', 'f10']
    """
    # Texts and numbers alternate in the parts, so that a text is never compared with a number.
    parts = DIGITS.split(name)
    folded = tuple(int(part) if place % 2 else part.casefold() for place, part in enumerate(parts))
    return folded, name


def group_numbered(files: Sequence[Path]) -> list[Numbered]:
    """Group files of one folder into sequences, in the order of each sequence's first file.

    The names of a sequence differ in one number only. If names have several numbers, it is the last one that makes a
    sequence of at least two files. Files without such a neighbour stand alone.
    """
    alike: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for file in files:
        alike[*DIGITS.split(file.stem)[::2], file.suffix.lower()].append(file)
    groups = [group for same in alike.values() for group in _split_by_number(same)]
    place = {file: index for index, file in enumerate(files)}
    return sorted(groups, key=lambda group: min(place[file] for file in group.files))


def _split_by_number(files: Sequence[Path]) -> Iterator[Numbered]:
    """Split files whose names differ only in numbers into sequences."""
    parts_of = {file: DIGITS.split(file.stem) for file in files}
    for place in reversed(range(1, len(parts_of[files[0]]), 2)):
        groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for file, parts in parts_of.items():
            groups[*parts[:place], "*", *parts[place + 1 :]].append(file)
        if len(groups) < len(files):
            for name, members in groups.items():
                yield _order(name, [(int(parts_of[file][place]), file) for file in members])
            return
    yield from (Numbered(files=(file,)) for file in files)


def _order(parts: Sequence[str], numbered: Sequence[tuple[int, Path]]) -> Numbered:
    in_order = sorted(numbered)
    files = tuple(file for _, file in in_order)
    if len(files) == 1:
        return Numbered(files=files)
    numbers = tuple(number for number, _ in in_order)
    return Numbered(files=files, numbers=numbers, pattern="".join(parts) + files[0].suffix)
