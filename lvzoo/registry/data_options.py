"""Reads the options of data sets, which a user gives by the name of the layout: `camus.view` is 2CH.

A command may read several data sets, so each option names the layout that it belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.plugins import resolve
from lvzoo.types import DatasetSource, Option, OptionValue, find_value_mistake

if TYPE_CHECKING:
    from lvzoo.interfaces import Dataset

WANTED: Final = {bool: "yes or no", int: "a whole number", float: "a number"}
"""What a text must be to become a value of a type."""
BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class DataReader:
    """Opens folders of one layout with settled options: names and values only, so that it can be sent elsewhere."""

    factory: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    """The value of each option that the layout has."""

    @classmethod
    def of(cls, layout: DatasetSource, given: Mapping[str, OptionValue]) -> DataReader:
        """Return the reader of a layout with the given options, as `read_data_options` returns them."""
        options = {
            name: given.get(f"{layout.name}.{name}", option.default)
            for name, option in layout.options.items()
        }
        return cls(factory=layout.factory, options=options)

    def open(self, folder: Path) -> Dataset:
        """Return the data set in a folder.

        Raises:
            PluginError: the reader cannot be imported.
            DataError: files of the layout are missing.
        """
        dataset: Dataset = resolve(self.factory)(folder, **self.options)
        return dataset


def read_data_options(
    layouts: Sequence[DatasetSource], given: Mapping[str, OptionValue] | None
) -> dict[str, OptionValue]:
    """Return the given options that differ from their defaults, under the names in which they are declared.

    The key of an option is the name of its layout, a point and its own name, in which "-" may stand for "_". A text
    is read as the type of the option.

    Raises:
        UsageError: a layout, an option or a value is unknown; lists the choices and close matches.

    >>> view = Option(default="4CH", help="the view", choices=("4CH", "2CH"))
    >>> source = DatasetSource(name="camus", factory="a:B", summary="", markers=("x",), options={"view": view})
    >>> read_data_options([source], {"camus.view": "2CH"})
    {'camus.view': '2CH'}
    """
    found: dict[str, OptionValue] = {}
    for key, value in (given or {}).items():
        layout, name = _find_option(layouts, key)
        parsed = _parse(layout.options[name], value)
        wanted = WANTED.get(type(layout.options[name].default))
        if wanted and isinstance(parsed, str):
            raise UsageError(f"data option {_show(key)} must be {wanted}, not {parsed!r}")
        if mistake := find_value_mistake(layout.options[name], parsed):
            raise UsageError(f"data option {_show(key)} {mistake}")
        if parsed != layout.options[name].default:
            found[f"{layout.name}.{name}"] = parsed
    return dict(sorted(found.items()))


def own_data_options(layout: str, given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Return those of several data sets' options that belong to one layout."""
    return {key: value for key, value in given.items() if key.rpartition(".")[0] == layout}


def write_data_options(given: Mapping[str, OptionValue]) -> list[str]:
    """Return options as they are written on the command line.

    >>> write_data_options({"masks.patient_pattern": "(p[0-9]+)"})
    ['masks.patient-pattern=(p[0-9]+)']
    """
    return [f"{_show(key)}={value}" for key, value in given.items()]


def check_layouts_are_used(given: Mapping[str, OptionValue], used: Collection[str]) -> None:
    """Check that the options belong to layouts of the command's data sets.

    Raises:
        UsageError: one belongs to another layout.
    """
    for key in given:
        layout = key.rpartition(".")[0]
        if layout not in used:
            read = f" (they have {' and '.join(sorted(used))})" if used else ""
            raise UsageError(
                f"data option {_show(key)}: no data set here has the layout {layout!r}{read}; leave it out"
            )


def _find_option(layouts: Sequence[DatasetSource], key: str) -> tuple[DatasetSource, str]:
    layout_name, _, written = key.rpartition(".")
    with_options = {layout.name: layout for layout in layouts if layout.options}
    if layout_name not in with_options:
        if any(layout.name == layout_name for layout in layouts):
            raise UsageError(f"data option {key!r}: the layout {layout_name!r} has no options; leave it out")
        keys = [f"{layout.name}.{_show(name)}" for layout in with_options.values() for name in layout.options]
        hint = did_you_mean(layout_name, with_options) or did_you_mean(key, keys)
        known = ", ".join(keys) or "none is installed"
        raise UsageError(
            f"unknown data option {key!r}{hint}; name the layout and its option in "
            f"--data-option (data_options= in Python): {known}"
        )
    layout = with_options[layout_name]
    name = written.replace("-", "_")
    if name not in layout.options:
        known = ", ".join(map(_show, layout.options))
        raise UsageError(
            f"unknown option {written!r} of the layout {layout.name!r}; use one of {known}"
            f"{did_you_mean(name, map(_show, layout.options))}"
        )
    return layout, name


def _show(name: str) -> str:
    """Return an option, with or without its layout, as it is written on the command line."""
    layout, point, option = name.rpartition(".")
    return f"{layout}{point}{option.replace('_', '-')}"


def _parse(option: Option, value: OptionValue) -> OptionValue:
    """Return a text as a value of the option's type. A text that is none is returned as it is."""
    if not isinstance(value, str) or isinstance(option.default, str) or option.default is None:
        return value
    if isinstance(option.default, bool):
        return BOOLEANS.get(value.lower(), value)
    try:
        return type(option.default)(value)
    except ValueError:
        return value
