"""Plans a run of the benchmark: everything is settled and checked before data are read or anything is written."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lvzoo.errors import UsageError, choose, did_you_mean
from lvzoo.phantom.write import SIZES
from lvzoo.registry import Zoo
from lvzoo.run import digest
from lvzoo.trials.digest import training_code
from lvzoo.trials.prepare import NoisePlan, plan_noise, settle_data_options
from lvzoo.trials.presets import PRESETS, Preset
from lvzoo.trials.request import RunRequest
from lvzoo.types import Entry, Option, OptionValue, Recipe, Trial, find_value_mistake

ABOVE_ZERO: Final = ("epochs", "batch_size", "learning_rate", "clip_norm")


def entry_settings(entry: Entry, recipe: Recipe) -> dict[str, Any]:
    """Return everything that decides how an entry is built and trained, apart from its data and seeds."""
    return {
        "family": entry.family.name,
        "plugin": entry.plugin,
        "options": dict(entry.options),
        "recipe": dataclasses.asdict(recipe),
        "trainer": entry.family.trainer,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The settings of a run. `size` is the preset, with its numbers replaced by those of the request."""

    request: RunRequest
    size: Preset
    entries: tuple[Entry, ...]
    recipe: Recipe
    """The recipe that all entries share, apart from what their catalogues override."""
    recipes: Mapping[str, Recipe]
    """The recipe of each entry, by name."""
    seeds: tuple[int, ...]
    noise: NoisePlan

    def settings(self, data: str, fingerprint: str) -> Mapping[str, Any]:
        """Return everything that decides a number of the run, for the named data with a fingerprint."""
        return {
            "preset": self.request.preset,
            "data": {"name": data, "fingerprint": fingerprint},
            "entries": {entry.name: self._entry_settings(entry) for entry in self.entries},
            "recipe": dataclasses.asdict(self.recipe),
            "seeds": self.size.seeds,
            **self.noise.settings(),
            "resamples": self.size.resamples,
        }

    @property
    def name_prefix(self) -> str:
        """How the run's default name begins, whatever its data are."""
        return f"{'train-' if self.request.call == 'fit' else ''}{self.request.preset}"

    def run_name(self, settings: Mapping[str, Any]) -> str:
        """Return the run's default name. The same settings give the same name."""
        return f"{self.name_prefix}-{settings['data']['name']}-{digest(settings)[:8]}"

    def trials(self, fingerprint: str) -> Iterator[Trial]:
        """Yield the trials on data with a fingerprint, entry by entry and seed by seed."""
        for entry in self.entries:
            code = training_code(entry.family)
            for seed in self.seeds:
                yield Trial(
                    entry=entry, data=fingerprint, seed=seed, recipe=self.recipes[entry.name], code=code
                )

    def _entry_settings(self, entry: Entry) -> Mapping[str, Any]:
        seeds = {} if self.seeds == tuple(range(self.size.seeds)) else {"seeds": list(self.seeds)}
        return {**entry_settings(entry, self.recipes[entry.name]), **seeds}


def make_plan(zoo: Zoo, request: RunRequest) -> Plan:
    """Return the plan of a request, which overrides the numbers of the preset and of every entry's recipe.

    `lvzoo.trials.check` checks what can only be checked with torch.

    Raises:
        LvzooError: a name is unknown, or a value is impossible.
    """
    request = settle_data_options(zoo, request)
    size = _override_preset(choose(request.preset, PRESETS, "preset"), request)
    _check_phantom_trains(size.phantom_size)
    entries = zoo.select(size.plugins if request.plugins is None else request.plugins)
    _check_trainable(entries)
    noise = plan_noise(zoo, request, preferred=size.severities)
    return Plan(
        request=request,
        size=size,
        entries=entries,
        recipe=_make_recipe(size.recipe, {}, request),
        recipes={entry.name: _make_entry_recipe(entry, size.recipe, request) for entry in entries},
        seeds=tuple(range(size.seeds)) if request.seed is None else (request.seed,),
        noise=noise,
    )


def _override_preset(preset: Preset, request: RunRequest) -> Preset:
    """Return the preset with the numbers of the request in place of its own."""
    given = {name: getattr(request, name) for name in ("seeds", "resamples", "phantom_size")}
    return dataclasses.replace(preset, **{name: value for name, value in given.items() if value is not None})


def _check_phantom_trains(phantom: str) -> None:
    """Raise UsageError for a phantom without training patients. An unknown size is reported when it is made."""
    if phantom in SIZES and not (SIZES[phantom].train and SIZES[phantom].val):
        usable = ", ".join(name for name, size in SIZES.items() if size.train and size.val)
        raise UsageError(f"the phantom {phantom!r} has no patients to train on; use one of {usable}")


def _check_trainable(entries: Sequence[Entry]) -> None:
    """Raise UsageError for an entry that cannot be trained."""
    for entry in entries:
        if not entry.family.trainable:
            raise UsageError(
                f"{entry.name} cannot be trained: its network was trained elsewhere; test it with `lvzoo eval` "
                "(`lvzoo adopt` makes its weights file), or leave it out"
            )


def _make_entry_recipe(entry: Entry, base: Recipe, request: RunRequest) -> Recipe:
    """Return an entry's recipe. An error in the entry's own values names its catalogue."""
    try:
        _make_recipe(base, entry.recipe, dataclasses.replace(request, recipe={}))
    except UsageError as error:
        raise UsageError(f"{entry.catalogue}: {entry.name}: recipe: {error}") from error
    return _make_recipe(base, entry.recipe, request)


def _make_recipe(base: Recipe, own: Mapping[str, OptionValue], request: RunRequest) -> Recipe:
    """Return the preset's recipe, overridden by an entry's `own` values, overridden by the request."""
    known = {key: Option(default=value, help=key) for key, value in dataclasses.asdict(base).items()}
    wanted = {key: value for key, value in request.recipe.items() if value is not None}
    for key, value in wanted.items():
        if key not in known:
            raise UsageError(f"unknown option {key!r} of {request.call}{did_you_mean(key, known)}")
        if mistake := find_value_mistake(known[key], value):
            raise UsageError(f"{key} {mistake}")
    settled: dict[str, Any] = {**own, **wanted}
    recipe = dataclasses.replace(base, **settled)
    for key in ABOVE_ZERO:
        if not 0 < getattr(recipe, key) < math.inf:
            raise UsageError(f"{key} is {getattr(recipe, key)}; it must be above 0")
    if not 0 <= recipe.weight_decay < math.inf:
        raise UsageError(f"weight_decay is {recipe.weight_decay}; it must be at least 0")
    if not 0 < recipe.warmup < 1:
        raise UsageError(f"warmup is {recipe.warmup}; it is a share of the steps, between 0 and 1")
    if not 0 <= recipe.averaging <= 1:
        raise UsageError(f"averaging is {recipe.averaging}; it is a share of the steps, from 0 to 1")
    return recipe
