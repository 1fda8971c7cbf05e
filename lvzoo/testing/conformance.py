"""The conformance suite: what a model must do to be trained, tested and ranked fairly, one check after the other.

`lvzoo check NAME` prints the results, `pytest --lvzoo-plugin NAME` makes a test of each, and a notebook calls
`check_models("my-net")`.
"""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lvzoo.errors import LvzooError, PluginError
from lvzoo.plugins import raised
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
    """One check. `look` raises a PluginError that says what to change, and returns nothing where all is well.

    Where one that is `essential` fails, those after it cannot be made.
    """

    name: str
    look: Callable[[Subject], None]
    slow: bool = False
    essential: bool = False
    applies: Callable[[Entry], bool] = lambda _entry: True

    @property
    def about(self) -> str:
        """What the check asks for: one sentence."""
        return (self.look.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How one check of one entry ended; `ok` is None where it could not be made. `message` says what to change."""

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


CHECKS: Final = (
    Check(name="torch-free", look=declared.torch_free),
    Check(name="names", look=declared.names),
    Check(name="options", look=declared.options),
    Check(name="licence", look=declared.licence),
    Check(name="requirements", look=declared.requirements, essential=True),
    Check(name="factory", look=declared.factory, essential=True),
    Check(name="builds", look=declared.builds, essential=True),
    Check(name="shapes", look=behaviour.shapes, essential=True),
    Check(name="masks", look=behaviour.masks),
    Check(name="landmarks", look=behaviour.landmarks, applies=_has_landmarks),
    Check(name="black-frame", look=behaviour.black_frame),
    Check(name="low-precision", look=behaviour.low_precision),
    Check(name="same-seed", look=behaviour.same_seed),
    Check(name="eval-mode", look=behaviour.eval_mode),
    Check(name="one-by-one", look=behaviour.one_by_one),
    Check(name="saved-and-loaded", look=behaviour.saved_and_loaded),
    Check(name="loss", look=learning.loss),
    Check(name="gradients", look=learning.gradients),
    Check(name="black-batch", look=learning.black_batch),
    Check(name="overfits", look=learning.overfits, slow=True),
    Check(name="landmark-order", look=learning.landmark_order, slow=True, applies=_has_landmarks),
    Check(name="own-trainer", look=learning.own_trainer, slow=True, applies=_has_trainer),
)


def check_models(name: str, *, fast: bool = False, registries: Sequence[Path] = ()) -> Iterator[Result]:
    """Return the results of every check of every entry that `name` stands for, each as it comes.

    `fast` leaves out the checks that train.

    Raises:
        PluginError: nothing has that name, or its plugin is quarantined.
    """
    found = subjects(name, registries=registries)
    return (perform(check, subject) for subject in found for check in checks_for(subject.entry, fast=fast))


def left_out(name: str, *, registries: Sequence[Path] = ()) -> list[Result]:
    """Return what `check_models` with `fast` does not look at, as results that are neither good nor bad.

    Raises:
        PluginError: nothing has that name, or its plugin is quarantined.
    """
    return [
        Result(entry=subject.entry.name, name=check.name, ok=None, message="left out by --fast")
        for subject in subjects(name, registries=registries)
        for check in checks_for(subject.entry)
        if check.slow
    ]


def subjects(name: str, *, registries: Sequence[Path] = ()) -> list[Subject]:
    """Return what is to be checked: the entry (or glob of entries), else the family's, else the plugin's entries.

    Raises:
        PluginError: nothing has that name, its plugin is quarantined, or it has no entry.
    """
    zoo = open_zoo(registries=registries)
    return [Subject(entry, zoo.plugin(entry.plugin), zoo.missing(entry)) for entry in _entries(zoo, name)]


def checks_for(entry: Entry, *, fast: bool = False) -> list[Check]:
    """Return the checks that an entry must pass, in order."""
    return [check for check in CHECKS if check.applies(entry) and not (fast and check.slow)]


def perform(check: Check, subject: Subject) -> Result:
    """Make one check; whatever the plugin raises there becomes its message."""
    entry = subject.entry.name
    if subject.stopped_by is not None:
        return Result(
            entry=entry, name=check.name, ok=None, message=f"not looked at: {subject.stopped_by!r} failed"
        )
    started = time.perf_counter()
    message, trace = "", None
    try:
        with redirect_stdout(sys.stderr):  # stdout is data
            check.look(subject)
    except LvzooError as error:
        message, trace = str(error), traceback.format_exc()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; all of it is told
        message, trace = _told(error, subject), traceback.format_exc()
    if message and check.essential:
        subject.stopped_by = check.name
    seconds = time.perf_counter() - started
    return Result(
        entry=entry, name=check.name, ok=not message, seconds=seconds, message=message, traceback=trace
    )


def _told(error: BaseException, subject: Subject) -> str:
    """Return an exception of a plugin's code as a line: what, where in the plugin, what next."""
    what = raised(error, subject.entry.family.factory)
    return f"raises {what}; correct it there (--debug shows the traceback)"


def _entries(zoo: Zoo, name: str) -> Sequence[Entry]:
    if any(name == entry.name for entry in zoo.entries):
        return zoo.select(name)
    for found in (
        [entry for entry in zoo.entries if entry.family.name == name],
        [entry for entry in zoo.entries if entry.plugin == name],
    ):
        if found:
            return found
    working = [plugin.name for plugin in zoo.plugins if not plugin.fault]
    if name in working:
        raise PluginError(f"plugin {name!r} has no entry to check; lvzoo_families declares what it offers")
    return zoo.select(name)
