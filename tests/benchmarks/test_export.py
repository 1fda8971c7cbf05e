"""`tests/benchmarks/export.py`: the ways take turns, and a small run prints one line per model and batch."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.export import main, time_ways


def test_the_ways_take_turns_in_batches() -> None:
    called: list[tuple[str, int]] = []
    ways = [lambda batch: called.append(("a", len(batch))), lambda batch: called.append(("b", len(batch)))]
    times_ms = time_ways(ways, np.zeros((3, 1, 2, 2), dtype=np.float32), batch=2, rounds=1)
    assert called == 2 * [("a", 2), ("a", 1), ("b", 2), ("b", 1)]
    assert all(ms >= 0 for ms in times_ms)


@pytest.mark.slow
def test_a_small_run_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rounds", "1", "--phantom-size", "smoke"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [(row[0], row[1]) for row in rows] == [
        ("`unet-fast`", "1"),
        ("`unet-fast`", "16"),
        ("`landmark7-fast`", "1"),
        ("`landmark7-fast`", "16"),
    ]
