"""Several models are opened for a mean only if a mean says more than one of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from lvzoo.errors import UsageError
from lvzoo.weights.opened import open_models
from lvzoo.weights.trained import digest_file
from tests.made_weights import MOVED, write_weights

if TYPE_CHECKING:
    from pathlib import Path


def test_two_calibrations_of_one_file_are_no_second_opinion(tmp_path: Path) -> None:
    """Their tensors are the same, so a mean of the two would only draw a border between those of the two."""
    plain = write_weights(tmp_path / "plain.safetensors")
    calibration = dataclasses.replace(MOVED, weights=digest_file(plain))
    one = write_weights(tmp_path / "one.safetensors", calibration=calibration)
    other = write_weights(
        tmp_path / "other.safetensors", calibration=dataclasses.replace(calibration, number=-0.5)
    )
    for pair in ((one, other), (plain, one), (other, plain)):
        with pytest.raises(
            UsageError, match="differ in their calibrations only, so a mean of them is no second"
        ):
            open_models(pair)
    elsewhere = write_weights(tmp_path / "elsewhere.safetensors", calibration=MOVED)
    assert len(open_models([one, elsewhere])) == 2, "calibrated files of two trainings"


def test_models_are_named_one_by_one(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"by itself: --model unet-fast --model landmark7-fast \(a list in Python"
    ):
        open_models("unet-fast, landmark7-fast")
    odd = write_weights(tmp_path / "a,b.safetensors")
    assert len(open_models([odd])) == 1, "the name of a file may have a comma"
