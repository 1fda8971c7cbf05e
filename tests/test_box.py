"""The bundled weights: small, trained on simulated patients only, with pages that match their cards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom.examples
import pytest
import torch
from safetensors import safe_open

import lvzoo
from lvzoo.phantom.rng import video_name
from lvzoo.phantom.write import GENERATOR_VERSION, SIZES
from lvzoo.registry import open_zoo
from lvzoo.trials.prepare import digest_patients
from lvzoo.weights import WeightsCard
from lvzoo.weights.carried import DEFAULT_MODELS, Carried, find_carried
from lvzoo.weights.page import render_card

PAGES = Path(__file__).parents[1] / "docs" / "weights"
LARGEST_BYTES = 2_000_000
NAMES = ("unet-fast", "landmark7-fast")


def carried(name: str) -> tuple[Path, WeightsCard]:
    """Return the file and the card of an entry's weights."""
    found = find_carried(open_zoo().select_one(name))
    assert isinstance(found, Carried), f"{name} carries no weights"
    assert found.path is not None, found.fault
    assert found.card is not None, found.fault
    return found.path, found.card


def test_these_entries_carry_weights_and_no_other() -> None:
    assert {entry.name for entry in open_zoo().entries if entry.weights is not None} == set(NAMES)
    assert set(DEFAULT_MODELS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_small_and_in_float16(name: str) -> None:
    path, card = carried(name)
    assert path.stat().st_size <= LARGEST_BYTES
    with safe_open(path, framework="pt") as file:
        types = {tensor: file.get_tensor(tensor).dtype for tensor in file.keys()}  # noqa: SIM118 - no mapping
    learnt = {tensor: dtype for tensor, dtype in types.items() if tensor.endswith((".weight", ".bias"))}
    assert set(learnt.values()) == {torch.float16}
    assert card.rounding is not None
    assert card.rounding.agreement > 0.995


@pytest.mark.parametrize("name", NAMES)
def test_it_was_trained_on_the_phantom_of_this_version_and_on_nothing_else(name: str) -> None:
    _, card = carried(name)
    trained_on = card.trained_on
    assert trained_on.synthetic
    assert (trained_on.name, trained_on.version) == ("phantom-beats", GENERATOR_VERSION)
    assert card.recipe.augment == "strong-flip"
    assert card.commands[0].split()[:3] == ["lvzoo", "train", name]
    assert card.dice.test is not None
    assert card.dice.test > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_its_patients_are_those_of_the_phantom_of_full_size(name: str) -> None:
    """So `lvzoo eval --phantom-size full` tests it on the held-out patients of its own data set."""
    _, card = carried(name)
    for split, counts in card.trained_on.splits.items():
        patients = [video_name(seed=0, split=split, index=index) for index in range(SIZES["full"].of(split))]
        assert (counts.patients, counts.names) == (len(patients), digest_patients(patients))


@pytest.mark.parametrize("name", NAMES)
def test_its_page_in_the_documentation_is_its_card(name: str) -> None:
    path, card = carried(name)
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert page == render_card(card, file=path.name, size_bytes=path.stat().st_size)


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_a_plausible_ventricle_in_a_real_clip(name: str, tmp_path: Path) -> None:
    """No reader has traced this clip, so the test only shows that nothing is grossly wrong."""
    clip = pydicom.examples.get_path("ybr_color")
    (result,) = lvzoo.predict(clip, model=name, out=tmp_path)
    share = result.masks_NHW.mean(axis=(1, 2))
    assert (share > 0.01).mean() > 0.8, "nearly every frame has a ventricle"
    assert np.median(share) < 0.15
    rows, _ = np.nonzero(result.masks_NHW.any(axis=0))
    assert 40 < np.median(rows) < 140, "in the sector's upper half, where the image shows it"
