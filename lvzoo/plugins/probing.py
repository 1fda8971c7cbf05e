"""Reads plugins' declarations in separate processes, with a time limit, and keeps the answers in the cache.

An answer stays valid while the plugin's files, its version, Python and lvzoo stay the same. A fault is also read
again after any package is installed, and at least once per hour, because its cause may be gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import lvzoo
from lvzoo.errors import UsageError
from lvzoo.files import atomic_file, cache_folder, warn_of_cache
from lvzoo.plugins.declarations import Declarations, from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIME_LIMIT: Final = "LVZOO_PLUGIN_TIMEOUT_S"
DEFAULT_TIME_LIMIT_S: Final = 20.0
FAULTS_LAST_S: Final = 3600
MOST_AT_ONCE: Final = max(4, os.cpu_count() or 1)
POLL_S: Final = 0.002
_READERS: Final = (
    *("hookspecs.py", "types/declared.py"),
    *("plugins/declarations.py", "plugins/probe.py", "plugins/probing.py"),
)
"""The files of lvzoo that an answer depends on; in a checkout they change without a new version."""
_SUFFIXES: Final = (".py", ".yaml", ".yml")


class Request(NamedTuple):
    """The plugin to read: an entry point and its distribution."""

    name: str
    value: str
    distribution: str
    version: str


def read_all(requests: Sequence[Request]) -> list[Declarations | str]:
    """Return what each plugin declares, or its fault: why it cannot be read, and what to do."""
    limit_s = _time_limit_s()
    answers = {request: answer for request in requests if (answer := _recall(request, limit_s))}
    unknown = [request for request in requests if request not in answers]
    if unknown:
        fresh = _probe_all(unknown, limit_s)
        _remember(fresh, limit_s)
        answers |= {request: _parse_answer(answer) for request, answer in fresh.items()}
    return [answers[request] for request in requests]


def _time_limit_s() -> float:
    text = os.environ.get(TIME_LIMIT) or str(DEFAULT_TIME_LIMIT_S)
    try:
        limit_s = float(text)
    except ValueError:
        limit_s = 0.0
    if not limit_s > 0:  # also refuses nan
        raise UsageError(f"{TIME_LIMIT}: must be a number of seconds above 0, not {text!r}")
    return limit_s


def _parse_answer(answer: dict[str, Any]) -> Declarations | str:
    return str(answer["fault"]) if "fault" in answer else from_json(answer["declared"])


# --- Probe processes ----------------------------------------------------------------------------------------


def _probe_all(requests: Sequence[Request], limit_s: float) -> dict[Request, dict[str, Any]]:
    """Read several plugins at once; an exception in here, such as Ctrl-C, also ends their processes."""
    waiting = deque(requests)
    running: list[_Probe] = []
    answers: dict[Request, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder:
        try:
            while waiting or running:
                # Start probes until the limit is reached, then collect those that have ended.
                while waiting and len(running) < MOST_AT_ONCE:
                    answer_file = Path(folder, f"{len(waiting)}.json")
                    running.append(_Probe(waiting.popleft(), answer_file, limit_s))
                for probe in [each for each in running if each.is_over()]:
                    running.remove(probe)
                    answers[probe.request] = probe.answer()
                time.sleep(POLL_S)
        finally:
            for probe in running:
                probe.kill()
    return answers


class _Probe:
    """The process that reads one plugin, in its own process group."""

    def __init__(self, request: Request, answer_file: Path, limit_s: float) -> None:
        import subprocess

        from lvzoo.plugins.probe import COMMAND

        self.request = request
        self._answer_file = answer_file
        self._limit_s = limit_s
        self._deadline_s = time.monotonic() + limit_s
        question = json.dumps({"sys_path": sys.path, "name": request.name, "value": request.value})
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, question, str(answer_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def is_over(self) -> bool:
        """Return whether the process has ended or used up its time."""
        return self._process.poll() is not None or time.monotonic() > self._deadline_s

    def answer(self) -> dict[str, Any]:
        """Return what the process wrote, or a fault that describes how it ended without an answer."""
        status = self._process.poll()
        self.kill()
        if status is None:
            return {
                "fault": f"hangs on import (no answer in {self._limit_s:g} s); uninstall it, "
                f"or raise {TIME_LIMIT} if the machine is slow"
            }
        try:
            return dict(json.loads(self._answer_file.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # no answer, or half of one: the process was killed
            return {
                "fault": f"{_describe_exit(status)} on import; update or uninstall the plugin, or ask its author"
            }

    def kill(self) -> None:
        """End the process and the processes that it started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()


def _describe_exit(status: int) -> str:
    if status < 0:
        names = {each.value: each.name for each in signal.Signals}
        return f"crashes its process ({names.get(-status, f'signal {-status}')})"
    return f"ends its process (exit status {status})"


# --- The cache of answers -----------------------------------------------------------------------------------


def _recall(request: Request, limit_s: float) -> Declarations | str | None:
    """Return the answer of an earlier probe if it is still valid."""
    try:
        kept = json.loads(_cache_file(request).read_text(encoding="utf-8"))
        valid = kept["key"] == _key(request, limit_s, failed="fault" in kept["answer"])
        return _parse_answer(kept["answer"]) if valid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no file yet, or one that another version of lvzoo wrote


def _remember(answers: dict[Request, dict[str, Any]], limit_s: float) -> None:
    try:
        for request, answer in answers.items():
            kept = {"key": _key(request, limit_s, failed="fault" in answer), "answer": answer}
            with atomic_file(_cache_file(request)) as temporary:
                temporary.write_text(json.dumps(kept), encoding="utf-8")
    except OSError as error:
        warn_of_cache(error)


def _cache_file(request: Request) -> Path:
    where = json.dumps([sys.prefix, *request[:3]])
    return cache_folder("plugins") / f"{sha256(where.encode()).hexdigest()[:16]}.json"


def _key(request: Request, limit_s: float, *, failed: bool) -> str:
    """Return a hash of everything that an answer depends on."""
    here = Path(__file__).parents[1]
    depends: list[object] = [
        request,
        (sys.version, lvzoo.__version__),
        [_stamp(str(here / name)) for name in _READERS],
        list(_package_stamps(request.value.partition(":")[0].partition(".")[0])),
    ]
    if failed:
        depends.append([limit_s, time.time() // FAULTS_LAST_S, [_stamp(folder) for folder in sys.path]])
    return sha256(json.dumps(depends).encode()).hexdigest()


def _package_stamps(top_level: str) -> Iterator[tuple[str, int]]:
    """Yield the files of a plugin's package and their times; the package is found without importing it."""
    try:
        spec = find_spec(top_level)
    except (ImportError, ValueError):
        return  # the probe will report what is wrong with it
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield _stamp(spec.origin or "")
    for folder in spec.submodule_search_locations or ():
        yield from _stamps_below(folder)


def _stamps_below(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(_SUFFIXES):
            yield entry.path, entry.stat().st_mtime_ns
        elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith((".", "__pycache__")):
            yield from _stamps_below(entry.path)


def _stamp(path: str) -> tuple[str, int]:
    """Return a file or folder and the time of its last change; 0 if there is none."""
    try:
        return path, os.stat(path).st_mtime_ns  # noqa: PTH116 - Path objects would take half of the time here
    except OSError:
        return path, 0
