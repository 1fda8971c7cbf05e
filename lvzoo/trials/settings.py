"""The settings of one trial, as a job carries them to the process or the machine that does the trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lvzoo.registry import DataReader
from lvzoo.run import TrialFolder
from lvzoo.run.trial import STATUS
from lvzoo.trials.moving import check_data, find_data, list_packages
from lvzoo.trials.prepare import CachedPhantom, NoisePlan
from lvzoo.trials.results import make_scores_key
from lvzoo.types import Event, Split, Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialSettings:
    """The settings of one trial: names and numbers only, so that they can be sent to another process."""

    trial: Trial
    reader: DataReader
    data: Path
    phantom: CachedPhantom | None
    """What the data are made from, if they are a phantom in the cache."""
    fingerprints: Mapping[Split, str]
    """The fingerprint of each split that the run uses."""
    noise: NoisePlan
    scoring_code: str
    """Digest of the code that scores: `lvzoo.trials.digest.scoring_code`."""
    folder: TrialFolder
    device: str
    threads: int = 1
    """The number of threads on the CPU."""
    weights: Path | None = None
    """The weights of a model that was trained before. Without them, the trial is trained."""
    weights_digest: str = ""
    """Digest of such weights, and of the code that their network computes with."""

    @property
    def test_fingerprint(self) -> str:
        """The fingerprint of the test frames."""
        return self.fingerprints["test"]

    @property
    def scores_key(self) -> str:
        """Hash of everything that changes the trial's scores."""
        return make_scores_key(
            self.trial,
            test_fingerprint=self.test_fingerprint,
            noise_digest=self.noise.digest,
            conditions=self.noise.conditions,
            scoring_code=self.scoring_code,
            weights_digest=self.weights_digest,
        )

    @property
    def precision(self) -> str:
        """The precision of scoring: the recipe's, or the device's best for a model that was trained before."""
        return self.trial.recipe.precision if self.weights is None else "auto"

    # what lvzoo.executors.movable asks for, so that another machine can do the trial

    @property
    def output(self) -> Path:
        """The folder of the trial."""
        return self.folder.path

    @property
    def status(self) -> Path:
        """The file that says what is done."""
        return self.folder.path / STATUS

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The weights of a model that was trained before."""
        return () if self.weights is None else (self.weights,)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose code decides the numbers: those of the model, its trainer, the data and the noise."""
        family = self.trial.entry.family
        return list_packages((family.factory, family.trainer, self.reader.factory, self.noise.source.factory))

    def relocate(self, *, output: Path, inputs: Sequence[Path]) -> TrialSettings:
        """Return the settings with other places for the trial's folder and the weights."""
        return replace(self, folder=TrialFolder(path=output), weights=inputs[0] if inputs else None)

    def check_data(self) -> None:
        """Raise DataError if the data neither lie on this machine nor can be made here."""
        check_data(self.data, self.phantom, self.reader)

    def find_data(self, report: Callable[[Event], None]) -> TrialSettings:
        """Return the settings with the place of the data on this machine. Make them and their noise if necessary."""
        data = find_data(
            *(self.data, self.phantom, self.reader),
            fingerprints=self.fingerprints,
            noise=self.noise,
            report=report,
        )
        return replace(self, data=data)
