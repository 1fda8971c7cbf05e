"""Checks what a plan needs of torch, before data are read: that networks can be built, and the names in recipes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lvzoo.device import choose_precision
from lvzoo.errors import PluginError, UsageError
from lvzoo.models.build import as_trained, build_model
from lvzoo.registry import Zoo
from lvzoo.train.augment import choose_augmentation
from lvzoo.trials.plan import Plan
from lvzoo.types import Entry


def check_plan(zoo: Zoo, plan: Plan, device: torch.device) -> None:
    """Check that the models of a plan can be built and trained.

    Raises:
        PluginError: a plugin lacks a module, or an entry's options contradict each other.
        UsageError: there is no such augmentation or precision. An error in an entry's own recipe names its catalogue.
    """
    _check_entries_build(zoo, plan.entries)
    for entry in plan.entries:
        own = {name: entry.recipe[name] for name in ("augment", "precision") if name in entry.recipe}
        try:
            _check_names(str(own.get("augment", "none")), str(own.get("precision", "auto")), device)
        except UsageError as error:
            raise UsageError(f"{entry.catalogue}: {entry.name}: recipe: {error}") from error
    for recipe in (plan.recipe, *plan.recipes.values()):
        _check_names(recipe.augment, recipe.precision, device)


def _check_names(augment: str, precision: str, device: torch.device) -> None:
    choose_augmentation(augment)
    choose_precision(device, precision)


def _check_entries_build(zoo: Zoo, entries: Sequence[Entry]) -> None:
    """Build each entry of a bundled plugin once, to find options that contradict each other before the run starts.

    The code of other plugins may crash or hang, so it is only built in the processes of its trials. Options for
    training only have their defaults here, so that no pretrained weights are downloaded.

    Raises:
        PluginError: a plugin lacks a module, or an entry's options contradict each other.
    """
    bundled = {plugin.name for plugin in zoo.plugins if plugin.bundled}
    for entry in entries:
        if missing := zoo.missing(entry):
            raise PluginError(
                f"{entry.name} needs {', '.join(missing)}; install it, or leave {entry.name} out"
            )
        if entry.plugin in bundled:
            build_model(as_trained(entry))
