"""The mistakes that a user can make, each with its exit code; the ground floor, importing nothing.

A message says what, where and what next, in lower case and without a full stop. The command line catches
`LvzooError` in one place and prints its message as one line; everything else is a fault of ours and keeps
its traceback.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_SUGGESTIONS = 5
T = TypeVar("T")


class LvzooError(Exception):
    """A mistake that its reader can mend; `exit_code` is what the command line ends with."""

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
    """A cache folder that cannot be made; who can do without one catches it as the OSError that it is."""


# --- Sentences that many errors need ----------------------------------------------------------------------------


def choose(name: str, known: Mapping[str, T], what: str) -> T:
    """Return what is known under a name.

    Raises:
        UsageError: nothing is; names the choices and close matches.

    >>> choose("fp16", {"fp16": 1, "bf16": 2}, "precision")
    1
    """
    if name not in known:
        raise UsageError(f"unknown {what} {name!r}; use one of {', '.join(known)}{did_you_mean(name, known)}")
    return known[name]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for names close to `name`, or nothing.

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
    """Return a text, or what an exception says, on one line.

    >>> one_line(ValueError("first   second"))
    'first second'
    """
    return " ".join(str(text).split())


def explain_exception(error: BaseException) -> str:
    """Return an exception's class and what it says, on one line.

    >>> explain_exception(KeyError("x"))
    "KeyError: 'x'"
    """
    return one_line(f"{type(error).__name__}: {error}")
