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
FRAME_NUMBER: Final = re.compile(r"(?P<before>.*?)(?P<number>[0-9]+)(?P<after>[\W_]*)", re.DOTALL)
"""A name without its suffix that ends with a number; only signs may follow, as in `frame (12)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """Files of one folder whose names differ in the number at their end, in its order; or a single file."""

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

    The names of a sequence differ only in the number at their end. A number with letters behind it does not count: in
    `patient0001_4CH_ED.png`, the numbers are those of the patient and of the view. Files without a neighbour stand
    alone.
    """
    alike: dict[tuple[str, ...], list[tuple[int, Path]]] = defaultdict(list)
    for place, file in enumerate(files):
        parts = FRAME_NUMBER.fullmatch(file.stem)
        suffix = file.suffix.lower()
        if parts is None:
            alike[file.name, str(place)].append((0, file))
        else:
            alike[parts["before"], parts["after"], suffix].append((int(parts["number"]), file))
    # A dictionary keeps the order in which its keys were added: that of each sequence's first file.
    return [_order(key, numbered) for key, numbered in alike.items()]


def _order(key: Sequence[str], numbered: Sequence[tuple[int, Path]]) -> Numbered:
    in_order = sorted(numbered)
    files = tuple(file for _, file in in_order)
    if len(files) == 1:
        return Numbered(files=files)
    before, after = key[:2]
    numbers = tuple(number for number, _ in in_order)
    return Numbered(files=files, numbers=numbers, pattern=f"{before}*{after}{files[0].suffix}")
