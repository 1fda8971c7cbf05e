"""Moves a model's border to where readers trace it, with one number that is fitted to a few traced frames.

`lvzoo.calibrate` is the same as the command `lvzoo calibrate`.
"""

from __future__ import annotations

import dataclasses
import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file

import lvzoo
from lvzoo.arguments import check_count, check_options, check_path
from lvzoo.border.choice import choose_frames
from lvzoo.border.fit import Predict, check_border, fit_border, leave_out_failures
from lvzoo.border.number import Fit
from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import NoSplitError, UsageError, choose, name_option, show_name
from lvzoo.evaluate.predict import predict_masks
from lvzoo.registry import open_zoo
from lvzoo.registry.data_options import write_data_options
from lvzoo.trials.command import RUNS
from lvzoo.trials.prepare import digest_patients
from lvzoo.types import FrameSet, OptionValue
from lvzoo.weights import Calibration, CleanDice, WeightsCard
from lvzoo.weights.calibration import UNITS, Check, FitSplit, name_data
from lvzoo.weights.locate import SUFFIX
from lvzoo.weights.moved import Border
from lvzoo.weights.network import read_model
from lvzoo.weights.page import describe_number
from lvzoo.weights.trained import TrainedModel, find_trained
from lvzoo.weights.write import check_output, write_weights

log = logging.getLogger(__name__)

