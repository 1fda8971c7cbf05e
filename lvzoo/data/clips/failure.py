"""Says why a clip cannot be read or predicted, in one line that names the clip."""

from __future__ import annotations

import traceback
from pathlib import Path

from lvzoo.errors import DataError, LvzooError, is_out_of_memory, show_name


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
