"""Does one trial: trains it, scores it, and writes both into the run folder.

A job runs in any process. A trial whose model was trained before is only scored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from lvzoo.device import choose_device, choose_precision, describe, limit_threads
from lvzoo.errors import DataError, LvzooError, PluginError, is_out_of_memory, make_memory_error
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.validate import mean_dice
from lvzoo.interfaces import Dataset, Trainer
from lvzoo.models.build import build_model
from lvzoo.noise.apply import open_suite
from lvzoo.noise.corrupt import corrupt_frames
from lvzoo.plugins import explain_plugin_error, resolve
from lvzoo.run import RunFolder, TrialFolder, digest
from lvzoo.temporary import remove_leftovers
from lvzoo.train.trainer import LoopTrainer
from lvzoo.trials.digest import network_code, scoring_code
from lvzoo.trials.labels import add_labels
from lvzoo.trials.prepare import NoisePlan, RunData
from lvzoo.trials.results import has_results
from lvzoo.trials.scoring import (
    Report,
    check_frames_are_independent,
    measure_facts,
    predict_specimens,
    score_conditions,
)
from lvzoo.trials.settings import TrialSettings
from lvzoo.trials.volumes import measure_predictions
from lvzoo.types import Epoch, Event, FrameSet, Job, Trial
from lvzoo.weights.locate import WEIGHTS, Located, check_files
from lvzoo.weights.network import read_model, save_model
from lvzoo.weights.trained import TrainedModel

log = logging.getLogger(__name__)
TICK_S = 0.2
"""The least time between two events of batches."""


def make_job(
    trial: Trial,
    *,
    data: RunData,
    noise: NoisePlan,
    run: RunFolder,
    device: torch.device,
    threads: int = 1,
    trained: TrainedModel | None = None,
) -> Job:
    """Return the job of one trial. A `trained` model is only scored."""
    entry = trial.entry
    settings = TrialSettings(
        trial=trial,
        reader=data.reader,
        data=data.folder,
        phantom=data.phantom,
        fingerprints=data.fingerprints,
        noise=noise,
        scoring_code=scoring_code(),
        folder=run.trial(trial.name),
        device=str(device),
        threads=threads,
        weights=None if trained is None else trained.weights.resolve(),
        weights_digest="" if trained is None else digest([trained.digest, network_code(entry.family)]),
    )
    return Job(name=trial.name, task="lvzoo.trials.job:run_trial", settings=settings)


def run_trial(settings: TrialSettings, report: Report) -> Mapping[str, Any]:
    """Train a trial, unless its model was trained before, and score it. Return whether it was skipped as finished.

    If another process does the same trial, wait for it.

    Raises:
        PluginError: the model's code raised an exception.
        DataError: memory ran out, the test frames have changed, or the run folder cannot be written.
    """
    with hold_trial(settings.folder, report):
        if is_finished(settings):
            return {"trial": settings.trial.name, "skipped": True}
        _run_or_explain(settings, report)
    return {"trial": settings.trial.name, "skipped": False}


@contextmanager
def hold_trial(folder: TrialFolder, report: Report) -> Iterator[None]:
    """Hold the lock of a trial. While another process holds it, report an event now and then."""
    waiting = Event(step="waiting", done=0, total=1)
    told: list[str] = []

    def tell(advice: str) -> None:
        told.append(advice)
        report(replace(waiting, text=advice))

    with folder.lock.hold(tell):
        if told:
            report(replace(waiting, done=1))
        yield


def _run_or_explain(settings: TrialSettings, report: Report) -> None:
    """Train and score a trial. An exception of the model's code, or for want of memory, gets an explanation."""
    entry = settings.trial.entry
    try:
        with limit_threads(settings.threads):
            _run(settings, report)
    except LvzooError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            on_gpu = choose_device(settings.device).type == "cuda"
            what = f"trial {settings.trial.name} in batches of {settings.trial.recipe.batch_size} frames"
            options = "--batch-size, --per-gpu" if on_gpu else "--batch-size"
            raise make_memory_error(f"{what} ({options})", on_gpu=on_gpu) from error
        raise PluginError(
            f"{explain_plugin_error(error, entry.family.factory)}; `lvzoo check {entry.name}` tests its model"
        ) from error


