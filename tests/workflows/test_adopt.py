"""`lvzoo.adopt` makes a weights file of a model that was trained elsewhere, and every table says so."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, PluginError, UsageError
from lvzoo.models.build import build_model
from lvzoo.weights import read_card
from lvzoo.weights.card import parse_card
from tests.made_weights import small_entry, write_registry, write_weights

FAST: dict[str, Any] = {
    "corruptions": (),
    "resamples": 200,
    "phantom_size": "smoke",
    "executor": "inline",
    "frames": False,
}
AUTHOR = "EchoNet-Dynamic, all of its train split"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A checkpoint of `small`, as another program would write it."""
    network = nn.DataParallel(build_model(small_entry(), seed=7))
    torch.save({"epoch": 9, "state_dict": network.state_dict()}, tmp_path / "best.pt")
    return tmp_path / "best.pt"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return write_registry(tmp_path)


def adopt_small(theirs: Path, registry: Path, out: Path, *, trained_on: str = AUTHOR) -> Path:
    return lvzoo.adopt("small", theirs, trained_on=trained_on, out=out, registries=[registry]).path


def test_the_file_holds_the_tensors_and_a_card_that_names_its_author(
    theirs: Path, registry: Path, tmp_path: Path
) -> None:
    path = adopt_small(theirs, registry, tmp_path / "mine.safetensors")
    wanted = build_model(small_entry(), seed=7).state_dict()
    got = lvzoo.load(path).state_dict()
    assert all(torch.equal(got[name], tensor) for name, tensor in wanted.items())
    card = read_card(path)
    assert str(card.trained_on) == f"{AUTHOR} (trained elsewhere, as its author says)"
    assert card.plain()["card"] == 3, "an older lvzoo would take its recipe for the model's"
    assert parse_card(card.plain()) == card
    assert card.commands[0].startswith("lvzoo adopt small best.pt --trained-on 'EchoNet-Dynamic, all")
    assert str(tmp_path) not in card.to_json(), "a card names no folder"
    page = path.with_suffix(".md").read_text()
    assert f"**Trained elsewhere**, by other code than lvzoo. Its author says on what: {AUTHOR}." in page
    assert "| recipe | not known: the model was trained elsewhere |" in page
    assert "| card written with | lvzoo " in page
    assert "best.pt (SHA-256 " in page
    for pretended in ("epochs", "best epoch", "trained with", "fingerprint"):
        assert pretended not in page


