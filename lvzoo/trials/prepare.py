"""Prepares the data and the noise of a run: frames are decoded and corrupted once, for all trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lvzoo.arguments import list_paths
from lvzoo.files import warn_of_cache
from lvzoo.interfaces import Dataset
from lvzoo.noise.apply import open_suite, suite_digest
from lvzoo.noise.corrupt import cache_noise, select_conditions
from lvzoo.phantom.write import cached_phantom
from lvzoo.processes import count_workers
from lvzoo.registry import DataReader, Zoo
from lvzoo.registry.data_options import check_layouts_are_used, own_data_options, read_data_options
from lvzoo.run import digest
from lvzoo.trials.request import OnEvent, RunRequest
from lvzoo.types import CLEAN, Condition, DatasetSource, Event, FrameSet, NoiseSource, OptionValue, Split

# --- Data -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class CachedPhantom:
    """What a phantom in the cache is made from. Another machine makes the same phantom of it."""

    size: str
    seed: int
    shift: str | None

    def find(self, on_event: OnEvent) -> Path:
        """Return the phantom's folder. It is made now or found in the cache.

        Raises:
            UsageError: there is no such size or shift.
        """
        return cached_phantom(
            size=self.size,
            seed=self.seed,
            shift=self.shift,
            on_video=lambda done, total: on_event("", Event(step="phantom", done=done, total=total)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData:
    """The data of a run: the folder, its layout and reader, and the decoded splits.

    `options` holds the data options that are not the defaults. `phantom` says what the folder was made from if it is
    a phantom in the cache.
    """

    folder: Path
    layout: DatasetSource
    reader: DataReader
    options: Mapping[str, OptionValue]
    splits: Mapping[Split, FrameSet]
    phantom: CachedPhantom | None = None

    @property
    def test(self) -> FrameSet:
        """The test frames."""
        return self.splits["test"]

    @property
    def fingerprints(self) -> Mapping[Split, str]:
        """The fingerprint of each split."""
        return {split: frames.source.fingerprint for split, frames in self.splits.items()}

    @property
    def fingerprint(self) -> str:
        """Digest of the fingerprints of the splits, in their order."""
        return digest(list(self.fingerprints.values()))

    def facts(self) -> Mapping[str, Any]:
        """Return facts about the data for run.json. A finding that several splits share is named once."""
        findings = {finding: None for frames in self.splits.values() for finding in frames.source.findings}
        return {
            "synthetic": self.test.source.synthetic,
            "reader_dice": self.test.source.reader_dice,
            "data": {
                split: {
                    "frames": len(frames),
                    "patients": len(set(frames.patients)),
                    "fingerprint": frames.source.fingerprint,
                    # of simulated patients only: cards are passed on, and a hash could confirm a guessed name
                    "names": digest_patients(frames.patients) if frames.source.synthetic else "",
                    "version": frames.source.version,
                }
                for split, frames in self.splits.items()
            },
            "findings": [dataclasses.asdict(finding) for finding in findings],
            **({"data_options": dict(self.options)} if self.options else {}),
        }


def digest_patients(patients: Iterable[str]) -> str:
    """Return a hash of patients' names. It does not depend on their order, or on how often a name occurs."""
    return digest(sorted(set(patients)))


def settle_data_options(zoo: Zoo, request: RunRequest) -> RunRequest:
    """Return a request with its data options as the layouts declare them, and without those that are the defaults.

    Raises:
        UsageError: an option or its value is unknown, or belongs to no data set of the request.
        DataError: lvzoo cannot read a folder as a data set.
    """
    if not request.data_options:
        return request
    given = read_data_options(zoo.datasets, request.data_options)
    folders = [*([] if request.data is None else [request.data]), *list_paths(request.also, "also")]
    check_layouts_are_used(given, {zoo.dataset_for(Path(folder)).name for folder in folders})
    return dataclasses.replace(request, data_options=given)


def open_data(
    zoo: Zoo, request: RunRequest, *, phantom_size: str, splits: Sequence[Split], on_event: OnEvent
) -> RunData:
    """Return some splits of the requested data. Without data, use a phantom, made now or found in the cache.

    Raises:
        DataError: lvzoo cannot read the folder as a data set, or a file is damaged.
        UsageError: the phantom has no such size or shift, or a data option is unknown.
    """
    phantom = None
    if request.data is None:
        phantom = CachedPhantom(size=phantom_size, seed=request.phantom_seed or 0, shift=request.shift)
        folder = phantom.find(on_event)
    else:
        folder = Path(request.data)
    layout = zoo.dataset_for(folder)
    folder = folder.resolve()
    given = own_data_options(layout.name, read_data_options(zoo.datasets, request.data_options))
    reader = DataReader.of(layout, given)
    loaded = _load(reader.open(folder), splits, on_event)
    return RunData(folder=folder, layout=layout, reader=reader, options=given, splits=loaded, phantom=phantom)


def _load(dataset: Dataset, splits: Sequence[Split], on_event: OnEvent) -> Mapping[Split, FrameSet]:
    """Load some splits. Their frames are decoded the first time, and cached."""
    loaded: dict[Split, FrameSet] = {}
    for done, split in enumerate(splits):
        on_event("", Event(step="frames", done=done, total=len(splits), text=split))
        loaded[split] = dataset.load(split)
    on_event("", Event(step="frames", done=len(splits), total=len(splits)))
    return loaded


# --- Noise ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisePlan:
    """The noise that models are tested under: names and numbers only, so that they can be sent to another process.

    `suite` is the name of the suite. `digest` changes with its behaviour: `lvzoo.noise.apply.suite_digest`.
    """

    source: NoiseSource
    suite: str
    digest: str
    conditions: tuple[Condition, ...]

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that decide the numbers of a run."""
        return {
            "suite": self.suite,
            "noise": self.digest,
            "conditions": [f"{condition.corruption}:{condition.severity}" for condition in self.conditions],
        }


def plan_noise(zoo: Zoo, request: RunRequest, *, preferred: Sequence[int] = ()) -> NoisePlan:
    """Return the requested noise. Without severities, use those of `preferred` that the suite has.

    Raises:
        LvzooError: the suite, a corruption or a severity is unknown.
    """
    source = zoo.noise(request.noise)
    suite = open_suite(source)
    severities = request.severities
    if severities is None:
        severities = [each for each in preferred if each in suite.severities] or None
    chosen = tuple(select_conditions(suite, request.corruptions, severities))
    return NoisePlan(source=source, suite=suite.name, digest=suite_digest(suite), conditions=chosen)


def make_noise(test: FrameSet, noise: NoisePlan, on_event: OnEvent) -> None:
    """Make the noisy test frames once and cache them for all trials. Without a cache, each trial makes its own."""
    if set(noise.conditions) == {CLEAN}:
        return
    on_event("", Event(step="noise", done=0, total=1))
    try:
        cache_noise(test, open_suite(noise.source), noise.conditions, workers=count_workers())
    except OSError as error:
        warn_of_cache(error)
    on_event("", Event(step="noise", done=1, total=1))
