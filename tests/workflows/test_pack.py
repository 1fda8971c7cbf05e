"""`lvzoo.pack` makes one small file from a trial, with a card that describes the model."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, UsageError
from lvzoo.models.build import build_model
from lvzoo.phantom import write
from lvzoo.registry import open_zoo
from lvzoo.weights import header, read_card
from lvzoo.weights.trained import _describe_start, find_trained, read_trial_card
from lvzoo.weights.write import write_weights
from lvzoo.workflows.pack import _measure_rounding, _round_weights, pack
from tests.made_weights import write_registry


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    registries, out = [write_registry(folder)], folder / "runs/mine"
    return lvzoo.fit(
        "points", preset="smoke", seed=2, epochs=3, out=out, executor="inline", registries=registries
    ).trial


def test_the_file_holds_the_model_in_half_the_bytes(trial: Path, tmp_path: Path) -> None:
    packed = lvzoo.pack(trial, out=tmp_path / "points.safetensors")
    whole = lvzoo.load(trial)
    loaded = lvzoo.load(packed.path)
    assert packed.path.stat().st_size < 0.6 * (trial / "model.safetensors").stat().st_size + 6000
    frames_B1HW = torch.rand(2, 1, 112, 112)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(frames_B1HW), whole(frames_B1HW), atol=0.05, rtol=0.05)
    dtypes = {name: tensor.dtype for name, tensor in load_file(packed.path).items()}
    assert {dtypes[name] for name, _ in whole.named_parameters()} == {torch.float16}
    assert {name for name, dtype in dtypes.items() if dtype == torch.float32} == set(packed.kept_float32)
    assert {name for name, dtype in dtypes.items() if not dtype.is_floating_point} == {
        name for name, tensor in whole.state_dict().items() if not tensor.is_floating_point()
    }
    rounding = packed.card.rounding
    assert rounding is not None
    assert rounding.agreement > 0.95
    assert rounding.frames == 12
    assert "synthetic" in rounding.data


def test_the_card_says_where_the_model_comes_from(trial: Path, tmp_path: Path) -> None:
    card = read_card(lvzoo.pack(trial, out=tmp_path / "points.safetensors").path)
    assert (card.entry, card.kind, card.family, card.plugin) == (
        "points",
        "landmark",
        "landmark-heatmap",
        "landmarks",
    )
    assert (card.seed, card.recipe.epochs, card.options["width"]) == (2, 3, 4)
    known = json.loads((trial.parents[1] / "run.json").read_text())
    assert card.trained_on.synthetic
    assert card.trained_on.version == known["data"]["test"]["version"]
    assert card.trained_on.splits["train"].patients == 8
    assert card.trained_on.splits["test"].fingerprint == known["data"]["test"]["fingerprint"]
    assert card.trained_on.fingerprint == known["settings"]["data"]["fingerprint"]
    ranking = lvzoo.compare(trial.parents[1]).ranking.iloc[0]
    assert card.dice.test == pytest.approx(ranking["clean"])
    assert card.dice.test_ed == pytest.approx(ranking["dice_ed"])
    assert card.commands == (
        "lvzoo train points --preset smoke --seed 2 --registry small.yaml --epochs 3 --out runs/mine",
        "lvzoo pack runs/mine/trials/points-s2 --out points.safetensors",
    )
    assert card.started_from == ""
    page = (tmp_path / "points.md").read_text()
    assert "no patient's image was used" in page
    assert all(command in page for command in card.commands)


@pytest.mark.parametrize("given", [" --out runs/mine", ""])
def test_the_commands_of_a_card_agree_on_the_run_s_name(trial: Path, tmp_path: Path, given: str) -> None:
    """The run may have been renamed, and a default name depends on the data's fingerprint on this machine."""
    run = shutil.copytree(trial.parents[1], tmp_path / "train-smoke-phantom-0123abcd")
    known = json.loads((run / "run.json").read_text())
    known["command"] = known["command"].removesuffix(" --out runs/mine") + given
    (run / "run.json").write_text(json.dumps(known))
    card = lvzoo.pack(run / "trials" / trial.name, out=tmp_path / "points.safetensors").card
    assert card.commands[0].endswith("--epochs 3 --out runs/train-smoke-phantom-0123abcd")
    assert card.commands[1].startswith("lvzoo pack runs/train-smoke-phantom-0123abcd/trials/points-s2 ")


