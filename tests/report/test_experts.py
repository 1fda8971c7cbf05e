"""The experts of a data set beside the models: in the page, in Markdown, in the terminal and as files."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from lvzoo.rank.experts import sum_up_experts
from lvzoo.report.experts import band_lines, expert_grid
from lvzoo.report.html import fragment, write_report
from lvzoo.report.markdown import markdown
from lvzoo.report.table import print_study, write_tables
from lvzoo.types.results import Study
from tests.report.studies import REAL, make_study
from tests.report.test_html import HOSTILE, Page

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types.experts import ExpertResults

TITLE = "Models and experts on clean frames; the band is the range of the experts"
SIZE = "3 experts, 10 patients, 20 frames"
BAND = f"each against the consensus of the others: median Dice 0.920, 0.900 to 0.940 ({SIZE})"


def make_experts(*dice: float, names: tuple[str, ...] = ()) -> ExpertResults:
    """Return experts with these Dice on both frames of ten patients."""
    rows = [
        {
            "expert": names[expert] if names else f"user{expert}",
            "patient": f"p{patient}",
            "video": f"p{patient}",
            "frame": frame,
            "phase": phase,
            "others": len(dice) - 1,
            "dice": own + 0.001 * (patient - 4.5),
            "nsd1": 0.7,
            "nsd2": 0.9,
            "hd95": 2.5,
            "assd": 1.1,
            "area_pred": 1030,
            "area_ref": 1000,
            "volume_pred": volume,
            "volume_ref": volume,
        }
        for expert, own in enumerate(dice)
        for patient in range(10)
        for frame, phase, volume in ((3, "ED", 100.0), (17, "ES", 45.0))
    ]
    return sum_up_experts(pd.DataFrame(rows), resamples=100)


@pytest.fixture
def study() -> Study:
    return dataclasses.replace(make_study(models=2, source=REAL), experts=make_experts(0.9, 0.94, 0.92))


def test_the_band_stands_beside_the_clean_dice_of_the_models(study: Study) -> None:
    assert band_lines(study) == [f"experts, {BAND}; models on clean frames: unet 0.930, landmark7 0.923"]


def test_a_data_set_with_one_reader_shows_nothing(tmp_path: Path) -> None:
    alone = make_study(models=2, source=REAL)
    write_report(alone, tmp_path / "report.html")
    write_tables(alone, tmp_path)
    texts = [(tmp_path / "report.html").read_text(), markdown(alone), fragment(alone)]
    assert not any("expert" in text for text in texts)
    assert not list(tmp_path.rglob("experts*"))


def test_the_page_has_one_row_for_each_model_and_each_expert(study: Study, tmp_path: Path) -> None:
    write_report(study, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text())
    _, *rows, _ = page.tables[TITLE]
    assert [row[0][0] for row in rows] == ["unet", "landmark7", "user1", "user2", "user0"]
    assert [row[1][0] for row in rows] == ["references"] * 2 + ["2 other experts"] * 3
    assert [row[2][0].partition(" ")[0] for row in rows] == ["0.930", "0.923", "0.940", "0.920", "0.900"]
    assert rows[2][7][0] == "+3.0"
    assert rows[2][8][0] == "0.0"
    assert f"Experts, {BAND}" in page.text
    assert "side by side, not as one ranking" in page.text
    assert ("a", "href", "#experts") in page.attributes
    assert ("section", "id", "experts") in page.attributes


def test_markdown_and_terminal_say_the_same(study: Study) -> None:
    text = markdown(study)
    assert f"- experts, {BAND}" in text
    assert "| user1 | 2 other experts | 0.940 \\[0.9" in text
    printed = io.StringIO()
    print_study(study, console=Console(file=printed, width=400))
    assert f"experts, {BAND}; models on clean frames: unet 0.930, landmark7 0.923" in printed.getvalue()
    assert "side by side, not as one ranking" in printed.getvalue()
    assert f"Experts, {BAND}" in fragment(study)


def test_names_of_experts_cannot_break_the_page(study: Study, tmp_path: Path) -> None:
    names = (HOSTILE, "a|b\n\x1b[2K", "plain")
    hostile = dataclasses.replace(study, experts=make_experts(0.9, 0.94, 0.92, names=names))
    write_report(hostile, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text())
    assert HOSTILE in [row[0][0] for row in page.tables[TITLE][1:-1]]
    assert "\x1b" not in markdown(hostile)
    assert "a\\|b\\\\n" in markdown(hostile)


def test_the_files_have_one_row_per_expert_and_go_when_the_experts_go(study: Study, tmp_path: Path) -> None:
    write_tables(study, tmp_path)
    table = pd.read_csv(tmp_path / "experts.csv")
    assert table["expert"].tolist() == ["user1", "user2", "user0"]
    assert (table["data"] == "echonet-dynamic").all()
    band = pd.read_csv(tmp_path / "tables" / "experts_band.csv").set_index("measure")
    assert band.loc[["dice"], ["median", "lowest", "highest"]].to_numpy()[0] == pytest.approx(
        [0.92, 0.9, 0.94]
    )
    write_tables(dataclasses.replace(study, experts=None), tmp_path)
    assert not list(tmp_path.rglob("experts*"))


def test_experts_of_other_sets_are_named_with_their_set(study: Study, tmp_path: Path) -> None:
    elsewhere = dataclasses.replace(
        study, experts=None, experts_elsewhere={"unity-multix": make_experts(0.9, 0.94, 0.92)}
    )
    assert band_lines(elsewhere) == [f"experts on unity-multix, {BAND}"]
    assert expert_grid(elsewhere) is None
    write_report(elsewhere, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text())
    assert f"Experts on unity-multix, {BAND}" in page.text
    assert TITLE not in page.tables


def test_one_patient_has_no_interval(study: Study, tmp_path: Path) -> None:
    experts = make_experts(0.9, 0.94)
    nowhere = experts.table.assign(dice_low=np.nan, dice_high=np.nan, ef_mae=np.nan)
    write_report(
        dataclasses.replace(study, experts=dataclasses.replace(experts, table=nowhere)), tmp_path / "r.html"
    )
    rows = Page((tmp_path / "r.html").read_text()).tables[TITLE]
    assert rows[3][2][0] == "0.940"
    assert rows[3][8][0] == "-"
