"""The record of a calibrated border: the number that was fitted to some traced frames, and what it changed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from lvzoo.types import Kind
from lvzoo.weights.ranges import LARGEST_COUNT, check_range

FitSplit: TypeAlias = Literal["train", "val"]
"""The splits that frames may come from. Test frames are for testing."""
Unit: TypeAlias = Literal["logit", "px"]
UNITS: Final[dict[Kind, Unit]] = {"mask": "logit", "landmark": "px"}
"""What is fitted for each kind of model: a constant that is added to the logits, or an offset along the normal."""
MOST_NUMBER: Final = 1e7
"""No fit gives a larger number, so a larger one is not from lvzoo. It would make the outputs infinite."""
MOST_PX: Final = 100.0
"""No fit gives a larger distance or shift: distances are bounded, and those of a fit are small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A model before and after a calibration, on some frames: the mean Dice, and how far outside its border lies.

    If `crossed`, the frames are those of the fit itself, and each patient is scored with the number that the other
    patients give; otherwise they are frames of other patients.
    """

    crossed: bool
    frames: int
    patients: int
    dice_before: float
    dice_after: float
    distance_before_px: float
    distance_after_px: float

    def __post_init__(self) -> None:
        """Raise ValueError if a number is out of its range."""
        check_range({"frames": self.frames, "patients": self.patients}, 1, LARGEST_COUNT)
        check_range({"dice_before": self.dice_before, "dice_after": self.dice_after}, 0, 1)
        distances_px = {
            "distance_before_px": self.distance_before_px,
            "distance_after_px": self.distance_after_px,
        }
        check_range(distances_px, -MOST_PX, MOST_PX)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The number that moves a model's border to where the readers of some frames trace it.

    A positive number moves the border outwards. `number_half` and `shift_half_px` are half of the widths of the 95 %
    intervals over patients. `fingerprint` and `names` are those of the whole split that the frames were chosen from,
    as in `Counts`. `weights` is the digest of the weights file that was calibrated.
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
    check: Check

    def __post_init__(self) -> None:
        """Raise ValueError if a number is out of its range."""
        check_range({"number": self.number}, -MOST_NUMBER, MOST_NUMBER)
        check_range({"shift_px": self.shift_px}, -MOST_PX, MOST_PX)
        halves = {"number_half": self.number_half, "shift_half_px": self.shift_half_px}
        check_range(halves, 0, sys.float_info.max)
        check_range({"frames": self.frames, "patients": self.patients}, 2, LARGEST_COUNT)


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
