"""`gpu.py` runs small on the CPU, keeps to its time, and finds a training that differs."""

from __future__ import annotations

import dataclasses
import time

import pytest
import torch

from tests.benchmarks import gpu
from tests.benchmarks.gpu_equal import CPU, Course, SameDraws, compare, follow, list_differences
from tests.benchmarks.gpu_plan import NO_TIME, SMALL, Clock, Row
from tests.benchmarks.gpu_speed import count_flops

SECONDS = 280.0


def read_table(printed: str) -> dict[str, str]:
    """Return the figures of a printed table by what they measure."""
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    return {line[0]: line[1] for line in lines[1:]}


def test_the_benchmark_runs_small_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--device", "cpu", "--small", "--seconds", str(SECONDS)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(gpu.NO_GPU)
    assert f"torch {torch.__version__.partition('+')[0]}" in printed
    figures = read_table(printed)
    for what in (
        *(
            "augmentation with all corruptions",
            "`unet-fast`, float32: first loss",
            "`landmark7-fast`, float32: Dice",
        ),
        *("peak", "G1: `unet-fast`", "training of `unet-fast`", "masks of `unet-fast` and all scores"),
        *(
            "noise sweep of `unet-fast`",
            "noise-v1 of 2,552 frames",
            "1 training",
            "2 trainings beside each other",
        ),
    ):
        found = [figure for name, figure in figures.items() if name.startswith(what)]
        assert found, what
        assert NO_TIME not in found, what


def test_the_benchmark_keeps_to_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Without time, trainings are not measured; what is left is short."""
    start_s = time.process_time()
    assert gpu.main(["--device", "cpu", "--seconds", "0"]) == 0
    assert time.process_time() - start_s < 20
    figures = read_table(capsys.readouterr().out)
    assert sum(figure == NO_TIME for figure in figures.values()) >= 6


def test_a_training_on_the_cpu_equals_itself() -> None:
    rows = list(compare(CPU, dataclasses.replace(SMALL, equal=("unet-fast",)), Clock(seconds=SECONDS)))
    assert len(rows) == 5
    assert not any(row.fails for row in rows)
    assert {row.figure for row in rows[:4]} == {"0.0e+00", "0.0e+00 of it"}


def test_another_training_is_found() -> None:
    size, clock = SMALL, Clock(seconds=SECONDS)
    here = follow("unet-fast", size, clock, CPU)
    assert here is not None
    tripled = dataclasses.replace(here, losses=tuple(3 * loss for loss in here.losses))
    assert fails(tripled, here) == 2
    assert fails(dataclasses.replace(here, last_loss=float("nan")), here) == 1
    assert fails(dataclasses.replace(here, dice=here.dice + 0.2), here) == 1
    assert fails(here, here) == 0


def fails(there: Course, here: Course) -> int:
    return sum(row.fails for row in list_differences("unet-fast", there, here))


def test_all_devices_draw_the_same_numbers() -> None:
    """A generator of another seed stands for that of another device."""
    drawn = []
    for seed in (1, 2):
        with SameDraws():
            draw = torch.Generator().manual_seed(seed)
            drawn.append(torch.rand(3, generator=draw, device=draw.device))
    assert torch.equal(*drawn)


def test_the_exit_code_says_that_a_training_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    different = Row(what="first loss", figure="1", fails=True)
    monkeypatch.setattr(gpu, "PARTS", (("equal", lambda *_: iter([different])),))
    assert gpu.main(["--device", "cpu"]) == 1


def test_a_training_frame_of_the_study_takes_55_gflop() -> None:
    assert count_flops("unet-64") / 1e9 == pytest.approx(55.2, abs=0.1)


@pytest.mark.gpu
def test_the_benchmark_on_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--device", "cuda"]) == 0
    assert NO_TIME not in capsys.readouterr().out
