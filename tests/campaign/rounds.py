"""Disturbs a benchmark in one of many ways, repeats its command until it is done, and compares the result.

Everything goes through the command line. What a round does follows from the campaign's seed and the round's number.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
import psutil

from lvzoo.temporary import TEMPORARY
from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

COMMAND: Final = (
    *(
        "bench",
        "--plugins",
        "one,two",
        "--preset",
        "smoke",
        "--epochs",
        "2",
        "--device",
        "cpu",
        "--jobs",
        "2",
    ),
    *("--corruptions", "blur", "--severities", "1,5", "--resamples", "50", "--no-frames"),
)
TIMES: Final = ("ms_per_frame",)
"""The columns of ranking.csv that are measured times."""
PATIENCE_S: Final = 900.0
"""How long a command may take, on a machine on which other programs run."""
MOST_TRIES: Final = 8
"""How often a command is repeated until it must be done."""
LOOK_S: Final = 0.05
OLD_CLOCK: Final = """
import os, time
_back = float(os.environ.get("CAMPAIGN_CLOCK_BACK_S", "0"))
if _back:
    _time, _time_ns = time.time, time.time_ns
    time.time = lambda: _time() - _back
    time.time_ns = lambda: _time_ns() - int(_back * 1e9)
"""
"""A `sitecustomize` that sets Python's clock back; the file system keeps the real one."""
TRACKER_KILLED: Final = re.compile(
    r"Traceback \(most recent call last\):\n"
    r"  File \"[^\"]*/multiprocessing/resource_tracker\.py\", line \d+, in main\n"
    r"(?: +.*\n)+KeyError: '/mp-\w+'\n"
)
"""What Python itself prints after the process in which it tracks semaphores was killed. Python replaces it."""


Process: TypeAlias = "subprocess.Popen[bytes]"


@dataclass(kw_only=True)
class Place:
    """The folders of a round, and the processes that it has started."""

    folder: Path
    rng: random.Random
    work_s: float
    """How long the undisturbed command took."""
    started: list[Process] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What was done, and what each command said last."""

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.folder / "disk" / "run"

    @property
    def cache(self) -> Path:
        """The cache."""
        return self.folder / "disk" / "cache"

    def start(self, **environment: str) -> Process:
        """Start the command in a process group of its own. What it says goes to a file."""
        words = [sys.executable, "-m", "lvzoo", *COMMAND, "--out", str(self.run)]
        with self._said(len(self.started)).open("w") as said:
            process = subprocess.Popen(
                words,
                stdout=subprocess.DEVNULL,
                stderr=said,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={
                    **os.environ,
                    **_environment(self.folder),
                    "LVZOO_CACHE": str(self.cache),
                    **environment,
                },
            )
        self.started.append(process)
        return process

    def _said(self, number: int) -> Path:
        return self.folder / f"said-{number}.txt"

    def wait(self, process: Process) -> int:
        """Wait for a command, and return its exit code. No command may end with a traceback."""
        process.wait(timeout=PATIENCE_S)
        errors = self._said(self.started.index(process)).read_text()
        lines = errors.strip().splitlines()
        self.told.append(f"exit code {process.returncode}: {lines[-1] if lines else ''}")
        assert "Traceback" not in TRACKER_KILLED.sub("", errors), errors
        assert "internal error" not in errors, errors
        return process.returncode

    def finish(self, **environment: str) -> None:
        """Repeat the command until it is done."""
        for _ in range(MOST_TRIES):
            if self.wait(self.start(**environment)) == 0:
                return
        raise AssertionError("the command does not get done", self.told)

    def wait_for_moment(self) -> None:
        """Wait until a random moment of the command: at any time, or after the work has begun."""
        deadline_s = time.monotonic() + PATIENCE_S
        if self.rng.random() < 0.75:
            begins = self.rng.choice([self.run / "run.json", self.run / "trials", self.cache / "frames"])
            while not begins.exists() and time.monotonic() < deadline_s and self._is_running():
                time.sleep(LOOK_S)
            rest_s = 0.4 * self.work_s  # imports are over
        else:
            rest_s = 0.8 * self.work_s
        last_s = time.monotonic() + self.rng.uniform(0, rest_s)
        while time.monotonic() < last_s and self._is_running():
            time.sleep(LOOK_S)
        self.told.append("in the middle" if self._is_running() else "too late: the command had ended")

    def _is_running(self) -> bool:
        return any(each.poll() is None for each in self.started)


def _environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HOME": str(folder)}


def write_site(site: Path) -> None:
    """Write a plugin with two models that train in a moment, and the clock that can be set back."""
    info, package = site / "toys_dist-1.0.dist-info", site / "toys_dist"
    texts = {
        info / "METADATA": "Metadata-Version: 2.1\nName: toys-dist\nVersion: 1.0\n",
        info / "entry_points.txt": "[lvzoo]\ntoys = toys_dist\n",
        package / "__init__.py": declare("one", "two", package="toys_dist"),
        package / "model.py": f"{network('One')}\nclass Two(One):\n    pass\n",
        site / "sitecustomize.py": OLD_CLOCK,
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# --- Disturbances -------------------------------------------------------------------------------------------------


def kill_parent(place: Place) -> None:
    """Kill the command; its children end by themselves or wait."""
    process = place.start()
    place.wait_for_moment()
    process.kill()
    process.wait()


def kill_child(place: Place) -> None:
    """Kill one of the command's child processes."""
    process = place.start()
    place.wait_for_moment()
    with suppress(psutil.Error):
        children = psutil.Process(process.pid).children(recursive=True)
        if children:
            place.rng.choice(children).kill()
    place.wait(process)


