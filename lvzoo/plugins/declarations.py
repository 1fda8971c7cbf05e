"""Holds what a plugin declares in one record, converts it to and from JSON, and checks it for mistakes.

The probe process writes the record as JSON; the cache keeps that JSON.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from lvzoo.types import NAME, DatasetSource, Family, Kind, NoiseSource, Option, find_value_mistake

if TYPE_CHECKING:
    from collections.abc import Callable


FACTORY: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declarations:
    """Everything that one plugin offers.

    `hooks` holds the names of the hooks that it implements, and `catalogues` the paths of its registry files.
    `heavy` holds the slow libraries that its entry module imports; there should be none.
    """

    families: tuple[Family, ...] = ()
    catalogues: tuple[str, ...] = ()
    datasets: tuple[DatasetSource, ...] = ()
    noises: tuple[NoiseSource, ...] = ()
    hooks: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()


def to_json(declared: Declarations) -> dict[str, Any]:
    """Return `declared` as plain lists, dicts and scalars."""
    return dataclasses.asdict(declared)


def from_json(plain: Mapping[str, Any]) -> Declarations:
    """Return the record that `to_json` turned into `plain`; any other dict raises KeyError or TypeError."""
    return Declarations(
        families=tuple(map(_family_from_json, plain["families"])),
        catalogues=tuple(plain["catalogues"]),
        datasets=tuple(map(_dataset_from_json, plain["datasets"])),
        noises=tuple(NoiseSource(**each) for each in plain["noises"]),
        hooks=tuple(plain["hooks"]),
        heavy=tuple(plain["heavy"]),
    )


def _family_from_json(plain: Mapping[str, Any]) -> Family:
    options = _options_from_json(plain["options"])
    return Family(**{**plain, "options": options, "requires": tuple(plain["requires"])})


def _dataset_from_json(plain: Mapping[str, Any]) -> DatasetSource:
    options = _options_from_json(plain["options"])
    return DatasetSource(**{**plain, "options": options, "markers": tuple(plain["markers"])})


def _options_from_json(plain: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Option]:
    return {name: Option(**{**each, "choices": tuple(each["choices"])}) for name, each in plain.items()}


# --- Checks of what a plugin declared ------------------------------------------------------------------------


def find_mistake(declared: Declarations) -> str | None:
    """Return a sentence on the first mistake in a plugin's families, data sets and noise suites, or None."""
    return (
        _repeated("family", declared.families)
        or _first(_mistake_in_family, declared.families)
        or _repeated("data set", declared.datasets)
        or _first(_mistake_in_dataset, declared.datasets)
        or _repeated("noise suite", declared.noises)
        or _first(_mistake_in_source, declared.noises)
    )


def _mistake_in_family(family: Family) -> str | None:
    if family.kind not in get_args(Kind):
        return f"family {family.name!r}: kind must be 'mask' or 'landmark', not {family.kind!r}"
    if family.trainer is not None and not _is_factory(family.trainer):
        return f"family {family.name!r}: trainer must be 'package.module:Class', not {family.trainer!r}"
    if not _is_bool(family.trainable):
        return f"family {family.name!r}: trainable must be True or False, not {family.trainable!r}"
    if not _is_texts(family.requires):
        return f"family {family.name!r}: requires must be a tuple of module names, not {family.requires!r}"
    return _mistake_in_source(family) or _mistake_in_options(f"family {family.name!r}", family.options)


def _mistake_in_options(whose: str, options: Mapping[str, Option]) -> str | None:
    if not _is_mapping(options):
        return f"{whose}: options must be a mapping of names to Option"
    for name, option in options.items():
        if mistake := _mistake_in_option(name, option):
            return f"{whose}: option {name!r}{mistake}"
    return None


def _mistake_in_option(name: str, option: Option) -> str | None:
    if not _is_keyword(name):
        return " must be a valid name of a Python keyword argument"
    if not _is_option(option):
        return f" must be an Option, not a {type(option).__name__}"
    if not _is_scalar(option.default):
        return f": the default must be a bool, int, float, str or None, not {option.default!r}"
    if not _is_choices(option.choices):
        return f": choices must be a tuple of such values, not {option.choices!r}"
    if not _is_bool(option.training_only):
        return ": training_only must be True or False"
    mistake = find_value_mistake(option, option.default)
    return mistake and f": the default {mistake}"


def _mistake_in_dataset(source: DatasetSource) -> str | None:
    if not source.markers or not _is_texts(source.markers):
        return f"data set {source.name!r}: markers must be a tuple of file names, not {source.markers!r}"
    return _mistake_in_source(source) or _mistake_in_options(f"data set {source.name!r}", source.options)


def _mistake_in_source(source: Family | DatasetSource | NoiseSource) -> str | None:
    what = type(source).__name__
    if not _is_name(source.name):
        return f"{what} name {source.name!r} must be lower-case letters, digits, '.', '_' and '-'"
    if not _is_factory(source.factory):
        return f"{what} {source.name!r}: factory must be 'package.module:Class', not {source.factory!r}"
    if not _is_line(source.summary):
        return f"{what} {source.name!r}: summary must be one line of text"
    return None


# The fields of a plugin's records can hold anything, whatever their annotations say: these checks take any object.


def _is_factory(value: object) -> bool:
    return isinstance(value, str) and FACTORY.fullmatch(value) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _is_keyword(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


def _is_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


def _is_option(value: object) -> bool:
    return isinstance(value, Option)


def _is_scalar(value: object) -> bool:
    return isinstance(value, (bool, int, float, str, type(None)))


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_choices(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_is_scalar, value))


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _repeated(what: str, sources: Iterable[Family | DatasetSource | NoiseSource]) -> str | None:
    name, times = next(iter(Counter(each.name for each in sources).most_common(1)), ("", 0))
    return f"declares the {what} {name!r} {times} times" if times > 1 else None


def _first(check: Callable[[Any], str | None], records: Iterable[object]) -> str | None:
    return next((mistake for mistake in map(check, records) if mistake), None)
