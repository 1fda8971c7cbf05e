"""What every run does, whatever it is for: open its data, make the noisy frames, perform its jobs."""

from __future__ import annotations

import dataclasses
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import pluggy

from lvzoo.data.phantom.write import cached_phantom
from lvzoo.errors import UsageError
from lvzoo.interfaces import Dataset, Executor
from lvzoo.jobs import is_finished
from lvzoo.noise.corrupt import NO_NOISE, corrupted_frames
from lvzoo.plan import NoisePlan
from lvzoo.plugins import hook_manager
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder
from lvzoo.types import DatasetSource, Event, FrameSet, Job, Split
from lvzoo.weights.card import control_characters

OnEvent = Callable[[str, Event], None]
RUNS: Final = Path("runs")
"""Where runs lie that are not told another place."""
log = logging.getLogger(__name__)


def unheard(name: str, event: Event) -> None:
    """Take an event to nobody."""


def command_line(command: str, *words: str | Path, out: str | Path | None = None, **options: object) -> str:
    """Return the command that does the same as a call; of paths the last part, since others have it elsewhere.

    A run that was given a place (`out`) is written to lie among the other runs.

    >>> command_line("train", "unet", data=Path("/home/me/EchoNet"), seed=0, phantom_size=None)
    'lvzoo train unet --data EchoNet --seed 0'
    >>> command_line("bench", plugins=["unet", "landmark7"], corruptions=())
    'lvzoo bench --plugins unet,landmark7 --corruptions none'
    >>> command_line("train", "unet", out="/home/me/first")
    'lvzoo train unet --out runs/first'
    """
    line = ["lvzoo", command, *map(_word, words)]
    for name, value in options.items():
        if value is None:
            continue
        values = value if name == "registry" and isinstance(value, Sequence) else [value]
        line.extend(word for each in values for word in (f"--{name.replace('_', '-')}", _word(each)))
    if out is not None:
        line += ["--out", f"{RUNS}/{_word(Path(out))}"]
    return shlex.join(line)


def open_data(
    zoo: Zoo,
    data: str | Path | None,
    *,
    phantom_size: str,
    phantom_seed: int,
    shift: str | None = None,
    on_event: OnEvent,
) -> tuple[Path, DatasetSource]:
    """Return the data folder and how it is read; without one, make (or find) the phantom."""
    if data is not None:
        return Path(data).resolve(), zoo.dataset_for(Path(data))
    folder = cached_phantom(
        size=phantom_size,
        seed=phantom_seed,
        shift=shift,
        on_video=lambda done, total: on_event("", Event(step="phantom", done=done, total=total)),
    )
    return folder, zoo.dataset_for(folder)


def refuse_both(data: str | Path | None, *of_phantom: object) -> None:
    """Refuse data of one's own together with anything that is said of a phantom.

    Raises:
        UsageError: both are given.
    """
    if data is not None and any(each is not None for each in of_phantom):
        raise UsageError(
            "a phantom's size, seed or shift and data of one's own exclude each other; leave one out"
        )


def load_splits(dataset: Dataset, splits: Sequence[Split], on_event: OnEvent) -> Mapping[Split, FrameSet]:
    """Return some splits; the first time, their frames are decoded."""
    loaded: dict[Split, FrameSet] = {}
    for done, split in enumerate(splits):
        on_event("", Event(step="frames", done=done, total=len(splits), text=split))
        loaded[split] = dataset.load(split)
    on_event("", Event(step="frames", done=len(splits), total=len(splits)))
    return loaded


def make_noise(test: FrameSet, noise: NoisePlan, on_event: OnEvent) -> None:
    """Make the noisy test frames, once for all trials: they find them in the cache."""
    on_event("", Event(step="noise", done=0, total=1))
    corrupted_frames(test, noise.suite, noise.conditions, workers=os.cpu_count() or 1)
    on_event("", Event(step="noise", done=1, total=1))


def data_facts(splits: Mapping[Split, FrameSet]) -> Mapping[str, Any]:
    """Return what a reader of the run should know of its data.

    Each finding is named once, whatever splits it touches.
    """
    findings = {finding: None for frames in splits.values() for finding in frames.source.findings}
    return {
        "synthetic": splits["test"].source.synthetic,
        "reader_dice": splits["test"].source.reader_dice,
        "data": {
            split: {
                "frames": len(frames),
                "patients": len(set(frames.patients)),
                "fingerprint": frames.source.fingerprint,
                "version": frames.source.version,
            }
            for split, frames in splits.items()
        },
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def perform(
    jobs: Sequence[Job],
    run: RunFolder,
    executor: Executor,
    zoo: Zoo,
    on_event: OnEvent,
    listeners: Sequence[object],
) -> None:
    """Run the jobs that are not done and notify who listens; one that fails is recorded, and the others go on."""
    hooks = hook_manager(zoo.plugins)
    for listener in listeners:
        hooks.register(listener)

    def hear(job: Job, event: Event) -> None:
        on_event(job.name, event)
        if event.epoch is not None:
            _notify(
                hooks,
                "lvzoo_epoch_finished",
                trial=job.settings.trial,
                epoch=event.epoch.epoch,
                train_loss=event.epoch.train_loss,
                val_dice=event.epoch.val_dice,
            )

    to_do = [job for job in jobs if not is_finished(job.settings)]
    for result in executor.run(to_do, on_event=hear):
        if result.error is not None:
            run.record_failure(result.job.name, result)
        elif not result.summary["skipped"]:
            scores = run.trial(result.job.name).read_scores()
            _notify(hooks, "lvzoo_trial_finished", trial=result.job.settings.trial, scores=scores)


def _notify(manager: pluggy.PluginManager, name: str, **facts: object) -> None:
    """Call a notification hook, listener by listener: one that raises costs neither the run nor the others."""
    listeners = manager.get_plugins()
    for listener in listeners:
        try:
            with redirect_stdout(sys.stderr):  # stdout is data
                manager.subset_hook_caller(name, listeners - {listener})(**facts)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            who = manager.get_name(listener)
            log.warning("%s of %s raised %s: %s", name, who, type(error).__name__, error)


def _word(value: object) -> str:
    """Return a value as a word of a command line; in a folder's name, ? stands for what does not print."""
    if isinstance(value, Path):
        return "".join("?" if control_characters(each) else each for each in value.resolve().name)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value)) or NO_NOISE
    return str(value)
