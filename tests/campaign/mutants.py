"""Gives damaged files to their readers in worker processes, which are watched for time, memory and crashes.

A mutant is made from the campaign's seed, the name of its subject and its own number, so it can be made again.
"""

from __future__ import annotations

import faulthandler
import hashlib
import os
import re
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import psutil

from lvzoo.errors import LvzooError
from tests.campaign.mutate import mutate
from tests.campaign.subjects import SHARES, SUBJECTS, TEXTS, Mutant, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import SpawnProcess

LONGEST_S: Final = 10.0
"""The most processor time that reading a mutant may take."""
LONGEST_WALL_S: Final = 900.0
"""The longest a reader may take by the clock, which also counts the time in which other programs run."""
MOST_BYTES: Final = 2_000_000_000
LOOK_S: Final = 0.2
UNDAMAGED: Final = 10**9
"""The number of a mutant that is like its original, which must be read."""
LAST_WORDS: Final = "last-words.txt"
"""Where a worker says in which line it was when it was killed or crashed."""

State = Literal["read", "refused", "fault", "hang", "memory", "crash", "changed"]
GOOD: Final = ("read", "refused")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a reader met a mutant. `text` is the error's message, or the traceback of a fault."""

    subject: str
    number: int
    file: str
    state: State
    text: str = ""
    cpu_s: float = 0.0
    peak_bytes: int = 0


@dataclass(kw_only=True)
class Tally:
    """The verdicts on the mutants of one kind."""

    states: Counter[str] = field(default_factory=Counter)
    faults: list[Verdict] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_bytes: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count a verdict."""
        self.states[verdict.state] += 1
        self.slowest_s = max(self.slowest_s, verdict.cpu_s)
        self.peak_bytes = max(self.peak_bytes, verdict.peak_bytes)
        if verdict.state not in GOOD:
            self.faults.append(verdict)


def share_out(kind: str, total: int) -> list[tuple[Subject, int]]:
    """Return the mutants of a kind, of so many of all kinds: the subject and the number of each, the originals first.

    Subjects take turns by their weight.
    """
    originals = [(subject, UNDAMAGED) for subject in SUBJECTS if subject.kind == kind]
    turns = [subject for subject in SUBJECTS if subject.kind == kind for _ in range(subject.weight)]
    return originals + [(turns[number % len(turns)], number) for number in range(round(total * SHARES[kind]))]


def meet_all(mutants: list[tuple[Subject, int]], *, seed: int, folder: Path) -> Iterator[Verdict]:
    """Yield how the reader of each mutant met it. A worker that dies, hangs or grows is replaced."""
    worker: _Worker | None = None
    for subject, number in mutants:
        worker = worker or _Worker(folder, seed)
        verdict = worker.meet(subject, number)
        yield verdict
        if not worker.process.is_alive():
            worker = None
    if worker is not None:
        worker.end()


class _Worker:
    """A process that reads one mutant after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, folder, seed), daemon=True)
        self.process.start()
        theirs.close()
        self.pipe.recv()  # it has imported what it needs

    def meet(self, subject: Subject, number: int) -> Verdict:
        """Return how the worker met a mutant. It is killed if it takes too long or too much memory."""
        self.pipe.send((subject.name, number))
        seen = psutil.Process(self.process.pid)
        begun_s, used_s = time.monotonic(), _cpu_s(seen)
        state: State = "crash"
        text = ""
        while not self.pipe.poll(LOOK_S):
            if not self.process.is_alive():
                break
            with suppress(psutil.Error):
                if _cpu_s(seen) - used_s > LONGEST_S or time.monotonic() - begun_s > LONGEST_WALL_S:
                    state = "hang"
                elif seen.memory_info().rss > MOST_BYTES:
                    state = "memory"
                else:
                    continue
            os.kill(seen.pid, signal.SIGABRT)  # faulthandler shows where it is
            self.process.join(5)
            break
        else:
            with suppress(EOFError):
                verdict: Verdict = self.pipe.recv()
                return verdict
        self.process.join(5)
        lines = (self.folder / LAST_WORDS).read_text().splitlines()
        text = "\n".join(
            [*(each for each in lines if "File " in each), f"ended with {self.process.exitcode}"]
        )
        self.end()
        return Verdict(subject=subject.name, number=number, file="", state=state, text=text)

    def end(self) -> None:
        """End the worker."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


# --- In the worker ------------------------------------------------------------------------------------------------


def _work(pipe: Connection, folder: Path, seed: int) -> None:
    """Read the mutants that arrive, until the pipe closes."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    subjects = {subject.name: subject for subject in SUBJECTS}
    pipe.send("ready")
    with Path(os.devnull).open("w") as nowhere, (folder / LAST_WORDS).open("w") as last, suppress(EOFError):
        faulthandler.enable(last)
        for stream in (1, 2):  # native libraries write to these without Python
            os.dup2(nowhere.fileno(), stream)
        while True:
            name, number = pipe.recv()
            with redirect_stdout(nowhere), redirect_stderr(nowhere):
                verdict = _meet(subjects[name], number, folder=folder, seed=seed)
            pipe.send(verdict)


