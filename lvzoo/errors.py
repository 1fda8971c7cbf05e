"""The errors that a user can make, each with its exit code, and the phrases that many error messages share.

A message says what is wrong, where, and what to do next, in lower case and without a full stop. The command line
catches `LvzooError` in one place and prints its message as one line. Any other exception is a bug of lvzoo and keeps
its traceback. This module imports nothing of lvzoo.
"""

from __future__ import annotations

import difflib
import errno
import unicodedata
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_SUGGESTIONS = 5
UNPRINTED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of invisible characters, which can control a terminal or reverse the direction of a line."""
JOINERS = "\u00ad\u200c\u200d"
"""The soft hyphen and the letter joiners. They have these categories too, but are shown, because words need them."""
OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "allocate memory",
    "insufficient memory",
    "alloc_failed",
)
"""What torch, CUDA's libraries and OpenCV say when memory runs out, in lower case."""
T = TypeVar("T")


class LvzooError(Exception):
    """A mistake that the user can correct; `exit_code` is the exit code of the command line."""

    exit_code: ClassVar[int] = 2

    def __str__(self) -> str:
        r"""Return the message. It may contain names of files, so its control characters are escaped.

        >>> str(DataError("a\x1b[2K.pt: no such file"))
        'a\\x1b[2K.pt: no such file'
        """
        return show_name(super().__str__())


class UsageError(LvzooError):
    """A command, option or value that lvzoo does not know."""


class PluginError(LvzooError):
    """A model or plugin that is unknown, broken, quarantined or not installed."""

    exit_code: ClassVar[int] = 3


class DataError(LvzooError):
    """A data set, clip or weights file that is missing, damaged or not what it says it is."""

    exit_code: ClassVar[int] = 4


class RunError(LvzooError):
    """A run without a result, because all its trials failed. `failed` maps the name of each trial to the reason."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, failed: Mapping[str, str]) -> None:
        super().__init__(message)
        self.failed = dict(failed)


class NoSplitError(DataError):
    """A split (training, validation or test) that a data set does not have."""


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
    >>> did_you_mean("nope", ["unet"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=MOST_SUGGESTIONS)
    return f" (did you mean {' or '.join(repr(each) for each in close)}?)" if close else ""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory ran out, whichever library raised it.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"))
    True
    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("not enough memory cells"))
    (True, False)
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    of_library = isinstance(error, RuntimeError) or type(error).__module__ == "cv2"
    said = str(error).lower()
    return isinstance(error, MemoryError) or (of_library and any(each in said for each in OUT_OF_MEMORY))


def make_memory_error(what: str, *, on_gpu: bool = False) -> DataError:
    """Return the error that says that memory ran out for something.

    >>> make_memory_error("64 frames of 1920 x 1080")
    DataError('not enough memory for 64 frames of 1920 x 1080; close other programs')
    """
    instead = (
        f"close other programs that use the GPU, or use {name_option('device', 'cpu')}"
        if on_gpu
        else "close other programs"
    )
    return DataError(f"not enough memory for {what}; {instead}")


def name_some(names: Sequence[str], most: int = MOST_SUGGESTIONS, *, separator: str = ", ") -> str:
    """Return the first few names, and how many more there are.

    >>> name_some(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{separator.join(names[:most])}{more}"


def show_name(name: object) -> str:
    r"""Return a name or path that is safe to print: its control characters are shown as escapes.

    The name of a file may contain line breaks, terminal escapes, changes of the writing direction, or bytes that are
    not UTF-8. They could hide a message or forge one. All other text is unchanged.

    >>> show_name("Müller 1.mp4"), show_name("a\nb\x1b[2K.mp4")
    ('Müller 1.mp4', 'a\\nb\\x1b[2K.mp4')
    """
    return "".join(_escape(each) if _is_unprinted(each) else each for each in str(name))


def _escape(letter: str) -> str:
    """Return an escape for a character; a byte that is not UTF-8, which Python keeps as a surrogate, as that byte."""
    byte = ord(letter) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else ascii(letter)[1:-1]


def _is_unprinted(letter: str) -> bool:
    return unicodedata.category(letter) in UNPRINTED and letter not in JOINERS


def name_option(name: str, value: str | None = None) -> str:
    """Return how an option is given on the command line, and in Python, perhaps with a value.

    >>> name_option("phantom_size"), name_option("device", "cpu")
    ('--phantom-size (phantom_size= in Python)', "--device cpu (device='cpu' in Python)")
    """
    option = f"--{name.replace('_', '-')}"
    return (
        f"{option} ({name}= in Python)" if value is None else f"{option} {value} ({name}={value!r} in Python)"
    )


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
