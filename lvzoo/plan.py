"""What a run of the benchmark will do, settled and checked before any data are read or anything is written."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from lvzoo.data.phantom.write import SIZES
from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import PluginError, UsageError, did_you_mean
from lvzoo.interfaces import NoiseSuite
from lvzoo.models.build import as_trained, build_model
from lvzoo.noise.apply import open_suite
from lvzoo.noise.corrupt import conditions
from lvzoo.noise.probe import suite_digest
from lvzoo.plugins.declarations import mistake_in_value
from lvzoo.presets import Preset, choose_preset
from lvzoo.registry import Zoo
from lvzoo.run import digest
from lvzoo.train.augment import choose_augmentation
from lvzoo.types import Condition, Entry, NoiseSource, Option, OptionValue, Recipe, model_name, trial_name

ABOVE_ZERO: Final = ("epochs", "batch_size", "learning_rate", "clip_norm")


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisePlan:
    """Under what models are tested; `digest` is of what the suite does."""

    source: NoiseSource
    suite: NoiseSuite
    digest: str
    conditions: tuple[Condition, ...]

    def settings(self) -> Mapping[str, Any]:
        """Return what of it decides a number of the run."""
        return {
            "suite": self.suite.name,
            "noise": self.digest,
            "conditions": [f"{condition.corruption}:{condition.severity}" for condition in self.conditions],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A run's settings; `size` is the preset with every given number in place of its own."""

    preset: str
    size: Preset
    zoo: Zoo
    entries: tuple[Entry, ...]
    recipe: Recipe
    """The one that all entries share, but for what their catalogue overrides."""
    recipes: Mapping[str, Recipe]
    seeds: tuple[int, ...]
    noise: NoisePlan
    device: torch.device
    prefix: str = ""
    """What the run's name begins with."""

    @property
    def trials(self) -> tuple[str, ...]:
        """The names of the trials, entry by entry."""
        models = (model_name(entry.name, self.recipes[entry.name]) for entry in self.entries)
        return tuple(trial_name(model, seed) for model in models for seed in self.seeds)

    def settings(self, data: str, fingerprint: str) -> Mapping[str, Any]:
        """Return everything that decides a number of the run, for data of a name and fingerprint."""
        return {
            "preset": self.preset,
            "data": {"name": data, "fingerprint": fingerprint},
            "entries": {entry.name: self._entry(entry) for entry in self.entries},
            "recipe": dataclasses.asdict(self.recipe),
            "seeds": self.size.seeds,
            **self.noise.settings(),
            "resamples": self.size.resamples,
        }

    def run_name(self, settings: Mapping[str, Any]) -> str:
        """Return the run's name, so that the same settings find their run again."""
        return f"{self.prefix}{self.preset}-{settings['data']['name']}-{digest(settings)[:8]}"

    def _entry(self, entry: Entry) -> Mapping[str, Any]:
        return {
            "family": entry.family.name,
            "plugin": entry.plugin,
            "options": dict(entry.options),
            "recipe": dataclasses.asdict(self.recipes[entry.name]),
            "trainer": entry.family.trainer,
            **({} if self.seeds == tuple(range(self.size.seeds)) else {"seeds": list(self.seeds)}),
        }


def make_plan(
    zoo: Zoo,
    *,
    preset: str,
    plugins: str | Sequence[str] | None,
    noise: str,
    corruptions: str | Sequence[str] | None,
    severities: int | Sequence[int] | None,
    device: str,
    given: Mapping[str, Any],
    recipe: Mapping[str, OptionValue],
    call: str = "bench",
) -> Plan:
    """Settle a run; `given` overrides numbers of the preset, `recipe` those of every entry's recipe.

    `call` is what the caller is called, for its errors.

    Raises:
        LvzooError: a name or a value that is unknown or impossible, before anything is done.
    """
    size = _size(choose_preset(preset), given)
    _see_that_it_trains(size.phantom_size)
    entries = zoo.select(size.plugins if plugins is None else plugins)
    for entry in entries:
        if missing := zoo.missing(entry):
            raise PluginError(
                f"{entry.name} needs {', '.join(missing)}; install it, or leave {entry.name} out"
            )
    _see_that_they_build(zoo, entries)
    test = plan_noise(zoo, noise, corruptions, severities, preferred=size.severities)
    hardware = choose_device(device)
    recipes = {entry.name: _recipe_of(entry, size.recipe, recipe, hardware, call) for entry in entries}
    return Plan(
        preset=preset,
        size=size,
        zoo=zoo,
        entries=entries,
        recipe=_recipe(size.recipe, {}, recipe, hardware, call),
        recipes=recipes,
        seeds=tuple(range(size.seeds)),
        noise=test,
        device=hardware,
    )


def plan_noise(
    zoo: Zoo,
    name: str,
    corruptions: str | Sequence[str] | None,
    severities: int | Sequence[int] | None,
    *,
    preferred: Sequence[int] = (),
) -> NoisePlan:
    """Settle under what models are tested; without `severities`, the `preferred` ones that the suite has.

    Raises:
        LvzooError: a name that is unknown.
    """
    source = zoo.noise(name)
    suite = open_suite(source)
    if severities is None:
        severities = [each for each in preferred if each in suite.severities] or None
    chosen = tuple(conditions(suite, corruptions, severities))
    return NoisePlan(source=source, suite=suite, digest=suite_digest(suite), conditions=chosen)


def _see_that_they_build(zoo: Zoo, entries: Sequence[Entry]) -> None:
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


def _size(preset: Preset, given: Mapping[str, Any]) -> Preset:
    """Return the preset with what was given in place of its own numbers."""
    for name in ("seeds", "resamples"):
        if given[name] is not None and given[name] < 1:
            raise UsageError(f"{name} is {given[name]}; it must be at least 1")
    return dataclasses.replace(preset, **{key: value for key, value in given.items() if value is not None})


def _see_that_it_trains(phantom: str) -> None:
    """Refuse a phantom that has a test split alone; one that is unknown is told when it is to be made."""
    if phantom in SIZES and not (SIZES[phantom].train and SIZES[phantom].val):
        usable = ", ".join(name for name, size in SIZES.items() if size.train and size.val)
        raise UsageError(f"the phantom {phantom!r} has no patients to train on; use one of {usable}")


def _recipe_of(
    entry: Entry, base: Recipe, given: Mapping[str, OptionValue], device: torch.device, call: str
) -> Recipe:
    """Return an entry's recipe; a value that its own catalogue sets wrongly is told with the place."""
    try:
        _recipe(base, entry.recipe, {}, device, call)
    except UsageError as error:
        raise UsageError(f"{entry.catalogue}: {entry.name}: recipe: {error}") from error
    return _recipe(base, entry.recipe, given, device, call)


def _recipe(
    base: Recipe,
    own: Mapping[str, OptionValue],
    given: Mapping[str, OptionValue],
    device: torch.device,
    call: str,
) -> Recipe:
    """Return a recipe: the preset's, overridden by an entry's own in its catalogue, overridden by the call."""
    known = {key: Option(default=value, help=key) for key, value in dataclasses.asdict(base).items()}
    wanted = {key: value for key, value in given.items() if value is not None}
    for key, value in wanted.items():
        if key not in known:
            raise UsageError(f"unknown option '{key}' of {call}{did_you_mean(key, known)}")
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
