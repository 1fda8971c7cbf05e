"""What a run of the benchmark will do, settled and checked before any data are read or anything is written."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import PluginError, UsageError, did_you_mean
from lvzoo.models.build import as_trained, build_model
from lvzoo.phantom.write import SIZES
from lvzoo.registry import Zoo
from lvzoo.run import digest
from lvzoo.train.augment import choose_augmentation
from lvzoo.trials.digest import training_code
from lvzoo.trials.prepare import NoisePlan, plan_noise
from lvzoo.trials.presets import Preset, choose_preset
from lvzoo.trials.request import RunRequest
from lvzoo.types import Entry, Option, OptionValue, Recipe, Trial, mistake_in_value, model_name, trial_name

ABOVE_ZERO: Final = ("epochs", "batch_size", "learning_rate", "clip_norm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A run's settings; `size` is the preset with every given number in place of its own."""

    request: RunRequest
    size: Preset
    zoo: Zoo
    entries: tuple[Entry, ...]
    recipe: Recipe
    """The one that all entries share, but for what their catalogue overrides."""
    recipes: Mapping[str, Recipe]
    seeds: tuple[int, ...]
    noise: NoisePlan
    device: torch.device

    @property
    def trials(self) -> tuple[str, ...]:
        """The names of the trials, entry by entry."""
        models = (model_name(entry.name, self.recipes[entry.name]) for entry in self.entries)
        return tuple(trial_name(model, seed) for model in models for seed in self.seeds)

    def settings(self, data: str, fingerprint: str) -> Mapping[str, Any]:
        """Return everything that decides a number of the run, for data of a name and fingerprint."""
        return {
            "preset": self.request.preset,
            "data": {"name": data, "fingerprint": fingerprint},
            "entries": {entry.name: self._entry(entry) for entry in self.entries},
            "recipe": dataclasses.asdict(self.recipe),
            "seeds": self.size.seeds,
            **self.noise.settings(),
            "resamples": self.size.resamples,
        }

    def run_name(self, settings: Mapping[str, Any]) -> str:
        """Return the run's name, so that the same settings find their run again."""
        prefix = "train-" if self.request.call == "fit" else ""
        return f"{prefix}{self.request.preset}-{settings['data']['name']}-{digest(settings)[:8]}"

    def trial(self, entry: Entry, seed: int, fingerprint: str) -> Trial:
        """Return one entry's trial by one seed, on data of a fingerprint."""
        return Trial(
            entry=entry,
            data=fingerprint,
            seed=seed,
            recipe=self.recipes[entry.name],
            code=training_code(entry.family),
        )

    def _entry(self, entry: Entry) -> Mapping[str, Any]:
        return {
            "family": entry.family.name,
            "plugin": entry.plugin,
            "options": dict(entry.options),
            "recipe": dataclasses.asdict(self.recipes[entry.name]),
            "trainer": entry.family.trainer,
            **({} if self.seeds == tuple(range(self.size.seeds)) else {"seeds": list(self.seeds)}),
        }


def make_plan(zoo: Zoo, request: RunRequest, *, device: str) -> Plan:
    """Settle a run: what was given replaces the numbers of the preset and of every entry's recipe.

    Raises:
        LvzooError: a name or a value that is unknown or impossible, before anything is done.
    """
    size = _size(choose_preset(request.preset), request)
    _check_phantom_trains(size.phantom_size)
    entries = zoo.select(size.plugins if request.plugins is None else request.plugins)
    for entry in entries:
        if missing := zoo.missing(entry):
            raise PluginError(
                f"{entry.name} needs {', '.join(missing)}; install it, or leave {entry.name} out"
            )
    _check_entries_build(zoo, entries)
    noise = plan_noise(zoo, request, preferred=size.severities)
    hardware = choose_device(device)
    return Plan(
        request=request,
        size=size,
        zoo=zoo,
        entries=entries,
        recipe=_recipe(size.recipe, {}, request, hardware),
        recipes={entry.name: _recipe_of(entry, size.recipe, request, hardware) for entry in entries},
        seeds=tuple(range(size.seeds)) if request.seed is None else (request.seed,),
        noise=noise,
        device=hardware,
    )


def _check_entries_build(zoo: Zoo, entries: Sequence[Entry]) -> None:
    """Build each entry of a bundled plugin once, so that options that contradict each other end the run here.

    Other people's code may crash or hang while it builds, so it is built only in its trials' own processes. What
    serves training alone has its default here: pretrained weights are not fetched to be thrown away.

    Raises:
        PluginError: an entry's options do not go together.
    """
    bundled = {plugin.name for plugin in zoo.plugins if plugin.bundled}
    for entry in entries:
        if entry.plugin in bundled:
            build_model(as_trained(entry))


def _size(preset: Preset, request: RunRequest) -> Preset:
    """Return the preset with what was given in place of its own numbers."""
    given: dict[str, Any] = {
        name: value
        for name in ("seeds", "resamples", "phantom_size")
        if (value := getattr(request, name)) is not None
    }
    for name in ("seeds", "resamples"):
        if given.get(name, 1) < 1:
            raise UsageError(f"{name} is {given[name]}; it must be at least 1")
    return dataclasses.replace(preset, **given)


def _check_phantom_trains(phantom: str) -> None:
    """Refuse a phantom that has a test split alone; one that is unknown is told when it is to be made."""
    if phantom in SIZES and not (SIZES[phantom].train and SIZES[phantom].val):
        usable = ", ".join(name for name, size in SIZES.items() if size.train and size.val)
        raise UsageError(f"the phantom {phantom!r} has no patients to train on; use one of {usable}")


def _recipe_of(entry: Entry, base: Recipe, request: RunRequest, device: torch.device) -> Recipe:
    """Return an entry's recipe; a value that its own catalogue sets wrongly is told with the place."""
    try:
        _recipe(base, entry.recipe, dataclasses.replace(request, recipe={}), device)
    except UsageError as error:
        raise UsageError(f"{entry.catalogue}: {entry.name}: recipe: {error}") from error
    return _recipe(base, entry.recipe, request, device)


def _recipe(
    base: Recipe, own: Mapping[str, OptionValue], request: RunRequest, device: torch.device
) -> Recipe:
    """Return a recipe: the preset's, overridden by an entry's own in its catalogue, overridden by the call."""
    known = {key: Option(default=value, help=key) for key, value in dataclasses.asdict(base).items()}
    wanted = {key: value for key, value in request.recipe.items() if value is not None}
    for key, value in wanted.items():
        if key not in known:
            raise UsageError(f"unknown option '{key}' of {request.call}{did_you_mean(key, known)}")
        if mistake := mistake_in_value(known[key], value):
            raise UsageError(f"{key} {mistake}")
    settled: dict[str, Any] = {**own, **wanted}
    recipe = dataclasses.replace(base, **settled)
    for key in ABOVE_ZERO:
        if not 0 < getattr(recipe, key) < math.inf:
            raise UsageError(f"{key} is {getattr(recipe, key)}; it must be above 0")
    if not 0 <= recipe.weight_decay < math.inf:
        raise UsageError(f"weight_decay is {recipe.weight_decay}; it must be at least 0")
    if not 0 < recipe.warmup < 1:
        raise UsageError(f"warmup is {recipe.warmup}; it must lie between 0 and 1: a share of the steps")
    choose_augmentation(recipe.augment)
    choose_precision(device, recipe.precision)
    return recipe
