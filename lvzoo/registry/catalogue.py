"""Reads the entries of one `registry.yaml` and checks every name and value; an error names the entry and the key."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.registry.strict_yaml import parse
from lvzoo.types import NAME, Entry, Option, Recipe, find_value_mistake, has_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lvzoo.types import Family, OptionValue

TEXTS: Final = ("summary", "paper", "licence", "weights")
KEYS: Final = ("family", "options", "recipe", *TEXTS)
RECIPE: Final = {
    name: Option(default=value, help=name) for name, value in dataclasses.asdict(Recipe()).items()
}
"""The keys of an entry's `recipe`; the defaults of `Recipe` give their types."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A family and the plugin that offers it."""

    family: Family
    plugin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """An entry of a catalogue, but no working plugin offers its family."""

    name: str
    family: str
    catalogue: str


def read_catalogue(
    path: Path, offers: Mapping[str, Offer], *, shown: str, complete: bool
) -> list[Entry | Absent]:
    """Return the entries of the file in their order; errors call the file `shown`.

    `offers` holds the known families by name. If they are `complete` (no plugin is quarantined), an unknown family is
    a mistake; otherwise its entry is `Absent`.

    Raises:
        UsageError: the file is missing, is not YAML, or has a mistake.
    """
    return [
        _make_entry(f"{shown}: {name}", str(name), plain, offers, complete=complete, catalogue=str(path))
        for name, plain in _check_mapping(shown, parse(_read_text(path, shown), shown)).items()
    ]


def make_default_entry(offer: Offer) -> Entry:
    """Return the entry of a family that is in no catalogue: the family's name and its default options."""
    family = offer.family
    defaults = {name: option.default for name, option in family.options.items()}
    return Entry(
        name=family.name, family=family, plugin=offer.plugin, options=defaults, summary=family.summary
    )


def _read_text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: is not text in UTF-8; save it as UTF-8") from error


def _check_mapping(where: str, plain: object) -> dict[Any, Any]:
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise UsageError(f"{where}: must be keys with values ('key: value'), not {type(plain).__name__}")
    return plain


def _make_entry(
    where: str, name: str, plain: object, offers: Mapping[str, Offer], *, complete: bool, catalogue: str
) -> Entry | Absent:
    if not NAME.fullmatch(name):
        raise UsageError(f"{where}: a name must be lower-case letters, digits, '.', '_' and '-'")
    fields = _check_mapping(where, plain)
    _check_keys(where, "key", fields, KEYS)
    family_name = fields.get("family")
    if not isinstance(family_name, str):
        raise UsageError(f"{where}: must name its family (for example 'family: unet')")
    offer = offers.get(family_name)
    if offer is None and complete:
        hint = did_you_mean(family_name, offers)
        raise UsageError(
            f"{where}: unknown family {family_name!r}{hint}; 'lvzoo list' shows what is installed"
        )
    if offer is None:
        return Absent(name=name, family=family_name, catalogue=catalogue)
    texts = {key: _check_text(where, key, fields.get(key)) for key in TEXTS}
    options = _check_values(
        where, "option", fields.get("options"), offer.family.options, of=f" for family {family_name!r}"
    )
    return Entry(
        name=name,
        family=offer.family,
        plugin=offer.plugin,
        options={key: options.get(key, option.default) for key, option in offer.family.options.items()},
        summary=texts["summary"] or offer.family.summary,
        recipe=_check_values(where, "recipe", fields.get("recipe"), RECIPE),
        paper=texts["paper"],
        licence=texts["licence"],
        catalogue=catalogue,
        weights=texts["weights"],
    )


def _check_text(where: str, key: str, value: object) -> str | None:
    """Return a text on one line; YAML may spread it over several."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: {key} must be text, not {value!r}")
    line = " ".join(map(str.strip, value.strip().splitlines()))
    if has_control_characters(line):
        raise UsageError(f"{where}: {key} has control characters: {line!r}")
    return line


def _check_values(
    where: str, what: str, plain: object, known: Mapping[str, Option], *, of: str = ""
) -> dict[str, OptionValue]:
    """Return the values that an entry sets, an int as float where the default is a float.

    `what` is "option" or "recipe", and `of` ends the error of an unknown key.
    """
    section, key_name = ("options", "option") if what == "option" else ("recipe", "recipe key")
    given = _check_mapping(f"{where}: {section}", plain)
    _check_keys(where, key_name, given, known, of=of)
    for key, value in given.items():
        if mistake := find_value_mistake(known[key], value):
            raise UsageError(f"{where}: {what} {key!r} {mistake}")
    return {
        key: float(value) if isinstance(known[key].default, float) else value for key, value in given.items()
    }


def _check_keys(where: str, what: str, given: Iterable[Any], known: Iterable[str], *, of: str = "") -> None:
    known = tuple(known)
    for key in given:
        if key not in known:
            raise UsageError(f"{where}: unknown {what} {key!r}{of}{did_you_mean(str(key), known)}")
