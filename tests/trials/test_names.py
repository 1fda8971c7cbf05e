"""Calibrated models never have the name of the model that they were made from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from lvzoo.trials.names import name_models
from lvzoo.weights.trained import find_trained
from tests.made_weights import MOVED, write_weights

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.weights import Calibration


def names(folder: Path, **calibrations: Calibration | None) -> list[str]:
    """Return the names in a ranking of files, given by name with their calibrations."""
    files = [
        write_weights(folder / f"{name}.safetensors", calibration=calibration)
        for name, calibration in calibrations.items()
    ]
    return [each.name for each in name_models([find_trained(file) for file in files])]


def test_a_calibrated_model_says_so_alone_and_beside_the_plain_one(tmp_path: Path) -> None:
    assert names(tmp_path, mine=MOVED) == ["small-calibrated"]
    assert names(tmp_path, mine=MOVED, plain=None) == ["small-calibrated", "small"]


def test_two_calibrations_are_called_after_their_files(tmp_path: Path) -> None:
    other = dataclasses.replace(MOVED, fingerprint="beef")
    assert names(tmp_path, here=MOVED, there=other, plain=None) == ["here", "there", "small"]


def test_an_entry_of_that_name_is_not_named_twice(tmp_path: Path) -> None:
    file = write_weights(tmp_path / "a.safetensors", calibration=MOVED, entry="small-calibrated")
    assert [each.name for each in name_models([find_trained(file)])] == ["small-calibrated"]
