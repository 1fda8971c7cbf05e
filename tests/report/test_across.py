"""What the terminal and the report say about other data sets and about picture quality."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import lvzoo
from lvzoo.report.across import across_grids
from lvzoo.report.across_chart import set_chart
from lvzoo.report.across_words import across_lines, across_notes, order_lines
from lvzoo.report.drawing import assign_looks
from lvzoo.report.markdown import markdown
from lvzoo.report.table import print_study
from tests.made_across import edit_run, make_across

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types.results import Study


def study_of(folder: Path) -> Study:
    study = lvzoo.compare(folder).study
    assert study is not None
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a study of three models on a phantom, CAMUS and a shifted phantom."""
    run = make_across(tmp_path_factory.mktemp("runs") / "run", "camus", "phantom-gain")
    edit_run(run / "also/phantom-gain", name="phantom-gain", synthetic=True)
    return study_of(run)


def printed(study: Study) -> list[str]:
    file = io.StringIO()
    print_study(study, console=Console(file=file, width=80))
    return file.getvalue().splitlines()


def test_the_terminal_shows_each_set_with_its_drops_in_80_columns(study: Study) -> None:
    lines = printed(study)
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "camus unet 0.78" in text
    assert "phantom-gain (synthetic) unet" in text
    assert "masks or landmarks on camus: one training cannot tell; unet minus landmark7: -0.0" in text
    assert (
        "order on camus, pictures called Poor: tau +0.33 [+0.33, +0.33] with the order by mDice-N1*" in text
    )
    assert "clean Dice by picture quality on camus, unet: Good 0.801 [" in text
    assert "their bootstraps are independent" in text


def test_synthetic_sets_are_named_everywhere(study: Study) -> None:
    sets_line = across_lines(study)[0]
    assert "trained on phantom (12 patients, 24 frames, synthetic)" in sets_line
    assert "on camus (12 patients, 24 frames), phantom-gain (12 patients, 24 frames, synthetic)" in sets_line
    heads = [column.title for grid in across_grids(study) for column in grid.columns]
    assert heads.count("phantom (home, synthetic)") == heads.count("phantom-gain (synthetic)") == 2
    assert heads.count("camus") == 2
    assert "| model | phantom (home, synthetic) | camus | phantom-gain (synthetic) |" in markdown(study)


def test_the_report_has_the_section_with_charts_and_tables(study: Study, tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus", "phantom-gain")
    edit_run(run / "also/phantom-gain", name="phantom-gain", synthetic=True)
    page = lvzoo.compare(run).report.read_text()
    section = page.partition('<section id="across"')[2].partition("</section>")[0]
    assert "no evidence about patients (phantom, phantom-gain)" in section
    assert section.count('class="chart"') == 2
    for grid in across_grids(study):
        assert grid.title in section
    assert '<a href="#across">Other data sets</a>' in page


def test_a_report_of_one_set_has_no_such_section(tmp_path: Path) -> None:
    alone = study_of(make_across(tmp_path / "run"))
    assert not any([across_lines(alone), across_notes(alone), across_grids(alone), [*order_lines(alone)]])
    page = (tmp_path / "run/report.html").read_text()
    assert "across" not in page


def test_with_two_models_it_says_that_the_order_cannot_be_told(tmp_path: Path) -> None:
    study = study_of(make_across(tmp_path / "run", "camus", entries=("unet", "landmark7")))
    [line] = order_lines(study)
    targets = "on camus, clean frames; on camus, pictures called Poor"
    assert line == f"does the order at home tell the order {targets}? cannot be told with fewer than 3 models"
    assert not any("tau" in line for line in across_notes(study))
    [orders] = [grid for grid in across_grids(study) if grid.title.startswith("Does the order")]
    assert {row[1].text for row in orders.rows} == {"cannot be told"}


def test_several_trainings_can_win_elsewhere(tmp_path: Path) -> None:
    study = study_of(make_across(tmp_path / "run", "camus", seeds=3))
    assert any(
        line.startswith("masks or landmarks on camus: landmarks; landmark7 beats unet by 0.0")
        for line in across_lines(study)
    )


def test_a_model_without_scores_on_a_set_is_a_gap(study: Study) -> None:
    across = study.across
    assert across is not None
    lacking = across.table[~((across.table["set"] == "camus") & (across.table["model"] == "unet"))]
    without = dataclasses.replace(across, table=lacking, left_out={"unet on camus": "was not tested there"})
    gap = dataclasses.replace(study, across=without)
    first = across_grids(gap)[0]
    [unet] = [row for row in first.rows if row[0].sort == "unet"]
    assert [cell.text == "-" for cell in unet[1:]] == [False, True, False]
    assert "not compared: unet on camus: was not tested there" in across_lines(gap)
    drawing = set_chart(without, assign_looks(study.ranking), "clean", label="x")
    assert drawing.__html__().count('class="mark ') == 8


def test_models_that_are_all_perfect_have_a_chart(study: Study) -> None:
    across = study.across
    assert across is not None
    perfect = across.table.assign(clean=1.0, clean_low=1.0, clean_high=1.0)
    drawing = set_chart(
        dataclasses.replace(across, table=perfect), assign_looks(study.ranking), "clean", label="x"
    )
    assert drawing.__html__().count('class="mark ') == 9


def test_csv_rows_name_their_data(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    study_of(run)
    head, first, *_ = (run / "across.csv").read_text().splitlines()
    assert head.endswith("data,synthetic,suite,partial")
    assert first.endswith("phantom,True,noise-v1,True")
    assert json.loads((run / "also/camus/run.json").read_text())["synthetic"] is False
