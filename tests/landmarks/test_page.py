"""The entries of docs/landmarks.md can be built, and its program prints the ceilings of its table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lvzoo.models.base import LandmarkModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo

PAGE = (Path(__file__).parents[2] / "docs" / "landmarks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_entry_of_the_page_builds(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    entries = open_zoo(registries=[path]).select("original-study,dsnt7,lines21,coords-resnet18")
    models = [build_model(entry) for entry in entries]
    assert [model.landmarks for model in models if isinstance(model, LandmarkModel)] == [7, 7, 21, 7]


def test_the_program_prints_a_line_for_each_number_and_curve(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = blocks("python")
    exec(program.replace("quick", "smoke"), {"__name__": "__main__"})  # noqa: S102 - the page's own program
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = re.findall(r"^\| (\d+) \| (0\.\d+) .*?\| (0\.\d+) \| \S+ \| \S+ \|$", PAGE, re.MULTILINE)
    shown = {
        (row[0], curve): float(dice)
        for row in rows
        for curve, dice in zip(("polygon", "spline"), row[1:], strict=True)
    }
    assert len(lines) == len(shown) == 12
    for landmarks, curve, dice, *_ in lines:
        assert float(dice) == pytest.approx(shown[landmarks, curve], abs=0.04), (
            "another phantom, much the same"
        )
