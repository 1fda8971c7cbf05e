"""The pytest plugin runs each check as a test, and does nothing unless it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from tests.conftest import Install

ROOT = Path(__file__).parents[2]
PLUGIN = declare("mine", package="mine_dist")
MODEL = network("Mine", 'raise RuntimeError("boom")')


def _pytest(folder: Path, *words: str, warnings: str = "error") -> subprocess.CompletedProcess[str]:
    """Run pytest in another folder, with only this plugin."""
    command = [sys.executable, "-m", "pytest", "-p", "lvzoo.testing.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-W", warnings, "--rootdir", folder, *words],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_check_is_a_test_and_failures_say_what_to_change(
    install_plugin: Install, tmp_path: Path
) -> None:
    install_plugin("mine", PLUGIN, files={"model.py": MODEL})
    done = _pytest(tmp_path, "--lvzoo-plugin", "mine", "--lvzoo-fast", "-v", "--strict-markers")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lvzoo[mine]::torch-free PASSED" in done.stdout
    assert "lvzoo[mine]::licence FAILED" in done.stdout
    assert "lvzoo[mine]::loss SKIPPED" in done.stdout
    assert "overfits" not in done.stdout
    assert "no licence is declared; write 'licence: MIT'" in done.stdout
    assert "requirement: The entry declares the licence of its code or weights." in done.stdout
    assert "raises RuntimeError: boom (model.py, line 10); correct it there (--tb=long shows" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_checks_can_be_selected_with_k_and_show_tracebacks(install_plugin: Install, tmp_path: Path) -> None:
    install_plugin("mine", PLUGIN, files={"model.py": MODEL})
    chosen = _pytest(tmp_path, "--lvzoo-plugin", "mine", "-v", "-k", "shapes", "--tb=long")
    assert "1 failed" in chosen.stdout
    assert "Traceback" in chosen.stdout


@pytest.mark.slow
def test_an_unknown_name_is_a_usage_error(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "--lvzoo-plugin", "unett")
    assert done.returncode == 4
    assert "--lvzoo-plugin: unknown entry 'unett' (did you mean 'unet'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_option_nothing_heavy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text(
        "import sys\ndef test_none():\n    assert not {'torch', 'numpy', 'lvzoo.registry'} & set(sys.modules)\n"
    )
    done = _pytest(tmp_path, "-q")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout
    assert "warning" not in done.stdout


def test_it_is_registered_with_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"lvzoo": "lvzoo.testing.plugin"}
