"""Reads plugins' declarations in processes of their own, with a time limit, and remembers the answers.

An answer stays good while the plugin's files, its version, Python and lvzoo are the same. A fault is moreover
forgotten when anything is installed, and after an hour: what was missing may have come.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections import deque
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import lvzoo
from lvzoo.errors import UsageError
from lvzoo.files import atomic_file, cache_folder
from lvzoo.plugins.declarations import Declarations, from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TIME_LIMIT: Final = "LVZOO_PLUGIN_TIMEOUT_S"
DEFAULT_TIME_LIMIT_S: Final = 20.0
FAULTS_LAST_S: Final = 3600
MOST_AT_ONCE: Final = max(4, os.cpu_count() or 1)
POLL_S: Final = 0.002
_READERS: Final = (
    *("hookspecs.py", "types/declared.py"),
    *("plugins/declarations.py", "plugins/probe.py", "plugins/probing.py"),
)
"""Files of lvzoo that decide an answer; in a checkout they change without a new version."""
_SUFFIXES: Final = (".py", ".yaml", ".yml")


class Request(NamedTuple):
    """Which plugin to read: an entry point and its distribution."""

    name: str
    value: str
    distribution: str
    version: str


def read_all(requests: Sequence[Request]) -> list[Declarations | str]:
    """Return, for each request, what the plugin declares, or its fault: why it cannot be read, what to do."""
    limit_s = _time_limit_s()
    remembered = [_remembered(request, limit_s) for request in requests]
    unknown = [request for request, answer in zip(requests, remembered, strict=True) if answer is None]
    fresh = iter(_probe_all(unknown, limit_s)) if unknown else iter(())
    return [next(fresh) if answer is None else answer for answer in remembered]


def _time_limit_s() -> float:
    text = os.environ.get(TIME_LIMIT) or str(DEFAULT_TIME_LIMIT_S)
    try:
        limit_s = float(text)
    except ValueError:
        limit_s = 0.0
    if not limit_s > 0:
        raise UsageError(f"{TIME_LIMIT}: must be a number of seconds above 0, not {text!r}")
    return limit_s


# --- Asking -------------------------------------------------------------------------------------------------


def _probe_all(requests: Sequence[Request], limit_s: float) -> list[Declarations | str]:
    """Ask several plugins at once; whatever ends this early ends their processes too."""
    import tempfile

    waiting = deque(requests)
    running: list[_Probe] = []
    answers: dict[Request, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < MOST_AT_ONCE:
                    place = Path(folder, f"{len(waiting)}.json")
                    running.append(_Probe(waiting.popleft(), place, limit_s))
                for probe in [each for each in running if each.is_over()]:
                    running.remove(probe)
                    answers[probe.request] = probe.answer()
                time.sleep(POLL_S)
        finally:
            for probe in running:
                probe.kill()
    for request in requests:
        _remember(request, limit_s, answers[request])
    return [_understood(answers[request]) for request in requests]


class _Probe:
    """One plugin's process, in a process group of its own."""

    def __init__(self, request: Request, place: Path, limit_s: float) -> None:
        import subprocess

        from lvzoo.plugins.probe import COMMAND

        self.request = request
        self._place = place
        self._limit_s = limit_s
        self._deadline_s = time.monotonic() + limit_s
        question = json.dumps({"sys_path": sys.path, "name": request.name, "value": request.value})
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, question, str(place)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def is_over(self) -> bool:
        """Return whether the process has ended, or had its time."""
        return self._process.poll() is not None or time.monotonic() > self._deadline_s

    def answer(self) -> dict[str, Any]:
        """Return what the process wrote, or how it ended without a word."""
        status = self._process.poll()
        self.kill()
        if status is None:
            return {
                "fault": f"hangs on import (no answer in {self._limit_s:g} s); uninstall it, "
                f"or raise {TIME_LIMIT} if the machine is slow"
            }
        try:
            return dict(json.loads(self._place.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # it wrote nothing, or was killed while it wrote
            return {"fault": f"{_death(status)} on import; update or uninstall the plugin, or ask its author"}

    def kill(self) -> None:
        """End the process and whatever it started."""
        import signal
        from contextlib import suppress

        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()


def _death(status: int) -> str:
    import signal

    if status < 0:
        names = {each.value: each.name for each in signal.Signals}
        return f"crashes its process ({names.get(-status, f'signal {-status}')})"
    return f"ends its process (exit status {status})"


# --- Remembering --------------------------------------------------------------------------------------------


def _remembered(request: Request, limit_s: float) -> Declarations | str | None:
    """Return the answer of an earlier probe, if it is still good."""
    try:
        kept = json.loads(_place(request).read_text(encoding="utf-8"))
        if kept["key"] != _key(request, limit_s, failed="fault" in kept["answer"]) or _is_stale(kept):
            return None
        return _understood(kept["answer"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never asked, or a file that an earlier lvzoo wrote: ask again


def _remember(request: Request, limit_s: float, answer: dict[str, Any]) -> None:
    try:
        key = _key(request, limit_s, failed="fault" in answer)
        kept = {"key": key, "time": time.time(), "answer": answer}
        with atomic_file(_place(request)) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")
    except OSError as error:
        _tell_once(f"what plugins declare is read again in each run: {error}")


@functools.cache
def _tell_once(line: str) -> None:
    import logging

    logging.getLogger(__name__).warning(line)


def _understood(answer: dict[str, Any]) -> Declarations | str:
    return str(answer["fault"]) if "fault" in answer else from_json(answer["declared"])


def _is_stale(kept: dict[str, Any]) -> bool:
    return "fault" in kept["answer"] and not 0 <= time.time() - kept["time"] < FAULTS_LAST_S


def _place(request: Request) -> Path:
    where = json.dumps([sys.prefix, *request[:3]])
    return cache_folder("plugins") / f"{sha256(where.encode()).hexdigest()[:16]}.json"


def _key(request: Request, limit_s: float, *, failed: bool) -> str:
    """Hash all that an answer depends on."""
    here = Path(__file__).parents[1]
    depends = [
        request,
        (sys.version, lvzoo.__version__),
        [_stamp(str(here / name)) for name in _READERS],
        list(_stamps(request.value.partition(":")[0].partition(".")[0])),
        [limit_s, [_stamp(folder) for folder in sys.path]] if failed else None,
    ]
    return sha256(json.dumps(depends).encode()).hexdigest()


def _stamps(top_level: str) -> Iterator[tuple[str, int]]:
    """Yield the files of a plugin's package and their times, found without importing it."""
    try:
        spec = find_spec(top_level)
    except (ImportError, ValueError):
        return  # the probe will say what is wrong with it
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield _stamp(spec.origin or "")
    for folder in spec.submodule_search_locations or ():
        yield from _stamps_below(folder)


def _stamps_below(folder: str) -> Iterable[tuple[str, int]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(_SUFFIXES):
            yield entry.path, entry.stat().st_mtime_ns
        elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith((".", "__pycache__")):
            yield from _stamps_below(entry.path)


def _stamp(path: str) -> tuple[str, int]:
    try:
        return path, os.stat(path).st_mtime_ns  # noqa: PTH116 - a Path for each would cost half of the look-up
    except OSError:
        return path, 0