def kill_all(place: Place) -> None:
    """Kill the command and all its children at once, as when a machine is switched off."""
    process = place.start()
    place.wait_for_moment()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_again_and_again(place: Place) -> None:
    """Kill three commands, one after the other."""
    for _ in range(3):
        place.rng.choice([kill_parent, kill_all])(place)


def two_at_once(place: Place) -> None:
    """Start the command twice. Kill one of the two in some rounds; the other must be done."""
    first = place.start()
    time.sleep(place.rng.uniform(0, place.work_s / 2))
    second = place.start()
    if place.rng.random() < 0.5:
        place.wait_for_moment()
        killed, other = place.rng.sample([first, second], 2)
        killed.kill()
        killed.wait()
        place.wait(other)
    else:
        assert (place.wait(first), place.wait(second)) == (0, 0), place.told


def delete_cache(place: Place) -> None:
    """Delete the cache while the command runs."""
    process = place.start()
    place.wait_for_moment()
    shutil.rmtree(place.cache, ignore_errors=True)
    place.wait(process)


def delete_part_of_cache(place: Place) -> None:
    """Delete every second file of the cache while the command runs."""
    process = place.start()
    place.wait_for_moment()
    for path in sorted(place.cache.rglob("*"))[::2]:
        with suppress(OSError):
            path.unlink()
    place.wait(process)


def set_clock_back(place: Place) -> None:
    """Kill the command, and repeat it with a clock that is 400 days back."""
    place.rng.choice([kill_parent, kill_all])(place)
    place.wait(place.start(CAMPAIGN_CLOCK_BACK_S=str(400 * 86400)))


def fill_disk(place: Place) -> None:
    """Run on a disk that is full at a random point; then make room."""
    with small_disk(place, kilobytes=round(8 * 200 ** place.rng.random())) as resize:
        code = place.wait(place.start())
        resize(100_000)
        place.told.append(f"the disk is larger now; before, the exit code was {code}")
        place.finish()
        keep(place)


def take_rights(place: Place) -> None:
    """Run in folders in which nothing may be made from a random moment on; then give the right back."""
    process = place.start()
    if place.rng.random() < 0.8:
        place.wait_for_moment()
    found = [each for each in (place.run, *place.run.rglob("*")) if each.is_dir()] or [place.run.parent]
    folders = [folder for folder in found if place.rng.random() < 0.7] or found
    try:
        _allow(folders, allowed=False)
        place.wait(process)
    finally:
        _allow(folders, allowed=True)


