"""`lvzoo new` prints the next three commands on stdout, ready to paste; everything else goes to stderr."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lvzoo.cli import main


def test_it_prints_the_next_three_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-net", "--kind", "landmark"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "pip install --editable ./my-net",
        "lvzoo check my-net",
        "lvzoo bench --plugins my-net,unet",
    ]
    assert printed.err == "wrote my-net; next:\n"
    assert "LandmarkModel" in Path("my-net/my_net/model.py").read_text()


def test_out_names_another_folder_that_the_shell_can_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my work"
    assert main(["new", "my-net", "--out", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"pip install --editable '{folder}'"
    assert "MaskModel" in (folder / "my_net" / "model.py").read_text()


def test_a_taken_name_and_a_taken_folder_are_usage_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "unet"]) == 2
    assert main(["new", "my-net", "--out", str(tmp_path)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert re.match(r"error: name 'unet': .*entry of the zoo.*'lvzoo list'", first)
    assert re.match(rf"error: {re.escape(str(tmp_path))}: already exists; .*--out", second)
