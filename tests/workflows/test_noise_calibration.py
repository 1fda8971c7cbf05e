"""The costs of a finished run, from Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lvzoo.errors import DataError, UsageError
from lvzoo.workflows.noise_calibration import calibrate_noise
from tests.made_runs import CONDITIONS, make_run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_costs_of_a_run_name_its_data_and_suite(tmp_path: Path) -> None:
    found = calibrate_noise(str(make_run(tmp_path / "run", seeds=2)), model="unet")
    assert (found.data, found.synthetic, found.patients) == ("phantom", True, 12)
    assert (found.suite, found.model) == ("noise-v1", "unet")
    assert found.clean == pytest.approx(0.9, abs=0.02)
    assert len(found.costs) == len(CONDITIONS) - 1
    assert (found.clean - found.costs["dice"]).to_numpy() * 100 == pytest.approx(
        found.costs["cost"].to_numpy()
    )


def test_trials_that_have_not_finished_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", entries=("unet", "other"))
    stop(run, "other-s0")
    assert calibrate_noise(run).model == "unet", "the only one with scores"
    with pytest.raises(UsageError, match=r"no scores of 'other'.*unet"):
        calibrate_noise(run, model="other")
    stop(run, "unet-s0")
    with pytest.raises(DataError, match="no trial has finished"):
        calibrate_noise(run)


def stop(run: Path, trial: str) -> None:
    """Turn a finished trial into an interrupted one."""
    (status,) = run.rglob(f"{trial}/status.json")
    status.write_text(json.dumps({**json.loads(status.read_text()), "state": "running"}))
