"""Performs the jobs of a run, records failures, and notifies the listeners."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Final

import pluggy

from lvzoo.errors import DataError, explain_exception, show_name
from lvzoo.interfaces import Executor
from lvzoo.locks import HeldError
from lvzoo.plugins import hook_manager
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder, TrialFolder
from lvzoo.trials.job import is_finished
from lvzoo.trials.request import RunOptions
from lvzoo.types import Event, Job, JobResult

PATIENCE_S: Final = 2.0
"""How long to wait for the lock of a trial that has just failed. A process that waited for it has it by then."""

log = logging.getLogger(__name__)


def perform(
    jobs: Sequence[Job],
    run: RunFolder,
    executor: Executor,
    zoo: Zoo,
    options: RunOptions,
) -> None:
    """Run the jobs that are not finished. A job that fails is recorded, and the others go on."""
    hooks = hook_manager(zoo.plugins)
    for listener in options.listeners:
        hooks.register(listener)

    def notify(job: Job, event: Event) -> None:
        options.on_event(job.name, event)
        if event.epoch is not None:
            _call_hook(
                hooks,
                "lvzoo_epoch_finished",
                trial=job.settings.trial,
                epoch=event.epoch.epoch,
                train_loss=event.epoch.train_loss,
                val_dice=event.epoch.val_dice,
            )

    unfinished = [job for job in jobs if not is_finished(job.settings)]
    trials = Event(step="trials", done=0, total=len(unfinished), text=executor.describe(len(unfinished)))
    if unfinished:
        options.on_event("", trials)
    for done, result in enumerate(executor.run(unfinished, on_event=notify), start=1):
        options.on_event(result.job.name, Event(step="end", done=1, total=1, text=result.error or ""))
        if result.error is not None:
            _record_failure(run.trial(result.job.name), result)
        elif not result.summary["skipped"]:
            scores = run.trial(result.job.name).read_scores()
            _call_hook(hooks, "lvzoo_trial_finished", trial=result.job.settings.trial, scores=scores)
        options.on_event("", replace(trials, done=done))


def _record_failure(folder: TrialFolder, result: JobResult) -> None:
    """Record why a trial failed, unless another lvzoo does it at this moment or has finished it meanwhile."""
    try:
        with folder.lock.hold(lambda _advice: None, patience_s=PATIENCE_S):
            if not is_finished(result.job.settings):
                folder.mark_failed(str(result.error), result.traceback)
                return
            now = "has finished it"
    except HeldError:
        now = "works on it"
    except OSError as error:
        raise DataError(
            f"{show_name(folder.path)}: cannot be written ({error.strerror}); make room or ask for the right to "
            f"write, and repeat the command ({result.job.name} failed: {show_name(str(result.error))})"
        ) from error
    log.warning(
        "%s failed here, but another lvzoo %s: %s", result.job.name, now, show_name(str(result.error))
    )


def _call_hook(manager: pluggy.PluginManager, name: str, **facts: object) -> None:
    """Call a notification hook for each listener separately. One that raises stops neither the run nor the others."""
    listeners = manager.get_plugins()
    for listener in listeners:
        try:
            with redirect_stdout(sys.stderr):  # stdout is for results
                manager.subset_hook_caller(name, listeners - {listener})(**facts)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            log.warning("%s of %s raised %s", name, manager.get_name(listener), explain_exception(error))
