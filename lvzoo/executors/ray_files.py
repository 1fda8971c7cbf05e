"""Moves the files of a job to a node of a Ray cluster and back, where the run folder is not shared."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from lvzoo.executors.movable import Movable
from lvzoo.executors.ray_messages import File, Files, Send
from lvzoo.files import atomic_file

OUTPUT: Final = "output"
INPUTS: Final = "inputs"


def list_files(folder: Path) -> dict[str, Path]:
    """Return the files in a folder and below it, by their paths there. Locks and unfinished files are hidden."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in found.items()
        if not any(part.startswith(".") for part in name.parts)
    }


# --- On the machine where the run began ---------------------------------------------------------------------------


def list_sent(settings: Movable) -> dict[str, Path]:
    """Return the files that a job begins with, by their paths in its folder on the node."""
    before = {f"{OUTPUT}/{name}": path for name, path in list_files(settings.output).items()}
    return before | {f"{INPUTS}/{index}/{path.name}": path for index, path in enumerate(settings.inputs)}


def write_file(folder: Path, file: File) -> None:
    """Write a file that came back."""
    with atomic_file(folder / file.name) as temporary:
        temporary.write_bytes(file.content)


def remove_others(folder: Path, names: Collection[str]) -> None:
    """Remove the files that the job has removed, and the folders that they leave empty."""
    for name, path in list_files(folder).items():
        if name not in names:
            path.unlink()
            if path.parent != folder and not any(path.parent.iterdir()):
                path.parent.rmdir()


# --- On the node --------------------------------------------------------------------------------------------------


def find_folder(name: str) -> Path:
    """Return the place of a job's folder on this node."""
    return Path(tempfile.gettempdir(), name)


@contextmanager
def make_folder(
    name: str | None, sent: Mapping[str, Any], fetch: Callable[[Any], bytes]
) -> Iterator[Path | None]:
    """Make a job's folder with the files that it begins with, and remove it at the end. Without a name, make none."""
    if name is None:
        yield None
        return
    folder = find_folder(name)
    try:
        folder.mkdir(mode=0o700)
        (folder / OUTPUT).mkdir()
        for path, content in sent.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(fetch(content))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def relocate(settings: Movable, folder: Path | None) -> Movable:
    """Return the settings with the places of a job's files in its folder; without a folder, they stay."""
    if folder is None:
        return settings
    inputs: Sequence[Path] = [
        folder / INPUTS / str(index) / path.name for index, path in enumerate(settings.inputs)
    ]
    return settings.relocate(output=folder / OUTPUT, inputs=inputs)


class ChangedFiles:
    """The files of a job's output that have changed since they were sent. Without a folder, there are none."""

    def __init__(self, folder: Path | None, *, last: str) -> None:
        self.output = folder and folder / OUTPUT
        self.last = last
        self.known = self._look()
        self.sent_s = time.monotonic()

    def send(self, send: Send) -> None:
        """Send the files that have changed and the names of all. The order is that of writing, with `last` last."""
        if self.output is None:
            return
        now = self._look()
        changed = [name for name, state in now.items() if self.known.get(name) != state]
        for name in sorted(changed, key=lambda name: (name == self.last, now[name])):
            send(File(name=name, content=(self.output / name).read_bytes()))
        send(Files(names=tuple(now)))
        self.known, self.sent_s = now, time.monotonic()

    def _look(self) -> dict[str, tuple[int, int, int]]:
        """Return the time of writing, the number and the size of each file."""
        if self.output is None:
            return {}
        states = {name: path.stat() for name, path in list_files(self.output).items()}
        return {name: (state.st_mtime_ns, state.st_ino, state.st_size) for name, state in states.items()}
