"""A model on the hub takes part wherever a model is named; the commit is recorded, and it is downloaded once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import UsageError
from lvzoo.phantom.write import cached_phantom
from lvzoo.weights import read_card
from lvzoo.weights.locate import locate
from lvzoo.workflows import transfer as transfer_module
from tests.made_hub import NOBODY, Hub, isolate_hub, move_hub, serve_hub
from tests.made_videos import write_video
from tests.made_weights import write_weights

FAST: dict[str, Any] = {"corruptions": (), "resamples": 20, "phantom_size": "smoke", "frames": False}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    isolate_hub(monkeypatch, tmp_path / "hf")
    with serve_hub(monkeypatch) as running:
        yield running


@pytest.fixture
def commit(hub: Hub, tmp_path: Path) -> str:
    model = write_weights(tmp_path / "small.safetensors")
    return hub.add("ours/one", {"model.safetensors": model.read_bytes()})


def test_eval_records_the_commit_and_its_child_asks_nobody(hub: Hub, commit: str, tmp_path: Path) -> None:
    run = lvzoo.score("hf://ours/one@main", out=tmp_path / "run", executor="process", jobs=1, **FAST)
    assert run.ranking["model"].tolist() == ["small"]
    asked = [each.partition(" ")[0] for each in hub.requests if "/resolve/" in each]
    assert asked == ["HEAD", "HEAD", "GET"], "for the size, and to download it: once"
    known = json.loads((tmp_path / "run/run.json").read_text())
    assert known["sources"] == {"small-s3": f"hf://ours/one@{commit}"}
    assert str(tmp_path) not in json.dumps(known)


def test_two_models_of_one_entry_are_called_after_their_repositories(
    hub: Hub, commit: str, tmp_path: Path
) -> None:
    other = write_weights(tmp_path / "other.safetensors", seed=4, code="other")
    second = hub.add("ours/two", {"model.safetensors": other.read_bytes()})
    names = (f"hf://ours/one@{commit}", f"hf://ours/two@{second}")
    run = lvzoo.score(names, out=tmp_path / "run", executor="inline", **FAST)
    assert set(run.ranking["model"]) == {"one", "two"}
    local = lvzoo.score(tmp_path / "other.safetensors", out=tmp_path / "local", executor="inline", **FAST)
    assert "sources" not in json.loads((local.folder / "run.json").read_text())


def test_predict_names_the_commit_in_its_results(hub: Hub, commit: str, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", np.zeros((2, 112, 112), dtype=np.uint8))
    words = ["predict", str(clip), "--model", "hf://ours/one@main", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    [answer, *checks] = json.loads((tmp_path / "out/clip/summary.json").read_text())["models"]
    assert (answer["model"], answer["source"]) == ("one", f"hf://ours/one@{commit}")
    assert not any("source" in check for check in checks), "a model in the box comes from nowhere else"
    assert hub.downloads() == ["model.safetensors"]


def test_every_phantom_of_a_transfer_tests_the_same_commit(
    hub: Hub, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the branch moves while the transfer goes on."""
    asked: list[object] = []

    def stop(models: object, *_: object, **__: object) -> None:
        asked.append(models)
        hub.add("ours/one", {"model.safetensors": b"another"})
        raise UsageError("enough")

    monkeypatch.setattr(transfer_module, "run_score", stop)
    with pytest.raises(UsageError, match="enough"):
        lvzoo.transfer("hf://ours/one@main", shifts=["gain"], out=tmp_path / "run", executor="inline")
    assert asked == [[f"hf://ours/one@{commit}"]]


def test_a_calibration_names_the_commit_in_the_command_that_repeats_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commit = hub.add("ours/fast", {"model.safetensors": locate("unet-fast").path.read_bytes()})
    readers = cached_phantom(size="smoke", seed=0)
    made = lvzoo.calibrate("hf://ours/fast@main", data=readers, frames=4, device="cpu")
    assert made.path == Path("fast-calibrated.safetensors")
    command = read_card(made.path).commands[-1]
    assert command.startswith(f"lvzoo calibrate hf://ours/fast@{commit} --data {readers.name} ")
    assert hub.downloads() == ["model.safetensors"]


def test_info_shows_a_model_of_the_hub_and_works_offline_afterwards(
    commit: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert main(["info", f"hf://ours/one@{commit}"]) == 0
        shown = capsys.readouterr().out
        assert f"hf://ours/one@{commit}" in shown
        assert "a small U-Net" in shown
        move_hub(monkeypatch, NOBODY)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["predict", "hf://ours/one@main"],
            "hf://ours/one@main: is a model, not a clip; name it by --model hf://ours/",
        ),
        (["pack", "hf://ours/one@main"], "hf://ours/one@main: is a weights file with a card already"),
        (
            ["eval", "hf://one"],
            "hf://one: not a name of a model on the Hugging Face hub; its owner is missing",
        ),
        (["predict", "clip.avi", "--model", "hf://one"], "hf://one: not a name of a model"),
        (["info", "hf://one"], "hf://one: not a name of a model"),
        (["calibrate", "hf://one", "--data", "readers"], "hf://one: not a name of a model"),
        (["transfer", "hf://one"], "hf://one: not a name of a model"),
        (["export", "hf://one", "--format", "pt2"], "hf://one: not a name of a model"),
        (["push", "hf://one", "ours/one"], "hf://one: not a name of a model"),
    ],
)
def test_a_name_of_the_hub_is_no_path_in_any_command(
    words: list[str],
    says: str,
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "clip.avi", np.zeros((2, 112, 112), dtype=np.uint8))
    assert main(words) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith(f"error: {says}")
    assert not hub.requests
    assert {path.name for path in tmp_path.iterdir()} <= {"clip.avi", "predictions"}