def _meet(subject: Subject, number: int, *, folder: Path, seed: int) -> Verdict:
    """Make a mutant, read it, and compare the files afterwards."""
    base = make_base(subject, folder)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        mutant = make_mutant(subject, number, base=base, place=Path(place), seed=seed)
        before = _hash_files(mutant.folder)
        _forget_peak()
        begun_s = time.process_time()
        state, text = _read(subject, mutant)
        cpu_s = time.process_time() - begun_s
        peak_bytes = _read_peak()
        after = _hash_files(mutant.folder)
        if changed := [name for name, digest in before.items() if after.get(name) != digest]:
            state, text = "changed", f"{changed} {text}"
        if peak_bytes > MOST_BYTES:
            state, text = "memory", f"{peak_bytes:,} bytes {text}"
        if cpu_s > LONGEST_S:
            state, text = "hang", f"{cpu_s:.1f} s {text}"
        file = mutant.path.relative_to(mutant.folder).as_posix()
        return Verdict(
            subject=subject.name,
            number=number,
            file=file,
            state=state,
            text=text.replace(str(mutant.folder), "…"),
            cpu_s=cpu_s,
            peak_bytes=peak_bytes,
        )


def make_base(subject: Subject, folder: Path) -> Path:
    """Return the folder of a subject's valid files, and make them the first time."""
    base = folder / f"base-{subject.name.replace(' ', '-')}"
    if not base.exists():
        making = Path(tempfile.mkdtemp(dir=folder))
        subject.make(making)
        making.rename(base)
    return base


def make_mutant(subject: Subject, number: int, *, base: Path, place: Path, seed: int) -> Mutant:
    """Copy a subject's files, and damage one of them as the mutant's number says."""
    rng = np.random.default_rng([seed, number, *subject.name.encode()])
    copied, out = place / "files", place / "out"
    shutil.copytree(base, copied)
    out.mkdir()
    path = copied / subject.damaged[int(rng.integers(len(subject.damaged)))]
    if number != UNDAMAGED:
        path.write_bytes(mutate(path.read_bytes(), rng, is_text=subject.kind in TEXTS))
    return Mutant(number=number, folder=copied, path=path, out=out, base=base)


def _read(subject: Subject, mutant: Mutant) -> tuple[State, str]:
    try:
        subject.read(mutant)
    except LvzooError as error:
        in_form = mutant.number != UNDAMAGED and "\n" not in str(error)
        return "refused" if in_form else "fault", str(error)
    except BaseException:  # noqa: BLE001 - a native library may raise anything
        return "fault", traceback.format_exc()
    return "read", ""


def _hash_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _forget_peak() -> None:
    """Let the kernel begin anew to measure the most memory that this process takes."""
    Path("/proc/self/clear_refs").write_text("5")


def _read_peak() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found
    return 1024 * int(found[1])
