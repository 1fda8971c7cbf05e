"""Turns the description of a model in a file into an entry.

The family must be one that an installed plugin offers, so a file from elsewhere runs no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lvzoo.errors import DataError, PluginError, one_line
from lvzoo.types import NAME, Entry, find_value_mistake, has_control_characters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.registry.zoo import Zoo
    from lvzoo.types import Family


def build_entry(zoo: Zoo, described: Mapping[str, Any], *, where: str) -> Entry:
    """Return the entry that a card describes: name, plugin, family, options, summary, paper and licence.

    An option that is younger than the card has its default. Errors name the file `where`.

    Raises:
        PluginError: no working plugin of that name offers the family.
        DataError: the family has no such option or does not allow the value, or a name or text is invalid.
    """
    name, plugin, family, options = (described[key] for key in ("name", "plugin", "family", "options"))
    if not NAME.fullmatch(name):
        raise DataError(f"{where}: {name!r} is not an entry name; lvzoo did not write this file")
    texts = {key: described[key] and one_line(described[key]) for key in ("summary", "paper", "licence")}
    if odd := [text for text in texts.values() if text and has_control_characters(text)]:
        raise DataError(f"{where}: control characters in {odd[0]!r}; lvzoo did not write this file")
    found = _find_family(zoo, plugin, family, where)
    for key, value in options.items():
        known = found.options.get(key)
        mistake = find_value_mistake(known, value) if known else "is unknown here"
        if mistake:
            raise DataError(
                f"{where}: option {key!r} of the family {family!r} {mistake}; the model was trained with another "
                f"version of the plugin {plugin!r}; install that version"
            )
    return Entry(
        name=name,
        family=found,
        plugin=plugin,
        options={key: options.get(key, option.default) for key, option in found.options.items()},
        summary=texts["summary"] or found.summary,
        paper=texts["paper"],
        licence=texts["licence"],
    )


def _find_family(zoo: Zoo, plugin: str, name: str, where: str) -> Family:
    own = [each for each in zoo.plugins if each.name == plugin]
    working = [family for each in own if not each.fault for family in each.declared.families]
    if found := [family for family in working if family.name == name]:
        return found[0]
    fault = next((each.fault for each in own if each.fault), None)
    why = f"it is quarantined: {fault}" if fault else "install or update it"
    raise PluginError(
        f"{where}: needs the family {name!r} of the plugin {plugin!r}, which is not available; {why}"
    )
