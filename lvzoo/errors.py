"""The errors that a user can make, each with its exit code, and the phrases that many error messages share.

A message says what is wrong, where, and what to do next, in lower case and without a full stop. The command line
catches `LvzooError` in one place and prints its message as one line. Any other exception is a bug of lvzoo and keeps
its traceback. This module imports nothing of lvzoo.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_SUGGESTIONS = 5
T = TypeVar("T")


class LvzooError(Exception):
    """A mistake that the user can correct; `exit_code` is the exit code of the command line."""

    exit_code: ClassVar[int] = 2


class UsageError(LvzooError):
    """A command, option or value that lvzoo does not know."""


class PluginError(LvzooError):
    """A model or plugin that is unknown, broken, quarantined or not installed."""

    exit_code: ClassVar[int] = 3


class DataError(LvzooError):
    """A data set, clip or weights file that is missing, damaged or not what it says it is."""

    exit_code: ClassVar[int] = 4


class CacheError(DataError, OSError):
    """A cache folder that cannot be created. It is an OSError too, so that code that needs no cache can catch it."""


# --- Phrases that many errors need ------------------------------------------------------------------------------


def choose(name: str, known: Mapping[str, T], what: str) -> T:
    """Return the value of `known` under a name.

    Raises:
        UsageError: the name is unknown; lists the choices and close matches.

    >>> choose("fp16", {"fp16": 1, "bf16": 2}, "precision")
    1
    """
    if name not in known:
        raise UsageError(f"unknown {what} {name!r}; use one of {', '.join(known)}{did_you_mean(name, known)}")
    return known[name]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` with the known names close to `name`, or an empty text if there are none.

    >>> did_you_mean("sigma", ["sigma_px", "width"])
    " (did you mean 'sigma_px'?)"
    >>> did_you_mean("zzz", ["sigma_px"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=MOST_SUGGESTIONS, cutoff=0.5)
    return f" (did you mean {' or '.join(repr(each) for each in close)}?)" if close else ""


def name_some(names: Sequence[str], most: int = MOST_SUGGESTIONS, *, separator: str = ", ") -> str:
    """Return the first few names, and how many more there are.

    >>> name_some(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{separator.join(names[:most])}{more}"


def one_line(text: object) -> str:
    """Return a text, or the message of an exception, on one line.

    >>> one_line(ValueError("first   second"))
    'first second'
    """
    return " ".join(str(text).split())


def explain_exception(error: BaseException) -> str:
    """Return the class and the message of an exception on one line.

    >>> explain_exception(KeyError("x"))
    "KeyError: 'x'"
    >>> explain_exception(KeyboardInterrupt())
    'KeyboardInterrupt'
    """
    message = one_line(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
