"""`lvzoo info NAME`: show everything about one model; it is built to measure its size and its ceiling."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from lvzoo.cli.options import json_option, print_json, registry_option
from lvzoo.errors import LvzooError, explain_exception
from lvzoo.registry import open_zoo
from lvzoo.types import FRAME_SIZE_HW, Recipe
from lvzoo.weights.card import parse_card
from lvzoo.weights.carried import Carried, find_carried
from lvzoo.weights.header import read_card
from lvzoo.weights.hub_name import is_hub_name
from lvzoo.weights.locate import SUFFIX, locate
from lvzoo.weights.page import (
    describe_calibrated,
    describe_calibration,
    describe_dice,
    describe_rounding,
    describe_splits,
    describe_training,
)

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
    """Show everything about one model.

    NAME is an entry of the zoo, a weights file, or a model on the Hugging Face hub (hf://OWNER/NAME@REVISION). Shows
    its options, recipe, paper, licence, plugin, size and weights.
    """
    zoo = open_zoo(registries=registries)
    if name.endswith(SUFFIX) or is_hub_name(name):
        found = locate(name, registries=registries)
        carried = Carried(
            named=str(found.hub or found.path.name), path=found.path, card=read_card(found.path)
        )
        described = _describe(zoo, found.entry, carried)
    else:
        entry = zoo.select_one(name)
        described = _describe(zoo, entry, find_carried(entry))
    if as_json:
        print_json(described)
    else:
        click.echo("\n".join(_lines(described)))


def _describe(zoo: Zoo, entry: Entry, carried: Carried | None) -> dict[str, Any]:
    plugin = zoo.plugin(entry.plugin)
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
        "recipe": {**dataclasses.asdict(Recipe()), **entry.recipe} if _has_recipe(entry, carried) else None,
        "recipe_overrides": list(entry.recipe),
        "weights": carried and carried.plain(),
        **_measure(zoo, entry),
    }


def _has_recipe(entry: Entry, carried: Carried | None) -> bool:
    """Return whether lvzoo trains the model, or trained its weights."""
    card = carried and carried.card
    return entry.family.trainable and not (card and card.trained_on.elsewhere)


def _measure(zoo: Zoo, entry: Entry) -> dict[str, Any]:
    """Build the model and return its size and the ceiling of its landmarks, or an error in place of either.

    The ceiling of a mask model is None.
    """
    measured: dict[str, Any] = {"size": {}, "ceiling": None}
    if missing := zoo.missing(entry):
        return measured | {"size": {"error": f"needs {', '.join(missing)}; install it"}}
    part = "size"
    try:
        from lvzoo.evaluate.cost import measure_cost
        from lvzoo.models.build import as_trained, build_model

        model = build_model(as_trained(entry))  # as_trained leaves out pretrained weights: no download
        measured["size"] = dataclasses.asdict(measure_cost(model))
        part = "ceiling"
        if entry.family.kind == "landmark":
            measured["ceiling"] = _ceiling(model)
    except LvzooError as error:
        measured[part] = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - a plugin's code can raise anything; the rest is still shown
        measured[part] = {"error": f"cannot be built: {explain_exception(error)}"}
    return measured


def _ceiling(model: nn.Module) -> dict[str, Any] | None:
    from lvzoo.trials.scoring import phantom_ceiling

    ceiling = phantom_ceiling(model)
    return None if ceiling is None else {**dataclasses.asdict(ceiling), "synthetic": True}


def _lines(described: Mapping[str, Any]) -> Iterator[str]:
    # The entry: what it is and where it comes from.
    plugin = described["plugin"]
    yield from _wrap(described["name"], described["summary"])
    yield ""
    known = described["weights"] and described["weights"]["card"]
    if known and (calibration := parse_card(known).calibration):
        yield from _wrap("calibrated", describe_calibrated(calibration))
    yield from _wrap("kind", described["kind"])
    yield from _wrap("family", f"{described['family']} ({described['factory']})")
    yield from _wrap("plugin", f"{plugin['name']} ({plugin['distribution']} {plugin['version']})")
    if plugin["imports"]:
        yield from _wrap(
            "warning", f"the plugin imports {', '.join(plugin['imports'])} only to declare its models"
        )
    without = "a weights file" if described["weights"] else "the family with its default options"
    yield from _wrap("catalogue", described["catalogue"] or f"none: {without}")
    yield from _wrap("paper", described["paper"] or "not given")
    yield from _wrap("licence", described["licence"] or "not given")
    yield from _wrap("needs", _requirements(described))
    yield from _wrap("size", _size_line(described["size"]))
    if described["kind"] == "landmark" and "error" not in described["size"]:
        yield from _wrap("ceiling", _ceiling_line(described["ceiling"]))

    # Its settings.
    yield from ("", "options")
    for name, option in described["options"].items():
        yield from _wrap(f"  {name}", f"{option['value']}  {_describe_option(option)}")
    if described["recipe"]:
        yield from _recipe_lines(described)
    if described["weights"]:
        yield from ("", "weights")
        for label, text in _weight_lines(described["weights"]):
            yield from _wrap(f"  {label}", text)


def _recipe_lines(described: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "recipe" + (" (own)" if described["trainer"] else ""))
    if described["trainer"]:
        yield from _wrap("  trainer", described["trainer"])
    for name, value in described["recipe"].items():
        mark = "  (set by this entry)" if name in described["recipe_overrides"] else ""
        yield from _wrap(f"  {name}", f"{value}{mark}")


def _weight_lines(weights: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a label and a text for each property of an entry's weights."""
    yield "file", weights["file"]
    if weights["card"] is None:
        yield "fault", weights["fault"]
        return
    card = parse_card(weights["card"])
    yield "trained on", f"{card.trained_on}: {describe_splits(card)}"
    if card.started_from:
        yield "started", f"from pretrained weights: {card.started_from}"
    for label, value in describe_training(card):
        yield label, f"{value}; lvzoo {card.lvzoo}" if label == "seed" else value
    for label, value in describe_dice(card):
        yield "Dice", f"{value}: {label}"
    yield "rounding", describe_rounding(card)
    if card.calibration is not None:
        yield from describe_calibration(card.calibration)
    yield from (("made by", command) for command in card.commands)


def _wrap(label: str, text: str) -> list[str]:
    indent = max(LABEL_WIDTH, len(label)) + 2
    lines = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False, break_long_words=False) or [""]
    return [f"{label:<{indent}}{lines[0]}", *(" " * indent + line for line in lines[1:])]


