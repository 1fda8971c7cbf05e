"""The data and the noise that a run tests on: opened, decoded and corrupted once, for all trials."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lvzoo.errors import UsageError
from lvzoo.interfaces import Dataset, NoiseSuite
from lvzoo.noise.apply import open_suite
from lvzoo.noise.corrupt import conditions, corrupted_frames
from lvzoo.noise.probe import suite_digest
from lvzoo.phantom.write import cached_phantom
from lvzoo.plugins import resolve
from lvzoo.registry import Zoo
from lvzoo.run import digest
from lvzoo.trials.request import OnEvent, RunRequest
from lvzoo.types import Condition, DatasetSource, Event, FrameSet, NoiseSource, Split

# --- Data -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData:
    """The data of a run: their folder, how it is read, and the splits that were decoded."""

    folder: Path
    layout: DatasetSource
    splits: Mapping[Split, FrameSet]

    @property
    def test(self) -> FrameSet:
        """The test frames."""
        return self.splits["test"]

    @property
    def fingerprint(self) -> str:
        """Digest of the splits' fingerprints, in their order."""
        return digest([frames.source.fingerprint for frames in self.splits.values()])

    def facts(self) -> Mapping[str, Any]:
        """Return what a reader of the run should know of its data; a finding of several splits is named once."""
        findings = {finding: None for frames in self.splits.values() for finding in frames.source.findings}
        return {
            "synthetic": self.test.source.synthetic,
            "reader_dice": self.test.source.reader_dice,
            "data": {
                split: {
                    "frames": len(frames),
                    "patients": len(set(frames.patients)),
                    "fingerprint": frames.source.fingerprint,
                    "version": frames.source.version,
                }
                for split, frames in self.splits.items()
            },
            "findings": [dataclasses.asdict(finding) for finding in findings],
        }


def open_data(
    zoo: Zoo, request: RunRequest, *, phantom_size: str, splits: Sequence[Split], on_event: OnEvent
) -> RunData:
    """Return some splits of the data that were asked for; without data, make the phantom, or find it in the cache.

    Raises:
        DataError: the folder is no data set that lvzoo reads, or its files do not parse.
        UsageError: the phantom has no such size or shift.
    """
    if request.data is None:
        folder = cached_phantom(
            size=phantom_size,
            seed=request.phantom_seed or 0,
            shift=request.shift,
            on_video=lambda done, total: on_event("", Event(step="phantom", done=done, total=total)),
        )
    else:
        folder = Path(request.data)
    layout = zoo.dataset_for(folder)
    folder = folder.resolve()
    dataset: Dataset = resolve(layout.factory)(folder)
    return RunData(folder=folder, layout=layout, splits=_load(dataset, splits, on_event))


def refuse_data_and_phantom(request: RunRequest) -> None:
    """Refuse a request that names a data folder and describes a phantom too.

    Raises:
        UsageError: it does both.
    """
    of_phantom = (request.phantom_size, request.phantom_seed, request.shift)
    if request.data is not None and any(each is not None for each in of_phantom):
        raise UsageError(
            "a data folder and a phantom's size, seed or shift exclude each other; leave one of them out"
        )


def _load(dataset: Dataset, splits: Sequence[Split], on_event: OnEvent) -> Mapping[Split, FrameSet]:
    """Return some splits; the first time, their frames are decoded."""
    loaded: dict[Split, FrameSet] = {}
    for done, split in enumerate(splits):
        on_event("", Event(step="frames", done=done, total=len(splits), text=split))
        loaded[split] = dataset.load(split)
    on_event("", Event(step="frames", done=len(splits), total=len(splits)))
    return loaded


# --- Noise ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisePlan:
    """The noise that models are tested under; `digest` is that of what the suite does."""

    source: NoiseSource
    suite: NoiseSuite
    digest: str
    conditions: tuple[Condition, ...]

    def settings(self) -> Mapping[str, Any]:
        """Return the part of it that decides the numbers of a run."""
        return {
            "suite": self.suite.name,
            "noise": self.digest,
            "conditions": [f"{condition.corruption}:{condition.severity}" for condition in self.conditions],
        }


def plan_noise(zoo: Zoo, request: RunRequest, *, preferred: Sequence[int] = ()) -> NoisePlan:
    """Return the noise that was asked for; without severities, those of the `preferred` that the suite has.

    Raises:
        LvzooError: no suite, corruption or severity is called so.
    """
    source = zoo.noise(request.noise)
    suite = open_suite(source)
    severities = request.severities
    if severities is None:
        severities = [each for each in preferred if each in suite.severities] or None
    chosen = tuple(conditions(suite, request.corruptions, severities))
    return NoisePlan(source=source, suite=suite, digest=suite_digest(suite), conditions=chosen)


def make_noise(test: FrameSet, noise: NoisePlan, on_event: OnEvent) -> None:
    """Make the noisy test frames once for all trials, which find them in the cache."""
    on_event("", Event(step="noise", done=0, total=1))
    corrupted_frames(test, noise.suite, noise.conditions, workers=os.cpu_count() or 1)
    on_event("", Event(step="noise", done=1, total=1))
