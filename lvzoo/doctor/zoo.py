"""Checks the plugins, their entries and the weights that they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.doctor.record import note, ok, problem
from lvzoo.errors import LvzooError
from lvzoo.registry import open_zoo
from lvzoo.weights.carried import Carried, find_carried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.doctor.record import Diagnosis
    from lvzoo.plugins import Plugin
    from lvzoo.types import DatasetSource, Family, NoiseSource


def check_plugins_and_entries() -> Iterator[Diagnosis]:
    """Read every plugin in a process of its own, and check which entries can be used."""
    try:
        zoo = open_zoo()
    except LvzooError as error:
        yield problem("plugins", str(error), "correct the setting or file that the message names")
        return
    yield from map(_check_plugin, zoo.plugins)
    missing = {entry.name: zoo.missing(entry) for entry in zoo.entries}
    for name, modules in missing.items():
        if modules:
            yield note(f"entry {name}", f"needs {', '.join(modules)}", "install it to use the entry")
    yield from map(_check_weights, filter(None, map(find_carried, zoo.entries)))
    usable = sum(not modules for modules in missing.values())
    found = f"{usable} of {len(missing)} can be used"
    remedy = "repair the plugins above: without them there is no model to train"
    yield ok("entries", found) if usable else problem("entries", found, remedy)


def _check_plugin(plugin: Plugin) -> Diagnosis:
    name, version = f"plugin {plugin.name}", f"{plugin.distribution} {plugin.version}"
    declared = plugin.declared
    if plugin.fault:
        found, remedy = _split_remedy(plugin.fault)
        return (note if plugin.disabled else problem)(name, f"{version}: {found}", remedy)
    if declared.heavy:
        imported = ", ".join(declared.heavy)
        found = f"{version} imports {imported} in its entry module, which should only declare"
        return note(name, found, "its author should move that import to the module of the factory")
    offers: list[Family | DatasetSource | NoiseSource] = [
        *declared.families,
        *declared.datasets,
        *declared.noises,
    ]
    return ok(name, f"{version}: {', '.join(each.name for each in offers) or 'only receives events'}")


def _check_weights(carried: Carried) -> Diagnosis:
    name = f"weights {carried.named}"
    if carried.fault or carried.card is None:
        return problem(name, *_split_remedy(carried.fault or ""))
    return ok(name, f"{carried.card.entry}, trained on {carried.card.data}")


def _split_remedy(message: str) -> tuple[str, str]:
    """Split an error message "what; what next" into both parts; without a semicolon, both are the message."""
    found, _, remedy = message.rpartition("; ")
    return found or remedy, remedy
