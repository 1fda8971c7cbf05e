"""The weights that entries carry are found beside the catalogue or in a package; faults are reported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lvzoo.errors import UsageError
from lvzoo.registry import open_zoo
from lvzoo.weights.carried import Carried, find_carried
from tests.made_weights import CARD, write_weights

SMALL = "family: unet, options: {width: 4, levels: 2}"


def carried(tmp_path: Path, weights: str) -> Carried:
    """Return what an entry with that key carries."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"mine: {{{SMALL}, weights: '{weights}'}}")
    [entry] = open_zoo(registries=[path]).select("mine")
    found = find_carried(entry)
    assert found is not None
    assert found.named == weights
    return found


def test_an_entry_without_weights_carries_none() -> None:
    assert find_carried(open_zoo().select("unet")[0]) is None


def test_a_path_is_read_beside_its_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    write_weights(tmp_path / "files/small.safetensors")
    monkeypatch.chdir("/")
    found = carried(tmp_path, "files/small.safetensors")
    assert (found.card, found.fault) == (CARD, None)


def test_weights_in_a_package_are_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site/boxed_weights"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    write_weights(package / "weights/small.safetensors")
    monkeypatch.syspath_prepend(package.parent)
    found = carried(tmp_path, "boxed_weights:weights/small.safetensors")
    assert found.path == package / "weights/small.safetensors"
    assert found.card == CARD
    assert "boxed_weights" not in sys.modules


@pytest.mark.parametrize(
    ("weights", "fault"),
    [
        ("hf://ours/unet@main", "hf://ours/unet@main: an entry names a file; download it"),
        ("no_such_package:weights/x.safetensors", "package 'no_such_package' is not installed"),
        ("lvzoo_unet:weights/none.safetensors", "none.safetensors: cannot be read (no such file"),
        ("none.safetensors", "none.safetensors: cannot be read (no such file"),
        ("mine.yaml", "mine.yaml: is not a safetensors file"),
        ("__main__:x.safetensors", "__main__:x.safetensors: '__main__' is not a package"),
        ("platform:x.safetensors", "'platform' is not a package (it is a single module); correct the entry"),
    ],
)
def test_a_fault_is_told_and_not_raised(weights: str, fault: str, tmp_path: Path) -> None:
    found = carried(tmp_path, weights)
    assert found.card is None
    assert fault in str(found.fault)


def test_weights_of_another_model_are_a_fault(tmp_path: Path) -> None:
    write_weights(tmp_path / "small.safetensors", options={"width": 8, "levels": 2})
    assert "the entry 'mine': width is 8 there, 4 here" in str(carried(tmp_path, "small.safetensors").fault)
    write_weights(tmp_path / "small.safetensors", kind="landmark")
    assert "the entry 'mine': landmark there, mask here" in str(carried(tmp_path, "small.safetensors").fault)
    write_weights(tmp_path / "small.safetensors", options={"width": 4, "levels": 2, "act": "gelu"})
    fault = carried(tmp_path, "small.safetensors").fault
    assert "the entry 'mine': its option 'act' is unknown here" in str(fault)
    write_weights(tmp_path / "small.safetensors", family="landmark-heatmap", plugin="landmarks")
    fault = carried(tmp_path, "small.safetensors").fault
    assert "the entry 'mine': family 'landmark-heatmap' of plugin 'landmarks'" in str(fault)


def test_texts_are_one_line_each(tmp_path: Path) -> None:
    """As a folded text of YAML is not, which ends in a line break."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "mine:\n  family: unet\n  summary: >\n    one\n    two\n  licence: |\n    MIT\n    twice\n"
    )
    [entry] = open_zoo(registries=[path]).select("mine")
    assert (entry.summary, entry.licence) == ("one two", "MIT twice")
    path.write_text('mine: {family: unet, summary: "a\\eb"}')
    with pytest.raises(UsageError, match=r"mine: summary has control characters: 'a\\x1bb'"):
        open_zoo(registries=[path])


def test_the_key_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine: {family: unet, weights: [a]}")
    with pytest.raises(UsageError, match=r"mine: weights must be text, not \['a'\]"):
        open_zoo(registries=[tmp_path / "mine.yaml"])
