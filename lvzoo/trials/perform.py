"""Performs the jobs of a run, records failures, and notifies the listeners."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

import pluggy

from lvzoo.errors import explain_exception
from lvzoo.interfaces import Executor
from lvzoo.plugins import hook_manager
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder
from lvzoo.trials.job import is_finished
from lvzoo.trials.request import RunOptions
from lvzoo.types import Event, Job

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
    for result in executor.run(unfinished, on_event=notify):
        if result.error is not None:
            run.record_failure(result.job.name, result)
        elif not result.summary["skipped"]:
            scores = run.trial(result.job.name).read_scores()
            _call_hook(hooks, "lvzoo_trial_finished", trial=result.job.settings.trial, scores=scores)


def _call_hook(manager: pluggy.PluginManager, name: str, **facts: object) -> None:
    """Call a notification hook for each listener separately. One that raises stops neither the run nor the others."""
    listeners = manager.get_plugins()
    for listener in listeners:
        try:
            with redirect_stdout(sys.stderr):  # stdout is for results
                manager.subset_hook_caller(name, listeners - {listener})(**facts)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            log.warning("%s of %s raised %s", name, manager.get_name(listener), explain_exception(error))
