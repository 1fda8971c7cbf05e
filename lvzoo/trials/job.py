"""What one job does, in whatever process it runs: train a trial, score it, write both into the run folder.

A trial whose model is trained already is only scored.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lvzoo.device import choose_device, choose_precision, describe
from lvzoo.errors import DataError, LvzooError, PluginError
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.validate import mean_dice
from lvzoo.interfaces import Dataset, Trainer
from lvzoo.models.build import build_model
from lvzoo.noise.apply import open_suite
from lvzoo.noise.corrupt import corrupted_frames
from lvzoo.plugins import raised, resolve
from lvzoo.run import RunFolder, TrialFolder, digest
from lvzoo.train.trainer import LoopTrainer
from lvzoo.trials.digest import network_code, scoring_code
from lvzoo.trials.prepare import NoisePlan, RunData
from lvzoo.trials.scoring import Report, check_frames_are_independent, facts_of, score_conditions, specimens
from lvzoo.types import Condition, Epoch, Event, FrameSet, Job, NoiseSource, Trial
from lvzoo.weights.locate import CARD, WEIGHTS, Located, check_files
from lvzoo.weights.network import read_model, save_model
from lvzoo.weights.trained import TrainedModel

log = logging.getLogger(__name__)
TICK_S = 0.2
"""How often a job tells of its batches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialSettings:
    """All that a process needs to know to do one trial: names and numbers only."""

    trial: Trial
    dataset: str
    data: Path
    test_fingerprint: str
    noise: NoiseSource
    noise_digest: str
    """What the suite does: `lvzoo.noise.probe.suite_digest`."""
    conditions: tuple[Condition, ...]
    scoring_code: str
    """Digest of the code that scores: `lvzoo.trials.digest.scoring_code`."""
    folder: Path
    device: str
    weights: Path | None = None
    """The weights of a model that is trained already, wherever it was; without them, the trial is trained."""
    weights_digest: str = ""
    """Digest of such a model: of its weights, and of the code that its network computes with."""

    @property
    def scores_key(self) -> str:
        """Hash of all that changes the trial's scores."""
        conditions = [dataclasses.astuple(condition) for condition in self.conditions]
        decides = [
            *(self.trial.key, self.test_fingerprint, self.noise_digest, conditions),
            *(self.scoring_code, self.weights_digest),
        ]
        return digest(decides)

    @property
    def model_key(self) -> str:
        """Hash of what the trials of one model share: all that changes their numbers but the seed."""
        return digest([self.trial.model_key, self.scoring_code])

    @property
    def precision(self) -> str:
        """The precision that scores are computed in: training's own, or the device's best for another's model."""
        return self.trial.recipe.precision if self.weights is None else "auto"


def make_job(
    trial: Trial,
    *,
    data: RunData,
    noise: NoisePlan,
    run: RunFolder,
    device: torch.device,
    trained: TrainedModel | None = None,
) -> Job:
    """Return the job of one trial; with a `trained` model, the job only scores it."""
    entry = trial.entry
    settings = TrialSettings(
        trial=trial,
        dataset=data.layout.factory,
        data=data.folder,
        test_fingerprint=data.test.source.fingerprint,
        noise=noise.source,
        noise_digest=noise.digest,
        conditions=noise.conditions,
        scoring_code=scoring_code(),
        folder=run.trial(trial.name).path,
        device=str(device),
        weights=None if trained is None else trained.weights.resolve(),
        weights_digest="" if trained is None else digest([trained.digest, network_code(entry.family)]),
    )
    return Job(name=trial.name, task="lvzoo.trials.job:run_trial", settings=settings)


def run_trial(settings: TrialSettings, report: Report) -> Mapping[str, Any]:
    """Train one trial, unless its model is trained already, and score it; skip what is done; return a summary.

    Raises:
        PluginError: the model's code raised something; says what, where, and how to look for it.
    """
    if is_finished(settings):
        return {"trial": settings.trial.name, "skipped": True}
    entry = settings.trial.entry
    try:
        _run(settings, report)
    except LvzooError:
        raise
    except Exception as error:
        raise PluginError(
            f"{raised(error, entry.family.factory)}; `lvzoo check {entry.name}` looks for what its model does wrong"
        ) from error
    return {"trial": settings.trial.name, "skipped": False}


def _run(settings: TrialSettings, report: Report) -> None:
    folder = TrialFolder(path=settings.folder)
    device = choose_device(settings.device)
    dataset: Dataset = resolve(settings.dataset)(settings.data)
    evaluator = FrameEvaluator(device, choose_precision(device, settings.precision))
    model = _trained(settings, device)
    if model is None:
        _train(settings, dataset, evaluator, device, report)
        model = _read(settings, device)  # what is scored is what others will load
    _test(settings, dataset.load("test"), model, evaluator, folder, report)
    trial = settings.trial
    folder.mark("finished", key=trial.key, model_key=settings.model_key, scores_key=settings.scores_key)