def _requirements(described: Mapping[str, Any]) -> str:
    if not described["requires"]:
        return "nothing more"
    return ", ".join(
        f"{name} (missing)" if name in described["missing"] else f"{name} (installed)"
        for name in described["requires"]
    )


def _size_line(size: Mapping[str, Any]) -> str:
    if "error" in size:
        return str(size["error"])
    if size["parameters"] is None:
        return "not known: another library runs the network"
    rows, columns = FRAME_SIZE_HW
    parameters = f"{size['parameters']:,} parameters"
    return f"{parameters}, {size['flops'] / 1e9:.2f} GFLOP for one {rows} x {columns} frame"


def _ceiling_line(ceiling: Mapping[str, Any] | None) -> str:
    if ceiling is None:
        return "unknown: the landmarks are not at equal arc lengths, or the model does not define its curve"
    if "error" in ceiling:
        return str(ceiling["error"])
    dice = ceiling["dice"]
    phases = ", ".join(f"{phase} {dice[phase]:.3f}" for phase in ("ED", "ES") if phase in dice)
    return (
        f"Dice {dice['all']:.3f} ({phases}): perfect landmarks through its own curve, on the {ceiling['frames']} "
        f"test frames of the phantom `{ceiling['phantom']}` (synthetic)"
    )


def _describe_option(option: Mapping[str, Any]) -> str:
    choices = f"one of {', '.join(map(str, option['choices']))}; " if option["choices"] else ""
    return f"({choices}default {option['default']}) {option['help']}"
