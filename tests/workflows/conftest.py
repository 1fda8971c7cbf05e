"""What several files need: a registry of small models to train, and an untrained model."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Recipe, Trial
from lvzoo.weights.network import save_model
from tests.made_weights import write_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained model, for tests about reading clips and writing masks."""
    folder = tmp_path_factory.mktemp("run") / "trials" / "unet-s0"
    entry = open_zoo().select("unet")[0]
    save_model(build_model(entry), Trial(entry=entry, data="x", seed=0, recipe=Recipe()), folder)
    return folder
