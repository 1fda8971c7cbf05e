"""Weights on disk: safetensors with a card, or a clear error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import lvzoo
from lvzoo.errors import DataError
from lvzoo.models.build import build_model
from lvzoo.models.weights import save_model
from lvzoo.registry import open_zoo
from lvzoo.types import Recipe, Trial


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
    (saved / "model.safetensors").write_bytes(b"\x80\x04 a pickle, perhaps")
    with pytest.raises(DataError, match="not a safetensors file"):
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
