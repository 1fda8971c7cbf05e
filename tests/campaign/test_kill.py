"""Kills and disturbs a smoke benchmark; the repeated command gives the same numbers, and leaves nothing else.

    pytest tests/campaign/test_kill.py -m campaign --rounds 300 --campaign-seed 1

docs/reliability.md says what came out.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lvzoo.data import frames
from tests.campaign import rounds
from tests.campaign.rounds import DISTURBANCES, Place, Undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = (0, 2, 6)
"""The rounds that CI runs: a parent is killed, all are killed, the cache is deleted."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts and kills as Linux does")


@pytest.fixture(scope="module")
def prepared() -> Iterator[tuple[Path, Undisturbed]]:
    """A folder with an undisturbed run, its cache and the plugin, and what the run holds. All users may read it."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-"))
    folder.chmod(0o755)
    try:
        rounds.write_site(folder / "site")
        (folder / "disk").mkdir()
        place = Place(folder=folder, rng=random.Random(0), work_s=0.0)  # noqa: S311 - no secret
        place.finish()  # makes the phantom
        shutil.rmtree(place.run)
        begun_s = time.monotonic()
        place.finish()
        yield folder, rounds.read_result(place.run, place.cache, work_s=time.monotonic() - begun_s)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def place(prepared: tuple[Path, Undisturbed]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="round-", dir=prepared[0].parent))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "campaign_round" in metafunc.fixturenames:
        metafunc.parametrize("campaign_round", range(metafunc.config.getoption("rounds")))


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_round(
    campaign_round: int, prepared: tuple[Path, Undisturbed], place: Path, pytestconfig: pytest.Config
) -> None:
    play(campaign_round, pytestconfig.getoption("campaign_seed"), prepared, place)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("few", FEW)
def test_a_few_rounds(few: int, prepared: tuple[Path, Undisturbed], place: Path) -> None:
    play(few, 0, prepared, place)


def play(number: int, seed: int, prepared: tuple[Path, Undisturbed], folder: Path) -> None:
    """Play one round, and compare what it leaves with the undisturbed run."""
    base, undisturbed = prepared
    disturb = DISTURBANCES[number % len(DISTURBANCES)]
    if disturb is rounds.fill_disk and os.geteuid() != 0:
        pytest.skip("only root makes a small disk")
    rng = random.Random(f"{seed}-{number}")  # noqa: S311 - no secret
    place = Place(folder=folder, rng=rng, work_s=undisturbed.work_s)
    shutil.copytree(base / "site", folder / "site")
    place.run.parent.mkdir()
    if rng.random() < 0.6:  # otherwise, the cache is empty, so that making it is disturbed
        shutil.copytree(base / "disk/cache", place.cache)
    print(f"round {number}: {disturb.__name__}")
    disturb(place)
    disk = folder / "kept"
    if not disk.exists():
        place.finish()
        disk = place.run.parent
    print("\n".join(place.told))
    assert not rounds.wait_for_the_end(place), "no process stays"
    assert not rounds.find_leftovers(disk), "no temporary file stays"
    rounds.compare(rounds.read_result(disk / "run", disk / "cache"), undisturbed)
    for path in (disk / "cache/frames").glob("*.npz"):
        frames._load(path)
