"""`lvzoo list` shows the zoo, even if installed plugins are broken."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from lvzoo.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = """
from lvzoo import Family, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(name="good-net", kind="landmark", factory="good.model:Net", summary="a net", requires=("no_such",))
"""
HOSTILE = {
    "raises": "1 / 0",
    "exits": "import sys; sys.exit(1)",
    "hangs": "import time; time.sleep(60)",
    "dies": "import os; os.kill(os.getpid(), 9)",
    "misspelt": "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_family(): ...",
    "newer": "LVZOO_HOOKSPEC_VERSION = 99",
    "records": "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_families(): return [object()]",
    "unet": "raise RuntimeError",
}


def _listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:  # noqa: ANN401 - JSON
    assert main(["list", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_table_names_kind_plugin_and_summary_within_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "KIND", "PLUGIN", "SUMMARY"]
    assert lines[1].split()[:3] == ["unet", "mask", "unet"]
    assert any(line.split()[:3] == ["landmark7", "landmark", "landmarks"] for line in lines)
    assert max(map(len, lines)) <= 80
    assert not any("\x1b" in line for line in lines)


def test_glob_and_kind_select_entries(capsys: pytest.CaptureFixture[str]) -> None:
    assert [entry["name"] for entry in _listed(capsys, "unet*")["entries"]] == [
        "unet",
        "unet-64",
        "unet-fast",
    ]
    kinds = {entry["kind"] for entry in _listed(capsys, "--kind", "landmark")["entries"]}
    assert kinds == {"landmark"}
    assert main(["list", "unett"]) == 3
    assert "unknown entry 'unett' (did you mean 'unet'" in capsys.readouterr().err
    assert main(["list", "landmarks"]) == 3
    assert (
        "which is a plugin: its entries are landmark7, landmark7-fast, landmark13" in capsys.readouterr().err
    )


def test_users_registry_is_added(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine: {family: unet, options: {width: 8}}")
    [entry] = _listed(capsys, "mine", "--registry", str(tmp_path / "mine.yaml"))["entries"]
    assert (entry["options"]["width"], entry["plugin"], entry["missing"]) == (8, "unet", [])


def test_what_is_missing_is_shown(
    capsys: pytest.CaptureFixture[str], install_plugin: Callable[..., Path]
) -> None:
    install_plugin("good", GOOD)
    assert _listed(capsys, "good-net")["entries"][0]["missing"] == ["no_such"]
    main(["list", "good-net"])
    assert "(needs no_such)" in " ".join(capsys.readouterr().out.split())


def test_plugin_left_out_by_an_option(
    capsys: pytest.CaptureFixture[str], install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "")
    install_plugin("good", GOOD)
    assert main(["--no-plugin", "good", "list"]) == 0
    printed = capsys.readouterr().out
    assert "good-net" not in printed
    assert "good (good-dist 1.0): disabled by LVZOO_DISABLE_PLUGINS" in printed


def test_many_broken_plugins_stop_no_other_and_slow_only_the_first_list(
    install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _command("list")
    monkeypatch.setenv("LVZOO_PLUGIN_TIMEOUT_S", "3")
    install_plugin("good", GOOD)
    for name, code in HOSTILE.items():
        install_plugin(name, f"print('from {name}')\n{code}", distribution=f"hostile-{name}")
    first = _command("list")
    start = time.perf_counter()
    second = _command("list", "--json")
    assert time.perf_counter() - start < 2, "the second list must not wait for the plugin that hangs"
    assert (first.returncode, second.returncode) == (0, 0)
    assert "from raises" not in first.stdout + second.stdout
    for name in (*HOSTILE, "good-net", "landmark7"):
        assert name in first.stdout
    shown = {each["distribution"] for each in json.loads(second.stdout)["quarantined"]}
    assert shown == {f"hostile-{name}" for name in HOSTILE}


def test_models_of_a_disabled_plugin_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "landmarks")
    assert {"name": "landmark7", "family": "landmark-heatmap"} in _listed(capsys)["absent"]
    main(["list"])
    assert "not available without them: landmark7 (family landmark-heatmap)" in capsys.readouterr().out


def test_asking_for_a_broken_plugins_model_is_an_error(
    capsys: pytest.CaptureFixture[str], install_plugin: Callable[..., Path]
) -> None:
    install_plugin("broken", "1 / 0")
    assert main(["info", "broken"]) == 3
    error = capsys.readouterr().err
    assert (
        "'broken' belongs to plugin 'broken', which is quarantined: raises on import: ZeroDivisionError"
        in error
    )


def test_closed_pipe_ends_silently() -> None:
    command = f"{sys.executable} -c 'from lvzoo.cli import main; raise SystemExit(main())' list | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S607
    assert done.stderr == ""


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from lvzoo.cli import main; raise SystemExit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