def test_a_ranking_says_that_it_was_trained_elsewhere(
    theirs: Path, registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = adopt_small(theirs, registry, tmp_path / "foreign.safetensors")
    ours = write_weights(tmp_path / "ours.safetensors")
    result = lvzoo.score([foreign, ours], out=tmp_path / "eval", **FAST)
    assert result.study is not None
    facts = result.study.ranking.models
    assert {name: (each.origin, each.own_recipe) for name, each in facts.items()} == {
        "foreign": ("foreign", True),
        "ours": ("elsewhere", False),
    }
    [told] = [each.text for each in result.study.ranking.warnings if each.kind == "trained before"]
    said = f"foreign on {AUTHOR} (trained elsewhere, as its author says), perhaps with the very patients"
    assert said in told
    assert result.study.recipe["epochs"] == 3, "the recipe of the model that lvzoo trained"
    row = result.ranking.set_index("model").loc["foreign"]
    assert row["trained_on"] == f"{AUTHOR} (trained elsewhere, as its author says)"
    capsys.readouterr()
    assert main(["report", str(result.folder)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "foreign†§" in printed
    assert "trained elsewhere, as its author says" in " ".join(result.report.read_text().split())


def test_a_run_of_such_models_alone_shows_no_recipe(theirs: Path, registry: Path, tmp_path: Path) -> None:
    foreign = adopt_small(theirs, registry, tmp_path / "foreign.safetensors")
    result = lvzoo.score(foreign, out=tmp_path / "eval", **FAST)
    assert result.study is not None
    assert result.study.recipe == {}
    assert "not known" in result.report.read_text()


def test_info_and_list_say_so(
    theirs: Path, registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt_small(theirs, registry, tmp_path / "mine.safetensors")
    own = tmp_path / "own.yaml"
    own.write_text("mine: {family: unet, options: {width: 4, levels: 2}, weights: mine.safetensors}\n")
    for words in (["info", "mine"], ["list", "mine"]):
        assert main([*words, "--registry", str(own)]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert f"trained on {AUTHOR} (trained elsewhere, as its author says)" in printed
        assert "best epoch" not in printed
    assert main(["info", str(tmp_path / "mine.safetensors")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "recipe not known: the model was trained elsewhere" in printed
    assert "epochs" not in printed, "the standard recipe was never used"
    assert main(["info", str(tmp_path / "mine.safetensors"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"] is None


def test_the_command_prints_both_files_and_what_it_tried(
    theirs: Path,
    registry: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = tmp_path / "mine.safetensors"
    words = ["adopt", "small", str(theirs), "--trained-on", AUTHOR, "--out", str(out)]
    assert main([*words, "--registry", str(registry)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [str(out), str(out.with_suffix(".md"))]
    assert "on the phantom `smoke` (phantom-v" in printed.err
    assert "hardly finds the ventricle" in caplog.text
    assert f"{printed.err}{caplog.text}".count("Dice") == 1, "a low Dice is told once"
    assert "no evidence about patients" in printed.err
    assert main([*words, "--registry", str(registry)]) == 4, "nothing is overwritten"


def test_a_poor_result_on_synthetic_frames_is_a_hint(
    theirs: Path, registry: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The weights are random, as those of a network that gets wrong grey levels seem to be."""
    adopt_small(theirs, registry, tmp_path / "mine.safetensors")
    assert "look for wrong grey levels, sizes or classes" in caplog.text


def test_what_does_not_fit_is_told_and_nothing_is_written(
    theirs: Path, registry: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "x.safetensors"
    with pytest.raises(DataError, match=r"best\.pt: weights of another network than that of points \("):
        lvzoo.adopt("points", theirs, trained_on=AUTHOR, out=out, registries=[registry])
    with pytest.raises(UsageError, match="small has tensors of its own; name the checkpoint that holds them"):
        lvzoo.adopt("small", trained_on=AUTHOR, out=out, registries=[registry])
    with pytest.raises(UsageError, match=r"trained_on is empty|--trained-on"):
        lvzoo.adopt("small", theirs, trained_on="  ", out=out, registries=[registry])
    with pytest.raises(UsageError, match="is missing; write what its author says, or 'not known'"):
        lvzoo.adopt("small", theirs, out=out, registries=[registry])
    with pytest.raises(UsageError, match="its card cannot say so"):
        lvzoo.adopt("small", theirs, trained_on="a\x1b[2Kb", out=out, registries=[registry])
    with pytest.raises(PluginError, match="smal"):
        lvzoo.adopt("smal", theirs, trained_on=AUTHOR, out=out, registries=[registry])
    assert sorted(tmp_path.iterdir()) == before


def test_a_beginning_that_all_names_share_is_left_out_and_told(
    registry: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = build_model(small_entry(), seed=7).state_dict()
    named = {f"model.net.{name}": tensor for name, tensor in wanted.items()}
    torch.save(named, tmp_path / "best.pt")
    path = adopt_small(tmp_path / "best.pt", registry, tmp_path / "mine.safetensors")
    got = lvzoo.load(path).state_dict()
    assert all(torch.equal(got[name], tensor) for name, tensor in wanted.items())
    assert "best.pt: all names begin with 'model.net.'; it is left out" in caplog.text
    torch.save({"model.a.bias": torch.ones(1), "model.b.bias": torch.ones(1)}, tmp_path / "other.pt")
    told = (
        r"other\.pt: weights of another network .*; all names begin with 'model\.', and do not fit without it"
    )
    with pytest.raises(DataError, match=told):
        adopt_small(tmp_path / "other.pt", registry, tmp_path / "other.safetensors")


def test_weights_that_are_not_finite_are_refused(registry: Path, tmp_path: Path) -> None:
    network = build_model(small_entry(), seed=7)
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    torch.save(network.state_dict(), tmp_path / "nan.pt")
    with pytest.raises(DataError, match=r"nan\.pt: .* is not finite"):
        adopt_small(tmp_path / "nan.pt", registry, tmp_path / "x.safetensors")


def test_a_card_of_a_model_that_lvzoo_trained_keeps_its_version() -> None:
    from tests.made_weights import CARD, MOVED

    assert CARD.plain()["card"] == 1
    assert dataclasses.replace(CARD, calibration=MOVED).plain()["card"] == 2