def _run(settings: TrialSettings, report: Report) -> None:
    remove_leftovers(settings.folder.path)
    device = choose_device(settings.device)
    dataset = settings.reader.open(settings.data)
    evaluator = FrameEvaluator(device, choose_precision(device, settings.precision), measure_predictions)
    model = _read_trained(settings, device)
    if model is None:
        _train(settings, dataset, evaluator, report)
        model = _read_own(settings, device)  # score the weights as other programs will load them
    else:
        settings.folder.mark("trained", key=settings.trial.key)  # the scores that it may have count no longer
    settings.folder.remove_checkpoints()
    test = dataset.load("test")
    if test.source.fingerprint != settings.test_fingerprint:
        raise DataError(
            f"{settings.data}: its test frames have changed since the run began; repeat the command"
        )
    _test(settings, test, model, evaluator, report)
    trial = settings.trial
    settings.folder.mark(
        "finished",
        key=trial.key,
        model_key=trial.model_key,
        scores_key=settings.scores_key,
        scoring_code=settings.scoring_code,
    )


def is_finished(settings: TrialSettings) -> bool:
    """Return whether a trial was scored under these settings and its files can still be read."""
    return has_results(settings.folder, settings.scores_key, has_weights=settings.weights is None)


def _read_trained(settings: TrialSettings, device: torch.device) -> nn.Module | None:
    """Return the trial's trained model, or None if it must be trained: its files are missing, damaged or outdated.

    Raises:
        DataError: the weights of a model that was trained before are damaged.
    """
    if settings.weights is not None:
        return _read(Located(path=settings.weights, entry=settings.trial.entry), device)
    if settings.folder.status().get("key") != settings.trial.key:
        return None
    try:
        return _read_own(settings, device)
    except DataError as error:
        log.warning("%s", error)
        return None


def _read_own(settings: TrialSettings, device: torch.device) -> nn.Module:
    """Return the model from the trial's folder; DataError if files are missing or damaged."""
    folder = settings.folder.path
    check_files(folder)
    return _read(Located(path=folder / WEIGHTS, entry=settings.trial.entry, trial=folder), device)


def _read(found: Located, device: torch.device) -> nn.Module:
    return read_model(found).to(device).to(memory_format=torch.channels_last)


def _train(settings: TrialSettings, dataset: Dataset, evaluator: FrameEvaluator, report: Report) -> None:
    """Train a new model, or resume from the trial's checkpoint. Write its weights and history into the folder."""
    trial, folder, device = settings.trial, settings.folder, evaluator.device
    checkpoints = folder.checkpoints(trial.key)
    folder.mark("training")
    trainer: Trainer = resolve(trial.entry.family.trainer)() if trial.entry.family.trainer else LoopTrainer()
    reporter = _Reporter(trial, report)
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
            on_epoch=reporter.report_epoch,
            on_batch=reporter.report_batch,
        )
    folder.write_history(fitted.history)
    computed = describe(device, choose_precision(device, trial.recipe.precision))
    save_model(fitted.model, trial, folder.path, best_epoch=fitted.best_epoch, computed=computed)
    folder.mark("trained", key=trial.key)


def _test(
    settings: TrialSettings,
    test: FrameSet,
    model: nn.Module,
    evaluator: FrameEvaluator,
    report: Report,
) -> None:
    """Score the model under every condition, and write the files that a comparison reads."""
    trial, conditions, folder = settings.trial, settings.noise.conditions, settings.folder
    check_frames_are_independent(model, trial, test, device=evaluator.device)
    frames_CNHW = corrupt_frames(test, open_suite(settings.noise.source), conditions)
    scores = score_conditions(model, trial, test, frames_CNHW, conditions, evaluator=evaluator, report=report)
    specimens = predict_specimens(model, scores, test, frames_CNHW, conditions, evaluator=evaluator)
    folder.write_scores(add_labels(scores, test))
    folder.write_specimens(list(specimens))
    folder.write_facts(measure_facts(model, trial, test, evaluator=evaluator))


class _Reporter:
    """Reports the batches and epochs of a training as events."""

    def __init__(self, trial: Trial, report: Report) -> None:
        self.trial = trial
        self.report = report
        self.best_dice: float | None = None
        self.reported_s = 0.0

    def report_batch(self, done: int, total: int, loss: torch.Tensor) -> None:
        """Report a batch, at most every TICK_S seconds: reading the loss waits for the device."""
        if time.monotonic() - self.reported_s < TICK_S and done < total:
            return
        self.reported_s = time.monotonic()
        dice = "" if self.best_dice is None else f", best Dice {self.best_dice:.3f}"
        self.report(Event(step="training", done=done, total=total, text=f"loss {float(loss):.3f}{dice}"))

    def report_epoch(self, epoch: Epoch) -> None:
        """Report an epoch."""
        self.best_dice = max(epoch.val_dice, self.best_dice or 0.0)
        self.report(Event(step="epoch", done=epoch.epoch, total=self.trial.recipe.epochs, epoch=epoch))
