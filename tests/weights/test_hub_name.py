"""A name on the hub has an owner, a revision and perhaps a file; a wrong one says how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.errors import UsageError
from lvzoo.weights.hub import find_hub_file
from lvzoo.weights.hub_name import FILE, is_hub_name, parse_hub_name
from tests.made_hub import isolate_hub


@pytest.fixture(autouse=True)
def _no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_hub(monkeypatch, tmp_path / "hf")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hf://ours/unet", ("ours/unet", None, FILE)),
        ("hf://ours/unet@v1.0", ("ours/unet", "v1.0", FILE)),
        ("hf://ours/unet@v1/two.safetensors", ("ours/unet", "v1", "two.safetensors")),
        ("hf://Ours/u.net/in/a/folder.safetensors", ("Ours/u.net", None, "in/a/folder.safetensors")),
        ("hf://ours/unet@refs/pr/3", ("ours/unet", "refs/pr/3", FILE)),
        ("hf://ours/unet@refs/pr/3/two.safetensors", ("ours/unet", "refs/pr/3", "two.safetensors")),
        ("hf://ours/unet@feature%2Fdeep", ("ours/unet", "feature/deep", FILE)),
    ],
)
def test_a_name_has_an_owner_a_revision_and_perhaps_a_file(
    text: str, parts: tuple[str, str | None, str]
) -> None:
    name = parse_hub_name(text)
    assert (name.repo, name.revision, name.file) == parts
    assert str(name) == text, "it is written as it was read"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hf://unet", "its owner is missing"),
        ("hf://", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet@", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet@a@b", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet@../../x", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet@a%2F..%2Fb", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet/../two.safetensors", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet@v1/model.pt", "follows as /FILE.safetensors"),
        (r"hf://ours/unet/..\two.safetensors", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/unet/a\x1b[2K.safetensors", "write hf://OWNER/NAME@REVISION"),
        ("hf://ours/un--et", "write hf://OWNER/NAME@REVISION"),
        ("https://huggingface.co/ours/unet/tree/main", "write hf://ours/unet@REVISION"),
        ("huggingface.co/ours/unet", "write hf://ours/unet@REVISION"),
        ("hf:ours/unet@v1", "did you mean hf://ours/unet@v1?"),
        ("hf:///ours/unet", "did you mean hf://ours/unet?"),
        ("hf:unet", "its owner is missing"),
    ],
)
def test_a_wrong_name_says_how_it_is_written(text: str, hint: str) -> None:
    assert is_hub_name(text)
    with pytest.raises(UsageError) as caught:
        find_hub_file(text)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["unet-fast", "hf.safetensors", "./hf/ours", "hf/ours/unet"])
def test_files_and_entries_are_no_names_of_the_hub(text: str) -> None:
    assert not is_hub_name(text)
