"""The card of a weights file: which model it is, how and on what it was trained, and its Dice."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args, get_type_hints

from lvzoo.types import NAME, SPLITS, Kind, OptionValue, Recipe, has_control_characters

KEY: Final = "lvzoo"
"""The key of the card in the metadata of a safetensors header."""
VERSION: Final = 1
"""The version of the card's format. A newer lvzoo may write a higher one."""

Plain = Mapping[str, Any]
T = TypeVar("T")
NONE: Final = type(None)
LARGEST_SEED: Final = 2**63 - 1
"""The largest number that fits into a table of scores."""


class NewerCardError(ValueError):
    """The card has a format that only a newer lvzoo knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The size of a split. `fingerprint` is a hash of its frames, its references and the names of its videos."""

    patients: int
    frames: int
    fingerprint: str

    def __post_init__(self) -> None:
        """Raise ValueError if a count is below 0."""
        _check_range({"patients": self.patients, "frames": self.frames}, 0, LARGEST_SEED)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedOn:
    """The data set that a model was trained on. `fingerprint` is that of all its splits together."""

    name: str
    version: str
    synthetic: bool
    fingerprint: str
    splits: Mapping[str, Counts]

    def __str__(self) -> str:
        """Return a short name of the data. Simulated data are called synthetic.

        >>> str(TrainedOn(name="phantom", version="phantom-v2", synthetic=True, fingerprint="f", splits={}))
        'synthetic phantom-v2'
        """
        if not self.synthetic:
            return f"{self.name} ({self.version})"
        return f"synthetic {self.version if self.name == 'phantom' else f'{self.name} ({self.version})'}"


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
        _check_range(dataclasses.asdict(self), 0, 1)


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
        _check_range({"before": self.before, "after": self.after, "agreement": self.agreement}, 0, 1)
        _check_range({"frames": self.frames, "empty": self.empty}, 0, LARGEST_SEED)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsCard:
    """The description of a trained model.

    A card may come from anywhere. Its entry names a folder and its texts are printed, so both are checked.

    `lvzoo` is the version that trained the model, and `code` the digest of that version's code. `started_from` names
    the pretrained weights that the training started from, if any. `rounding` is None if the weights are as they were
    trained. `commands` are the commands that make the file again.
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
    computed: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for an invalid name, a number out of range, or a text with control characters."""
        if not NAME.fullmatch(self.entry):
            raise ValueError(f"'entry' is {self.entry!r}, which is not an entry name")
        _check_range({"seed": self.seed, "best_epoch": self.best_epoch}, 0, LARGEST_SEED)
        odd = next((text for text in _texts(self.plain()) if has_control_characters(text)), None)
        if odd is not None:
            raise ValueError(f"control characters in {odd!r}")

    def plain(self) -> dict[str, Any]:
        """Return the card as plain values for JSON."""
        return {"card": VERSION, **dataclasses.asdict(self), "commands": list(self.commands)}

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
    kind = _take(plain, "kind", str)
    if kind not in get_args(Kind):
        raise ValueError(f"'kind' is {kind!r}")
    rounding = _take(plain, "rounding", dict, NONE)
    texts = {key: _take(plain, key, str) for key in ("entry", "family", "plugin", "summary", "lvzoo", "code")}
    return WeightsCard(
        **texts,
        **{key: _take(plain, key, str, NONE) for key in ("paper", "licence")},
        **{key: _take(plain, key, int) for key in ("seed", "best_epoch")},
        kind="mask" if kind == "mask" else "landmark",
        options=_values(plain, "options", bool, int, float, str, NONE),
        trained_on=_trained_on(_take(plain, "trained_on", dict)),
        recipe=_recipe(_take(plain, "recipe", dict)),
        dice=_record(CleanDice, {"test_other": None, **_take(plain, "dice", dict)}),
        rounding=None if rounding is None else _record(Rounding, {"empty": 0, **rounding}),
        started_from=_take({"started_from": "", **plain}, "started_from", str),
        computed=_values(plain, "computed", str),
        commands=tuple(map(str, _take(plain, "commands", list))),
    )


def _trained_on(plain: Plain) -> TrainedOn:
    splits = _take(plain, "splits", dict)
    return TrainedOn(
        **{key: _take(plain, key, str) for key in ("name", "version", "fingerprint")},
        synthetic=_take(plain, "synthetic", bool),
        splits={split: _record(Counts, _take(splits, split, dict)) for split in SPLITS if split in splits},
    )


def _recipe(plain: Plain) -> Recipe:
    """Return the recipe. A field that is younger than the card has its default."""
    defaults = dataclasses.asdict(Recipe())
    for key, value in plain.items():
        if key not in defaults:
            raise NewerCardError(f"its recipe has {key!r}, which this lvzoo does not know")
        wanted = type(defaults[key])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ValueError(f"'recipe' has {key} {value!r}")
    return Recipe(**{**defaults, **plain})


def _record(kind: type[T], plain: Plain) -> T:
    """Return a record of this module. Each value must have its field's type; a float may be a whole number."""
    types = {name: set(get_args(hint) or (hint,)) for name, hint in get_type_hints(kind).items()}
    whole = {name: {int} if float in allowed else set() for name, allowed in types.items()}
    return kind(**{name: _take(plain, name, *types[name], *whole[name]) for name in types})


def _check_range(values: Mapping[str, float | None], least: float, most: float) -> None:
    """Raise ValueError if a value is below `least`, above `most` or NaN; None is allowed."""
    for name, value in values.items():
        if value is not None and not least <= value <= most:
            raise ValueError(f"{name!r} is {value}")


def _values(plain: Plain, key: str, *types: type) -> dict[str, Any]:
    values = _take(plain, key, dict)
    return {name: _take(values, name, *types) for name in values}


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
