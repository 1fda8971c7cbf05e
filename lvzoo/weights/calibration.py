"""The record of a calibrated border: the number that was fitted to some traced frames, and what it changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from lvzoo.types import Kind

FitSplit: TypeAlias = Literal["train", "val"]
"""The splits that frames may come from. Test frames are for testing."""
Unit: TypeAlias = Literal["logit", "px"]
UNITS: Final[dict[Kind, Unit]] = {"mask": "logit", "landmark": "px"}
"""What is fitted for each kind of model: a constant that is added to the logits, or an offset along the normal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The number that moves a model's border to where the readers of some frames trace it.

    A positive number moves the border outwards. `number_half` and `shift_half_px` are half of the widths of the 95 %
    intervals over patients. `fingerprint` and `names` are those of the whole split that the frames were chosen from,
    as in `Counts`. `weights` is the digest of the weights file that was calibrated.

    The last fields compare the model before and after on `checked_frames` frames: the mean Dice, and how far outside
    of the tracings its border lies. If `crossed`, these are the frames of the fit itself, each scored with the number
    that the other patients give; otherwise they are frames of other patients.
    """

    number: float
    number_half: float
    unit: Unit
    shift_px: float
    shift_half_px: float
    frames: int
    patients: int
    name: str
    version: str
    synthetic: bool
    split: FitSplit
    fingerprint: str
    names: str
    weights: str
    lvzoo: str
    crossed: bool
    checked_frames: int
    checked_patients: int
    dice_before: float
    dice_after: float
    distance_before_px: float
    distance_after_px: float

    def __post_init__(self) -> None:
        """Raise ValueError if a number is not finite."""
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name!r} is {value}")


class Data(Protocol):
    """What names a data set."""

    @property
    def name(self) -> str:
        """The name of its source."""
        ...

    @property
    def version(self) -> str:
        """The version of the data or of their reader."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether they are simulated."""
        ...


def name_data(data: Data) -> str:
    """Return a short name of a data set. Simulated data are called synthetic."""
    if not data.synthetic:
        return f"{data.name} ({data.version})"
    return f"synthetic {data.version if data.name == 'phantom' else f'{data.name} ({data.version})'}"
