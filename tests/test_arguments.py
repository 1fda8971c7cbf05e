"""Arguments of a wrong type or kind are told in words, by the command line and in Python, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lvzoo
from lvzoo.arguments import check_count, check_path, list_paths
from lvzoo.cli import main
from lvzoo.errors import UsageError
from tests.made_weights import write_weights

if TYPE_CHECKING:
    from collections.abc import Callable

anything: Any = lvzoo
"""The package without its types, as a notebook without a type checker sees it."""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: anything.predict(3), r"^clips is 3 \(int\); give a path or a name, or a list of them"),
        (
            lambda: anything.predict(["a.avi", 3]),
            r"^clips has 3 \(int\) in it; give a list of paths or names",
        ),
        (lambda: anything.predict("a.avi", model=3), r"^model is 3 \(int\)"),
        (lambda: anything.predict("a.avi", out=3), r"^out is 3 \(int\); give a path or a name as text"),
        (lambda: anything.calibrate(None, data="x"), "^model is None; give a path or a name as text"),
        (lambda: anything.calibrate("unet-fast", data=None), "^data is None"),
        (
            lambda: anything.calibrate("unet-fast", data="x", frames="9"),
            r"^frames is '9' \(str\); give a whole number",
        ),
        (lambda: anything.bench(plugins=5), r"^plugins is 5 \(int\)"),
        (lambda: anything.bench(seeds="2"), r"^seeds is '2' \(str\); give a whole number of at least 1"),
        (lambda: anything.bench(corruptions=1.5), r"^corruptions is 1.5 \(float\)"),
        (lambda: anything.bench(data=[]), r"^data is \[\] \(list\)"),
        (lambda: anything.fit(5), r"^entries is 5 \(int\)"),
        (lambda: anything.score(5), r"^models is 5 \(int\)"),
        (lambda: anything.score({"unet-fast": 1}), r"^models is {'unet-fast': 1} \(dict\)"),
        (lambda: anything.transfer(b"x"), r"^models is b'x' \(bytes\)"),
        (lambda: anything.transfer(train=5), r"^train is 5 \(int\)"),
        (lambda: anything.compare(5), r"^run is 5 \(int\)"),
        (lambda: anything.pack(None), "^trial is None"),
        (
            lambda: anything.adopt("unet-fast", 3, trained_on="x", out="new.safetensors"),
            r"^checkpoint is 3 \(int\)",
        ),
        (lambda: anything.adopt("unet-fast", "a.pt", trained_on="x", out=3), r"^out is 3 \(int\)"),
        (lambda: anything.load(3.5), r"^model is 3.5 \(float\)"),
        (lambda: anything.list_models(3), r"^pattern is 3 \(int\)"),
    ],
)
def test_a_wrong_type_is_told_in_words(call: Callable[[], object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        call()


def test_right_types_pass() -> None:
    assert list_paths(Path("a"), "clips") == [Path("a")]
    assert list_paths(iter(("a", Path("b"))), "clips") == ["a", Path("b")]
    check_path("a", "data")
    check_count(2, "frames", least=2)
    with pytest.raises(UsageError, match=r"^data is empty"):
        check_path("", "data")
    with pytest.raises(UsageError, match=r"^frames is True \(bool\)"):
        check_count(True, "frames", least=0)
    with pytest.raises(UsageError, match=r"^clips is \[0, 0, .{50,55} \.\.\. \(list\); "):
        check_path([0] * 100, "clips")


def test_a_model_that_is_given_as_a_clip_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = write_weights(tmp_path / "mine.safetensors")
    for given in ("unet-fast", str(weights)):
        assert main(["predict", "clip.avi", given, "--out", str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err
        assert f"{given}: is a model, not a clip; name it by --model {given} (model=" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "clip.avi"],
        ["bench", "--preset", "smoke"],
        ["train", "unet-fast", "--preset", "smoke"],
        ["eval", "unet-fast"],
        ["transfer", "unet-fast"],
    ],
)
def test_a_file_is_no_folder_for_results(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed before data are read or a phantom is made."""
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "file"
    file.write_text("")
    for out in (file, file / "below"):
        assert main([*words, "--out", str(out)]) == 2
        told = capsys.readouterr().err.strip().splitlines()
        assert told[-1].startswith(
            f"error: {file}: is a file, and results need a folder; name another --out (out="
        )
        assert not any("making" in line or "reading" in line for line in told)
    assert not (tmp_path / "cache" / "phantom").exists()


def test_weights_cannot_be_written_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file: is a file, and results need a folder"):
        lvzoo.calibrate("unet-fast", data=tmp_path, out=tmp_path / "file" / "x.safetensors")


def test_messages_serve_the_command_line_and_python() -> None:
    with pytest.raises(UsageError, match=r"use --split val \(split='val' in Python\)"):
        lvzoo.calibrate("unet-fast", data="x", split="test")
