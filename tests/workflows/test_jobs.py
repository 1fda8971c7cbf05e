"""Numbers depend neither on how many trials run at once, nor on the process that they run in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import lvzoo
from lvzoo.types import Event

Told = list[tuple[str, Event]]


def run_bench(folder: Path, *, executor: str = "process", jobs: int | None = None) -> Told:
    """Run three entries, and return the events."""
    told: Told = []
    lvzoo.bench(
        "unet-fast,landmark7-fast,coords7",
        preset="smoke",
        corruptions="blur",
        severities=5,
        resamples=100,
        executor=executor,
        jobs=jobs,
        out=folder,
        on_event=lambda trial, event: told.append((trial, event)),
    )
    return told


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run in this process."""
    folder = tmp_path_factory.mktemp("runs") / "inline"
    run_bench(folder, executor="inline")
    return folder


@pytest.mark.parametrize(
    "jobs", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_the_numbers_are_the_same_bit_for_bit(jobs: int, inline: Path, tmp_path: Path) -> None:
    told = run_bench(tmp_path, jobs=jobs)
    assert_same(inline, tmp_path)
    common = [event for trial, event in told if trial == "" and event.step == "trials"]
    assert [(event.done, event.total) for event in common] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    at_once = "1 trial at a time, 1 thread" if jobs == 1 else f"{jobs} trials at once, 1 thread each"
    assert common[0].text == f"{at_once}: --jobs {jobs}"


def assert_same(one: Path, other: Path) -> None:
    for name in ("ranking.csv", "tables/pairs.csv", "tables/response.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    trials = sorted(path.name for path in (one / "trials").iterdir())
    assert len(trials) == 3
    for trial in trials:
        first, second = (pd.read_parquet(run / "trials" / trial / "scores.parquet") for run in (one, other))
        pd.testing.assert_frame_equal(first, second, check_exact=True)
        weights = [load_file(run / "trials" / trial / "model.safetensors") for run in (one, other)]
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0] | weights[1])
