"""`lvzoo push` uploads the weights and their card, nothing else; what it prints is a model for every command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

import lvzoo
from lvzoo.cli import cli, main
from lvzoo.errors import DataError, UsageError
from lvzoo.models.build import build_model
from lvzoo.types import Trial
from lvzoo.weights import KEY, TrainedOn
from lvzoo.weights.card import trained_elsewhere
from lvzoo.weights.network import save_model
from lvzoo.weights.trained import find_trained
from lvzoo.workflows.push import plan_upload
from tests.made_hub import NOBODY, TOKEN, Hub, isolate_hub, move_hub, serve_hub
from tests.made_weights import CARD, MOVED, small_entry, write_weights

REAL = TrainedOn(name="echonet-dynamic", version="reader-1", synthetic=False, fingerprint="f", splits={})
TERMS = "it was trained on real patients of echonet-dynamic (reader-1); the terms of a data set may forbid sharing"


@pytest.fixture(autouse=True)
def _no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_hub(monkeypatch, tmp_path / "hf")
    monkeypatch.setenv("HF_TOKEN", TOKEN)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as running:
        yield running


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "small.safetensors")


def test_a_pushed_model_comes_back_as_it_was(hub: Hub, model: Path) -> None:
    pushed = lvzoo.push(model, "ours/small")
    repo = hub.repos["ours/small"]
    assert pushed.name == f"hf://ours/small@{repo.refs['main']}"
    assert not pushed.private
    files = repo.commits[repo.refs["main"]]
    assert set(files) == {".gitattributes", "README.md", "model.safetensors"}
    assert files["model.safetensors"] == model.read_bytes()
    frames_B1HW = torch.zeros(1, 1, 112, 112)
    assert torch.equal(lvzoo.load(pushed.name)(frames_B1HW), lvzoo.load(model)(frames_B1HW))


def test_an_entry_that_carries_weights_can_be_pushed(hub: Hub) -> None:
    pushed = lvzoo.push("unet-fast", "ours/fast")
    assert find_trained(pushed.name).card.entry == "unet-fast"
    assert hub.repos


def test_the_page_has_facts_for_the_hub_the_card_and_how_to_use_it(model: Path) -> None:
    page = plan_upload(model, "ours/small").page
    _, facts, text = page.split("---\n", 2)
    known = yaml.safe_load(facts)
    assert known["license"] == "mit"
    assert known["library_name"] == "lvzoo"
    assert text.startswith("# small: a small U-Net\n")
    assert "Trained on simulated echocardiograms only" in text
    assert "`model.safetensors`" in text
    assert "lvzoo predict clip.avi --model hf://ours/small@COMMIT" in text


@pytest.mark.parametrize(
    "changes", [{"trained_on": REAL}, {"calibration": MOVED}, {"started_from": "weights imagenet"}]
)
def test_the_page_names_no_licence_if_the_data_may_have_terms_of_their_own(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    model = write_weights(tmp_path / "small.safetensors", **changes)
    assert "license" not in yaml.safe_load(plan_upload(model, "ours/small").page.split("---\n")[1])


def test_pushing_again_adds_a_commit_and_the_earlier_one_stays(hub: Hub, tmp_path: Path) -> None:
    first = lvzoo.push(write_weights(tmp_path / "one.safetensors"), "ours/small")
    second = lvzoo.push(write_weights(tmp_path / "two.safetensors", seed=5), "ours/small")
    assert first.name != second.name
    assert [find_trained(each.name).card.seed for each in (first, second)] == [3, 5]
    assert len(hub.repos) == 1


def test_a_calibrated_model_takes_its_calibration_along(hub: Hub, tmp_path: Path) -> None:
    moved = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    pushed = lvzoo.push(moved, "ours/moved", yes=True)
    assert find_trained(pushed.name).card.calibration == MOVED
    page = hub.repos["ours/moved"].commits[hub.repos["ours/moved"].refs["main"]]["README.md"].decode()
    assert "**Calibrated**" in page


# --- What must not be passed on ---------------------------------------------------------------------------------


def test_a_model_of_real_patients_is_not_uploaded_without_a_yes(hub: Hub, tmp_path: Path) -> None:
    model = write_weights(tmp_path / "real.safetensors", trained_on=REAL)
    with pytest.raises(UsageError, match=f"{TERMS.replace('(', '.').replace(')', '.')}.*--yes"):
        lvzoo.push(model, "ours/real")
    foreign = write_weights(tmp_path / "foreign.safetensors", trained_on=trained_elsewhere("our clips"))
    with pytest.raises(UsageError, match=r"it was trained on our clips .trained elsewhere"):
        lvzoo.push(foreign, "ours/real")
    moved = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    with pytest.raises(UsageError, match=r"it was calibrated on real patients of echonet-dynamic"):
        lvzoo.push(moved, "ours/real")
    assert not hub.requests
    assert lvzoo.push(model, "ours/real", yes=True, private=True).private


def test_the_command_shows_what_it_uploads_and_asks_on_a_terminal(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_weights(tmp_path / "real.safetensors", trained_on=REAL)
    words = ["push", str(model), "ours/real"]
    assert main(words) == 2
    assert not hub.requests
    monkeypatch.setattr("lvzoo.cli.push.is_terminal", lambda: True)
    refused = CliRunner().invoke(cli, words, input="n\n")
    assert f"caution: {TERMS}" in refused.stderr
    assert "model.safetensors" in refused.stderr
    assert not hub.requests
    agreed = CliRunner().invoke(cli, words, input="y\n")
    assert agreed.stdout == f"hf://ours/real@{hub.repos['ours/real'].refs['main']}\n"


def test_a_header_with_other_texts_is_not_passed_on(hub: Hub, model: Path) -> None:
    texts = {KEY: CARD.to_json(), "patient": "Jane Doe"}
    save_file(load_file(model), model, metadata=texts)
    with pytest.raises(DataError, match=r"another text than the card .'patient'."):
        lvzoo.push(model, "ours/small")
    assert not hub.requests


def test_tensors_that_are_not_the_networks_are_not_passed_on(hub: Hub, model: Path) -> None:
    tensors = {**load_file(model), "pictures": torch.zeros(3)}
    save_file(tensors, model, metadata={KEY: CARD.to_json()})
    with pytest.raises(DataError, match="'pictures' does not belong to it"):
        lvzoo.push(model, "ours/small")
    assert not hub.requests


def test_a_trial_must_be_packed_first(tmp_path: Path) -> None:
    entry = small_entry()
    folder = tmp_path / "run/trials/small-s0"
    save_model(build_model(entry), Trial(entry=entry, data="x", seed=0, recipe=CARD.recipe), folder)
    with pytest.raises(UsageError, match=r"write its weights file first \(`lvzoo pack .*small-s0`\)"):
        lvzoo.push(folder, "ours/small")


# --- The hub ------------------------------------------------------------------------------------------------------


def test_a_dry_run_contacts_nobody_and_prints_the_page(
    hub: Hub, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert main(["push", str(model), "ours/small", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert shown.out == plan_upload(model, "ours/small").page
    assert "to ours/small (public" in shown.err
    assert not hub.requests


def test_the_command_prints_the_pinned_name_alone(
    hub: Hub, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(model), "ours/small", "--private"]) == 0
    name = capsys.readouterr().out.strip()
    assert name == f"hf://ours/small@{hub.repos['ours/small'].refs['main']}"
    assert hub.repos["ours/small"].private
    assert main(["info", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weights"]["file"] == name


def test_a_public_repository_does_not_take_a_private_model(hub: Hub, model: Path) -> None:
    before = hub.add("ours/small", {"README.md": b"open"})
    with pytest.raises(DataError, match="exists and is public, so nothing was uploaded"):
        lvzoo.push(model, "ours/small", private=True)
    assert hub.repos["ours/small"].refs["main"] == before


@pytest.mark.parametrize(
    "repo", ["small", "ours/small/more", "ours/small@v1", "../small", "ours/", "ours/a b"]
)
def test_a_wrong_repository_says_how_it_is_written(repo: str, model: Path) -> None:
    with pytest.raises(UsageError, match=f"{repo}: not the name of a repository; write OWNER/NAME"):
        lvzoo.push(model, repo)


def test_a_repository_is_named_without_the_scheme(model: Path) -> None:
    with pytest.raises(UsageError, match="write the repository as OWNER/NAME, without hf://"):
        lvzoo.push(model, "hf://ours/small")


def test_without_a_token_or_rights_or_network_it_says_what_to_do(
    hub: Hub, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.read_only = True
    with pytest.raises(DataError, match=r"refuses the upload .*`hf auth login`, or set HF_TOKEN") as caught:
        lvzoo.push(model, "ours/small")
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(DataError, match=r"refuses the upload .*`hf auth login`, or set HF_TOKEN"):
        lvzoo.push(model, "ours/small")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(DataError, match=f"no token for {hub.address}; run `hf auth login`, or set HF_TOKEN"):
        lvzoo.push(model, "ours/small")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="HF_HUB_OFFLINE is set, so nothing can be uploaded"):
        lvzoo.push(model, "ours/small")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def break_off(*_: object, **__: object) -> None:
        raise RuntimeError("Task error: CAS Client Error: error sending request")  # as hf_xet does

    hub.read_only = False
    with monkeypatch.context() as broken:
        broken.setattr("huggingface_hub.HfApi.create_commit", break_off)
        with pytest.raises(DataError, match=r"cannot be reached \(Task error"):
            lvzoo.push(model, "ours/small")
    move_hub(monkeypatch, NOBODY)
    with pytest.raises(DataError, match=f"ours/small: {NOBODY} cannot be reached .*; try again later"):
        lvzoo.push(model, "ours/small")
