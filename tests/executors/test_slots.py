"""How many jobs run at once, and which GPU each of them sees."""

from __future__ import annotations

import pytest
import torch

from lvzoo.errors import UsageError
from lvzoo.executors import ProcessExecutor, choose_executor
from lvzoo.executors.slots import SlotPlan, describe_slots, plan_slots
from tests.executors.toy_jobs import run


def give_gpus(count: int, monkeypatch: pytest.MonkeyPatch, *, visible: str | None = None) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


def see_gpus(*, device: str = "auto", per_gpu: int = 1, jobs: int | None = None) -> list[str | None]:
    plan = plan_slots(jobs=jobs, per_gpu=per_gpu, threads=1, device=device)
    return [slot.get("CUDA_VISIBLE_DEVICES") for slot in plan.slots]


@pytest.fixture(autouse=True)
def _five_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.executors.slots.count_processors", lambda: 5)


def test_without_a_gpu_there_is_a_job_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(0, monkeypatch)
    assert see_gpus() == see_gpus(device="cpu") == [None] * 5
    assert see_gpus(jobs=3) == [None] * 3
    assert see_gpus(jobs=8) == [None] * 8


def test_jobs_of_several_threads_share_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(0, monkeypatch)
    for threads, count in ((2, 2), (5, 1), (8, 1)):
        assert len(plan_slots(jobs=None, per_gpu=1, threads=threads, device="cpu").slots) == count


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_each_gpu_has_a_job(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(3, monkeypatch)
    assert see_gpus(device=device) == ["0", "1", "2"]
    assert sorted(map(str, see_gpus(device=device, per_gpu=2))) == ["0", "0", "1", "1", "2", "2"]
    assert see_gpus(device=device, jobs=2) == ["0", "1"]
    assert see_gpus(device=device, jobs=4) == ["0", "1", "2", "0"]
    assert see_gpus(device="cpu") == [None] * 5


@pytest.mark.parametrize(
    ("visible", "seen", "expected"),
    [
        ("2, 5", 2, ["2", "5"]),
        ("GPU-8932f937,GPU-46681a3b", 2, ["GPU-8932f937", "GPU-46681a3b"]),
        ("1,3,99,4", 2, ["1", "3"]),  # CUDA stops at a GPU that does not exist
    ],
)
def test_the_gpus_that_the_user_chose_are_used(
    visible: str, seen: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give_gpus(seen, monkeypatch, visible=visible)
    assert see_gpus() == expected


def test_a_gpu_of_its_own_needs_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(1, monkeypatch)
    assert see_gpus() == [None]
    assert see_gpus(per_gpu=2) == [None, None]
    give_gpus(4, monkeypatch)
    assert see_gpus(device="cuda:1") == [None], "the job's own settings name the GPU"
    assert see_gpus(device="cuda:1", per_gpu=3) == [None] * 3
    give_gpus(0, monkeypatch, visible="-1")
    assert see_gpus() == [None] * 5


def test_the_children_see_their_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(2, monkeypatch, visible="GPU-a,GPU-b")
    names = ("shows", ["CUDA_VISIBLE_DEVICES"])
    ran = run(ProcessExecutor(device="auto"), names, names)
    assert sorted(each["CUDA_VISIBLE_DEVICES"] for each in ran.summaries.values()) == ["GPU-a", "GPU-b"]


def test_a_line_says_how_many_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(2, monkeypatch)
    process = choose_executor("process", per_gpu=2, device="cuda")
    assert process.describe(9) == "4 trials at once, 1 thread each: 2 GPUs"
    assert process.describe(3) == "3 trials at once, 1 thread each: 2 GPUs"
    assert process.describe(1) == "1 trial, 1 thread"
    assert (
        choose_executor("process", threads=2).describe(9) == "2 trials at once, 2 threads each: 5 processors"
    )
    assert choose_executor("process", jobs=3).describe(9) == "3 trials at once, 1 thread each: --jobs 3"
    alone = SlotPlan(slots=[{}], reason="1 processor")
    assert describe_slots(alone, jobs=4, threads=1) == "1 trial at a time, 1 thread: 1 processor"
    assert choose_executor("inline").describe(2) == "1 trial at a time, in this process"


def test_one_process_runs_one_job_at_a_time() -> None:
    with pytest.raises(UsageError, match=r"--executor inline .* runs one trial at a time; leave out --jobs"):
        choose_executor("inline", jobs=2)
