"""A trained model on disk: `model.safetensors`, and beside it `model.json`, which says what it is.

No pickle is ever read from a weights file.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

import lvzoo
from lvzoo.errors import DataError
from lvzoo.files import atomic_file
from lvzoo.models.build import as_trained, build_model
from lvzoo.types import Entry, Family, Option, Trial

WEIGHTS = "model.safetensors"
CARD = "model.json"


def save_model(model: nn.Module, trial: Trial, folder: Path, **facts: object) -> None:
    """Write a trial's weights, and its entry, recipe, seed and data fingerprint beside them."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_file(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)
    card = {"lvzoo": lvzoo.__version__, "trial": dataclasses.asdict(trial), **facts}
    with atomic_file(folder / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def load(model: str | Path) -> nn.Module:
    """Return a trained model, ready to predict, from a trial's folder (`RUN/trials/unet-s0`).

    Raises:
        DataError: the folder or a file in it is missing, damaged or of another model.
        PluginError: the model's plugin is not installed or broken.
    """
    folder = Path(model)
    check_files(folder)
    network = build_model(as_trained(_read_entry(folder / CARD)))
    try:
        weights = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise DataError(
            f"{folder / WEIGHTS}: not a safetensors file ({error}); train the trial again"
        ) from error
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        what = str(error).splitlines()[-1].strip()
        raise DataError(f"{folder / WEIGHTS}: weights of another model than {CARD} says ({what})") from error
    return network.eval()


def check_files(folder: Path) -> None:
    """See that a folder holds a trained model.

    Raises:
        DataError: it does not.
    """
    if not (folder / CARD).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(
            f"{folder}: no trained model here ({WEIGHTS} or {CARD} is missing); name a trial's folder of a "
            "run, such as runs/NAME/trials/unet-s0, or train one with `lvzoo bench`"
        )


def _read_entry(path: Path) -> Entry:
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entry = dict(card["trial"]["entry"])
        family = dict(entry.pop("family"))
        options = {
            name: Option(**{**option, "choices": tuple(option["choices"])})
            for name, option in family.pop("options").items()
        }
        family["requires"] = tuple(family["requires"])
        return Entry(family=Family(options=options, **family), **entry)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a model card of lvzoo ({error}); train the trial again") from error
