"""Damaged files of every kind are read or refused: no traceback, no hang, no crash, little memory, no file changed.

    pytest tests/campaign/test_mutants.py -m campaign --mutants 10000 --campaign-seed 1

docs/reliability.md says what came out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.campaign.mutants import Tally, meet_all, share_out
from tests.campaign.subjects import KINDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    play(kind, pytestconfig.getoption("mutants"), pytestconfig.getoption("campaign_seed"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_few_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    play(kind, 100, 0, tmp_path)


def play(kind: str, count: int, seed: int, folder: Path) -> None:
    """Give damaged files of a kind to their readers, and list the faults."""
    tally = Tally()
    for verdict in meet_all(share_out(kind, count), seed=seed, folder=folder):
        tally.add(verdict)
    print(f"{kind}: {dict(tally.states)}, {tally.slowest_s:.1f} s, {tally.peak_bytes / 1e6:.0f} MB")
    assert not tally.faults, "\n\n".join(
        f"{each.subject} {each.number}: {each.file}: {each.state}\n{each.text}" for each in tally.faults
    )
