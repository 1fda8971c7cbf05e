"""Performs the jobs of a run, records those that fail, and notifies the listeners."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

import pluggy

from lvzoo.interfaces import Executor
from lvzoo.plugins import hook_manager
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder
from lvzoo.trials.job import is_finished
from lvzoo.trials.request import OnEvent
from lvzoo.types import Event, Job

log = logging.getLogger(__name__)


def perform(
    jobs: Sequence[Job],
    run: RunFolder,
    executor: Executor,
    zoo: Zoo,
    on_event: OnEvent,
    listeners: Sequence[object],
) -> None:
    """Run the jobs that are not finished. A job that fails is recorded, and the others go on."""
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

    unfinished = [job for job in jobs if not is_finished(job.settings)]
    for result in executor.run(unfinished, on_event=hear):
        if result.error is not None:
            run.record_failure(result.job.name, result)
        elif not result.summary["skipped"]:
            scores = run.trial(result.job.name).read_scores()
            _notify(hooks, "lvzoo_trial_finished", trial=result.job.settings.trial, scores=scores)


def _notify(manager: pluggy.PluginManager, name: str, **facts: object) -> None:
    """Call a notification hook listener by listener, so that one that raises stops neither the run nor the others."""
    listeners = manager.get_plugins()
    for listener in listeners:
        try:
            with redirect_stdout(sys.stderr):  # stdout is data
                manager.subset_hook_caller(name, listeners - {listener})(**facts)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            who = manager.get_name(listener)
            log.warning("%s of %s raised %s: %s", name, who, type(error).__name__, error)
