"""Says how many child processes this program may start, how much memory they may take, and whether they can start.

Also shows each warning of another library as one line.

Child processes start with an empty interpreter, which imports the parent's script first. A script that was read from
stdin cannot be imported again.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvzoo.control_groups import read_free_memory, read_processor_quota
from lvzoo.errors import one_line

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from typing import TextIO

GUARD: Final = 'call lvzoo.bench under `if __name__ == "__main__":`, or with executor="inline"'
"""What to do in a script whose top level is run again by each of its child processes."""
IPYTHON: Final = "ipython"
"""The script of IPython's console, which `multiprocessing` does not import in a child."""
SUBSTITUTED: Final = "/dev/fd/"
"""Where the shell puts a script from `<(...)`, which only this process can read."""
LONGEST: Final = 200
"""How many characters of a library's warning are shown."""


def find_lost_script() -> str | None:
    """Return the name of this program's script if no child process can import it, for example `<stdin>`.

    Return None for programs whose children can start: a script in a file, `python -m`, `python -c`, a notebook, and
    the prompts of Python and IPython.
    """
    path = _find_script()
    if (
        path is None
        or (path.exists() and not path.as_posix().startswith(SUBSTITUTED))
        or path.stem == IPYTHON
    ):
        return None
    return path.name


def _find_script() -> Path | None:
    """Return the script that `multiprocessing` imports in a child, or None if it imports a module or nothing.

    This follows `multiprocessing.spawn.get_preparation_data`, which is not called because it fixes the start method
    of the user's program.
    """
    from multiprocessing import process, spawn

    main = sys.modules["__main__"]
    name = getattr(main, "__file__", None)
    if name is None or getattr(getattr(main, "__spec__", None), "name", None) is not None:
        return None
    if spawn.WINEXE or spawn.WINSERVICE:  # a program without a script
        return None
    return Path(getattr(process, "ORIGINAL_DIR", None) or "", name)


def count_workers() -> int:
    """Return how many processes this program may use at once: 1 if no child process can import its script."""
    return 1 if find_lost_script() is not None else count_processors()


def count_processors() -> int:
    """Return how many processors this process may keep busy: those of its affinity, or fewer by its quota."""
    try:
        given = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        given = os.cpu_count() or 1
    return max(1, math.floor(min(given, read_processor_quota())))


def find_free_memory() -> int:
    """Return how much memory in bytes this process and its children may still take."""
    import psutil

    return int(min(psutil.virtual_memory().available, read_free_memory()))


def end_with_parent() -> None:
    """Let this worker of a pool end when its parent process does, also if that was killed.

    A worker that waits for work does not notice the end of its parent by itself, because all workers of a pool hold
    both ends of the pipe that the work comes through.
    """
    import threading
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def show_warnings_as_lines() -> None:
    """Show each Python warning in this process as one line on stderr, without the line of code that gave it."""
    warnings.showwarning = _show_warning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,  # noqa: ARG001 - the signature of warnings.showwarning
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    import logging

    text = one_line(message)
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    logging.getLogger("py.warnings").warning("%s: %s", category.__name__, shown)
