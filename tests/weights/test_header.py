"""The header of a file shows whether it is a weights file, a damaged one, or another format."""

from __future__ import annotations

import dataclasses
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import lvzoo
from lvzoo.errors import DataError
from lvzoo.weights import KEY, Rounding, read_card
from tests.made_weights import CARD, write_weights

GONE = "gone"
COST = {"before": 0.91, "after": 0.91, "agreement": 1, "frames": 12, "data": "phantom"}


def with_patients(count: object) -> dict[str, Any]:
    """Return the card's record of its data, with another number of training patients."""
    plain: dict[str, Any] = json.loads(CARD.to_json())["trained_on"]
    plain["splits"]["train"]["patients"] = count
    return plain


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "sound.safetensors")


def with_header(path: Path, **changes: object) -> bytes:
    """Return the file's bytes with some keys of its header changed, and the length of the new header."""
    whole = path.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    text = json.dumps({**json.loads(whole[8 : 8 + length]), **changes}).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


def refused(path: Path, content: bytes) -> str:
    """Return the error message for a file with that content."""
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_card(path)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


def test_a_card_comes_back_as_it_was_written(sound: Path) -> None:
    assert read_card(sound) == CARD
    cost = Rounding(before=0.91, after=0.9099, agreement=0.9996, frames=12, data="phantom")
    persian = "lvzoo train unet --data \u062f\u0627\u062f\u0647\u200c\u0647\u0627"
    more: dict[str, Any] = {
        "rounding": cost,
        "paper": "A. Paper",
        "commands": (persian,),
        "started_from": "weights x",
    }
    assert read_card(write_weights(sound, **more)) == dataclasses.replace(CARD, **more)


def test_every_cut_is_noticed(sound: Path, tmp_path: Path) -> None:
    whole = sound.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    path = tmp_path / "cut.safetensors"
    assert "is empty; copy or download it again" in refused(path, b"")
    for end in (3, 8, 9, 8 + length // 2, 8 + length - 1, 8 + length, len(whole) - 1):
        assert "damaged" in refused(path, whole[:end]), end
    assert "cut short or damaged: its tensors should have" in refused(path, whole + b"\0")
    assert read_card(sound) == CARD


def test_a_pickle_is_named_and_never_read(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(3)}, path)
    said = refused(path, path.read_bytes())
    assert "torch.save writes it (.pt, .pth): a pickle; it is never read" in said
    assert "`lvzoo adopt` one of another program's checkpoint" in said
    for protocol in (2, 4, 5):
        said = refused(path, pickle.dumps(Evil(), protocol=protocol))
        assert "is a pickle (.pt, .pth, .pkl); it is never read, since it can run code" in said
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page; download the file itself"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "is HDF5"),
        (b"weights, honestly", "is not a safetensors file, or is damaged at its beginning"),
        (
            struct.pack("<Q", 2**62) + b"{}",
            "its header should have 4611686018427387904 bytes, and the file has 10",
        ),
        (struct.pack("<Q", 2) + b"{]", "its header is not JSON"),
        (struct.pack("<Q", 90_000) + b'{"a":' + b"[" * 89_995, "its header is not JSON"),
        (struct.pack("<Q", 9) + b'{"a": []}', "cut short or damaged"),
    ],
)
def test_another_format_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    assert said in refused(tmp_path / "odd.safetensors", content)


def names_in(path: Path) -> list[str]:
    """Return the names of a file's float32 tensors of 4 numbers."""
    return [name for name, each in load_file(path).items() if each.shape == (4,) and each.is_floating_point()]


def test_wrong_tensors_are_noticed_when_they_are_read(sound: Path) -> None:
    """A listing reads the card and compares sizes; safetensors checks types, shapes and places."""
    name, whole = names_in(sound)[0], sound.read_bytes()
    for wrong in (
        {"dtype": "F32", "shape": [5], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": ["4"], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [10**400, 1.5], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [2**63, 2**63], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4.0], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [1] * 200_000, "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [4], "data_offsets": [1, 17]},
        {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]},
        {"dtype": ["F32"], "shape": [4], "data_offsets": [0, 16]},
        {"shape": [4], "data_offsets": [0, 16]},
        {"shape": [1]},
        7,
    ):
        sound.write_bytes(whole)
        sound.write_bytes(with_header(sound, **{name: wrong}))
        with pytest.raises(DataError, match=r"sound\.safetensors: .*(damaged|cut short).*again"):
            lvzoo.load(sound)


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F4"])
def test_a_sound_file_of_another_type_is_not_called_damaged(dtype: str, sound: Path, tmp_path: Path) -> None:
    name = next(iter(load_file(sound)))
    other = with_header(sound, **{name: {"dtype": dtype, "shape": [4], "data_offsets": [0, 4]}})
    said = refused(tmp_path / "x.safetensors", other)
    assert said == f"{name!r} is of type {dtype!r}, which lvzoo does not read; `lvzoo pack` writes float16"


