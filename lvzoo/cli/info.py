"""`lvzoo info NAME`: everything about one model; for its size and its ceiling it is built."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from lvzoo.cli.options import json_option, print_json, registry_option
from lvzoo.errors import LvzooError
from lvzoo.registry import open_zoo
from lvzoo.types import FRAME_SIZE_HW, Recipe
from lvzoo.weights.card import card_of
from lvzoo.weights.carried import carried_by
from lvzoo.weights.page import dice_lines, rounding_line, splits_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import nn

    from lvzoo.registry import Zoo
    from lvzoo.types import Entry

LABEL_WIDTH: Final = 15
WIDTH: Final = 80


@click.command("info")
@click.argument("name")
@json_option
@registry_option
def info(*, name: str, as_json: bool, registries: tuple[Path, ...]) -> None:
    """Tell everything about the model NAME: options, recipe, paper, licence, plugin, size, weights."""
    zoo = open_zoo(registries=registries)
    described = _described(zoo, zoo.select_one(name))
    if as_json:
        print_json(described)
    else:
        click.echo("\n".join(_lines(described)))


def _described(zoo: Zoo, entry: Entry) -> dict[str, Any]:
    plugin, carried = zoo.plugin(entry.plugin), carried_by(entry)
    return {
        "name": entry.name,
        "kind": entry.family.kind,
        "summary": entry.summary,
        "family": entry.family.name,
        "factory": entry.family.factory,
        "trainer": entry.family.trainer,
        "plugin": {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "imports": list(plugin.declared.heavy),
        },
        "catalogue": entry.catalogue,
        "paper": entry.paper,
        "licence": entry.licence,
        "requires": list(entry.family.requires),
        "missing": list(zoo.missing(entry)),
        "options": {
            name: {
                "value": entry.options[name],
                "default": option.default,
                "help": option.help,
                "choices": list(option.choices),
            }
            for name, option in entry.family.options.items()
        },
        "recipe": {**dataclasses.asdict(Recipe()), **entry.recipe},
        "recipe_overrides": list(entry.recipe),
        "weights": carried and carried.plain(),
        **_measured(zoo, entry),
    }


def _measured(zoo: Zoo, entry: Entry) -> dict[str, Any]:
    """Return what only the built model tells: its size and, with landmarks, its ceiling; or why it cannot be built.

    Of a model with masks the ceiling is null, for it has none.
    """
    told: dict[str, Any] = {"size": {}, "ceiling": None}
    if missing := zoo.missing(entry):
        return told | {"size": {"error": f"needs {', '.join(missing)}; install it"}}
    try:
        from lvzoo.evaluate.cost import cost_of
        from lvzoo.models.build import as_trained, build_model

        model = build_model(as_trained(entry))  # nothing is downloaded to be measured
        told["size"] = dataclasses.asdict(cost_of(model))
        if entry.family.kind == "landmark":
            told["ceiling"] = _ceiling(model)
    except LvzooError as error:
        failure = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - a plugin's own code; all the rest is still worth telling
        failure = {"error": f"cannot be built: {' '.join(f'{type(error).__name__}: {error}'.split())}"}
    else:
        return told
    return told | {"ceiling" if told["size"] else "size": failure}


def _ceiling(model: nn.Module) -> dict[str, Any] | None:
    from lvzoo.trials.scoring import phantom_ceiling

    ceiling = phantom_ceiling(model)
    return None if ceiling is None else {**dataclasses.asdict(ceiling), "synthetic": True}


def _lines(described: Mapping[str, Any]) -> Iterator[str]:
    plugin = described["plugin"]
    yield from _wrapped(described["name"], described["summary"])
    yield ""
    yield from _wrapped("kind", described["kind"])
    yield from _wrapped("family", f"{described['family']} ({described['factory']})")
    yield from _wrapped("plugin", f"{plugin['name']} ({plugin['distribution']} {plugin['version']})")
    if plugin["imports"]:
        yield from _wrapped(
            "warning", f"the plugin imports {', '.join(plugin['imports'])} where it only declares"
        )
    yield from _wrapped("catalogue", described["catalogue"] or "none: the family with its default options")
    yield from _wrapped("paper", described["paper"] or "not given")
    yield from _wrapped("licence", described["licence"] or "not given")
    yield from _wrapped("needs", _needs(described))
    yield from _wrapped("size", _size_line(described["size"]))
    if described["kind"] == "landmark" and "error" not in described["size"]:
        yield from _wrapped("ceiling", _ceiling_line(described["ceiling"]))
    yield from ("", "options")
    for name, option in described["options"].items():
        yield from _wrapped(f"  {name}", f"{option['value']}  {_explained(option)}")
    yield from ("", "recipe" + (" (own)" if described["trainer"] else ""))
    if described["trainer"]:
        yield from _wrapped("  trainer", described["trainer"])
    for name, value in described["recipe"].items():
        mark = "  (set by this entry)" if name in described["recipe_overrides"] else ""
        yield from _wrapped(f"  {name}", f"{value}{mark}")
    if described["weights"]:
        yield from ("", "weights")
        for label, text in _weights(described["weights"]):
            yield from _wrapped(f"  {label}", text)


def _weights(weights: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what an entry's weights are, line by line."""
    yield "file", weights["file"]
    if weights["card"] is None:
        yield "fault", weights["fault"]
        return
    card = card_of(weights["card"])
    yield "trained on", f"{card.trained_on}: {splits_line(card)}"
    if card.started_from:
        yield "started", f"from pretrained weights: {card.started_from}"
    yield "recipe", ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(card.recipe).items())
    yield "seed", f"{card.seed}; best epoch {card.best_epoch}; lvzoo {card.lvzoo}"
    for label, value in dice_lines(card):
        yield "Dice", f"{value}: {label}"
    yield "rounding", rounding_line(card)
    yield from (("made by", command) for command in card.commands)


def _wrapped(label: str, text: str) -> list[str]:
    indent = max(LABEL_WIDTH, len(label)) + 2
    lines = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False, break_long_words=False) or [""]
    return [f"{label:<{indent}}{lines[0]}", *(" " * indent + line for line in lines[1:])]


def _needs(described: Mapping[str, Any]) -> str:
    if not described["requires"]:
        return "nothing more"
    return ", ".join(
        f"{name} (missing)" if name in described["missing"] else f"{name} (installed)"
        for name in described["requires"]
    )


def _size_line(size: Mapping[str, Any]) -> str:
    if "error" in size:
        return str(size["error"])
    rows, columns = FRAME_SIZE_HW
    parameters = f"{size['parameters']:,} parameters"
    return f"{parameters}, {size['flops'] / 1e9:.2f} GFLOP for one {rows} x {columns} frame"


def _ceiling_line(ceiling: Mapping[str, Any] | None) -> str:
    if ceiling is None:
        return "not known: the model's landmarks are no points at equal arc lengths, or it does not say how it draws"
    if "error" in ceiling:
        return str(ceiling["error"])
    dice = ceiling["dice"]
    phases = ", ".join(f"{phase} {dice[phase]:.3f}" for phase in ("ED", "ES") if phase in dice)
    return (
        f"Dice {dice['all']:.3f} ({phases}): perfect landmarks through its own curve, on the {ceiling['frames']} "
        f"test frames of the phantom `{ceiling['phantom']}` (synthetic)"
    )


def _explained(option: Mapping[str, Any]) -> str:
    choices = f"one of {', '.join(map(str, option['choices']))}; " if option["choices"] else ""
    return f"({choices}default {option['default']}) {option['help']}"
