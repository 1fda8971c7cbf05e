"""The conformance suite: the checks that a model must pass to be trained, tested and ranked fairly.

`lvzoo check NAME` prints the results, `pytest --lvzoo-plugin NAME` runs each check as a test, and a notebook calls
`check_models("my-net")`.
"""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from lvzoo.errors import LvzooError, PluginError
from lvzoo.plugins import explain_plugin_error
from lvzoo.registry import open_zoo
from lvzoo.testing import behaviour, declared, learning
from lvzoo.testing.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lvzoo.registry import Zoo
    from lvzoo.types import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check. `run` returns if the subject passes, and raises a PluginError that says what to change if not.

    If an `essential` check fails, the checks after it are skipped.
    """

    name: str
    run: Callable[[Subject], None]
    slow: bool = False
    essential: bool = False
    applies: Callable[[Entry], bool] = lambda _entry: True

    @property
    def about(self) -> str:
        """The requirement in one sentence: the first line of the function's docstring."""
        return (self.run.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of one check of one entry. `ok` is None if the check was skipped; `message` says what to change."""

    entry: str
    name: str
    ok: bool | None
    seconds: float = 0.0
    message: str = ""
    traceback: str | None = None


def _has_landmarks(entry: Entry) -> bool:
    return entry.family.kind == "landmark"


def _has_trainer(entry: Entry) -> bool:
    return entry.family.trainer is not None


def _is_trained(entry: Entry) -> bool:
    return entry.family.trainable


def _is_trained_on_landmarks(entry: Entry) -> bool:
    return _is_trained(entry) and _has_landmarks(entry)


CHECKS: Final = (
    Check(name="torch-free", run=declared.torch_free),
    Check(name="names", run=declared.names),
    Check(name="options", run=declared.options),
    Check(name="licence", run=declared.licence),
    Check(name="requirements", run=declared.requirements, essential=True),
    Check(name="factory", run=declared.factory, essential=True),
    Check(name="builds", run=declared.builds, essential=True),
    Check(name="shapes", run=behaviour.shapes, essential=True),
    Check(name="masks", run=behaviour.masks),
    Check(name="landmarks", run=behaviour.landmarks, applies=_has_landmarks),
    Check(name="black-frame", run=behaviour.black_frame),
    Check(name="low-precision", run=behaviour.low_precision, applies=_is_trained),
    Check(name="same-seed", run=behaviour.same_seed),
    Check(name="eval-mode", run=behaviour.eval_mode),
    Check(name="one-by-one", run=behaviour.one_by_one),
    Check(name="saved-and-loaded", run=behaviour.saved_and_loaded),
    Check(name="loss", run=learning.loss, applies=_is_trained),
    Check(name="gradients", run=learning.gradients, applies=_is_trained),
    Check(name="black-batch", run=learning.black_batch, applies=_is_trained),
    Check(name="overfits", run=learning.overfits, slow=True, applies=_is_trained),
    Check(name="landmark-order", run=learning.landmark_order, slow=True, applies=_is_trained_on_landmarks),
    Check(name="own-trainer", run=learning.own_trainer, slow=True, applies=_has_trainer),
)


def check_models(name: str, *, fast: bool = False, registries: Sequence[Path] = ()) -> Iterator[Result]:
    """Yield the result of every check of every entry that `name` stands for.

    `name` is an entry, a glob of entries, a family or a plugin. `fast` leaves out the checks that train.

    Raises:
        PluginError: nothing has that name, or its plugin is quarantined.
    """
    found = find_subjects(name, registries=registries)
    return (run_check(check, subject) for subject in found for check in checks_for(subject.entry, fast=fast))


def list_left_out(name: str, *, registries: Sequence[Path] = ()) -> list[Result]:
    """Return the checks that `check_models(name, fast=True)` leaves out, as results whose `ok` is None.

    Raises:
        PluginError: nothing has that name, or its plugin is quarantined.
    """
    return [
        Result(entry=subject.entry.name, name=check.name, ok=None, message="left out by --fast")
        for subject in find_subjects(name, registries=registries)
        for check in checks_for(subject.entry)
        if check.slow
    ]


def find_subjects(name: str, *, registries: Sequence[Path] = ()) -> list[Subject]:
    """Return the entries to check: the entry (or glob) called `name`, else those of that family or plugin.

    Raises:
        PluginError: nothing has that name, its plugin is quarantined, or it has no entry.
    """
    zoo = open_zoo(registries=registries)
    return [
        Subject(entry, zoo.plugin(entry.plugin), zoo.missing(entry)) for entry in _find_entries(zoo, name)
    ]


def checks_for(entry: Entry, *, fast: bool = False) -> list[Check]:
    """Return the checks that an entry must pass, in order."""
    return [check for check in CHECKS if check.applies(entry) and not (fast and check.slow)]


def run_check(check: Check, subject: Subject) -> Result:
    """Run one check. An exception of the plugin's code fails the check and becomes its message."""
    result = partial(Result, entry=subject.entry.name, name=check.name)
    if subject.stopped_by is not None:
        return result(ok=None, message=f"skipped, since {subject.stopped_by!r} failed")
    started = time.perf_counter()
    message, trace = "", None
    try:
        with redirect_stdout(sys.stderr):  # stdout is for results; a plugin may print
            check.run(subject)
    except LvzooError as error:
        message, trace = str(error), traceback.format_exc()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; the message reports it
        reason = explain_plugin_error(error, subject.entry.family.factory)
        message = f"raises {reason}; correct it there (--debug shows the traceback)"
        trace = traceback.format_exc()
    if message and check.essential:
        subject.stopped_by = check.name
    seconds = time.perf_counter() - started
    return result(ok=not message, seconds=seconds, message=message, traceback=trace)


def _find_entries(zoo: Zoo, name: str) -> Sequence[Entry]:
    """Return the entry called `name`, else the entries of that family, of that plugin, or of that glob.

    Raises:
        PluginError: nothing has that name, or a plugin has it but no entry.
    """
    if any(name == entry.name for entry in zoo.entries):
        return zoo.select(name)
    of_family = [entry for entry in zoo.entries if entry.family.name == name]
    of_plugin = [entry for entry in zoo.entries if entry.plugin == name]
    if of_family or of_plugin:
        return of_family or of_plugin
    if any(plugin.name == name and not plugin.fault for plugin in zoo.plugins):
        raise PluginError(f"plugin {name!r} has no entries to check; it declares them with lvzoo_families")
    return zoo.select(name)
