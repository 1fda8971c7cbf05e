"""The programs that make the tables of docs/clinic.md still run, and the page names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clinic import figures_beats, figures_volumes
from tests.docs.pages import blocks

PATH = Path(__file__).parents[2] / "docs" / "clinic.md"
PAGE = PATH.read_text(encoding="utf-8")


def test_the_programs_print_the_rows_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    figures_beats.print_beats(4)
    figures_beats.print_readings(4)
    figures_beats.print_clips(4)
    figures_beats.print_still(4)
    figures_volumes.print_phantom(2)
    figures_volumes.print_whole_clips(2, 70)
    rows = [line.split("|")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) > 40
    assert [row for row in rows if f"|{row}|" not in PAGE and " clips of " not in row] == []
    for module in ("figures_beats", "figures_trust", "figures_volumes"):
        assert f"python -m tests.clinic.{module}" in PAGE


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block.text for block in blocks(PATH) if block.language == "python"]
    exec(compile(example, str(PATH), "exec"), {})  # noqa: S102 # our own page
    assert capsys.readouterr().out.splitlines() == [
        "EF 37 %, 3 beats, 70 beats/min",  # 1 - 0.8 ** 2 is 36 %; the pixels are coarse
        "the clip starts after its end-diastole",
        "the clip ends before or just after its end-systole",
    ]


def test_the_page_says_that_this_is_no_medical_device() -> None:
    assert "not a medical device" in PAGE
