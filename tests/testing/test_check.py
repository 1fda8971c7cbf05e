"""`lvzoo check` prints one line per check, and its exit code says whether all passed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from lvzoo.cli import main
from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install

PLUGIN = f"""
from pathlib import Path
{declare("mine", package="mine_dist")}
@hookimpl
def lvzoo_catalogues():
    return [Path(__file__).with_name("registry.yaml")]
"""


def _install(install_plugin: Install, body: str = "") -> None:
    model = network("Mine", 'print("noise on stdout")', body, "return self.conv(frames_B1HW)")
    files = {"model.py": model, "registry.yaml": "mine: {family: mine, licence: MIT}"}
    install_plugin("mine", PLUGIN, files=files)


def test_it_prints_one_line_per_check_and_ends_with_0(
    install_plugin: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(install_plugin)
    assert main(["check", "mine", "--fast"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mine"
    assert re.fullmatch(r"  ok      torch-free +\d+\.\d\d s", lines[1])
    assert lines[-1] == f"{len(lines) - 2} of {len(lines) - 2} checks passed, 1 left out by --fast"
    assert not any("overfits" in line for line in lines), "--fast leaves out what trains"


def test_a_mask_model_that_returns_landmarks_fails(
    install_plugin: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    model = """
from lvzoo_landmarks.heatmap import HeatmapUNet

class Mine(HeatmapUNet):
    def __init__(self):
        super().__init__(landmarks=5, width=2, levels=1, sigma_px=2.0)
"""
    files = {"model.py": model, "registry.yaml": "mine: {family: mine, licence: MIT}"}
    install_plugin("mine", PLUGIN, files=files)
    assert main(["check", "mine", "--fast"]) == 1
    printed = capsys.readouterr().out
    assert "decode of a mask model returned landmarks; declare kind='landmark'" in printed


@pytest.mark.parametrize("body", ["raise RuntimeError('boom')", "raise SystemExit(3)"])
def test_a_broken_model_is_a_line_that_says_where_and_no_traceback(
    body: str, install_plugin: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(install_plugin, body)
    assert main(["check", "mine"]) == 1
    printed = capsys.readouterr()
    [line] = [line for line in printed.out.splitlines() if "FAILED" in line]
    assert line.split()[:2] == ["FAILED", "shapes"]
    assert "(model.py, line 11); correct it there" in line
    assert "-       overfits" in printed.out, "checks that need an output are skipped"
    assert "Traceback" not in printed.out + printed.err
    assert main(["check", "mine", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_json_has_every_result(install_plugin: Install, capsys: pytest.CaptureFixture[str]) -> None:
    _install(install_plugin, "raise RuntimeError('boom')")
    assert main(["check", "mine", "--fast", "--json"]) == 1
    results = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert results["licence"]["ok"] is True
    assert results["shapes"]["ok"] is False
    assert results["shapes"]["message"].startswith("raises RuntimeError: boom")
    assert results["loss"]["ok"] is None
    assert (results["overfits"]["ok"], results["overfits"]["message"]) == (None, "left out by --fast")
    assert set(results["loss"]) >= {"entry", "name", "ok", "seconds", "message"}


def test_an_entry_of_ones_own_registry_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("tiny: {family: unet, options: {width: 2, levels: 1}}")
    assert main(["check", "tiny", "--fast", "--registry", str(tmp_path / "mine.yaml")]) == 1
    [line] = [line for line in capsys.readouterr().out.splitlines() if "FAILED" in line]
    assert "write 'licence: MIT' (or your licence) under tiny in" in line
    assert "mine.yaml" in line


def test_a_quarantined_plugin_is_an_error_with_its_reason(
    install_plugin: Install, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "")
    _install(install_plugin)
    assert main(["--no-plugin", "mine", "check", "mine"]) == 3
    assert "'mine' belongs to plugin 'mine', which is quarantined: disabled by" in capsys.readouterr().err
