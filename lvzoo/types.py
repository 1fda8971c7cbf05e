"""The records that the steps hand to one another; every step imports them, they import nothing but errors.

Letters in names, everywhere in lvzoo:
    B batch   N frames   H rows   W columns   K landmarks   P contour points   C conditions

Units and conventions:
    points are (x, y) in pixels: x right, y down, the centre of the top-left pixel is (0, 0);
    Dice is a fraction 0..1; frames are uint8 grey levels on disk and in a FrameSet, float32 0..1 in a model;
    a mask is True inside the left ventricle (LV);
    ED is end-diastole (the larger ventricle), ES is end-systole (the smaller one).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch
    from numpy.typing import NDArray
    from torch import nn

Kind: TypeAlias = Literal["mask", "landmark"]
Phase: TypeAlias = Literal["ED", "ES", "other"]
"""`other` is any frame beside them: EchoNet-Dynamic has none that are labelled, a phantom of whole beats does."""
Split: TypeAlias = Literal["train", "val", "test"]
OptionValue: TypeAlias = "bool | int | float | str | None"

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""What an entry, a family, a suite or a layout may be called: entries name folders."""
FRAME_SIZE_HW: Final = (112, 112)
"""Rows and columns of every frame that is trained on and scored: EchoNet-Dynamic's format."""
CONTOUR_POINTS: Final = 121
"""P: 60 equal arc lengths on each wall, so that index 60 is the apex and K landmarks are every 120/(K-1)-th."""
APEX_INDEX: Final = CONTOUR_POINTS // 2

FAILURE_DICE: Final = 0.5
"""A frame that scores less is a failure: the model did not find the ventricle."""

SCORE_COLUMNS: Final = (
    *("model", "seed", "patient", "video", "frame", "phase", "corruption", "severity"),
    *("dice", "nsd1", "nsd2", "hd95", "assd", "area_pred", "area_ref"),
    *("components", "holes", "apex_below_base"),
)
"""Columns of a table of scores: one row a frame under one condition.

`dice`, `nsd1` and `nsd2` (surface Dice at 1 and 2 px) are fractions; `hd95` and `assd` are pixels, areas numbers of
pixels. `components` and `holes` count those of the predicted mask; `apex_below_base` tells that it lies beyond the
mitral plane.
"""

NOISY_AUGMENTATIONS: Final = ("noise",)
"""Training augmentations that contain a corruption of the suites: a model trained so is in the `augmented` track."""


# --- What a plugin declares -----------------------------------------------------------------------------------


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


# --- What the registry and the settings decide ----------------------------------------------------------------


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


# --- What the data step hands on ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Sector:
    """The ultrasound sector of one video.

    The scan mask is the filled polygon `hull_px` ((x, y) vertices). `fitted` is False where the fit of the
    two straight edges failed and the standard sector stands in (science of the fit: `lvzoo.geometry.sector`).
    """

    apex_px: tuple[float, float]
    half_angle_deg: float
    radius_px: float
    hull_px: tuple[tuple[float, float], ...]
    fitted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One quirk of the files, by name: what was found in which video, and whether it cost the frame or video."""

    name: str
    quirk: str
    excluded: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where frames come from. `fingerprint` is a hash of the decoded frames and references themselves.

    `reader_dice` is the mean Dice of the tracings against the truth, where there is a truth: on a phantom.
    """

    name: str
    version: str
    fingerprint: str
    synthetic: bool = False
    findings: tuple[Finding, ...] = ()
    reader_dice: float | None = None

    @property
    def exclusions(self) -> tuple[Finding, ...]:
        """The findings that cost a frame or a video."""
        return tuple(finding for finding in self.findings if finding.excluded)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameSet:
    """The labelled frames of one split, in memory; row n of every field belongs to the same frame.

    `contours_NP2` runs left annulus -> apex -> right annulus in P = 121 points: index 60 is the apex, and
    the points of each wall stand at equal arc lengths. `spacing_mm` is the pixel size of each frame, or None
    where the data set has none.
    """

    frames_NHW: NDArray[np.uint8]
    masks_NHW: NDArray[np.bool_]
    contours_NP2: NDArray[np.float32]
    sectors: tuple[Sector, ...]
    patients: tuple[str, ...]
    videos: tuple[str, ...]
    frame_indices: tuple[int, ...]
    phases: tuple[Phase, ...]
    source: Source
    spacing_mm: tuple[float, ...] | None = None

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self.videos)


# --- What a model takes and gives -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One training batch on the model's device: frames float32 0..1, masks bool, contours float32 px."""

    frames_B1HW: torch.Tensor
    masks_BHW: torch.Tensor
    contours_BP2: torch.Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What every model ends in, whatever its kind: masks, and landmarks (px) where it has them."""

    masks_BHW: NDArray[np.bool_]
    landmarks_BK2: NDArray[np.float32] | None = None


# --- What training and evaluation hand on ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """One line of a trial's history; epochs count from 1."""

    epoch: int
    train_loss: float
    val_dice: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A trained model (with the weights of its best epoch by validation Dice) and its history."""

    model: nn.Module
    history: tuple[Epoch, ...]
    best_epoch: int


Scores: TypeAlias = "pd.DataFrame"
"""A table with the columns SCORE_COLUMNS."""
ScoreModel: TypeAlias = "Callable[[nn.Module, FrameSet], float]"
"""The validation score that a trainer maximises: mean Dice of a model on clean frames."""
OnEpoch: TypeAlias = Callable[[Epoch], None]
OnBatch: TypeAlias = "Callable[[int, int, torch.Tensor], None]"
"""Called with (steps done, steps of the whole training, loss); only who reads the loss waits for the device."""


# --- What the executor moves ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One unit of work: names and numbers only, so that it can travel to another process or machine.

    `task` is "package.module:function", called with `settings` (a record of names and numbers) and a function
    to report `Event`s with; it writes its results into the run folder and returns a small summary.
    """

    name: str
    task: str
    settings: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """How far a step has come: `done` of `total`, with a few words; `epoch` where one has just ended."""

    step: str
    done: int
    total: int
    text: str = ""
    epoch: Epoch | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """How a job ended: its small summary, or its error as one line with the full traceback beside it."""

    job: Job
    summary: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
