"""Finds the cache folder, and writes files and folders atomically: complete, or not at all.

If the cache cannot be written, everything still works, but slower. One warning says so.
"""

from __future__ import annotations

import functools
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import platformdirs

from lvzoo.errors import CacheError, UsageError, name_option, one_line
from lvzoo.temporary import TEMPORARY, remove_leftovers, temporary_file, temporary_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SUMMARY: Final = "summary.json"
"""The file that describes the results of one clip."""
FRAMES: Final = "frames.csv"
"""The table of a clip's frames, in the same folder."""


def is_results_folder(names: Collection[str]) -> bool:
    """Return whether a folder with files of these names holds the results of a clip.

    Both files are needed, because a summary alone may be that of another program.

    >>> is_results_folder(["summary.json", "frames.csv", "clip.html"]), is_results_folder(["summary.json", "a.avi"])
    (True, False)
    """
    return SUMMARY in names and FRAMES in names


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not JSON in UTF-8, holds something else than an object, or is nested too deeply.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError(f"it holds no object, but {type(content).__name__}")  # noqa: TRY004 - a file is damaged
    return content


def cache_folder(*parts: str) -> Path:
    """Return a folder inside the user's cache and create it if it is missing.

    The environment variable `LVZOO_CACHE` names another place for the cache. It may begin with `~`, the user's home.
    The first call removes what killed processes have left in the cache.

    Raises:
        CacheError: the folder cannot be created.
    """
    root = _cache_root()
    _tidy_cache(root)
    folder = Path(root, *parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(
            f"{folder}: cannot create the cache folder ({error.strerror}); set LVZOO_CACHE to a folder "
            "that can be written"
        ) from error
    return folder


@functools.cache
def _tidy_cache(root: Path) -> None:
    """Remove temporary files in the folders of the cache and in those below them, where entries lie."""
    for pattern in ("*", "*/*"):
        left = root.glob(f"{pattern}/{TEMPORARY}*")
        remove_leftovers(*{path.parent for path in left})


def _cache_root() -> Path:
    """Return the cache folder, with `~` expanded: no shell does that for a .env file, a Dockerfile or YAML."""
    root = _named_root()
    try:
        return Path(root).expanduser()
    except RuntimeError as error:  # `~name` of a user that does not exist
        raise CacheError(
            f"{root}: the home folder is unknown; set LVZOO_CACHE to a folder that can be written"
        ) from error


def _named_root() -> str:
    return os.environ.get("LVZOO_CACHE") or platformdirs.user_cache_dir("lvzoo")


def warn_of_cache(error: OSError) -> None:
    """Warn once that the cache cannot be written.

    Child processes do not warn, because their parent has tried to write the cache before them.
    """
    from multiprocessing import parent_process

    if parent_process() is None:
        cause = error.__cause__ if isinstance(error, CacheError) else error
        _warn_of_cache(_named_root(), getattr(cause, "strerror", None) or one_line(cause))


@functools.cache
def _warn_of_cache(root: str, reason: str) -> None:
    import logging

    logging.getLogger(__name__).warning(
        "%s: the cache cannot be written (%s); lvzoo works without it, but slower; set LVZOO_CACHE to a folder that "
        "can be written",
        root,
        reason,
    )


def check_folder(path: Path) -> None:
    """Check, before any work, that a folder of this name can be made: neither it nor a folder above it is a file.

    Raises:
        UsageError: one of them is a file.
    """
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    if there.exists() and not there.is_dir():
        raise UsageError(f"{there}: is a file, and results need a folder; name another {name_option('out')}")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` at the end; after an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(path.parent, path.suffix) as temporary:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp lets only the owner read
        temporary.replace(path)


@contextmanager
def working_folder(parent: Path) -> Iterator[Path]:
    """Yield a new hidden folder inside `parent`. It is deleted at the end, unless it was renamed.

    What killed processes have left in `parent` is removed first.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent)
    with temporary_folder(parent) as folder:
        folder.chmod(0o777 & ~_umask())
        yield folder


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` and rename it to `path` at the end; after an error nothing is left.

    If another process has created `path` in the meantime, its folder stays and ours is deleted: both were made
    from the same key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.parent) as temporary:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()  # an empty folder is not a result, and some systems cannot rename onto it
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise


def _umask() -> int:
    """Return the process's umask; Python can only read it by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
