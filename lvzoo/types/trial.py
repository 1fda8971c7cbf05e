"""Records of what is trained and tested: entries of the registry, recipes, trials, and test conditions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lvzoo.types.declared import Family, OptionValue

NOISY_AUGMENTATIONS: Final = ("noise",)
"""Training augmentations that contain test corruptions. Models trained with them are in the `augmented` track."""

BEFORE: Final[Mapping[str, OptionValue]] = {"averaging": 0.0}
"""How trials were trained before a field of the recipe existed. Older records lack these fields."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One named model of a catalogue: a family with a value for every option.

    `recipe` holds the values that differ from the shared recipe. `catalogue` is the registry file that defines the
    entry. `weights` locates its trained weights as the catalogue writes it: `package:path`, or a path relative to the
    catalogue.
    """

    name: str
    family: Family
    plugin: str
    options: Mapping[str, OptionValue]
    summary: str
    recipe: Mapping[str, OptionValue] = field(default_factory=dict)
    paper: str | None = None
    licence: str | None = None
    catalogue: str | None = None
    weights: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a trial is trained. All entries share one recipe, except for values that their catalogue sets.

    `learning_rate` is the peak of a one-cycle schedule, which warms up over the fraction `warmup` of all steps.
    `clip_norm` limits the L2 norm of the gradient. `averaging` is the memory of the moving average of the weights, as
    a share of all steps; with 0, the weights of the last step are used. `augment` names the training augmentation:
    "none", "default", "flip", "strong", "strong-flip" or "noise". `precision` is "bf16", "fp16", "float32" or "auto"
    (bf16 or fp16 if the device supports it, else float32).
    """

    epochs: int = 20
    batch_size: int = 16
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    warmup: float = 0.3
    clip_norm: float = 1.0
    averaging: float = 0.1
    augment: str = "default"
    precision: str = "auto"

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Recipe:
        """Return the recipe in a record of any version. A field that the record lacks has the value of that time."""
        return cls(**{**BEFORE, **plain})

    @property
    def augmented(self) -> bool:
        """Whether training uses noise like that of the test suites."""
        return self.augment in NOISY_AUGMENTATIONS


def digest(settings: object) -> str:
    """Return 16 hexadecimal digits that change with any of the settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def model_name(entry: str, recipe: Recipe) -> str:
    """Return the name of an entry trained with a recipe. Trained with noise, it counts as a model of its own.

    >>> model_name("unet", Recipe()), model_name("unet", Recipe(augment="noise"))
    ('unet', 'unet+noise')
    """
    return f"{entry}+noise" if recipe.augmented else entry


def trial_name(model: str, seed: int) -> str:
    """Return the name of a model's trial, which is also its folder: `unet-s0` for seed 0."""
    return f"{model}-s{seed}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One entry on one data set with one training seed."""

    entry: Entry
    data: str
    """Fingerprint of the data set."""
    seed: int
    recipe: Recipe
    code: str = ""
    """Digest of the code that decides the trained weights: that of the plugin and of lvzoo's own steps."""

    def __str__(self) -> str:
        return self.name

    @property
    def model(self) -> str:
        """The model's name in every table: `unet`, or `unet+noise` if it was trained on noise."""
        return model_name(self.entry.name, self.recipe)

    @property
    def name(self) -> str:
        """The trial's folder below `trials/`: `unet-s0`."""
        return trial_name(self.model, self.seed)

    @property
    def key(self) -> str:
        """Hash of everything that changes the trial's weights, as 16 hexadecimal digits."""
        return digest({**self._key_parts(), "seed": self.seed})

    @property
    def model_key(self) -> str:
        """The same hash without the seed. The trials of one model share it."""
        return digest(self._key_parts())

    def _key_parts(self) -> dict[str, Any]:
        """Return everything except the seed that changes the trained weights."""
        return {
            "factory": self.entry.family.factory,
            "trainer": self.entry.family.trainer,
            "options": dict(self.entry.options),
            "recipe": dataclasses.asdict(self.recipe),
            "data": self.data,
            "code": self.code,
        }


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Condition:
    """The condition under which a frame is scored: a corruption at a severity 1..5, or clean (severity 0)."""

    corruption: str = "clean"
    severity: int = 0


CLEAN: Final = Condition()
