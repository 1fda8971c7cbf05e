"""What an exported file says about its model: which one it is, on what it was trained, how the file was checked."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import lvzoo
from lvzoo.types.answer import NO_MEDICAL_DEVICE
from lvzoo.weights import WeightsCard
from lvzoo.weights.trained import TrainedModel
from lvzoo.workflows.export_check import BATCH_SIZES, Expected

CHECKED_ON: Final = "smoke"
"""The phantom whose test frames a file is checked on. It is made in seconds."""


def describe_model(found: TrainedModel) -> dict[str, Any]:
    """Return the part of the metadata that says which model it is, and on what it was trained."""
    card, moved = found.card, found.card.calibration
    return {
        "model": card.entry,
        "weights": found.digest,
        "lvzoo": lvzoo.__version__,
        "summary": card.summary,
        "paper": card.paper,
        "licence": card.licence,
        "trained_on": _describe_data(card),
        "calibration": None if moved is None else dataclasses.asdict(moved),
        "note": NO_MEDICAL_DEVICE,
    }


def _describe_data(card: WeightsCard) -> dict[str, Any]:
    """Return what the metadata say about the training data, and the Dice of the model on clean frames of them.

    If the model was trained elsewhere, nobody but its author knows whether they are synthetic.
    """
    data, train = card.trained_on, card.trained_on.splits.get("train")
    return {
        "name": data.name,
        "version": data.version,
        "synthetic": None if data.elsewhere else data.synthetic,
        "patients": None if train is None else train.patients,
        "frames": None if train is None else train.frames,
        "dice": dataclasses.asdict(card.dice),
        "text": card.data,
    }


def describe_check(expected: Expected) -> dict[str, Any]:
    """Return how a float32 file was compared with torch. A file that failed was not kept."""
    return {
        "frames": len(expected.frames_NHW),
        "data": f"phantom {CHECKED_ON} (synthetic)",
        "batch_sizes": list(BATCH_SIZES),
        "tolerance": expected.tolerance,
        "unit": expected.unit,
    }
