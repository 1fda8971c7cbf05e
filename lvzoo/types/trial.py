"""What the registry and the settings decide: entries, recipes, trials, and the conditions of a test."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lvzoo.types.declared import Family, OptionValue

NOISY_AUGMENTATIONS: Final = ("noise",)
"""Training augmentations that contain a corruption of the suites: a model trained so is in the `augmented` track."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One named model of a catalogue: a family with every option settled, recipe overrides, paper, licence.

    `weights` is where its trained weights lie, as the catalogue says it: `package:path`, or a path beside the
    catalogue's own.
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
    """How a trial is trained; the same for every entry unless its catalogue says otherwise.

    `learning_rate` is the peak of a one-cycle schedule that warms up over `warmup` of all steps.
    `clip_norm` bounds the gradient's L2 norm. `augment` names the training augmentation ("none", "default",
    "flip", "strong", "noise"). `precision` is "auto" (bf16 or fp16 where the device has it, else float32), "bf16",
    "fp16" or "float32".
    """

    epochs: int = 20
    batch_size: int = 16
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    warmup: float = 0.3
    clip_norm: float = 1.0
    augment: str = "default"
    precision: str = "auto"

    @property
    def augmented(self) -> bool:
        """Tell whether training meets noise such as the model is tested on."""
        return self.augment in NOISY_AUGMENTATIONS


def model_name(entry: str, recipe: Recipe) -> str:
    """Return what an entry trained by a recipe is called: the two tracks of one entry are two models.

    >>> model_name("unet", Recipe()), model_name("unet", Recipe(augment="noise"))
    ('unet', 'unet+noise')
    """
    return f"{entry}+noise" if recipe.augmented else entry


def trial_name(model: str, seed: int) -> str:
    """Return what a model's training by a seed is called: `unet-s0`."""
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
    """Digest of the code that computes: the plugin's, and lvzoo's own steps."""

    def __str__(self) -> str:
        return self.name

    @property
    def model(self) -> str:
        """What the model is called in every table: `unet`, or `unet+noise` where it was trained on noise."""
        return model_name(self.entry.name, self.recipe)

    @property
    def name(self) -> str:
        """The trial's folder below `trials/`: `unet-s0`."""
        return trial_name(self.model, self.seed)

    @property
    def key(self) -> str:
        """Hash of all that changes the trial's numbers, in 16 hexadecimal digits."""
        return _hash({**self._decides(), "seed": self.seed})

    @property
    def model_key(self) -> str:
        """The same without the seed: trials of one model share it."""
        return _hash(self._decides())

    def _decides(self) -> dict[str, Any]:
        return {
            "factory": self.entry.family.factory,
            "trainer": self.entry.family.trainer,
            "options": dict(self.entry.options),
            "recipe": dataclasses.asdict(self.recipe),
            "data": self.data,
            "code": self.code,
        }


def _hash(decides: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Condition:
    """Under what a frame is scored: a corruption at a severity 1..5, or clean (severity 0)."""

    corruption: str = "clean"
    severity: int = 0


CLEAN: Final = Condition()
