"""The card of a weights file: which model it is, how and on what it was trained, and its Dice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from lvzoo.types import NAME, Kind, OptionValue, Recipe, Split, has_control_characters
from lvzoo.weights.calibration import UNITS, Calibration, name_data
from lvzoo.weights.ranges import LARGEST_COUNT, check_range

KEY: Final = "lvzoo"
"""The key of the card in the metadata of a safetensors header."""
VERSION: Final = 3
"""The version of the card's format. A newer lvzoo may write a higher one."""
CALIBRATED_VERSION: Final = 2
"""The version of a card with a calibration, of a model that lvzoo trained."""
FIRST_VERSION: Final = 1
"""The version of a card without a calibration: an lvzoo that knows no calibration reads it rightly."""

AUTHOR: Final = "trained elsewhere, as its author says"
"""Stands behind the name of training data that only the author of a model knows."""

Plain = Mapping[str, Any]
T = TypeVar("T")
YOUNGER: Final = ("test_other", "empty", "started_from", "names", "calibration", "elsewhere")
"""The fields that the first cards lack. A missing field has its default."""


class NewerCardError(ValueError):
    """The card has a format that only a newer lvzoo knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The size of a split.

    `fingerprint` is a hash of its frames, its references and the names of its videos. `names` is a hash of the names
    of its patients, or empty if they are not known.
    """

    patients: int
    frames: int
    fingerprint: str
    names: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if a count is below 0."""
        check_range({"patients": self.patients, "frames": self.frames}, 0, LARGEST_COUNT)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedOn:
    """The data set that a model was trained on. `fingerprint` is that of all its splits together.

    If the model was trained `elsewhere`, by other code than lvzoo, then `name` is what its author says, and nothing
    else is known: `version` and `fingerprint` are empty.
    """

    name: str
    version: str
    synthetic: bool
    fingerprint: str
    splits: Mapping[Split, Counts]
    elsewhere: bool = False

    def __str__(self) -> str:
        """Return a short name of the data. Simulated data are called synthetic.

        >>> str(TrainedOn(name="phantom", version="phantom-v2", synthetic=True, fingerprint="f", splits={}))
        'synthetic phantom-v2'
        >>> str(trained_elsewhere("our clips of 2019"))
        'our clips of 2019 (trained elsewhere, as its author says)'
        """
        return f"{self.name} ({AUTHOR})" if self.elsewhere else name_data(self)


def trained_elsewhere(data: str, *, synthetic: bool = False) -> TrainedOn:
    """Return what is known of the training data of a model that other code trained: what its author says."""
    return TrainedOn(name=data, version="", synthetic=synthetic, fingerprint="", splits={}, elsewhere=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanDice:
    """Mean Dice over patients, on clean frames of the data set that the model was trained on; None if unknown."""

    val: float | None = None
    test: float | None = None
    test_ed: float | None = None
    test_es: float | None = None
    test_other: float | None = None
    """On frames that are neither ED nor ES. Only a phantom of whole beats has such frames."""

    def __post_init__(self) -> None:
        """Raise ValueError if a value is not a Dice."""
        check_range(dataclasses.asdict(self), 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounding:
    """The cost of rounding the weights to float16, on the clean test frames of a small phantom (synthetic).

    `before` and `after` are the mean Dice against the references. `agreement` is the mean Dice of the masks before
    against the masks after. It leaves out the frames on which both masks are empty, and is 0 if all are. `empty`
    counts these frames.
    """

    before: float
    after: float
    agreement: float
    frames: int
    data: str
    empty: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError if a value is not a Dice, or a count is below 0."""
        check_range({"before": self.before, "after": self.after, "agreement": self.agreement}, 0, 1)
        check_range({"frames": self.frames, "empty": self.empty}, 0, LARGEST_COUNT)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsCard:
    """The description of a trained model.

    A card may come from anywhere. Its entry names a folder and its texts are printed, so both are checked.

    `lvzoo` is the version that trained the model, and `code` the digest of that version's code. If the model was
    trained elsewhere (`trained_on.elsewhere`), `lvzoo` is the version that wrote the card, and `recipe`, `seed` and
    `best_epoch` mean nothing. `started_from` names the pretrained weights that the training started from, if any.
    `rounding` is None if the weights are as they were trained. `calibration` is None if the border is where the
    training put it. `commands` are the commands that make the file again.
    """

    entry: str
    kind: Kind
    family: str
    plugin: str
    options: Mapping[str, OptionValue]
    summary: str
    trained_on: TrainedOn
    recipe: Recipe
    seed: int
    best_epoch: int
    lvzoo: str
    paper: str | None = None
    licence: str | None = None
    code: str = ""
    started_from: str = ""
    dice: CleanDice = field(default_factory=CleanDice)
    rounding: Rounding | None = None
    calibration: Calibration | None = None
    computed: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for an invalid name, a number out of range, or a text with control characters."""
        if not NAME.fullmatch(self.entry):
            raise ValueError(f"'entry' is {self.entry!r}, which is not an entry name")
        check_range({"seed": self.seed, "best_epoch": self.best_epoch}, 0, LARGEST_COUNT)
        if self.calibration is not None and self.calibration.unit != UNITS[self.kind]:
            raise ValueError(f"'unit' is {self.calibration.unit!r}")
        odd = next((text for text in _texts(self.plain()) if has_control_characters(text)), None)
        if odd is not None:
            raise ValueError(f"control characters in {odd!r}")

    @property
    def data(self) -> str:
        """Short names of all data that the model has seen: those of the training, and those of the calibration."""
        if self.calibration is None:
            return str(self.trained_on)
        return f"{self.trained_on}; border calibrated on {name_data(self.calibration)}"

    def plain(self) -> dict[str, Any]:
        """Return the card as plain values for JSON."""
        version = FIRST_VERSION if self.calibration is None else CALIBRATED_VERSION
        if self.trained_on.elsewhere:
            version = VERSION  # an older lvzoo would take the recipe of the card for the model's
        return {"card": version, **dataclasses.asdict(self), "commands": list(self.commands)}

    def to_json(self) -> str:
        """Return the JSON text for a header. Equal cards give equal texts."""
        return json.dumps(self.plain(), sort_keys=True)


def parse_card(plain: object) -> WeightsCard:
    """Return the card that plain values from JSON describe. Unknown keys are ignored.

    Raises:
        NewerCardError: the card has a newer format.
        ValueError: a value is missing or has the wrong type; names it.
    """
    if not isinstance(plain, Mapping):
        raise ValueError(f"it is {type(plain).__name__}, not keys with values")  # noqa: TRY004 - callers catch one class
    version = _take(plain, "card", int)
    if version > VERSION:
        raise NewerCardError(f"its card has format {version}, this lvzoo knows {VERSION}")
    return _parse_record(WeightsCard, plain)


def _parse_record(record: type[T], plain: Plain) -> T:
    """Return a record: each field has the value of the same name, of its own type."""
    hints = get_type_hints(record)
    values = {name: _parse(hint, plain, name) for name, hint in hints.items() if name in plain}
    if lacking := [name for name in hints if name not in (*plain, *YOUNGER)]:
        raise ValueError(f"{lacking[-1]!r} is missing")
    return record(**values)


def _parse(hint: Any, plain: Plain, key: str) -> Any:  # noqa: ANN401 - what the type hint says
    """Return the value of a key, of the type that a hint says. A float may be a whole number."""
    parts = get_args(hint)
    if parts and dataclasses.is_dataclass(parts[0]):  # or None
        return None if plain[key] is None else _parse(parts[0], plain, key)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        values = _take(plain, key, dict)
        return _parse_recipe(values) if hint is Recipe else _parse_record(hint, values)
    if get_origin(hint) is Mapping:
        values = _take(plain, key, dict)
        names = get_args(parts[0]) or values  # other names than those of the hint are ignored
        return {name: _parse(parts[1], values, name) for name in names if name in values}
    if get_origin(hint) is tuple:
        return tuple(map(str, _take(plain, key, list)))
    if get_origin(hint) is Literal:
        if plain[key] not in parts:
            raise ValueError(f"{key!r} is {plain[key]!r}")
        return plain[key]
    types = parts or (hint,)
    return _take(plain, key, *types, *([int] if float in types else []))


def _parse_recipe(plain: Plain) -> Recipe:
    """Return the recipe. A field that is younger than the card has the value of that time."""
    defaults = dataclasses.asdict(Recipe())
    for key, value in plain.items():
        if key not in defaults:
            raise NewerCardError(f"its recipe has {key!r}, which this lvzoo does not know")
        wanted = type(defaults[key])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ValueError(f"'recipe' has {key} {value!r}")
    return Recipe.read(plain)


def _texts(plain: object) -> Iterator[str]:
    """Yield every text in plain values, including keys."""
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, Mapping):
        for key, value in plain.items():
            yield from (key, *_texts(value))
    elif isinstance(plain, list | tuple):
        for value in plain:
            yield from _texts(value)


def _take(plain: Plain, key: str, *types: type) -> Any:  # noqa: ANN401 - one of these types
    """Return a value of exactly one of the types: True does not pass for an int."""
    if key not in plain:
        raise ValueError(f"{key!r} is missing")
    if type(plain[key]) not in types:
        raise ValueError(f"{key!r} is {plain[key]!r}")
    return plain[key]