FRAMES: Final = 10
"""How many frames are used if the call does not say."""
SPLITS: Final[dict[str, FitSplit]] = {"train": "train", "val": "val"}
"""The splits that frames may come from, the preferred one first."""
MOST_CHECKED: Final = 200
"""The most frames of other patients on which the model is compared before and after."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrated:
    """The written weights file, the page beside it, and what was fitted.

    `used` names the frames of the fit: each a video and the position of a frame in it. `failed` is the number of
    frames that were chosen and left out, because the model did not find the ventricle there. Frames of about
    `patients_needed` patients would give an interval of +- 0.3 px.
    """

    path: Path
    page: Path
    card: WeightsCard
    calibration: Calibration
    patients_needed: int
    used: tuple[tuple[str, int], ...]
    failed: int


def calibrate(
    model: str | Path,
    *,
    data: str | Path,
    data_options: Mapping[str, OptionValue] | None = None,
    frames: int = FRAMES,
    split: str | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    registries: Sequence[Path] = (),
) -> Calibrated:
    """Move a model's border to where the readers of some frames trace it, and write the result as a weights file.

    One number is fitted: a constant that is added to the logits of a mask model, or the offset of a landmark model's
    landmarks in px along the normal of their curve. With this number, the mean distance between the predicted and the
    traced border is 0, inside and outside cancelling. The tensors stay as they are.

    Args:
        model: what `lvzoo.load` takes: a trial's folder, a weights file, an entry that carries weights, or a model on
            the Hugging Face hub.
        data: a folder in a layout that lvzoo knows. Its test split is never read.
        data_options: options of the data set's layout, such as {"camus.view": "2CH"}.
        frames: how many ED and ES frames to use. They are chosen by a hash of the patients' names, with as many
            patients as possible.
        split: train or val; None: train, or val if there is no train split.
        out: the weights file, ending in .safetensors; by default the model's name with `-calibrated`, in the working
            folder. The page has the same name, ending in .md. Existing files are not overwritten.
        device: auto, cpu or cuda.
        registries: further registry.yaml files.

    Raises:
        UsageError: fewer than two frames, another split, or a bad name for the file.
        DataError: the folder has no such frames, or of one patient only, or the model fails on them.
        PluginError: the border of the model cannot be moved.
        LvzooError: the model is not available.
    """
    check_path(data, "data")
    check_count(frames, "frames", least=2)
    if out is not None:
        check_path(out, "out")
    found = find_trained(model, registries=registries)
    path = Path(f"{found.stem}-calibrated{SUFFIX}") if out is None else Path(out)
    check_output(path)
    if data_options is not None:
        check_options(data_options, "data_options")
    used_split, labelled = _load(Path(data), data_options, split, registries)
    _warn_of_earlier_number(found)
    _warn_of_training_data(found, used_split, labelled)
    chosen, others = choose_frames(labelled, frames)
    predict = _open_predictor(found, device)
    kept = leave_out_failures(labelled.take(chosen), predict, model=found.named)
    fit = fit_border(kept, predict, model=found.named)
    check = check_border(kept, labelled.take(others[:MOST_CHECKED]), predict, fit)
    calibration = _make_record(found, used_split, labelled, kept, fit, check)
    command = _make_command(found, Path(data), data_options or {}, frames, used_split, path)
    card = dataclasses.replace(
        found.card, calibration=calibration, dice=CleanDice(), commands=(*found.card.commands, command)
    )
    page = write_weights(load_file(found.weights), card, path)
    return Calibrated(
        path=path,
        page=page,
        card=card,
        calibration=calibration,
        patients_needed=fit.patients_needed,
        used=tuple(zip(kept.videos, kept.frame_indices, strict=True)),
        failed=len(chosen) - len(kept),
    )


# --- The frames -------------------------------------------------------------------------------------------------


def _load(
    folder: Path,
    data_options: Mapping[str, OptionValue] | None,
    split: str | None,
    registries: Sequence[Path],
) -> tuple[FitSplit, FrameSet]:
    """Return the traced frames of a split, and the split. Test frames are never read."""
    if split == "test":
        raise UsageError(
            f"test frames are for testing, and a model must not see them; use {name_option('split', 'val')}"
        )
    asked = list(SPLITS.values()) if split is None else [choose(split, SPLITS, "split")]
    dataset = open_zoo(registries=registries).open_dataset(folder, data_options)
    for each in asked:
        try:
            return each, dataset.load(each)
        except NoSplitError as error:
            missing = error
    raise NoSplitError(f"{missing} (calibration uses the split {' or '.join(asked)})") from missing


def _warn_of_earlier_number(found: TrainedModel) -> None:
    """Warn if the model is calibrated already, because a new number does not add to the earlier one."""
    earlier = found.card.calibration
    if earlier is not None:
        log.warning(
            "%s was calibrated before, on %s; the new number replaces the earlier one (%s)",
            found.named,
            name_data(earlier),
            describe_number(earlier),
        )


def _warn_of_training_data(found: TrainedModel, split: FitSplit, labelled: FrameSet) -> None:
    """Warn if the model was trained on these frames: its border lies nearer to their tracings than to others."""
    own = found.card.trained_on.splits.get("train")
    if own is not None and own.fingerprint == labelled.source.fingerprint:
        log.warning(
            "%s was trained on these very %s frames, so they say little about other patients; use %s",
            found.named,
            split,
            name_option("split", "val"),
        )


# --- The model --------------------------------------------------------------------------------------------------


def _open_predictor(found: TrainedModel, device: str) -> Predict:
    """Return a function that predicts masks with any value of the number."""
    place = choose_device(device)
    network = read_model(found.located, calibrated=False).to(place)
    border = Border(network, found.card.kind)

    def predict(number: float, frames: FrameSet) -> NDArray[np.bool_]:
        border.number = number
        return predict_masks(network, frames.frames_NHW, device=place, precision=choose_precision(place))

    return predict


# --- The card ---------------------------------------------------------------------------------------------------


def _make_record(
    found: TrainedModel, split: FitSplit, labelled: FrameSet, used: FrameSet, fit: Fit, check: Check
) -> Calibration:
    """Return what the card says about the calibration. The source is that of the whole split."""
    source, earlier = labelled.source, found.card.calibration
    return Calibration(
        number=fit.number,
        number_half=fit.number_half,
        unit=UNITS[found.card.kind],
        shift_px=fit.shift_px,
        shift_half_px=fit.shift_half_px,
        frames=len(used),
        patients=len(set(used.patients)),
        name=source.name,
        version=source.version,
        synthetic=source.synthetic,
        split=split,
        fingerprint=source.fingerprint,
        # of simulated patients only: cards are passed on, and a hash could confirm a guessed name
        names=digest_patients(labelled.patients) if source.synthetic else "",
        weights=found.digest if earlier is None else earlier.weights,
        lvzoo=lvzoo.__version__,
        check=check,
    )


def _make_command(
    found: TrainedModel,
    data: Path,
    data_options: Mapping[str, OptionValue],
    frames: int,
    split: FitSplit,
    path: Path,
) -> str:
    """Return the command that repeats the calibration. Of a path, only the last part is written."""
    if found.hub is not None:
        model = str(found.hub)
    elif found.trial is None:
        model = show_name(Path(found.named).name)
    else:
        trial = found.trial.resolve()
        model = f"{RUNS}/{trial.parent.parent.name}/trials/{trial.name}"
    folder = show_name(data.resolve().name)
    of_data = [word for each in write_data_options(data_options) for word in ("--data-option", each)]
    options = ["--data", folder, *of_data, "--frames", str(frames), "--split", split, "--out", path.name]
    return shlex.join(["lvzoo", "calibrate", model, *options])
