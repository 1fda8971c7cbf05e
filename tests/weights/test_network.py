"""Trained models are loaded from trials, weights files and entries, or refused with a clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import lvzoo
from lvzoo.errors import DataError, LvzooError, PluginError
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Recipe, Trial
from lvzoo.weights.header import READ_TYPES
from lvzoo.weights.network import DTYPES, save_model
from tests.made_weights import small_entry, write_weights


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    entry = open_zoo().select("landmark7")[0]
    trial = Trial(entry=entry, data="fingerprint", seed=3, recipe=Recipe(epochs=2))
    save_model(build_model(entry, seed=3), trial, tmp_path / "landmark7-s3", best_epoch=2)
    return tmp_path / "landmark7-s3"


def test_what_is_saved_is_loaded(saved: Path) -> None:
    frames = torch.rand(2, 1, 112, 112)
    model = build_model(open_zoo().select("landmark7")[0], seed=3).eval()
    loaded = lvzoo.load(saved)
    assert not loaded.training
    with torch.inference_mode():
        assert torch.equal(loaded(frames), model(frames))


def test_the_card_says_what_the_weights_are(saved: Path) -> None:
    card = json.loads((saved / "model.json").read_text())
    assert card["trial"]["data"] == "fingerprint"
    assert card["trial"]["recipe"]["epochs"] == 2
    assert card["trial"]["entry"]["name"] == "landmark7"
    assert card["best_epoch"] == 2


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no trained model here"):
        lvzoo.load(tmp_path)


def test_damaged_weights_are_refused(saved: Path) -> None:
    path = saved / "model.safetensors"
    whole = path.read_bytes()
    for damaged, message in (
        (b"\x80\x04 a pickle, perhaps", r"model\.safetensors: is a pickle .* never read"),
        (whole[:-7], r"model\.safetensors: cut short or damaged: its tensors should have \d+ bytes"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=message):
            lvzoo.load(saved)


def test_weights_of_another_model_are_refused(saved: Path) -> None:
    card = json.loads((saved / "model.json").read_text())
    card["trial"]["entry"]["options"]["width"] = 8
    (saved / "model.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=r"weights of another model than model\.json says"):
        lvzoo.load(saved)


def test_a_card_that_is_none_is_refused(saved: Path) -> None:
    (saved / "model.json").write_text("{}")
    with pytest.raises(DataError, match="not a model card"):
        lvzoo.load(saved)


def test_a_card_runs_no_code_of_its_own_choice(saved: Path) -> None:
    """A file from elsewhere must not choose the code that runs: only installed families are built."""
    card = json.loads((saved / "model.json").read_text())
    card["trial"]["entry"]["family"] |= {"name": "evil", "factory": "pathlib:Path"}
    card["trial"]["entry"]["options"] = {}
    (saved / "model.json").write_text(json.dumps(card))
    with pytest.raises(
        PluginError, match=r"needs the family 'evil' of the plugin 'landmarks', which is not available"
    ):
        lvzoo.load(saved)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "../../../escaped/x"}, r"'\.\./\.\./\.\./escaped/x' is not an entry name"),
        ({"name": 7}, "not a model card of lvzoo"),
        ({"summary": "fine\x1b[2K"}, r"control characters in 'fine\\x1b\[2K'"),
    ],
)
def test_a_trial_s_card_names_no_other_folder_and_prints_as_it_reads(
    changes: dict[str, Any], said: str, saved: Path
) -> None:
    card = json.loads((saved / "model.json").read_text())
    card["trial"]["entry"] |= changes
    (saved / "model.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=said):
        lvzoo.load(saved)


@pytest.mark.parametrize("name", ["landmark7", "coords7"])
def test_what_bounds_a_network_lets_the_right_one_through(name: str, tmp_path: Path) -> None:
    [entry] = open_zoo().select(name)
    trial = Trial(entry=entry, data="fingerprint", seed=3, recipe=Recipe())
    model = build_model(entry, seed=3)
    save_model(model, trial, tmp_path, best_epoch=1)
    loaded = lvzoo.load(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))


def test_a_weights_file_is_loaded_and_float16_becomes_float32(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "small.safetensors", dtype=torch.float16)
    loaded, made = lvzoo.load(path), build_model(small_entry(), seed=3)
    for name, tensor in loaded.state_dict().items():
        own = made.state_dict()[name]
        assert tensor.dtype == own.dtype
        expected = own.half().float() if own.is_floating_point() else own
        assert torch.equal(tensor, expected), name
    assert any(not torch.equal(a, b) for a, b in zip(loaded.parameters(), made.parameters(), strict=True))
    assert not loaded.training


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"options": {"width": 5, "levels": 2}},
            r"weights of another model than its card says \(.* has shape \[",
        ),
        (
            {"options": {"width": 4, "levels": 3}},
            r"weights of another model than its card says \(.* is missing\)",
        ),
        (
            {"options": {"wide": 4}},
            r"option 'wide' of the family 'unet' is unknown here; the model was trained with another",
        ),
        (
            {"options": {"width": 4096, "levels": 4}},
            r"small\.safetensors: weights of another model than its card says \(.* far larger\)",
        ),
        (
            {"options": {"width": -4, "levels": 2}},
            r"small\.safetensors: no network can be built as its card says \(ValueError: width -4 .*file is damaged",
        ),
        (
            {"options": {"width": 4, "levels": 10**6}},
            r"small\.safetensors: no network can be built as its card says \(ValueError: width 4 and 1000000",
        ),
        ({"options": {"width": "4"}}, r"option 'width' .* must be int, not str '4'"),
        (
            {"kind": "landmark"},
            r"its card is damaged \(it says landmark, and the family 'unet' is of kind mask\)",
        ),
        (
            {"plugin": "elsewhere"},
            r"family 'unet' of the plugin 'elsewhere', which is not available; install",
        ),
    ],
)
def test_weights_that_do_not_fit_their_card_are_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = write_weights(tmp_path / "small.safetensors", **changes)
    with pytest.raises((DataError, PluginError), match=message):
        lvzoo.load(path)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = build_model(small_entry())
    next(model.parameters()).data[0] = float("nan")
    path = write_weights(tmp_path / "small.safetensors", model=model)
    with pytest.raises(DataError, match="is not finite: damaged, or its training diverged"):
        lvzoo.load(path)


def test_a_number_too_large_for_the_network_is_refused(tmp_path: Path) -> None:
    model = build_model(small_entry()).double()
    next(model.parameters()).data[0] = 1e300  # finite as it is, infinite as float32
    path = write_weights(tmp_path / "small.safetensors", model=model, dtype=torch.float64)
    with pytest.raises(DataError, match="is not finite: damaged, or its training diverged"):
        lvzoo.load(path)


def test_an_entry_whose_plugin_is_not_used_is_no_folder_s_name(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise `lvzoo predict` without a model would use a folder of that name."""
    monkeypatch.chdir(saved.parent)
    saved.rename("unet-fast")
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "unet")
    with pytest.raises(PluginError, match=r"'unet-fast' needs the family 'unet', which no working plugin"):
        lvzoo.load("unet-fast")
    assert lvzoo.load("./unet-fast") is not None


