"""Reads single elements of a DICOM file without trusting them.

pydicom converts an element when it is first read, and raises or warns if it is malformed. Here a malformed element is
left out, and one line says so. Only the values of elements that describe the picture and its times are quoted; names
and identifiers of patients are never read.
"""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydicom import Dataset
from pydicom.multival import MultiValue

from lvzoo.errors import one_line, show_name

MOST_SHOWN: Final = 24
"""The longest malformed value that a warning quotes."""
UNUSED: Final = "so it is not used"


@contextmanager
def silence_pydicom() -> Iterator[None]:
    """Keep the warnings of pydicom and Pillow from the terminal. What matters about a file, lvzoo says itself.

    Must not be held while a generator waits, because the filters of warnings belong to the whole process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Elements:
    """The elements of a DICOM data set. What is malformed is left out, and told in `warnings`."""

    def __init__(self, dataset: Dataset, warnings: list[str] | None = None) -> None:
        self.dataset = dataset
        self.warnings: list[str] = [] if warnings is None else warnings

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.dataset

    def warn(self, warning: str) -> None:
        """Note what is odd about the file, once."""
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
        """Return the whole number of an element; None if it is missing or malformed, or is no whole number."""
        number = self.read_number(keyword)
        if number is not None and not number.is_integer():
            self.warn(f"{keyword} {self._show(keyword)} is not a whole number, {UNUSED}")
            return None
        return None if number is None else int(number)

    def read_text(self, keyword: str) -> str:
        """Return the text of an element as it may be printed, or an empty text."""
        if keyword not in self.dataset:
            return ""
        try:
            return show_name(one_line(self._convert(keyword) or ""))[:MOST_SHOWN]
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
        with silence_pydicom():
            return self.dataset[keyword].value

    def _show(self, keyword: str) -> str:
        """Return the value of an element as it stands in the file, on one line and in quotes."""
        value = getattr(self.dataset.get_item(keyword), "value", None)
        text = value.decode("latin-1") if isinstance(value, bytes) else _join(value)
        return f"'{show_name(textwrap.shorten(one_line(text), MOST_SHOWN, placeholder='...'))}'"


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]


def _join(value: object) -> str:
    return "\\".join(str(each) for each in _as_list(value))
