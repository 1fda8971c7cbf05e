"""A model on the hub is found, pinned to its commit and taken from the cache; every fault says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

import lvzoo
from lvzoo.errors import DataError
from lvzoo.weights import hub as hub_module
from lvzoo.weights.hub import find_hub_file
from lvzoo.weights.hub_name import HubName
from lvzoo.weights.locate import locate
from lvzoo.weights.trained import find_trained
from tests.made_hub import TOKEN, Hub, isolate_hub, move_hub, serve_hub
from tests.made_weights import MOVED, write_weights

FILE = "model.safetensors"


@pytest.fixture(autouse=True)
def _no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_hub(monkeypatch, tmp_path / "hf")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as running:
        yield running


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return write_weights(tmp_path / "small.safetensors").read_bytes()


def test_a_path_that_pathlib_has_shortened_still_means_the_hub(hub: Hub, content: bytes) -> None:
    commit = hub.add("ours/unet", {FILE: content})
    assert find_hub_file(Path(f"hf://ours/unet@{commit}")).path.read_bytes() == content


def test_a_branch_is_resolved_to_its_commit_which_is_told(
    hub: Hub, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    hub.add("ours/unet", {FILE: b"first", "README.md": b"page", "code.py": b"import os"})
    second = hub.add("ours/unet", {FILE: content})
    for name in ("hf://ours/unet", "hf://ours/unet@main"):
        caplog.clear()
        found = find_hub_file(name)
        assert found.name == HubName(repo="ours/unet", revision=second)
        assert caplog.messages == [
            f"{name} is now at commit {second[:12]}; name hf://ours/unet@{second} to get the same weights again"
        ]
    assert hub.downloads() == [FILE], "nothing but the weights, and once"


def test_a_commit_stays_the_same_file_and_is_downloaded_once(
    hub: Hub, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    first = hub.add("ours/unet", {FILE: content})
    hub.add("ours/unet", {FILE: b"another"})
    name = f"hf://ours/unet@{first}"
    assert find_hub_file(name).path.read_bytes() == content
    asked = len(hub.requests)
    assert str(find_hub_file(name).name) == name
    assert len(hub.requests) == asked, "a commit that is in the cache asks nobody"
    assert not caplog.messages


def test_tags_and_files_of_other_names(hub: Hub, content: bytes) -> None:
    commit = hub.add("ours/unet", {"two.safetensors": content})
    hub.repos["ours/unet"].refs["v1"] = commit
    found = find_hub_file("hf://ours/unet@v1/two.safetensors")
    assert str(found.name) == f"hf://ours/unet@{commit}/two.safetensors"
    assert (found.name.stem, found.name.place) == ("two", "unet")


def test_a_model_on_the_hub_loads_and_knows_its_pinned_name(hub: Hub, content: bytes, tmp_path: Path) -> None:
    commit = hub.add("ours/unet", {FILE: content})
    model = find_trained("hf://ours/unet@main")
    assert str(model.hub) == f"hf://ours/unet@{commit}"
    assert (model.stem, model.place, model.entry.name) == ("unet", "ours", "small")
    loaded = lvzoo.load(f"hf://ours/unet@{commit}")
    plain = lvzoo.load(tmp_path / "small.safetensors")
    frames_B1HW = torch.zeros(1, 1, 112, 112)
    assert torch.equal(loaded(frames_B1HW), plain(frames_B1HW))


def test_a_calibrated_model_carries_its_calibration(hub: Hub, tmp_path: Path) -> None:
    moved = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    commit = hub.add("ours/moved", {FILE: moved.read_bytes()})
    frames_B1HW = torch.zeros(1, 1, 112, 112)
    loaded = lvzoo.load(f"hf://ours/moved@{commit}")
    assert torch.equal(loaded(frames_B1HW), lvzoo.load(moved)(frames_B1HW))
    assert find_trained(f"hf://ours/moved@{commit}").card.calibration == MOVED


# --- Without a network ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offline", [False, True], ids=["unreachable", "HF_HUB_OFFLINE"])
def test_what_is_in_the_cache_needs_no_network(
    hub: Hub,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    offline: bool,
) -> None:
    commit = hub.add("ours/unet", {FILE: content})
    find_hub_file("hf://ours/unet@main")
    move_hub(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    caplog.clear()
    assert find_hub_file(f"hf://ours/unet@{commit}").path.read_bytes() == content
    assert not caplog.messages
    found = find_hub_file("hf://ours/unet@main")
    assert found.name.revision == commit
    [told] = caplog.messages
    assert f"where it is hf://ours/unet@{commit}" in told
    assert ("HF_HUB_OFFLINE is set" if offline else "127.0.0.1:9 cannot be reached") in told


@pytest.mark.parametrize("offline", [False, True], ids=["unreachable", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("revision", ["main", "0" * 40])
def test_what_is_not_in_the_cache_says_so_in_one_line(
    revision: str, monkeypatch: pytest.MonkeyPatch, *, offline: bool
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    with pytest.raises(DataError) as caught:
        find_hub_file(f"hf://ours/unet@{revision}")
    told = str(caught.value)
    assert told.startswith(f"hf://ours/unet@{revision}: is not in the cache {constants.HF_HUB_CACHE}")
    assert f"`hf download ours/unet model.safetensors --revision {revision}`" in told
    assert "\n" not in told


# --- What may be wrong on the hub -------------------------------------------------------------------------------


def find_fault(name: str) -> str:
    with pytest.raises(DataError) as caught:
        find_hub_file(name)
    told = str(caught.value)
    assert told.startswith(f"{name}: ")
    assert "\n" not in told
    return told


def test_a_missing_or_private_repository(hub: Hub, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no such repository, or a private one" in find_fault("hf://ours/none@main")
    commit = hub.add("ours/secret", {FILE: content}, private=True)
    assert "`hf auth login`, or set HF_TOKEN" in find_fault("hf://ours/secret@main")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert find_hub_file("hf://ours/secret@main").name.revision == commit


def test_a_gated_repository_and_an_unknown_revision(hub: Hub, content: bytes) -> None:
    hub.add("ours/gated", {FILE: content}, gated=True)
    assert f"grants access on request; ask at {hub.address}/ours/gated" in find_fault("hf://ours/gated@main")
    hub.add("ours/unet", {FILE: content})
    assert "no such branch, tag or commit" in find_fault("hf://ours/unet@v9")


def test_a_repository_with_other_files_names_its_weights_files(hub: Hub, content: bytes) -> None:
    hub.add("ours/two", {"b.safetensors": content, "a.safetensors": content, "pytorch_model.bin": b"x"})
    told = find_fault("hf://ours/two@main")
    assert "hf://ours/two@main/b.safetensors" in told
    assert "hf://ours/two@main/a.safetensors" in told
    assert "pytorch_model" not in told
    hub.add("ours/pickle", {"pytorch_model.bin": b"x"})
    assert "has no weights file of lvzoo" in find_fault("hf://ours/pickle@main")


def test_a_file_that_is_too_large_is_not_downloaded(hub: Hub, content: bytes) -> None:
    hub.add("ours/unet", {FILE: content})
    hub.sizes[FILE] = hub_module.MOST_BYTES + 1
    assert "downloads at most" in find_fault("hf://ours/unet@main")
    assert not hub.downloads()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x80\x04pickle" * 9, "is a pickle"),
        (b"short", "is not a safetensors file"),
        ((2).to_bytes(8, "little") + b"{}", "it has no card of lvzoo"),
    ],
)
def test_a_strange_file_is_refused_by_its_name_on_the_hub(hub: Hub, data: bytes, says: str) -> None:
    commit = hub.add("ours/odd", {FILE: data})
    with pytest.raises(DataError) as caught:
        locate("hf://ours/odd@main")
    told = str(caught.value)
    assert told.startswith(f"hf://ours/odd@{commit}: ")
    assert says in told


def test_weights_that_do_not_fit_are_refused_by_their_name_on_the_hub(hub: Hub, tmp_path: Path) -> None:
    """The path in the cache means nothing to the user."""
    other = write_weights(tmp_path / "other.safetensors", options={"width": 8, "levels": 2})
    commit = hub.add("ours/other", {FILE: other.read_bytes()})
    with pytest.raises(DataError) as caught:
        lvzoo.load(f"hf://ours/other@{commit}")
    assert str(caught.value).startswith(
        f"hf://ours/other@{commit}: weights of another model than its card says"
    )


@pytest.mark.parametrize("cached", [True, False], ids=["in the cache", "not in the cache"])
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Task error: CAS Client Error: error sending request"),  # of hf_xet
        OSError("Consistency check failed: file should be of size 9 but has size 3 (model.safetensors)."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_transfer_that_breaks_off_is_taken_for_the_network(
    hub: Hub,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    *,
    cached: bool,
) -> None:
    """Such errors have no class of the hub's library."""
    commit = hub.add("ours/unet", {FILE: content})
    if cached:
        find_hub_file("hf://ours/unet@main")

    def break_off(_wanted: object) -> None:
        raise error

    monkeypatch.setattr(hub_module, "_download", break_off)
    caplog.clear()
    if cached:
        assert find_hub_file("hf://ours/unet@main").name.revision == commit
        assert str(error).rstrip(".") in caplog.text
    else:
        assert str(error).rstrip(".") in find_fault("hf://ours/unet@main")


def test_a_fault_of_this_disk_is_not_taken_for_the_network(
    hub: Hub, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("ours/unet", {FILE: content})

    def fill(_wanted: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hub_module, "_download", fill)
    with pytest.raises(OSError, match="No space left"):
        find_hub_file("hf://ours/unet@main")