def _allow(folders: Sequence[Path], *, allowed: bool) -> None:
    """Let nobody make files in some folders, or everybody again. Root may write everywhere but here."""
    for folder in [each for each in folders if each.exists()]:
        with suppress(FileNotFoundError):
            if os.geteuid() == 0:
                subprocess.run(["chattr", "-i" if allowed else "+i", str(folder)], check=folder.exists())  # noqa: S607
            else:
                folder.chmod(0o755 if allowed else 0o555)


DISTURBANCES: Final[Sequence[Callable[[Place], None]]] = (
    *(kill_parent, kill_child, kill_all, kill_again_and_again, two_at_once),
    *(fill_disk, delete_cache, take_rights, delete_part_of_cache, set_clock_back),
)


@contextmanager
def small_disk(place: Place, *, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """Put run folder and cache on a disk of their own, with some room beside what it holds; needs root on Linux."""
    disk = place.run.parent
    aside = disk.rename(disk.with_name("aside"))
    disk.mkdir()
    used = sum(-(-path.stat().st_size // 4096) * 4 for path in aside.rglob("*") if path.is_file())

    def mount(options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)  # noqa: S607

    mount(f"size={used + kilobytes}k")
    try:
        shutil.copytree(aside, disk, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield lambda room: mount(f"remount,size={used + room}k")
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607


def keep(place: Place) -> None:
    """Copy what lies on the small disk beside it, where it stays when the disk is gone."""
    shutil.copytree(place.run.parent, place.folder / "kept")


# --- Comparison ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Undisturbed:
    """What an undisturbed run writes."""

    ranking: pd.DataFrame
    scores: Mapping[str, pd.DataFrame]
    files: frozenset[str]
    noise: Mapping[str, Any]
    """The noisy frames in the cache, by file."""
    work_s: float


def read_result(run: Path, cache: Path, *, work_s: float = 0.0) -> Undisturbed:
    """Read a finished run and its cache. Every file in the cache must be whole."""
    return Undisturbed(
        ranking=pd.read_csv(run / "ranking.csv").drop(columns=list(TIMES), errors="ignore"),
        scores={
            path.parent.name: pd.read_parquet(path) for path in sorted(run.glob("trials/*/scores.parquet"))
        },
        files=frozenset(list_files(run)),
        noise={path.name: np.load(path) for path in sorted(cache.glob("noise/*/*.npy"))},
        work_s=work_s,
    )


def list_files(folder: Path) -> list[str]:
    """Return the files below a folder, except locks."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    ]


def compare(found: Undisturbed, wanted: Undisturbed) -> None:
    """Check that a disturbed run ends as the undisturbed one: the same numbers, bit for bit, and the same files."""
    pd.testing.assert_frame_equal(found.ranking, wanted.ranking, check_exact=True)
    assert found.scores.keys() == wanted.scores.keys()
    for trial, scores in wanted.scores.items():
        pd.testing.assert_frame_equal(found.scores[trial], scores, check_exact=True)
    assert found.files == wanted.files
    for name, noisy_NHW in found.noise.items():
        assert np.array_equal(noisy_NHW, wanted.noise[name]), f"{name} in the cache is not whole"


def find_leftovers(folder: Path) -> list[Path]:
    """Return the temporary files and folders below a folder."""
    return sorted(folder.rglob(f"{TEMPORARY}*"))


def wait_for_the_end(place: Place) -> list[psutil.Process]:
    """Return the processes of the round that still run after a while. They are ended."""
    deadline_s = time.monotonic() + 60
    while (left := _list_processes(place.cache)) and time.monotonic() < deadline_s:
        time.sleep(0.5)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    return left


def _list_processes(cache: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (
                process.environ().get("LVZOO_CACHE") == str(cache)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found
