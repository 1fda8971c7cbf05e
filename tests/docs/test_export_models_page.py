"""The programs of docs/export-models.md make lvzoo's masks of exported files, without lvzoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lvzoo
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.weights.moved import move_outwards
from lvzoo.workflows.exported import make_array, open_exported
from tests.docs.pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "export-models.md"
BLACK = "frames_B1HW = np.zeros((2, 1, 112, 112), dtype=np.float32)"


def test_its_programs_give_the_masks_of_lvzoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frames_NHW = Phantom(cached_phantom(size="smoke", seed=0)).load("test").frames_NHW
    files = [lvzoo.export(name).path for name in ("unet-fast", "landmark7-fast")]
    programs = [block.text for block in blocks(PAGE) if block.language == "python"]
    assert BLACK in programs[0]
    known: dict[str, Any] = {"given": make_array(frames_NHW)}
    for path, program in zip(files, programs, strict=True):
        exec(program.replace(BLACK, "frames_B1HW = given"), known)  # noqa: S102 - a program of our own page
        assert known["masks_BHW"].any(axis=(1, 2)).all()
        assert np.array_equal(known["masks_BHW"], open_exported(path).predict_masks(frames_NHW))
    for points_K2 in known["points_BK2"]:
        np.testing.assert_allclose(known["move"](points_K2, 1.5), move_outwards(points_K2, 1.5), atol=1e-9)
