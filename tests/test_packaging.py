"""One wheel carries lvzoo, the bundled plugins and registry.yaml: it lists the same zoo as the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from lvzoo.registry import open_zoo
from lvzoo.weights.carried import find_carried

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]


def _output_of(command: Sequence[str | Path], *, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def wheel_python(tmp_path: Path) -> Path:
    """The Python of a new environment that holds lvzoo's wheel, over the packages of this one."""
    _output_of([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], cwd=ROOT)
    [wheel] = (tmp_path / "dist").glob("lvzoo-*.whl")
    home = tmp_path / "venv"
    venv.create(home, symlinks=True)
    [site] = home.glob("lib/python*/site-packages")
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    _output_of([*pip, "install", "--no-deps", "--no-index", str(wheel)], cwd=tmp_path)
    (site / "zz_packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    return python


def _listed(python: str | Path, cwd: Path) -> Any:  # noqa: ANN401 - JSON
    code = "from lvzoo.cli import main; raise SystemExit(main())"
    return json.loads(_output_of([python, "-c", code, "list", "--json"], cwd=cwd))


def test_what_lies_in_a_plugin_s_weights_folder_is_built_into_the_wheel(tmp_path: Path) -> None:
    """On a copy of the checkout with one more file, which nothing names: the build's settings alone carry it."""
    copy = tmp_path / "checkout"
    for name in ("pyproject.toml", "README.md", "LICENSE", "registry.yaml", ".gitignore"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    plugins = [f"plugins/lvzoo_{name}" for name in ("unet", "landmarks", "smp", "datasets")]
    for package in ("lvzoo", *plugins):
        (copy / package).mkdir(parents=True)
        (copy / package / "__init__.py").touch()
    for plugin in ("unet", "landmarks"):
        weights = copy / f"plugins/lvzoo_{plugin}/weights"
        weights.mkdir()
        (weights / "x.safetensors").write_bytes(b"weights")
    builder = WheelBuilder(str(copy))
    carried = {each.distribution_path for each in builder.recurse_included_files()}
    assert carried >= {
        "lvzoo_unet/weights/x.safetensors",
        "lvzoo_landmarks/weights/x.safetensors",
        "lvzoo_unet/__init__.py",
    }
    assert {"plugins", "."} <= set(builder.config.dev_mode_dirs), (
        "an editable install finds them where they lie"
    )


def test_entries_find_their_weights_in_the_packages_that_are_installed() -> None:
    for entry in open_zoo().entries:
        found = find_carried(entry)
        assert found is None or found.fault is None, found


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_wheel_lists_the_same_zoo_as_the_checkout(wheel_python: Path, tmp_path: Path) -> None:
    where = "import lvzoo, lvzoo_unet; print(lvzoo.__file__, lvzoo_unet.__file__)"
    for file in _output_of([wheel_python, "-c", where], cwd=tmp_path).split():
        assert Path(file).is_relative_to(tmp_path)
    from_wheel = _listed(wheel_python, tmp_path)
    assert from_wheel == _listed(sys.executable, tmp_path)
    assert {"unet", "landmark7"} <= {entry["name"] for entry in from_wheel["entries"]}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_console_script_of_the_wheel_runs(wheel_python: Path, tmp_path: Path) -> None:
    script = wheel_python.with_name("lvzoo")
    assert _output_of([script, "--version"], cwd=tmp_path).startswith("lvzoo, version ")


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_wheel_carries_the_report_s_templates(wheel_python: Path, tmp_path: Path) -> None:
    list_them = (
        "import jinja2; print(*jinja2.PackageLoader('lvzoo.report', 'templates').list_templates(), sep='\\n')"
    )
    carried = set(_output_of([wheel_python, "-c", list_them], cwd=tmp_path).split())
    assert carried == {path.name for path in (ROOT / "lvzoo" / "report" / "templates").iterdir()}
    assert "report.html.j2" in carried
