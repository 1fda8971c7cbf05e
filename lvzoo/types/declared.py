"""Records of what a plugin declares: model families with their options, data set layouts and noise suites.

They hold only names and plain values, because a separate process reads each plugin and passes them on as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from lvzoo.errors import did_you_mean, show_name

Kind: TypeAlias = Literal["mask", "landmark"]
OptionValue: TypeAlias = "bool | int | float | str | None"

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""Allowed names of entries, families, suites and layouts. Entries become folder names, hence the strict pattern."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One typed option of a family or of a data set layout.

    Its type is the type of its default; a default of None means "str or null". `choices` lists the allowed values; an
    empty tuple allows any value of the type. `training_only` marks an option of a family that matters only when
    training starts, for example pretrained weights. A trained model is built with the default of such an option, and
    then its own weights are loaded.
    """

    default: OptionValue
    help: str
    choices: tuple[OptionValue, ...] = ()
    training_only: bool = False

    @property
    def type_name(self) -> str:
        """The type that a value must have, as error messages and docs name it."""
        return "str or null" if self.default is None else type(self.default).__name__


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One architecture that a plugin offers.

    `factory` is "package.module:Class". It is imported only when a model is built, and called with the options as
    keywords. `requires` names modules that must be importable. `trainer` is "package.module:Class" of a `Trainer`
    for a network that needs its own training loop, or None; tables mark the models of such a family `own recipe`.
    A network that is not `trainable` (for example an ONNX file) was trained elsewhere, and is only tested.
    """

    name: str
    kind: Kind
    factory: str
    summary: str
    options: Mapping[str, Option] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    trainer: str | None = None
    trainable: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetSource:
    """A file layout that lvzoo can read.

    `factory` is called with the folder, and with the `options` as keywords; it returns a `Dataset`. `markers` are
    files or folders; a folder has this layout if it contains all of them. If several layouts match, the one with the
    most markers is used.
    """

    name: str
    factory: str
    summary: str
    markers: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseSource:
    """A named, frozen suite of corruptions. `factory` is called without arguments and returns a `NoiseSuite`."""

    name: str
    factory: str
    summary: str


def find_value_mistake(option: Option, value: OptionValue) -> str | None:
    """Return what is wrong with a value of an option, or None. A float option accepts an int, but never a bool.

    >>> find_value_mistake(Option(default=7, help="K", choices=(5, 7)), 6)
    'must be one of 5, 7, not 6'
    >>> find_value_mistake(Option(default=0.5, help="px"), "1e-3")
    "must be float, not str '1e-3' (YAML reads a number only with a point: 1.0e-3)"
    """
    wanted = (str, type(None)) if option.default is None else (type(option.default),)
    if type(value) not in wanted and not (float in wanted and type(value) is int):
        return f"must be {option.type_name}, not {type(value).__name__} {value!r}{_number_hint(value)}"
    if option.choices and value not in option.choices:
        hint = did_you_mean(value, [str(each) for each in option.choices]) if isinstance(value, str) else ""
        return f"must be one of {', '.join(str(each) for each in option.choices)}, not {value!r}{hint}"
    return None


def _number_hint(value: OptionValue) -> str:
    """Return a hint for numbers like 1e-3, which YAML reads as text, or an empty text."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+[eE][+-]?\d+", value):
        return f" (YAML reads a number only with a point: {re.sub('[eE]', '.0e', value)})"
    return ""


def has_control_characters(text: str) -> bool:
    r"""Return whether a text contains line breaks, terminal escapes or changes of the writing direction.

    >>> has_control_characters("U-Net, 1 % noise"), has_control_characters("U-Net\x1b[2K")
    (False, True)
    """
    return show_name(text) != text
