"""Transfer: trained here or elsewhere, models are tested on the usual phantom and on shifted ones."""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.data.phantom import write
from lvzoo.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _few_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(write.SIZES["transfer"], test=3)
    monkeypatch.setattr(write, "SIZES", {**write.SIZES, "transfer": few})


def test_models_trained_for_it_and_models_trained_before_share_a_table(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"shifts": ["gain"], "executor": "inline", "preset": "smoke"}
    first = lvzoo.transfer(train="unet-fast", out=tmp_path / "first", **settings)
    trial = tmp_path / "first/training/trials/unet-fast-s0"
    assert first.patients == 3
    again = lvzoo.transfer(trial, train="landmark7-fast", out=tmp_path / "second", **settings)
    rows = {row["model"]: row for row in again.table.to_dict("records")}
    assert set(rows) == {"unet-fast", "landmark7-fast"}
    assert list(again.table.columns) == ["model", "kind", "seeds", "standard", "gain", "shifted", "worst"]
    assert rows["unet-fast"] == first.table.to_dict("records")[0]
    assert all(row["shifted"] == row["gain"] == row["worst"] for row in rows.values())
    assert again.intervals["dice_low"].le(again.intervals["dice"]).all()
    with (tmp_path / "second/transfer.csv").open() as file:
        assert {row["data"] for row in csv.DictReader(file)} == {"synthetic phantom"}


def test_the_command_prints_a_table_and_calls_it_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.transfer_run.SHIFTS", {"gain": None})
    words = ["transfer", "--train", "unet-fast", "--preset", "smoke", "--executor", "inline"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    head, rule, row, _, note = capsys.readouterr().out.splitlines()
    assert head == "| model | kind | seeds | standard | gain | shifted | worst |"
    assert rule.count("|") == row.count("|") == 8
    assert row.startswith("| unet-fast | mask | 1 | 0.")
    assert note.startswith("synthetic phantoms; mean Dice of clean frames of 3 patients")


def test_mistakes_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to test; name trained models, or entries to train"):
        lvzoo.transfer(out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"unknown shift 'gian'.*did you mean 'gain'"):
        lvzoo.transfer(train="unet-fast", shifts=["gian"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
