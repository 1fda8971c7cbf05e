"""Does one step of a benchmark on a data set, in a process of its own, and prints what it took as JSON.

    python -m tests.benchmarks.scale_step STEP FOLDER '{"option": 1}'

The memory is the peak of the whole process, interpreter and libraries included. A part of it may be pages of mapped
files, which the system drops when memory is short and keeps once for all processes. What remains is `own`.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

SAMPLE_S: Final = 0.05
MB: Final = 1e6


class OwnMemory(threading.Thread):
    """Looks at this process's own memory again and again, and keeps the highest value. Linux only."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.done = threading.Event()

    def run(self) -> None:
        """Look until `done` is set."""
        while not self.done.wait(SAMPLE_S):
            self.look()

    def look(self) -> None:
        """Look once. Without /proc, the peak stays 0."""
        status = Path("/proc/self/status")
        lines = status.read_text().splitlines() if status.exists() else []
        found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")]
        self.peak_bytes = max(self.peak_bytes, *found, 0)


def main() -> None:
    """Do the step that the command line names."""
    name, folder, options = sys.argv[1:]
    work, memory = STEPS[name](Path(folder), **json.loads(options)), OwnMemory()
    memory.start()
    wall, cpu = time.perf_counter(), time.process_time()
    facts = dict(work())
    facts = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, **facts}
    memory.look()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    sys.stdout.write(
        json.dumps({**facts, "peak_mb": peak_bytes / MB, "own_mb": memory.peak_bytes / MB}) + "\n"
    )


Work = Callable[[], Mapping[str, Any]]
"""Does the step and returns facts about it. What was done before is not measured."""


def read(folder: Path) -> Work:
    """Read all three splits, as a run does; the first time, their videos are decoded."""
    from lvzoo.data.echonet import EchoNetDynamic
    from lvzoo.types import SPLITS

    def work() -> Mapping[str, Any]:
        frames = [EchoNetDynamic(folder).load(split) for split in SPLITS]
        return {"frames": sum(map(len, frames))}

    return work


def train(folder: Path, *, steps: int) -> Work:
    """Train unet-fast for one epoch or, if it is longer, for some steps of it. The validation is left out."""
    import torch

    from lvzoo.data.echonet import EchoNetDynamic
    from lvzoo.device import limit_threads
    from lvzoo.models.build import build_model
    from lvzoo.registry import open_zoo
    from lvzoo.train.trainer import LoopTrainer
    from lvzoo.types import Recipe, Trial

    class EnoughError(Exception):
        """So many steps are enough."""

    limit_threads(1)
    frames, recipe, entry = (
        EchoNetDynamic(folder).load("train"),
        Recipe(epochs=1),
        open_zoo().select_one("unet-fast"),
    )
    trial = Trial(entry=entry, data="", seed=0, recipe=recipe)
    done: list[int] = []

    def on_batch(step: int, of: int, _loss: torch.Tensor) -> None:
        done[:] = [step, of]
        if step == steps:
            raise EnoughError

    def work() -> Mapping[str, Any]:
        with suppress(EnoughError):
            LoopTrainer().fit(
                build_model(entry, seed=0),
                *(frames, frames, recipe, trial),
                score=lambda *_: 0.0,
                device=torch.device("cpu"),
                checkpoints=folder / "checkpoints",
                on_epoch=lambda _: None,
                on_batch=on_batch,
            )
        return {"steps": done[0], "of": done[1]}

    return work


def make_noise(folder: Path, *, most: int) -> Work:
    """Make the test frames under the middle severity of each corruption; at most `most` noisy frames."""
    from lvzoo.data.echonet import EchoNetDynamic
    from lvzoo.noise.corrupt import cache_noise, select_conditions
    from lvzoo.noise.suite import NoiseV1

    suite = NoiseV1()
    conditions = select_conditions(suite, None, 3)[1:]
    test = EchoNetDynamic(folder).load("test")
    some = test.take(range(min(len(test), max(1, most // len(conditions)))))

    def work() -> Mapping[str, Any]:
        cache_noise(some, suite, conditions)
        return {"noisy": len(some) * len(conditions), "of": len(test) * 65}

    return work


def evaluate(folder: Path, *, most: int) -> Work:
    """Score an untrained unet-fast on clean test frames as often as there are conditions; at most `most` frames."""
    import torch

    from lvzoo.data.echonet import EchoNetDynamic
    from lvzoo.device import limit_threads
    from lvzoo.evaluate.evaluator import FrameEvaluator
    from lvzoo.models.build import build_model
    from lvzoo.registry import open_zoo
    from lvzoo.trials.volumes import measure_predictions
    from lvzoo.types import CLEAN

    limit_threads(1)
    test, model = EchoNetDynamic(folder).load("test"), build_model(open_zoo().select_one("unet-fast"), seed=0)
    some, times = (test.take(range(most)), 1) if len(test) > most else (test, min(66, most // len(test)))

    def work() -> Mapping[str, Any]:
        evaluator = FrameEvaluator(torch.device("cpu"), torch.float32, measure_predictions)
        for _ in range(times):
            evaluator.score(model, some, CLEAN)
        return {"scored": len(some) * times, "of": len(test) * 66}

    return work


def rank(folder: Path) -> Work:
    """Rank a finished run and write its report, as `lvzoo report` does."""
    from lvzoo.workflows.compare import compare

    def work() -> Mapping[str, Any]:
        study = compare(folder, frames=False).study
        assert study is not None
        models, seeds = len(study.ranking.table), int(study.ranking.table["seeds"].max())
        scores = models * seeds * study.ranking.frames * 66
        return {"models": models, "seeds": seeds, "scores": scores, "patients": study.ranking.patients}

    return work


STEPS: Final[Mapping[str, Callable[..., Work]]] = {
    "read": read,
    "train": train,
    "noise": make_noise,
    "evaluate": evaluate,
    "rank": rank,
}

if __name__ == "__main__":
    main()