def is_finished(settings: TrialSettings) -> bool:
    """Tell whether a trial has been scored under these very settings, and all that it left is still there."""
    folder = TrialFolder(path=settings.folder)
    if folder.status().get("scores_key") != settings.scores_key:
        return False
    try:
        folder.read_scores()
        folder.read_facts()
        folder.read_specimens()
        if settings.weights is None:
            check_files(folder.path)
    except DataError as error:
        log.warning("%s; what is missing is made again", error)
        return False
    return True


def _trained(settings: TrialSettings, device: torch.device) -> nn.Module | None:
    """Return the trial's trained model; None where it is to be trained, its files being lost or damaged or of old.

    Raises:
        DataError: the weights that were given are damaged.
    """
    entry, folder = settings.trial.entry, TrialFolder(path=settings.folder)
    if settings.weights is not None:
        return _ready(read_model(Located(path=settings.weights, entry=entry, card="its card")), device)
    if folder.status().get("key") != settings.trial.key:
        return None
    try:
        return _read(settings, device)
    except DataError as error:
        log.warning("%s", error)
        return None


def _read(settings: TrialSettings, device: torch.device) -> nn.Module:
    """Return the model as its folder holds it.

    Raises:
        DataError: files are missing or damaged.
    """
    folder = settings.folder
    check_files(folder)
    return _ready(read_model(Located(path=folder / WEIGHTS, entry=settings.trial.entry, card=CARD)), device)


def _ready(model: nn.Module, device: torch.device) -> nn.Module:
    return model.to(device).to(memory_format=torch.channels_last)


def _train(
    settings: TrialSettings, dataset: Dataset, evaluator: FrameEvaluator, device: torch.device, report: Report
) -> None:
    """Fit a new model, or go on from the trial's checkpoint; leave its weights and history in the folder."""
    trial, folder = settings.trial, TrialFolder(path=settings.folder)
    checkpoints = folder.checkpoints(trial.key)
    folder.mark("training")
    trainer: Trainer = resolve(trial.entry.family.trainer)() if trial.entry.family.trainer else LoopTrainer()
    follow = _Follow(trial, report)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        fitted = trainer.fit(
            build_model(trial.entry, seed=trial.seed),
            dataset.load("train"),
            dataset.load("val"),
            trial.recipe,
            trial,
            score=partial(mean_dice, device=device, precision=evaluator.precision),
            device=device,
            checkpoints=checkpoints,
            on_epoch=follow.epoch,
            on_batch=follow.batch,
        )
    folder.write_history(fitted.history)
    computed = describe(device, choose_precision(device, trial.recipe.precision))
    save_model(fitted.model, trial, folder.path, best_epoch=fitted.best_epoch, computed=computed)
    folder.mark("trained", key=trial.key)
    shutil.rmtree(checkpoints)


def _test(
    settings: TrialSettings,
    test: FrameSet,
    model: nn.Module,
    evaluator: FrameEvaluator,
    folder: TrialFolder,
    report: Report,
) -> None:
    """Score the model under every condition, and leave in the folder what a comparison reads."""
    trial, conditions = settings.trial, settings.conditions
    check_frames_are_independent(model, trial, test, device=evaluator.device)
    frames_CNHW = corrupted_frames(test, open_suite(settings.noise), conditions)
    scores = score_conditions(model, trial, test, frames_CNHW, conditions, evaluator=evaluator, report=report)
    kept = specimens(model, scores, test, frames_CNHW, conditions, evaluator=evaluator)
    folder.write_scores(scores)
    folder.write_specimens(list(kept))
    folder.write_facts(facts_of(model, trial, test, evaluator=evaluator))


class _Follow:
    """Turns what a trainer tells into events."""

    def __init__(self, trial: Trial, report: Report) -> None:
        self.trial = trial
        self.report = report
        self.best_dice: float | None = None
        self.told_s = 0.0

    def batch(self, done: int, total: int, loss: torch.Tensor) -> None:
        """Tell of a batch, now and then."""
        if time.monotonic() - self.told_s < TICK_S and done < total:
            return
        self.told_s = time.monotonic()
        dice = "" if self.best_dice is None else f", best Dice {self.best_dice:.3f}"
        self.report(Event(step="training", done=done, total=total, text=f"loss {float(loss):.3f}{dice}"))

    def epoch(self, epoch: Epoch) -> None:
        """Tell of an epoch."""
        self.best_dice = max(epoch.val_dice, self.best_dice or 0.0)
        self.report(Event(step="epoch", done=epoch.epoch, total=self.trial.recipe.epochs, epoch=epoch))
