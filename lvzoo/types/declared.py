"""What a plugin declares: families with their options, data set layouts and noise suites.

These records hold names and plain values only. They travel as JSON from the process that reads a plugin into the
cache and back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from lvzoo.errors import did_you_mean

Kind: TypeAlias = Literal["mask", "landmark"]
OptionValue: TypeAlias = "bool | int | float | str | None"

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""What an entry, a family, a suite or a layout may be called: entries name folders."""
UNPRINTED: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of characters that control a terminal or reverse a line, and show nothing themselves."""
JOINERS: Final = "\u00ad\u200c\u200d"
"""Characters of these categories that words are written with: the soft hyphen, and joiners of letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One typed option of a family: its type is that of its default (None stands for an optional string).

    `training_only` marks what only the start of a training needs, such as pretrained weights: a trained model is
    built with the default instead before its own weights are read.
    """

    default: OptionValue
    help: str
    choices: tuple[OptionValue, ...] = ()
    training_only: bool = False

    @property
    def type_name(self) -> str:
        """The type a value must have, as a reader of registry.yaml would write it."""
        return "str or null" if self.default is None else type(self.default).__name__


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One architecture that a plugin offers.

    `factory` is "package.module:Class", resolved only when a model is built and called with the options as
    keywords. `requires` names importable modules that must be there. `trainer` names the factory of an own
    `Trainer`, for a network that needs another loop; such a trial is marked `own recipe`.
    """

    name: str
    kind: Kind
    factory: str
    summary: str
    options: Mapping[str, Option] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    trainer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetSource:
    """A layout of files that lvzoo can read; `factory` is called with the folder and returns a `Dataset`.

    A folder is recognised by its `markers`: files or folders that must all be there. Where several sources
    recognise a folder, the one with the most markers reads it.
    """

    name: str
    factory: str
    summary: str
    markers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseSource:
    """A named, frozen suite of corruptions; `factory` is called without arguments, returns a `NoiseSuite`."""

    name: str
    factory: str
    summary: str


def mistake_in_value(option: Option, value: OptionValue) -> str | None:
    """Say what is wrong with `value` for `option`, or None; an int passes for a float, a bool for no number.

    >>> mistake_in_value(Option(default=7, help="K", choices=(5, 7)), 6)
    'must be one of 5, 7, not 6'
    >>> mistake_in_value(Option(default=0.5, help="px"), "1e-3")
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
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+[eE][+-]?\d+", value):
        return f" (YAML reads a number only with a point: {re.sub('[eE]', '.0e', value)})"
    return ""


def control_characters(text: str) -> bool:
    r"""Tell whether a text holds what does not print as it reads: line breaks, escapes, changes of direction.

    >>> control_characters("U-Net, 1 % noise"), control_characters("U-Net\x1b[2K")
    (False, True)
    """
    return any(unicodedata.category(each) in UNPRINTED and each not in JOINERS for each in text)
