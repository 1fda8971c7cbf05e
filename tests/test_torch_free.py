"""Commands that list and explain import no heavy library; each test looks at `sys.modules` of a new process."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.made_weights import write_weights

HEAVY = ("torch", "numpy", "pandas", "cv2", "scipy", "matplotlib")
ZONE = (
    *(
        "lvzoo",
        "lvzoo.errors",
        "lvzoo.types",
        "lvzoo.types.results",
        "lvzoo.types.audit",
        "lvzoo.interfaces",
        "lvzoo.hookspecs",
        "lvzoo.files",
    ),
    *(
        "lvzoo.weights",
        "lvzoo.plugins.declarations",
        "lvzoo.plugins.probe",
        "lvzoo.plugins.probing",
        "lvzoo.plugins",
        "lvzoo.bundled",
    ),
    *(
        "lvzoo.registry.catalogue",
        "lvzoo.weights.carried",
        "lvzoo.weights.described",
        "lvzoo.registry.strict_yaml",
        "lvzoo.registry",
        "lvzoo.cli",
        "lvzoo.cli.options",
    ),
    *(
        "lvzoo.cli.list",
        "lvzoo.cli.info",
        "lvzoo.cli.bench",
        "lvzoo.cli.train",
        "lvzoo.cli.transfer",
        "lvzoo.cli.eval",
        "lvzoo.cli.pack",
        "lvzoo.cli.adopt",
        "lvzoo.cli.push",
        "lvzoo.cli.calibrate",
        "lvzoo.cli.export",
        "lvzoo.cli.progress",
        "lvzoo.cli.check",
        "lvzoo.cli.checked",
        "lvzoo.cli.doctor",
        "lvzoo.doctor",
        "lvzoo.testing.plugin",
        "lvzoo.cli.data",
        "lvzoo.cli.noise",
        "lvzoo.cli.new",
        "lvzoo.cli.predict",
        "lvzoo.cli.recommend",
        "lvzoo.cli.report",
    ),
)
COMMANDS = (
    ["list"],
    ["list", "--json"],
    ["--help"],
    ["--version"],
    ["list", "--help"],
    ["info", "--help"],
    ["bench", "--help"],
    ["train", "--help"],
    ["eval", "--help"],
    ["transfer", "--help"],
    ["pack", "--help"],
    ["adopt", "--help"],
    ["push", "--help"],
    ["calibrate", "--help"],
    ["export", "--help"],
    ["data", "--help"],
    ["predict", "--help"],
    ["recommend", "--help"],
    ["report", "--help"],
    ["noise", "--help"],
    ["check", "--help"],
    ["doctor", "--help"],
    ["new", "--help"],
)
SAY = f"import sys; print('HEAVY', *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"


def _heavy_after(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SAY}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_command_imports_nothing_heavy(words: list[str]) -> None:
    assert _heavy_after(f"from lvzoo.cli import main\nassert main({words}) == 0") == []


def test_a_listing_of_entries_with_weights_imports_nothing_heavy(tmp_path: Path) -> None:
    write_weights(tmp_path / "small.safetensors")
    registry = tmp_path / "mine.yaml"
    registry.write_text("mine: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}")
    for words in (["list", "mine"], ["list", "--json", "mine"]):
        command = [*words, "--registry", str(registry)]
        said = f"from lvzoo.cli import main\nassert main({command}) == 0"
        assert _heavy_after(said) == []


def test_zone_and_every_bundled_plugin_import_nothing_heavy() -> None:
    plugins = [point.value for point in metadata.distribution("lvzoo").entry_points if point.group == "lvzoo"]
    assert len(plugins) >= 3
    assert _heavy_after(f"import {', '.join((*ZONE, *plugins))}") == []


def test_a_heavy_import_would_be_noticed() -> None:
    assert _heavy_after("import numpy") == ["numpy"]