def test_a_file_without_a_card_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "theirs.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata={"format": "pt"})
    said = refused(path, path.read_bytes())
    assert said.startswith("a sound safetensors file, but it has no card of lvzoo")
    assert "`lvzoo pack TRIAL` makes a weights file" in said


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.safetensors: cannot be read \(no such file"):
        read_card(tmp_path / "none.safetensors")
    with pytest.raises(DataError, match=r"cannot be read \(is a directory\)"):
        read_card(tmp_path)


def test_a_newer_card_asks_for_an_update(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.safetensors"
    for newer in ({"card": 4}, {"recipe": {"epochs": 3, "swirl": 1}}):
        text = json.dumps({**CARD.plain(), **newer})
        assert "was made by a newer lvzoo" in refused(path, with_header(sound, __metadata__={KEY: text}))
    path.write_bytes(with_header(sound, __metadata__={KEY: json.dumps({**CARD.plain(), "more": 1})}))
    assert read_card(path) == CARD, "what a newer lvzoo only added does no harm"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": GONE}, "'seed' is missing"),
        ({"seed": "3"}, "'seed' is '3'"),
        ({"seed": True}, "'seed' is True"),
        ({"kind": "blob"}, "'kind' is 'blob'"),
        ({"trained_on": {}}, "'splits' is missing"),
        ({"recipe": {"epochs": "many"}}, "'recipe' has epochs 'many'"),
        ({"options": {"width": [4]}}, r"'width' is [4]"),
        ({"dice": {"val": "good"}}, "'val' is 'good'"),
        ({"entry": "../../../escaped/x"}, "'entry' is '../../../escaped/x', which is not an entry name"),
        ({"entry": ".."}, "'entry' is '..', which is not an entry name"),
        ({"entry": "a\x1b[2Kb"}, r"'entry' is 'a\x1b[2Kb', which is not an entry name"),
        ({"summary": "fine\nreally"}, r"control characters in 'fine\nreally'"),
        ({"paper": "fine\u202eylaer"}, r"control characters in 'fine\u202eylaer'"),
        ({"options": {"act": "\x07"}}, r"control characters in '\x07'"),
        ({"commands": ["rm -rf x\r"]}, r"control characters in 'rm -rf x\r'"),
        ({"trained_on": {**CARD.plain()["trained_on"], "name": "\x00"}}, r"control characters in '\x00'"),
        ({"seed": -5}, "'seed' is -5"),
        ({"seed": 2**70}, f"'seed' is {2**70}"),
        ({"best_epoch": -3}, "'best_epoch' is -3"),
        ({"dice": {**CARD.plain()["dice"], "test": 10**400}}, f"'test' is {10**400}"),
        ({"dice": {**CARD.plain()["dice"], "test": 7.0}}, "'test' is 7.0"),
        ({"dice": {**CARD.plain()["dice"], "test": float("nan")}}, "'test' is nan"),
        ({"rounding": {**COST, "before": "0.9"}}, "'before' is '0.9'"),
        ({"rounding": {**COST, "frames": 1.5}}, "'frames' is 1.5"),
        ({"rounding": {**COST, "frames": -1}}, "'frames' is -1"),
        ({"trained_on": with_patients("many")}, "'patients' is 'many'"),
        ({"trained_on": with_patients(-1)}, "'patients' is -1"),
    ],
)
def test_a_damaged_card_is_told_with_what_is_wrong(
    changes: dict[str, Any], said: str, sound: Path, tmp_path: Path
) -> None:
    card = {key: value for key, value in {**CARD.plain(), **changes}.items() if value != GONE}
    content = with_header(sound, __metadata__={KEY: json.dumps(card)})
    assert f"its card is damaged ({said})" in refused(tmp_path / "x.safetensors", content)
    for text in ("{", "[]", "7"):
        content = with_header(sound, __metadata__={KEY: text})
        assert "its card is damaged (" in refused(tmp_path / "x.safetensors", content)
