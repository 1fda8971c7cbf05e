"""The example lvzoo-foreign from the command line: an ONNX file becomes a model that is ranked and not trained.

Its own tests compare each network with itself, run by hand; tests/scaffold/test_examples.py runs them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, PluginError
from lvzoo.testing.conformance import check_models
from lvzoo.weights import read_card
from tests.foreign.made_onnx import write_onnx
from tests.made_weights import CARD, write_weights

if TYPE_CHECKING:
    from tests.conftest import Install

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "lvzoo-foreign" / "lvzoo_foreign"
EVAL = ["--corruptions", "blur", "--severities", "1", "--phantom-size", "smoke", "--executor", "inline"]


@pytest.fixture
def registry(tmp_path: Path, install_plugin: Install) -> Path:
    """A registry of one's own with an ONNX file, beside the installed example."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.iterdir() if path.is_file()}
    install_plugin("foreign", texts.pop("__init__.py"), distribution="lvzoo-foreign", files=texts)
    path = write_onnx(tmp_path / "theirs.onnx", size_HW=(64, 64))
    mine = tmp_path / "mine.yaml"
    options = f"{{path: {path}, scale: 255.0, mean: '32 33 34', std: '49', target: 2}}"
    mine.write_text(f"theirs: {{family: onnx-mask, options: {options}, licence: not known}}\n")
    return mine


def test_an_onnx_file_is_adopted_ranked_and_never_trained(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, own = tmp_path / "theirs.safetensors", ["--registry", str(registry)]
    assert main(["adopt", "theirs", "--trained-on", "not known", "--out", str(weights), *own]) == 0
    assert weights.stat().st_size < 5000, "the tensors stay in the ONNX file"
    assert main(["info", str(weights)]) == 0
    assert "size not known: another library runs the network" in " ".join(capsys.readouterr().out.split())
    assert main(["eval", str(weights), *EVAL, "--out", str(tmp_path / "run")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "theirs†§" in printed
    assert "theirs on not known (trained elsewhere, as its author says), perhaps with the very" in printed
    facts = json.loads((tmp_path / "run" / "trials" / "theirs-s0" / "facts.json").read_text())
    assert (facts["parameters"], facts["flops"]) == (None, None), "unknown, and not 0"
    capsys.readouterr()
    for command in (["bench", "--plugins", "theirs,unet", "--preset", "smoke"], ["train", "theirs"]):
        assert main([*command, *own]) == 2
        assert "theirs cannot be trained: its network was trained elsewhere" in capsys.readouterr().err


def test_another_file_at_the_same_path_is_another_model(registry: Path, tmp_path: Path) -> None:
    weights = lvzoo.adopt(
        "theirs", trained_on="not known", out=tmp_path / "x.safetensors", registries=[registry]
    ).path
    shutil.move(tmp_path / "theirs.onnx", tmp_path / "first.onnx")
    write_onnx(tmp_path / "theirs.onnx", size_HW=(64, 64), seed=1)
    with pytest.raises(DataError, match=r"theirs\.onnx: is not the file that was adopted"):
        lvzoo.load(weights)
    other = lvzoo.adopt(
        "theirs", trained_on="not known", out=tmp_path / "y.safetensors", registries=[registry]
    ).path
    assert weights.read_bytes() != other.read_bytes()
    (tmp_path / "theirs.onnx").unlink()
    with pytest.raises(
        PluginError, match=r"x\.safetensors: theirs: .*theirs\.onnx: cannot be read \(no such file"
    ):
        lvzoo.load(weights)


def test_a_file_of_lvzoo_export_keeps_what_it_states(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_weights(tmp_path / "small.safetensors")
    ours = lvzoo.export(tmp_path / "small.safetensors", out=tmp_path / "ours.onnx").path
    registry.write_text(f"ours: {{family: onnx-mask, options: {{path: {ours}}}}}\n")
    weights, own = tmp_path / "back.safetensors", ["--registry", str(registry)]
    words = ["adopt", "ours", "--out", str(weights), *own]
    assert main([*words, "--trained-on", "not known"]) == 2
    refused = capsys.readouterr().err
    assert "is 'not known', but the file states that it was trained on 'synthetic phantom" in refused
    assert main(words) == 0
    card = read_card(weights)
    assert str(card.trained_on).startswith("synthetic phantom")
    assert card.trained_on.synthetic
    assert card.licence == CARD.licence is not None
    assert main(["eval", str(weights), *EVAL, "--out", str(tmp_path / "run")]) == 0
    assert "ours on synthetic phantom" in " ".join(capsys.readouterr().out.split())
    for form in ("onnx", "pt2"):
        assert main(["export", str(weights), "--format", form, "--out", str(tmp_path / f"x.{form}")]) == 2
        assert f"back.safetensors: this model is an ONNX file already: {ours}" in capsys.readouterr().err


def test_info_shows_no_recipe_for_what_is_not_trained(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "theirs", "--registry", str(registry)]) == 0
    assert "epochs" not in capsys.readouterr().out


def test_a_checkpoint_for_an_onnx_file_is_a_mistake(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["adopt", "theirs", str(tmp_path / "best.pt"), "--trained-on", "x", "--registry", str(registry)]
    assert main(words) == 2
    assert "theirs has no tensors of its own, so it needs no checkpoint" in capsys.readouterr().err


def test_what_is_not_trained_is_checked_without_training(registry: Path) -> None:
    results = {each.name: each for each in check_models("theirs", registries=[registry])}
    assert [each.message for each in results.values() if not each.ok] == []
    assert "builds" in results
    assert not {"loss", "gradients", "black-batch", "overfits", "low-precision"} & results.keys()


def test_the_torch_module_passes_the_checks_that_do_not_train(registry: Path) -> None:
    del registry  # it installs the example
    assert [each.message for each in check_models("foreign-net", fast=True) if not each.ok] == []
