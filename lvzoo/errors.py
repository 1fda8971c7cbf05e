"""The mistakes that a user can make, each with its exit code; the ground floor, importing nothing.

A message says what, where and what next, in lower case and without a full stop. The command line catches
`LvzooError` in one place and prints its message as one line; everything else is a fault of ours and keeps
its traceback.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SUGGESTIONS = 5


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


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for names close to `name`, or nothing.

    >>> did_you_mean("sigma", ["sigma_px", "width"])
    " (did you mean 'sigma_px'?)"
    >>> did_you_mean("zzz", ["sigma_px"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=MOST_SUGGESTIONS, cutoff=0.5)
    return f" (did you mean {' or '.join(repr(each) for each in close)}?)" if close else ""