def test_an_entry_that_carries_weights_is_loaded_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_weights(tmp_path / "small.safetensors")
    (tmp_path / "mine.yaml").write_text(
        "mine: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}\n"
        "wide: {family: unet, options: {width: 8, levels: 2}, weights: small.safetensors}\n"
        "lost: {family: unet, weights: lost.safetensors}\n"
        "bare: {family: unet}\n"
    )
    registries = [tmp_path / "mine.yaml"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()  # a name is an entry's before it is a folder's
    loaded = lvzoo.load("mine", registries=registries)
    assert torch.equal(next(loaded.parameters()), next(build_model(small_entry(), seed=3).parameters()))
    for name, message in (
        ("wide", r"wide: .*small\.safetensors: weights of another model .*: width is 4 there, 8 here"),
        ("lost", r"lost: .*lost\.safetensors: cannot be read \(no such file"),
        (
            "bare",
            r"the entry 'bare' carries no weights; train it with `lvzoo train bare` and .*: .*mine, wide, lost",
        ),
        ("mime", r"unknown entry 'mime' \(did you mean 'mine'"),
        ("nope", r"unknown entry 'nope'; 'lvzoo list' shows all entries"),
        *(
            (missing, rf"{missing}: no such file or folder; name a trial's folder")
            for missing in ("mine.pt", "mine.PTH", "mine.safetensors", "mine.onnx", "runs/x/trials/mine")
        ),
        ("./mime", r"mime: no such file or folder; name a trial's folder"),
        ("./mine", r"mine: no trained model here"),
    ):
        with pytest.raises(LvzooError, match=message):
            lvzoo.load(name, registries=registries)


def test_the_types_that_a_header_allows_are_those_that_a_network_may_have() -> None:
    assert DTYPES.keys() == READ_TYPES
