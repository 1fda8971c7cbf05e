"""Says whether this program can start child processes, and shows what other libraries warn of as one line.

Child processes start with an empty interpreter, which imports the parent's script first. A script that was read from
stdin cannot be imported again.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final

from lvzoo.errors import one_line

if TYPE_CHECKING:
    from typing import TextIO

IPYTHON: Final = "ipython"
"""The script of IPython's console, which `multiprocessing` does not import in a child."""
SUBSTITUTED: Final = "/dev/fd/"
LONGEST: Final = 200
"""How many characters of a library's warning are shown."""


def find_lost_script() -> str | None:
    """Return the name of this program's script if no child process can import it, for example `<stdin>`.

    Return None for programs whose children can start: a script in a file, `python -m`, `python -c`, a notebook, and
    the prompts of Python and IPython.
    """
    from multiprocessing.spawn import get_preparation_data

    path = get_preparation_data("lvzoo").get("init_main_from_path")
    if path is None:
        return None
    # the shell's `<(...)` is open in this process only
    if os.path.exists(path) and not path.startswith(SUBSTITUTED):  # noqa: PTH110 - multiprocessing keeps a text
        return None
    name = os.path.basename(path)  # noqa: PTH119
    return None if os.path.splitext(name)[0] == IPYTHON else name  # noqa: PTH122


def count_workers() -> int:
    """Return how many processes this program may use at once: 1 if no child process can import its script."""
    if find_lost_script() is not None:
        return 1
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


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
