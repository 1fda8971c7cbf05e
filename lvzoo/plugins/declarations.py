"""What a plugin declares: one record that travels as JSON from the probe into the cache and back."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from lvzoo.types import NAME, DatasetSource, Family, Kind, NoiseSource, Option, mistake_in_value

if TYPE_CHECKING:
    from collections.abc import Callable


FACTORY: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declarations:
    """Everything that one plugin offers.

    `hooks` names the hooks that it implements, `catalogues` its registry files, and `heavy` the slow
    libraries that importing its entry module drags in (there should be none).
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
    """Return what `to_json` was given; KeyError or TypeError where `plain` was not made by it."""
    return Declarations(
        families=tuple(_family(**each) for each in plain["families"]),
        catalogues=tuple(plain["catalogues"]),
        datasets=tuple(
            DatasetSource(**{**each, "markers": tuple(each["markers"])}) for each in plain["datasets"]
        ),
        noises=tuple(NoiseSource(**each) for each in plain["noises"]),
        hooks=tuple(plain["hooks"]),
        heavy=tuple(plain["heavy"]),
    )


def _family(*, options: Mapping[str, Mapping[str, Any]], requires: Iterable[str], **rest: Any) -> Family:  # noqa: ANN401 - the other fields, as they are
    settled = {name: Option(**{**each, "choices": tuple(each["choices"])}) for name, each in options.items()}
    return Family(options=settled, requires=tuple(requires), **rest)


# --- What may stand in a declaration ------------------------------------------------------------------------


def mistake_in_families(families: Iterable[Family]) -> str | None:
    """Return the first mistake in what a plugin's families say of themselves, or None."""
    families = tuple(families)
    return _repeated("family", families) or _first(_mistake_in_family, families)


def mistake_in_datasets(datasets: Iterable[DatasetSource]) -> str | None:
    """Return the first mistake in what a plugin's data set layouts say of themselves, or None."""
    datasets = tuple(datasets)
    return _repeated("data set", datasets) or _first(_mistake_in_dataset, datasets)


def mistake_in_noises(noises: Iterable[NoiseSource]) -> str | None:
    """Return the first mistake in what a plugin's noise suites say of themselves, or None."""
    noises = tuple(noises)
    return _repeated("noise suite", noises) or _first(_mistake_in_source, noises)


def _mistake_in_family(family: Family) -> str | None:
    if family.kind not in get_args(Kind):
        return f"family {family.name!r}: kind must be 'mask' or 'landmark', not {family.kind!r}"
    if family.trainer is not None and not _is_factory(family.trainer):
        return f"family {family.name!r}: trainer must be 'package.module:Class', not {family.trainer!r}"
    if not _is_texts(family.requires):
        return f"family {family.name!r}: requires must be a tuple of module names, not {family.requires!r}"
    if not _is_mapping(family.options):
        return f"family {family.name!r}: options must be a mapping of names to Option"
    return _mistake_in_source(family) or _mistake_in_options(family)


def _mistake_in_options(family: Family) -> str | None:
    for name, option in family.options.items():
        where = f"family {family.name!r}: option {name!r}"
        if not _is_keyword(name):
            return f"{where} must be a name that Python takes as a keyword"
        if not _is_option(option):
            return f"{where} must be an Option, not a {type(option).__name__}"
        if not _is_scalar(option.default):
            return f"{where}: the default must be a bool, int, float, str or None, not {option.default!r}"
        if not _is_choices(option.choices):
            return f"{where}: choices must be a tuple of such values, not {option.choices!r}"
        if mistake := mistake_in_value(option, option.default):
            return f"{where}: the default {mistake}"
    unclear = [name for name, option in family.options.items() if not _is_bool(option.training_only)]
    where = f"family {family.name!r}: option {unclear[0]!r}" if unclear else ""
    return f"{where}: training_only must be True or False" if unclear else None


def _mistake_in_dataset(source: DatasetSource) -> str | None:
    if not source.markers or not _is_texts(source.markers):
        return f"data set {source.name!r}: markers must be a tuple of file names, not {source.markers!r}"
    return _mistake_in_source(source)


def _mistake_in_source(source: Family | DatasetSource | NoiseSource) -> str | None:
    what = type(source).__name__
    if not _is_name(source.name):
        return f"{what} name {source.name!r} must be lower-case letters, digits, '.', '_' and '-'"
    if not _is_factory(source.factory):
        return f"{what} {source.name!r}: factory must be 'package.module:Class', not {source.factory!r}"
    if not _is_line(source.summary):
        return f"{what} {source.name!r}: summary must be one line of text"
    return None


# A plugin's records hold whatever its author put there, so these take any object.


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