def test_a_model_of_whole_beats_says_how_good_it_is_beside_ed_and_es(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(write, "SIZES", {"smoke": write.PhantomSize(train=4, val=2, test=3, further=2)})
    trained = lvzoo.fit(
        "small",
        preset="smoke",
        executor="inline",
        registries=[write_registry(tmp_path)],
        out=tmp_path / "run",
    )
    scores = trained.comparison.scores
    assert scores["phase"].value_counts().to_dict() == {"ED": 3, "ES": 3, "other": 6}
    card = read_card(lvzoo.pack(trained.trial, out=tmp_path / "small.safetensors").path)
    assert str(card.trained_on) == f"synthetic phantom-beats ({write.GENERATOR_VERSION})"
    assert (card.trained_on.splits["train"].patients, card.trained_on.splits["train"].frames) == (4, 16)
    assert card.dice.test == pytest.approx(scores["dice"].mean())
    assert card.dice.test_other == pytest.approx(scores.query("phase == 'other'")["dice"].mean())
    assert f", other frames {card.dice.test_other:.3f})" in (tmp_path / "small.md").read_text()


def test_pretrained_weights_at_the_start_are_told() -> None:
    options = {"arch": "Unet", "encoder": "resnet18", "weights": "imagenet"}
    [entry] = open_zoo().select("smp-resnet34")
    assert _describe_start(entry, options) == "weights imagenet"
    assert _describe_start(entry, {**options, "weights": None}) == ""


def test_the_same_trial_packs_to_the_same_bytes(trial: Path, tmp_path: Path) -> None:
    one, two = (lvzoo.pack(trial, out=tmp_path / name / "points.safetensors").path for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_what_float16_cannot_hold_stays_float32() -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2), torch.nn.Conv2d(2, 1, 1))
    state = model.state_dict()
    state["0.weight"].fill_(1e5)  # above float16's largest
    state["2.weight"].fill_(1e-9)  # below its smallest: adds nothing
    state["1.running_var"].fill_(1e-9)  # is divided by: must not become 0
    state["1.running_mean"].fill_(0.3)
    weights, kept = _round_weights(model)
    assert set(kept) == {"0.weight", "1.running_var"}
    assert weights["1.num_batches_tracked"].dtype == torch.int64
    assert {weights[name].dtype for name in ("0.bias", "1.running_mean", "2.weight")} == {torch.float16}
    assert torch.equal(weights["1.running_var"], torch.full((2,), 1e-9))


def test_empty_masks_do_not_count_as_agreement(caplog: pytest.LogCaptureFixture) -> None:
    [entry] = open_zoo().select("unet")
    model = build_model(dataclasses.replace(entry, options={**entry.options, "width": 4, "levels": 2})).eval()
    bias = model.state_dict()["body.head.bias"]
    bias.fill_(-1e4)
    blank = _measure_rounding(model, _round_weights(model)[0])
    assert (blank.before, blank.agreement, blank.empty, blank.frames) == (0.0, 0.0, 12, 12)
    assert "check that this is the right model" in caplog.text
    bias.fill_(1e4)
    full = _measure_rounding(model, _round_weights(model)[0])
    assert (full.agreement, full.empty) == (1.0, 0)


def test_nothing_is_overwritten_and_names_are_those_of_weights(trial: Path, tmp_path: Path) -> None:
    (tmp_path / "points.md").write_text("notes of mine")
    with pytest.raises(DataError, match=r"points\.md: exists; name another --out"):
        pack(trial, out=tmp_path / "points.safetensors")
    assert not (tmp_path / "points.safetensors").exists()
    with pytest.raises(UsageError, match=r"ends in \.safetensors; name it points\.safetensors"):
        pack(trial, out=tmp_path / "points.pt")


