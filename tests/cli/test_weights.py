"""`lvzoo list` and `lvzoo info` show which entries carry weights, also if these cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lvzoo.cli import main
from tests.made_weights import CARD, write_weights


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    write_weights(tmp_path / "small.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "small.safetensors").read_bytes()[:-9])
    path = tmp_path / "mine.yaml"
    path.write_text(
        "mine-well: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}\n"
        "mine-cut: {family: unet, options: {width: 4, levels: 2}, weights: cut.safetensors}\n"
        "mine-gone: {family: unet, options: {width: 4, levels: 2}, weights: gone.safetensors}\n"
        "mine-bare: {family: unet}\n"
    )
    return path


def test_the_list_says_what_weights_were_trained_on(
    registry: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list", "mine-*", "--registry", str(registry)]) == 0
    printed = capsys.readouterr().out
    rows = {line.split()[0]: " ".join(line.split()) for line in printed.split("\nmine-")[1:]}
    assert rows["well"].endswith("[weights: trained on synthetic phantom-v9]")
    for name in ("cut", "gone"):
        assert "[weights: cannot be used; `lvzoo info` says why]" in rows[name]
    assert "weights" not in rows["bare"]


def test_json_has_the_whole_card_or_the_fault(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "mine-*", "--json", "--registry", str(registry)]) == 0
    told = {entry["name"]: entry["weights"] for entry in json.loads(capsys.readouterr().out)["entries"]}
    assert told["mine-well"] == {"file": "small.safetensors", "card": CARD.plain(), "fault": None}
    assert told["mine-cut"]["card"] is None
    assert "cut short or damaged" in told["mine-cut"]["fault"]
    assert "cannot be read (no such file" in told["mine-gone"]["fault"]
    assert told["mine-bare"] is None
    assert main(["info", "mine-well", "--json", "--registry", str(registry)]) == 0
    assert json.loads(capsys.readouterr().out)["weights"] == told["mine-well"]


def test_info_shows_the_card(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "mine-well", "--registry", str(registry)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for part in (
        "weights file small.safetensors trained on synthetic phantom-v9: train 8 patients (16 frames);",
        "recipe epochs 3,",
        "seed 3; best epoch 2; lvzoo 0.1.0",
        "Dice 0.910 (ED 0.920, ES 0.900): test Dice (synthetic phantom-v9, clean frames)",
        "rounding none: the weights are as they were trained",
        "made by lvzoo train small --seed 3",
    ):
        assert part in printed, part
    assert main(["info", "mine-cut", "--registry", str(registry)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "weights file cut.safetensors fault " in printed
    assert "cut short or damaged" in printed
    assert main(["info", "mine-bare", "--registry", str(registry)]) == 0
    assert "weights file" not in " ".join(capsys.readouterr().out.split())
