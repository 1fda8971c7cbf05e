"""The plugins of docs/examples install, pass their tests and every check, and are ranked beside a bundled model."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.testing.subject import DICE_TO_REACH, FRAMES
from tests.environments import make_environment

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENTRIES = {
    "lvzoo-ellipse": ["ellipse", "ellipse-cut"],
    "lvzoo-ridge": ["ridge"],
    "lvzoo-foreign": ["foreign-net"],
}


def test_every_example_is_tested_here() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/pyproject.toml")} == set(ENTRIES)


def test_the_shape_of_the_ellipse_can_reach_what_the_check_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain ellipse cannot: a ventricle tapers."""
    monkeypatch.syspath_prepend(EXAMPLES / "lvzoo-ellipse")
    example = importlib.import_module("lvzoo_ellipse.ceiling")
    frames = Phantom(cached_phantom(size="smoke", seed=0)).load("train").take(range(FRAMES))
    dice_N = example.ceiling_N(torch.from_numpy(frames.masks_NHW.copy()), cut=False)
    assert dice_N.mean() > DICE_TO_REACH + 0.02


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_examples_are_checked_and_ranked_and_the_own_trainer_is_marked(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    for example, entries in ENTRIES.items():
        shutil.copytree(EXAMPLES / example, tmp_path / example)
        environment.output_of(f"pip install ./{example}", cwd=tmp_path)
        tests = environment.output_of(f"pytest -q --lvzoo-plugin '{entries[0]}*'", cwd=tmp_path / example)
        assert int(re.findall(r"(\d+) passed", tests)[-1]) > 15 * len(entries)
    names = [name for entries in ENTRIES.values() for name in entries]
    bench = f"lvzoo bench --plugins {','.join(names)},unet --preset smoke --out run"
    printed = environment.output_of(bench, cwd=tmp_path)
    ranked = pd.read_csv(tmp_path / "run" / "ranking.csv").set_index("model")["own_recipe"].to_dict()
    assert ranked == {**dict.fromkeys(names, False), "unet": False, "ridge": True}
    assert " ridge† " in printed
    assert "† own recipe: not trained with the recipe of the other models" in printed
    assert "ridge†" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_ceiling_that_the_readme_states_is_measured(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.output_of(f"pip install {EXAMPLES / 'lvzoo-ellipse'}", cwd=tmp_path)
    environment.output_of("lvzoo data phantom phantom --size quick", cwd=tmp_path)
    measured = environment.output_of("python -m lvzoo_ellipse.ceiling phantom", cwd=tmp_path)
    stated = (EXAMPLES / "lvzoo-ellipse" / "README.md").read_text(encoding="utf-8")
    assert [_without_last_digit(line) for line in measured.splitlines()] == [
        _without_last_digit(line) for line in stated.splitlines() if "mean Dice" in line
    ]


def _without_last_digit(line: str) -> str:
    return re.sub(r"(0\.\d\d)\d", r"\1", line)
