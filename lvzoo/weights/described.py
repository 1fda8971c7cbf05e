"""From what a file says of a model to an entry that can be built: of a family that is installed, no other code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.errors import DataError, PluginError
from lvzoo.types import NAME, Entry, control_characters, mistake_in_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.registry.zoo import Zoo
    from lvzoo.types import Family, OptionValue


def entry_described(
    zoo: Zoo,
    *,
    name: str,
    plugin: str,
    family: str,
    options: Mapping[str, OptionValue],
    texts: Mapping[str, str | None],
    where: str,
) -> Entry:
    """Return the entry that a card describes; `texts` are summary, paper and licence, `where` names the file.

    An option that the family has got since the card was written has its default.

    Raises:
        PluginError: no working plugin of that name offers the family.
        DataError: the family has no such option, or not with such a value; or a name or text is none.
    """
    if not NAME.fullmatch(name):
        raise DataError(f"{where}: {name!r} is no name of an entry; it was not written by lvzoo")
    lines = {key: text and " ".join(text.split()) for key, text in texts.items()}
    if odd := [text for text in lines.values() if text and control_characters(text)]:
        raise DataError(f"{where}: control characters in {odd[0]!r}; it was not written by lvzoo")
    found = _family(zoo, plugin, family, where)
    for key, value in options.items():
        known = found.options.get(key)
        mistake = mistake_in_value(known, value) if known else "is unknown here"
        if mistake:
            raise DataError(
                f"{where}: option {key!r} of the family {family!r} {mistake}; it was trained with another version of "
                f"the plugin {plugin!r}"
            )
    return Entry(
        name=name,
        family=found,
        plugin=plugin,
        options={key: options.get(key, option.default) for key, option in found.options.items()},
        summary=lines["summary"] or found.summary,
        paper=lines["paper"],
        licence=lines["licence"],
    )


def _family(zoo: Zoo, plugin: str, name: str, where: str) -> Family:
    own = [each for each in zoo.plugins if each.name == plugin]
    for each in own:
        for family in each.declared.families:
            if family.name == name and not each.fault:
                return family
    fault = next((each.fault for each in own if each.fault), None)
    why = f"it is quarantined: {fault}" if fault else "install or update it"
    raise PluginError(
        f"{where}: is of the family {name!r} of the plugin {plugin!r}, which is not to be had; {why}"
    )
