"""Does something with each of several clips, and says why one failed, in one line that names the clip."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from lvzoo.data.clips.clip import ClipFile
from lvzoo.errors import DataError, LvzooError, explain_exception, is_out_of_memory, show_name

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def do_each(clips: Iterable[ClipFile], do: Callable[[ClipFile], Result]) -> Iterator[Result | DataError]:
    """Yield what `do` returns for each clip, or the clip's error. One clip never costs the others.

    Raises:
        Exception: a fault of lvzoo itself. It is raised at the end, after the other clips.
    """
    fault: Exception | None = None
    for clip in clips:
        try:
            yield do(clip)
        except Exception as error:  # noqa: BLE001 - one clip never costs the others
            failed = explain_failure(error, clip.path)
            if failed is None:
                log.error("%s: internal error: %s", show_name(clip.path), explain_exception(error))  # noqa: TRY400
                fault = fault or error
            else:
                yield failed
    if fault is not None:
        raise fault


def explain_failure(error: Exception, clip: Path) -> DataError | None:
    """Return the error of one clip, with the clip's name in front; None if it is a fault of lvzoo.

    The local variables that the exception keeps are deleted, because a clip's frames need much memory.
    """
    name = show_name(clip)
    if isinstance(error, LvzooError):
        message = str(error)
    elif is_out_of_memory(error):
        message = "needs more memory than there is; close other programs, or shrink the clip"
    elif isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        message = f"{where}{error.strerror}; check the path and the disk"
    else:
        return None
    failed = DataError(message if message.startswith(name) else f"{name}: {message}")
    failed.__cause__ = error
    _forget_variables(error)
    return failed


def _forget_variables(error: BaseException) -> None:
    """Delete the local variables that an exception and its causes keep."""
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
