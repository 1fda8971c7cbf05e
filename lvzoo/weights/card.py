"""The card of a weights file: which model, trained on what, how, and how good it is; as a record and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args, get_type_hints

from lvzoo.types import NAME, SPLITS, Kind, OptionValue, Recipe, control_characters

KEY: Final = "lvzoo"
"""The key of a safetensors header's metadata that holds the card."""
VERSION: Final = 1
"""Of the card's form; a higher one is a newer lvzoo's."""

Plain = Mapping[str, Any]
T = TypeVar("T")
NONE: Final = type(None)
LARGEST_SEED: Final = 2**63 - 1
"""What a table of scores can hold."""


class NewerCardError(ValueError):
    """A card in a form that only a newer lvzoo knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How much of a data set a split is; `fingerprint` is of its frames, references and videos' names."""

    patients: int
    frames: int
    fingerprint: str

    def __post_init__(self) -> None:
        """Raise ValueError where a count is below 0."""
        _refuse_outside({"patients": self.patients, "frames": self.frames}, 0, LARGEST_SEED)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedOn:
    """The data set that a model was trained on: `fingerprint` is that of all its splits together."""

    name: str
    version: str
    synthetic: bool
    fingerprint: str
    splits: Mapping[str, Counts]

    def __str__(self) -> str:
        """Name the data in a few words; simulated ones are called synthetic.

        >>> str(TrainedOn(name="phantom", version="phantom-v2", synthetic=True, fingerprint="f", splits={}))
        'synthetic phantom-v2'
        """
        if not self.synthetic:
            return f"{self.name} ({self.version})"
        return f"synthetic {self.version if self.name == 'phantom' else f'{self.name} ({self.version})'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanDice:
    """Mean Dice over patients on clean frames of the data that the model was trained on; None where not known."""

    val: float | None = None
    test: float | None = None
    test_ed: float | None = None
    test_es: float | None = None
    test_other: float | None = None
    """Of frames beside ED and ES, which only a phantom of whole beats has."""

    def __post_init__(self) -> None:
        """Raise ValueError where one is no Dice."""
        _refuse_outside(dataclasses.asdict(self), 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rounding:
    """What it cost to round the weights to float16, on the clean test frames of a small phantom (synthetic).

    `before` and `after` are mean Dice against the references, `agreement` that of the masks before against those
    after; of it, the frames on which both masks are `empty` are left out (0 where all are).
    """

    before: float
    after: float
    agreement: float
    frames: int
    data: str
    empty: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError where one is no Dice, or a count is below 0."""
        _refuse_outside({"before": self.before, "after": self.after, "agreement": self.agreement}, 0, 1)
        _refuse_outside({"frames": self.frames, "empty": self.empty}, 0, LARGEST_SEED)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsCard:
    """What a trained model is. It may come from anywhere, and names a folder and is printed: both are held to.

    `lvzoo` is the version that trained it, and `code` the digest of its code then. `started_from` names the
    pretrained weights that its training started from, if any. `rounding` is None where the weights are as they were
    trained. `commands` make them again.
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
        """Raise ValueError where the entry is no name, a number is none, or a text would not print as it reads."""
        if not NAME.fullmatch(self.entry):
            raise ValueError(f"'entry' is {self.entry!r}, which is no name of an entry")
        _refuse_outside({"seed": self.seed, "best_epoch": self.best_epoch}, 0, LARGEST_SEED)
        odd = next((text for text in _texts(self.plain()) if control_characters(text)), None)
        if odd is not None:
            raise ValueError(f"control characters in {odd!r}")

    def plain(self) -> dict[str, Any]:
        """Return the card as JSON knows it."""
        return {"card": VERSION, **dataclasses.asdict(self), "commands": list(self.commands)}

    def to_json(self) -> str:
        """Return the text that stands in a header: the same for the same card."""
        return json.dumps(self.plain(), sort_keys=True)


def card_of(plain: object) -> WeightsCard:
    """Return the card that JSON describes. What a later lvzoo of the same form added is passed over.

    Raises:
        NewerCardError: the form is a newer one.
        ValueError: something is missing or of another type; says what.
    """
    if not isinstance(plain, Mapping):
        raise ValueError(f"it is {type(plain).__name__}, not keys with values")  # noqa: TRY004 - one kind to catch
    version = _take(plain, "card", int)
    if version > VERSION:
        raise NewerCardError(f"its card has form {version}, this lvzoo knows {VERSION}")
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
    """Return the recipe; a field that it lacks, since it is younger than the card, has its default."""
    defaults = dataclasses.asdict(Recipe())
    for key, value in plain.items():
        if key not in defaults:
            raise NewerCardError(f"its recipe has {key!r}, which this lvzoo does not know")
        wanted = type(defaults[key])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ValueError(f"'recipe' has {key} {value!r}")
    return Recipe(**{**defaults, **plain})


def _record(kind: type[T], plain: Plain) -> T:
    """Return a record of this file, each value of its field's own type; a whole number is a float as well."""
    types = {name: set(get_args(hint) or (hint,)) for name, hint in get_type_hints(kind).items()}
    whole = {name: {int} if float in allowed else set() for name, allowed in types.items()}
    return kind(**{name: _take(plain, name, *types[name], *whole[name]) for name in types})


def _refuse_outside(values: Mapping[str, float | None], least: float, most: float) -> None:
    """Raise ValueError where a value that is known lies outside of `least` and `most`, or is not a number."""
    for name, value in values.items():
        if value is not None and not least <= value <= most:
            raise ValueError(f"{name!r} is {value}")


def _values(plain: Plain, key: str, *types: type) -> dict[str, Any]:
    values = _take(plain, key, dict)
    return {name: _take(values, name, *types) for name in values}


def _texts(plain: object) -> Iterator[str]:
    """Yield every text in what JSON knows, keys too."""
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, Mapping):
        for key, value in plain.items():
            yield from (key, *_texts(value))
    elif isinstance(plain, list | tuple):
        for value in plain:
            yield from _texts(value)


def _take(plain: Plain, key: str, *types: type) -> Any:  # noqa: ANN401 - of these types
    """Return a value that is of one of the types itself: True is no number here."""
    if key not in plain:
        raise ValueError(f"{key!r} is missing")
    if type(plain[key]) not in types:
        raise ValueError(f"{key!r} is {plain[key]!r}")
    return plain[key]
