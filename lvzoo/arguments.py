"""Checks what a caller of lvzoo's functions gave: paths, names and counts of the right type.

The command line gives the right types by itself. In Python, `lvzoo.predict(3)` would fail somewhere inside lvzoo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lvzoo.errors import UsageError

MOST_SHOWN: Final = 60
"""A message quotes at most so many characters of a value."""


def check_path(value: object, argument: str) -> None:
    """Check that an argument is one path or name.

    Raises:
        UsageError: it is something else, or empty.

    >>> check_path(None, "data")
    Traceback (most recent call last):
    lvzoo.errors.UsageError: data is None; give a path or a name as text
    """
    if not isinstance(value, str | Path):
        raise UsageError(f"{argument} is {_show(value)}; give a path or a name as text")
    if value == "":
        raise UsageError(f"{argument} is empty; give a path or a name as text")


def list_paths(value: str | Path | Iterable[str | Path], argument: str) -> list[str | Path]:
    """Return the paths or names of an argument that takes one or several.

    Raises:
        UsageError: it is something else, or one of several is.

    >>> list_paths("clip.avi", "clips")
    ['clip.avi']
    """
    given: object = value  # whatever its type says: the caller may not have checked it
    if isinstance(given, str | Path):
        return [given]
    if isinstance(given, bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(f"{argument} is {_show(given)}; give a path or a name, or a list of them")
    found = list(given)
    for each in found:
        if not isinstance(each, str | Path):
            raise UsageError(f"{argument} has {_show(each)} in it; give a list of paths or names")
    return found


def check_count(value: object, argument: str, *, least: int, most: int | None = None) -> None:
    """Check that an argument is a whole number of at least `least`, and at most `most`.

    Raises:
        UsageError: it is not.

    >>> check_count(0, "seeds", least=1)
    Traceback (most recent call last):
    lvzoo.errors.UsageError: seeds is 0; it must be at least 1
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{argument} is {_show(value)}; give a whole number of at least {least}")
    if value.__index__() < least:
        raise UsageError(f"{argument} is {value}; it must be at least {least}")
    if most is not None and value.__index__() > most:
        raise UsageError(f"{argument} is {value}; it must be at most {most:,}")


def check_options(value: object, argument: str) -> None:
    """Check that an argument is a dictionary of options by their names.

    Raises:
        UsageError: it is not.

    >>> check_options("2CH", "data_options")
    Traceback (most recent call last):
    lvzoo.errors.UsageError: data_options is '2CH' (str); give a dictionary of options by name
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{argument} is {_show(value)}; give a dictionary of options by name")


def _show(value: object) -> str:
    """Return a value as a message shows it: short, with its type unless that is clear."""
    text = repr(value)
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."
    return shown if value is None else f"{shown} ({type(value).__name__})"
