"""One `registry.yaml` -> entries: every name and value is checked, and a mistake names its entry and key."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import lvzoo
from lvzoo.errors import UsageError, did_you_mean
from lvzoo.files import atomic_file, cache_folder
from lvzoo.types import NAME, Entry, Option, Recipe, control_characters, mistake_in_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lvzoo.types import Family, OptionValue

TEXTS: Final = ("summary", "paper", "licence", "weights")
KEYS: Final = ("family", "options", "recipe", *TEXTS)
RECIPE: Final = {
    name: Option(default=value, help=name) for name, value in dataclasses.asdict(Recipe()).items()
}
"""The keys of an entry's `recipe`, typed by the defaults of `Recipe`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A family and the plugin that offers it."""

    family: Family
    plugin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """An entry of a catalogue whose family no working plugin offers."""

    name: str
    family: str
    catalogue: str


def read_catalogue(
    path: Path, offers: Mapping[str, Offer], *, shown: str, complete: bool
) -> list[Entry | Absent]:
    """Return the entries of the file, in its order; `shown` names the file in errors.

    `offers` holds the known families by name. Unless they are `complete` (no plugin is quarantined), an
    unknown family is no mistake, and its entry is `Absent`.

    Raises:
        UsageError: the file is missing, is no YAML, or holds a mistake.
    """
    return [
        _entry(f"{shown}: {name}", str(name), plain, offers, complete=complete, catalogue=str(path))
        for name, plain in _mapping(shown, _load(path, shown)).items()
    ]


def entry_of(offer: Offer) -> Entry:
    """Return the entry that a family without a catalogue has: its own name and its default options."""
    family = offer.family
    defaults = {name: option.default for name, option in family.options.items()}
    return Entry(
        name=family.name, family=family, plugin=offer.plugin, options=defaults, summary=family.summary
    )


# --- The file -----------------------------------------------------------------------------------------------


def _load(path: Path, shown: str) -> object:
    """Return what the file holds; for a text that was parsed before, PyYAML is not even imported."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: is no text in UTF-8") from error
    key = sha256(f"{lvzoo.__version__}\n{text}".encode()).hexdigest()[:32]
    try:
        parsed = cache_folder("catalogues") / f"{key}.json"
        return json.loads(parsed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _parse(text, shown, key)


def _parse(text: str, shown: str, key: str) -> object:
    from lvzoo.registry.strict_yaml import parse

    plain = parse(text, shown)
    try:
        kept = json.dumps(plain)
        if json.loads(kept) == plain:
            with atomic_file(cache_folder("catalogues") / f"{key}.json") as temporary:
                temporary.write_text(kept, encoding="utf-8")
    except (OSError, TypeError):
        pass  # no place to keep it, or a date in it: the next run parses it again
    return plain


def _mapping(where: str, plain: object) -> dict[Any, Any]:
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise UsageError(f"{where}: must be keys with values ('key: value'), not {type(plain).__name__}")
    return plain


# --- One entry ----------------------------------------------------------------------------------------------


def _entry(
    where: str, name: str, plain: object, offers: Mapping[str, Offer], *, complete: bool, catalogue: str
) -> Entry | Absent:
    if not NAME.fullmatch(name):
        raise UsageError(f"{where}: a name must be lower-case letters, digits, '.', '_' and '-'")
    fields = _mapping(where, plain)
    _refuse_unknown(where, "key", fields, KEYS)
    family_name = fields.get("family")
    if not isinstance(family_name, str):
        raise UsageError(f"{where}: must name its family ('family: unet')")
    offer = offers.get(family_name)
    if offer is None and complete:
        hint = did_you_mean(family_name, offers)
        raise UsageError(
            f"{where}: unknown family {family_name!r}{hint}; 'lvzoo list' shows what is installed"
        )
    if offer is None:
        return Absent(name=name, family=family_name, catalogue=catalogue)
    texts = {key: _text(where, key, fields.get(key)) for key in TEXTS}
    options = _values(
        where, f"option {{}} for family {family_name!r}", fields.get("options"), offer.family.options
    )
    return Entry(
        name=name,
        family=offer.family,
        plugin=offer.plugin,
        options={key: options.get(key, option.default) for key, option in offer.family.options.items()},
        summary=texts["summary"] or offer.family.summary,
        recipe=_values(where, "recipe key {}", fields.get("recipe"), RECIPE),
        paper=texts["paper"],
        licence=texts["licence"],
        catalogue=catalogue,
        weights=texts["weights"],
    )


def _text(where: str, key: str, value: object) -> str | None:
    """Return a text as one line, as YAML may write it in several."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: {key} must be text, not {value!r}")
    line = " ".join(map(str.strip, value.strip().splitlines()))
    if control_characters(line):
        raise UsageError(f"{where}: {key} has control characters: {line!r}")
    return line


def _values(where: str, what: str, plain: object, known: Mapping[str, Option]) -> dict[str, OptionValue]:
    """Return the values given for some of the `known` keys; `what` names a key, {} standing for it."""
    section = "options" if what.startswith("option") else "recipe"
    given = _mapping(f"{where}: {section}", plain)
    _refuse_unknown(where, what, given, known)
    for key, value in given.items():
        if mistake := mistake_in_value(known[key], value):
            raise UsageError(f"{where}: {section.removesuffix('s')} {key!r} {mistake}")
    return {
        key: float(value) if isinstance(known[key].default, float) else value for key, value in given.items()
    }


def _refuse_unknown(where: str, what: str, given: Iterable[Any], known: Iterable[str]) -> None:
    known = tuple(known)
    for key in given:
        if key not in known:
            named = what.format(repr(key)) if "{}" in what else f"{what} {key!r}"
            raise UsageError(f"{where}: unknown {named}{did_you_mean(str(key), known)}")
