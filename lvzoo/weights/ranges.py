"""Checks that the numbers of a card are in their range, since a card may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LARGEST_COUNT: Final = 2**63 - 1
"""The largest whole number that fits into a table of scores."""


def check_range(values: Mapping[str, float | None], least: float, most: float) -> None:
    """Raise ValueError if a value is below `least`, above `most` or NaN; None is allowed."""
    for name, value in values.items():
        if value is not None and not least <= value <= most:
            raise ValueError(f"{name!r} is {value}")