def test_what_is_no_finished_trial_in_its_run_is_refused(trial: Path, tmp_path: Path) -> None:
    lone = shutil.copytree(trial, tmp_path / "lone")
    with pytest.raises(
        DataError, match=r"lone: cannot tell what it was trained on .*keep a trial in its run"
    ):
        pack(lone, out=tmp_path / "x.safetensors")
    run = shutil.copytree(trial.parents[1], tmp_path / "run")
    (run / "trials/points-s2/status.json").write_text('{"state": "trained"}')
    with pytest.raises(DataError, match="is not finished, so its Dice is unknown"):
        pack(run / "trials/points-s2", out=tmp_path / "x.safetensors")
    known = json.loads((run / "run.json").read_text())
    known["settings"]["data"]["fingerprint"] = "other"
    (run / "run.json").write_text(json.dumps(known))
    with pytest.raises(DataError, match=r"was trained on other data \(\w+\) than its run's run\.json says"):
        pack(run / "trials/points-s2", out=tmp_path / "x.safetensors")
    with pytest.raises(DataError, match="no such folder"):
        pack(tmp_path / "none")
    with pytest.raises(DataError, match="no trained model here"):
        pack(tmp_path)


@pytest.mark.parametrize(
    ("file", "keys", "value", "reason"),
    [
        ("trials/points-s2/model.json", ["best_epoch"], 2.5, "'best_epoch' is 2.5"),
        ("trials/points-s2/model.json", ["lvzoo"], None, "'lvzoo' is None"),
        ("trials/points-s2/model.json", ["trial", "recipe", "epochs"], "3", "'recipe' has epochs '3'"),
        ("trials/points-s2/model.json", ["computed", "device"], 1, "'device' is 1"),
        ("run.json", ["command"], 'lvzoo train "points', "No closing quotation"),
        ("run.json", ["data", "test", "patients"], "6", ""),
    ],
    ids=lambda value: str(value)[-12:],
)
def test_an_odd_card_is_refused_and_nothing_is_written(
    trial: Path, tmp_path: Path, file: str, keys: list[str], value: object, reason: str
) -> None:
    run = Path(shutil.copytree(trial.parents[1], tmp_path / "run"))
    known = json.loads((run / file).read_text())
    inner = known
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    (run / file).write_text(json.dumps(known))
    with pytest.raises(DataError, match=rf"points-s2: .*{reason}.*train it again in another folder"):
        pack(run / "trials/points-s2", out=tmp_path / "new/points.safetensors")
    assert not (tmp_path / "new").exists()


def test_a_file_that_could_not_be_read_again_is_not_kept(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header, "LONGEST_HEADER", 100)
    with pytest.raises(DataError, match=rf"^{tmp_path}/points\.safetensors: "):
        write_weights(
            {"x": torch.zeros(1)},
            read_trial_card(trial, find_trained(trial).entry),
            tmp_path / "points.safetensors",
        )
    assert not list(tmp_path.iterdir())


def test_a_name_with_control_characters_is_refused(trial: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\\x1b\[2K\.safetensors: the name has control characters"):
        pack(trial, out=tmp_path / "x\x1b[2K.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_trial_right_below_the_root_is_in_no_run() -> None:
    """This happens in a container that mounts one folder. `lvzoo predict` warns and does not crash."""
    [entry] = open_zoo().select("unet")
    with pytest.raises(DataError, match="/no-such-trial: cannot tell what it was trained on"):
        read_trial_card(Path("/no-such-trial"), entry)


def test_the_command_prints_both_files_and_what_rounding_cost(
    trial: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pack", str(trial)]) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["points.safetensors", "points.md"]
    assert "float16: Dice 0." in told.err
    assert "masks agree with Dice" in told.err
    assert main(["pack", str(trial)]) == 4
    assert "points.safetensors: exists" in capsys.readouterr().err
