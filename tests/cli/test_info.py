"""`lvzoo info` shows everything about one entry, even if it cannot be built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lvzoo.cli import main
from lvzoo.types import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.conftest import Install

BROKEN = """
import numpy
from lvzoo import Family, Option, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(name="net", kind="mask", factory="net_dist.model:Net", summary="a net", trainer="net_dist.fit:Fit")
    yield Family(name="needy", kind="mask", factory="net_dist.model:Net", summary="a net", requires=("no_such",))
"""


def test_text_shows_options_recipe_paper_licence_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "landmark7"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for part in (
        "kind landmark",
        "plugin landmarks (lvzoo ",
        "licence MIT",
        "arXiv 1801.07372",
        "landmarks 7 (one of 5, 7, 9, 13, 21; default 7) K, annulus and apex included",
        f"batch_size {Recipe().batch_size}",
        "GFLOP for one 112 x 112 frame",
    ):
        assert part in printed


def test_a_landmark_model_has_a_ceiling_that_is_marked_synthetic(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("lines7: {family: landmark-heatmap, options: {curve: polygon, width: 4}}")
    ceilings = {}
    for name in ("landmark7", "lines7", "landmark13"):
        assert main(["info", name, "--json", "--registry", str(path)]) == 0
        told = json.loads(capsys.readouterr().out)["ceiling"]
        assert (told["phantom"], told["frames"], told["synthetic"]) == ("smoke", 12, True)
        assert set(told["dice"]) == {"all", "ED", "ES"}
        ceilings[name] = told["dice"]["all"]
    assert ceilings["lines7"] + 0.02 < ceilings["landmark7"] < ceilings["landmark13"] < 1
    assert main(["info", "landmark7"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"ceiling Dice {ceilings['landmark7']:.3f} (ED 0." in printed
    assert (
        "perfect landmarks through its own curve, on the 12 test frames of the phantom `smoke` (synthetic)"
        in printed
    )


def test_a_mask_model_has_no_ceiling_and_simulates_no_phantom(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    assert main(["info", "unet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ceiling"] is None
    assert main(["info", "unet"]) == 0
    assert "ceiling" not in capsys.readouterr().out
    assert not (tmp_path / "cache" / "phantom").exists()


def test_options_that_contradict_each_other_are_reported_in_place_of_the_size(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("odd: {family: landmark-heatmap, options: {loss: mse}}")
    assert main(["info", "odd", "--registry", str(path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "size odd: " in printed
    assert "use decode 'dark' or 'argmax'" in printed
    assert "ceiling" not in printed


def test_size_is_that_of_the_original_studys_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "unet-64", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 30e6 < told["size"]["parameters"] < 32e6
    assert 18e9 < told["size"]["flops"] < 19e9
    assert told["options"]["width"]["value"] == 64
    assert told["options"]["width"]["default"] == 16


def test_recipe_overrides_are_marked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine: {family: unet, options: {width: 4}, recipe: {epochs: 30}}")
    assert main(["info", "mine", "--registry", str(path)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "epochs 30 (set by this entry)" in lines
    assert f"batch_size {Recipe().batch_size}" in lines


def test_model_that_cannot_be_built_is_still_shown(
    capsys: pytest.CaptureFixture[str], install_plugin: Callable[..., Path]
) -> None:
    install_plugin("net", BROKEN)
    assert main(["info", "net"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "size cannot load 'net_dist.model:Net': ModuleNotFoundError" in printed
    assert "recipe (own) trainer net_dist.fit:Fit" in printed
    assert "warning the plugin imports numpy only to declare its models" in printed
    assert "catalogue none: the family with its default options" in printed
    assert main(["info", "needy"]) == 0
    assert "size needs no_such; install it" in " ".join(capsys.readouterr().out.split())


def test_unknown_name_and_glob_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "landmark"]) == 3
    assert (
        "unknown entry 'landmark' (did you mean 'landmark7' or 'landmark13' or 'landmark7-fast'?)"
        in capsys.readouterr().err
    )
    assert main(["info", "unet*"]) == 2
    assert "'unet*' names 3 entries; name one of unet, unet-64, unet-fast" in capsys.readouterr().err


PRETRAINED = """
from lvzoo import Family, Option, hookimpl

@hookimpl
def lvzoo_families():
    weights = Option(default="", help="where from", training_only=True)
    yield Family(name="net", kind="mask", factory="net_dist.model:Net", summary="a net", options={"weights": weights})
"""
DOWNLOADS = """
import torch
from lvzoo.models.base import MaskModel

class Net(MaskModel):
    def __init__(self, *, weights):
        super().__init__()
        if weights:
            raise ConnectionError("no network here")
        self.conv = torch.nn.Conv2d(1, 1, 3, padding=1)
    def forward(self, frames_B1HW):
        return self.conv(frames_B1HW)
"""


def test_neither_info_nor_check_downloads_pretrained_weights(
    install_plugin: Install, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    install_plugin("net", PRETRAINED, files={"model.py": DOWNLOADS})
    path = tmp_path / "mine.yaml"
    path.write_text("far: {family: net, options: {weights: hub}, licence: MIT}")
    assert main(["info", "far", "--json", "--registry", str(path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["size"]["parameters"] == 10
    assert told["options"]["weights"]["value"] == "hub"
    assert main(["check", "far", "--fast", "--registry", str(path)]) == 0
