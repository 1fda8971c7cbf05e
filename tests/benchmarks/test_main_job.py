"""`tests/benchmarks/main_job.py`, small: it names every step, and compares runs."""

from __future__ import annotations

import pytest

from tests.benchmarks.main_job import Cost, compare, main

STEPS = (
    *("imports", "phantom", "decoding", "noise", "start of the trials", "training", "testing"),
    *("ranking and report", "all"),
)


def test_the_ratio_is_that_of_the_rounds() -> None:
    ours = [Cost(wall_s=each, cpu_s=2 * each) for each in (10.0, 20.0, 30.0)]
    others = [Cost(wall_s=each, cpu_s=2 * each) for each in (20.0, 80.0, 90.0)]
    assert compare(ours, others, ("this", "that")).splitlines() == [
        "this: 20.0 s, CPU time 40.0 s",
        "that: 80.0 s, CPU time 160.0 s",
        "ratio of the wall times: 3.00",
    ]


@pytest.mark.slow
def test_every_step_of_a_small_job_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--preset", "smoke"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert tuple(row[0] for row in rows) == STEPS
    assert all(float(row[1].removesuffix(" s")) >= 0 for row in rows)
