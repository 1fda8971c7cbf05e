"""Reads single elements of a DICOM file without trusting them.

pydicom converts an element when it is first read, and raises or warns if it is malformed. Here a malformed element is
left out, and one line says so. This line quotes numbers only. Any other text may be a patient's name, whatever the
element is meant for.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from pydicom import Dataset
from pydicom.multival import MultiValue

from lvzoo.errors import one_line

MOST_SHOWN: Final = 24
"""The longest malformed value that a warning quotes."""
NUMBERS: Final = re.compile(r"[0-9.,+\-eE\\ ]*")
"""What may be quoted."""
UNUSED: Final = "so it is not used"


class Elements:
    """The elements of a DICOM data set. Malformed ones are left out, and `warnings` says so."""

    def __init__(self, dataset: Dataset, warnings: list[str] | None = None) -> None:
        self.dataset = dataset
        self.warnings: list[str] = [] if warnings is None else warnings

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.dataset

    def warn(self, warning: str) -> None:
        """Add a warning about the file, unless it was added before."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def read_numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the numbers of an element; none if it is missing, empty or malformed."""
        if keyword not in self.dataset:
            return ()
        try:
            values = _as_list(self._convert(keyword))
            numbers = tuple(float(each) for each in values)
        except Exception:  # noqa: BLE001 - each kind of damage raises something else
            self.warn(f"{keyword} {self._show(keyword)} is not a number, {UNUSED}")
            return ()
        if not numbers:
            self.warn(f"{keyword} is empty, {UNUSED}")
        if not all(math.isfinite(each) for each in numbers):
            self.warn(f"{keyword} {self._show(keyword)} is not a finite number, {UNUSED}")
            return ()
        return numbers

    def read_number(self, keyword: str) -> float | None:
        """Return the number of an element; None if it is missing or malformed, or holds several."""
        numbers = self.read_numbers(keyword)
        if len(numbers) > 1:
            self.warn(f"{keyword} holds {len(numbers)} values instead of one, {UNUSED}")
            return None
        return numbers[0] if numbers else None

    def read_positive(self, keyword: str) -> float | None:
        """Return the number of an element; None if there is none that is greater than 0."""
        number = self.read_number(keyword)
        if number is not None and number <= 0:
            self.warn(f"{keyword} {self._show(keyword)} is not greater than 0, {UNUSED}")
            return None
        return number

    def read_count(self, keyword: str) -> int | None:
        """Return the whole number of an element; None if it is missing or malformed, or not whole."""
        return self._check_whole(keyword, self.read_number(keyword))

    def read_positive_count(self, keyword: str) -> int | None:
        """Return the whole number of an element; None if there is none that is greater than 0."""
        return self._check_whole(keyword, self.read_positive(keyword))

    def _check_whole(self, keyword: str, number: float | None) -> int | None:
        if number is not None and not number.is_integer():
            self.warn(f"{keyword} {self._show(keyword)} is not a whole number, {UNUSED}")
            return None
        return None if number is None else int(number)

    def read_text(self, keyword: str) -> str:
        """Return the text of an element on one line, or an empty text. It may be anything, so do not print it."""
        if keyword not in self.dataset:
            return ""
        try:
            return one_line(self._convert(keyword) or "")
        except Exception:  # noqa: BLE001
            self.warn(f"{keyword} is not readable, {UNUSED}")
            return ""

    def read_bytes(self, keyword: str) -> bytes:
        """Return the bytes of an element; none if it is missing or holds something else."""
        value = getattr(self.dataset.get_item(keyword), "value", None) if keyword in self.dataset else None
        return value if isinstance(value, bytes) else b""

    def read_items(self, keyword: str) -> list[Elements]:
        """Return the items of a sequence; none if it is missing or malformed."""
        if keyword not in self.dataset:
            return []
        try:
            return [Elements(item, self.warnings) for item in self._convert(keyword) or ()]
        except Exception:  # noqa: BLE001
            self.warn(f"{keyword} is not readable, {UNUSED}")
            return []

    def _convert(self, keyword: str) -> Any:  # noqa: ANN401 - elements hold values of every type
        return self.dataset[keyword].value

    def _show(self, keyword: str) -> str:
        """Return the value of an element in quotes, as it stands in the file, or `(text)` if it is not a number."""
        value = getattr(self.dataset.get_item(keyword), "value", None)
        return quote_numbers(value.decode("latin-1") if isinstance(value, bytes) else _join(value))


def quote_numbers(text: str) -> str:
    r"""Return a text from a file in quotes if it consists of numbers; otherwise `(text)`, because it may be a name.

    >>> quote_numbers("33,333 "), quote_numbers("33.3\\33.3"), quote_numbers("Doe^Jane 19500101")
    ("'33,333'", "'33.3\\33.3'", '(text)')
    """
    line = one_line(text)
    if not NUMBERS.fullmatch(line):
        return "(text)"
    return f"'{line}'" if len(line) <= MOST_SHOWN else f"'{line[:MOST_SHOWN]}...'"


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]


def _join(value: object) -> str:
    return "\\".join(str(each) for each in _as_list(value))
