"""The plugins and their entries: which of them work, and what do the others lack?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.doctor.record import Examined, Verdict
from lvzoo.errors import LvzooError
from lvzoo.registry import open_zoo
from lvzoo.weights.carried import Carried, carried_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lvzoo.plugins import Plugin
    from lvzoo.types import DatasetSource, Family, NoiseSource


def plugins_and_entries() -> Iterator[Examined]:
    """Read every plugin, each in a process of its own, and look for what entries require and lack."""
    try:
        zoo = open_zoo()
    except LvzooError as error:
        yield Examined(name="plugins", verdict="problem", found=str(error), remedy="correct it as it says")
        return
    yield from map(_plugin, zoo.plugins)
    lacking = {entry.name: zoo.missing(entry) for entry in zoo.entries}
    for name, missing in lacking.items():
        if missing:
            needs = f"needs {', '.join(missing)}"
            yield Examined(
                name=f"entry {name}", verdict="note", found=needs, remedy="install it to use the entry"
            )
    yield from map(_weights, filter(None, map(carried_by, zoo.entries)))
    ready = sum(not missing for missing in lacking.values())
    verdict: Verdict = "ok" if ready else "problem"
    remedy = "" if ready else "see the plugins above: without them there is nothing to train"
    yield Examined(
        name="entries", verdict=verdict, found=f"{ready} of {len(lacking)} can be used", remedy=remedy
    )


def _plugin(plugin: Plugin) -> Examined:
    name, whose = f"plugin {plugin.name}", f"{plugin.distribution} {plugin.version}"
    declared = plugin.declared
    if plugin.fault:
        found, _, remedy = plugin.fault.rpartition("; ")
        verdict: Verdict = "note" if plugin.switched_off else "problem"
        return Examined(name=name, verdict=verdict, found=f"{whose}: {found or remedy}", remedy=remedy)
    if declared.heavy:
        return Examined(
            name=name,
            verdict="note",
            found=f"{whose} imports {', '.join(declared.heavy)} where it only declares",
            remedy="its author should keep that import in the factory's module",
        )
    offers = [*_names(declared.families), *_names(declared.datasets), *_names(declared.noises)]
    return Examined(name=name, verdict="ok", found=f"{whose}: {', '.join(offers) or 'listens only'}")


def _weights(carried: Carried) -> Examined:
    name = f"weights {carried.named}"
    if carried.fault or carried.card is None:
        found, _, remedy = (carried.fault or "").rpartition("; ")
        return Examined(name=name, verdict="problem", found=found or remedy, remedy=remedy)
    return Examined(
        name=name, verdict="ok", found=f"{carried.card.entry}, trained on {carried.card.trained_on}"
    )


def _names(sources: Iterable[Family | DatasetSource | NoiseSource]) -> list[str]:
    return [source.name for source in sources]
