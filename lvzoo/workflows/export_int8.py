"""Makes an int8 version of an exported network, and measures what it costs in Dice. A part of `export`.

Letters in names: N frames, H rows, W columns.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lvzoo.errors import NoSplitError, PluginError, is_out_of_memory, name_option
from lvzoo.evaluate.dice import dice_N
from lvzoo.exports.network import explain_briefly
from lvzoo.exports.network_int8 import OPERATORS, quantise
from lvzoo.interfaces import Dataset
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.trials.presets import PRESETS
from lvzoo.types import FrameSet, OptionValue, Split
from lvzoo.weights.calibration import name_data
from lvzoo.workflows.exported import ExportedNetwork, open_exported

log = logging.getLogger(__name__)

PHANTOM: Final = PRESETS["quick"].phantom_size
"""The phantom that decides the scales, and on which the Dice is measured, if no data are given."""
CALIBRATION_FRAMES: Final = 64
"""How many frames decide the scales. They are spread evenly over their split."""
SPLITS: Final[tuple[Split, ...]] = ("train", "val")
"""The splits that the frames for the scales may come from, the preferred one first."""
MOST_LOST: Final = 0.01
"""A larger loss of Dice is logged as a warning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Int8Cost:
    """What int8 costs: the mean Dice over patients on clean test frames in float32 and in int8.

    `agreement` is the mean Dice of the two masks of a frame with each other. `calibrated_on` is the split whose
    frames decided the scales.
    """

    dice_float32: float
    dice_int8: float
    agreement: float
    frames: int
    patients: int
    data: str
    synthetic: bool
    calibrated_on: Split
    calibration_frames: int

    def plain(self) -> dict[str, Any]:
        """Return plain values for the file's metadata."""
        return {**dataclasses.asdict(self), "operators": list(OPERATORS)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Int8Frames:
    """The frames that decide the scales, their split, and the test frames that measure the cost."""

    calibration_NHW: NDArray[np.uint8]
    split: Split
    test: FrameSet


def load_int8_frames(
    data: Path | None,
    *,
    data_options: Mapping[str, OptionValue] | None = None,
    phantom_size: str | None,
    registries: Sequence[Path],
) -> Int8Frames:
    """Load the frames of a data set, or of a phantom that is made now or found in the cache.

    Raises:
        NoSplitError: it has no test split, or neither a train nor a val split.
        DataError: lvzoo cannot read the folder as a data set.
        UsageError: there is no phantom of this size, or a data option is unknown.
    """
    folder = cached_phantom(size=phantom_size or PHANTOM, seed=0) if data is None else data
    dataset = open_zoo(registries=registries).open_dataset(folder, data_options)
    test = dataset.load("test")
    split, frames = _load_first(dataset)
    places = np.linspace(0, len(frames) - 1, min(CALIBRATION_FRAMES, len(frames))).round().astype(int)
    return Int8Frames(calibration_NHW=frames.frames_NHW[places], split=split, test=test)


def _load_first(dataset: Dataset) -> tuple[Split, FrameSet]:
    """Return the first split that a data set has of those for the scales, and its frames."""
    for split in SPLITS:
        try:
            return split, dataset.load(split)
        except NoSplitError as error:
            missing = error
    raise NoSplitError(f"{missing} (int8 needs frames of the split {' or '.join(SPLITS)})") from missing


def make_int8(source: Path, target: Path, frames: Int8Frames, *, named: str) -> Int8Cost:
    """Write the int8 version of an exported network, and measure both on the test frames.

    Raises:
        PluginError: ONNX Runtime cannot quantise the network; names the model and the cause.
    """
    try:
        quantise(source, target, frames.calibration_NHW)
    except Exception as error:
        if isinstance(error, OSError) or is_out_of_memory(error):
            raise
        raise PluginError(
            f"{named}: cannot be written in int8 ({explain_briefly(error)}); export it without "
            f"{name_option('int8')}"
        ) from error
    exact = open_exported(source)
    # the metadata are those of the exact file: the written one has none yet
    rounded = open_exported(target, metadata=exact.metadata)
    return _measure(exact, rounded, frames)


def _measure(exact: ExportedNetwork, rounded: ExportedNetwork, frames: Int8Frames) -> Int8Cost:
    test = frames.test
    exact_NHW, rounded_NHW = (each.predict_masks(test.frames_NHW) for each in (exact, rounded))
    cost = Int8Cost(
        dice_float32=_mean_over_patients(dice_N(exact_NHW, test.masks_NHW), test),
        dice_int8=_mean_over_patients(dice_N(rounded_NHW, test.masks_NHW), test),
        agreement=float(dice_N(rounded_NHW, exact_NHW).mean()),
        frames=len(test),
        patients=len(set(test.patients)),
        data=name_data(test.source),
        synthetic=test.source.synthetic,
        calibrated_on=frames.split,
        calibration_frames=len(frames.calibration_NHW),
    )
    if cost.dice_float32 - cost.dice_int8 > MOST_LOST:
        log.warning(
            "int8 costs a Dice of %.3f on the test frames; keep float32, or give frames like your own by --data",
            cost.dice_float32 - cost.dice_int8,
        )
    return cost


def _mean_over_patients(dice_N: NDArray[np.float64], frames: FrameSet) -> float:
    """Return the mean over patients of the mean over a patient's frames."""
    return float(pd.Series(dice_N).groupby(list(frames.patients)).mean().mean())
