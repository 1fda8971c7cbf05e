"""What the terminal and the report say about other data sets and about picture quality."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

import lvzoo
from lvzoo.report.across import across_grids
from lvzoo.report.across_chart import set_chart
from lvzoo.report.across_words import across_lines, across_notes, terminal_lines
from lvzoo.report.drawing import assign_looks
from lvzoo.report.honesty import provenance
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
    assert re.search(r"^phantom-gain +unet +0\.78", "\n".join(lines), re.MULTILINE)
    assert re.search(r"^\(synthetic\) +landmark7 +0\.", "\n".join(lines), re.MULTILINE)
    assert re.search(r"^\(home, synthetic\) +landmark7 +0\.", "\n".join(lines), re.MULTILINE)


def test_the_terminal_has_at_most_one_line_per_set_and_the_report_the_rest(study: Study) -> None:
    first, second, more = terminal_lines(study)
    assert first == "camus (12 patients, 24 frames): masks or landmarks: one training cannot tell"
    assert second.startswith("phantom-gain (12 patients, 24 frames, synthetic): masks or landmarks: ")
    assert more.startswith("the report has more on these sets")
    [line] = [line for line in across_lines(study) if line.startswith("masks or landmarks on camus")]
    assert "one training cannot tell; unet minus landmark7: -0.0" in line
    [orders] = [grid for grid in across_grids(study) if grid.title.startswith("Does the order")]
    assert orders.title == "Does the order at home tell the order elsewhere?"
    assert any("their bootstraps are independent" in note for note in across_notes(study))


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
    assert not any([across_lines(alone), across_notes(alone), across_grids(alone), terminal_lines(alone)])
    page = (tmp_path / "run/report.html").read_text()
    assert "across" not in page


def test_with_two_models_only_the_report_says_that_the_order_cannot_be_told(tmp_path: Path) -> None:
    study = study_of(make_across(tmp_path / "run", "camus", entries=("unet", "landmark7")))
    why = "whether the order of the models is the same elsewhere cannot be told with fewer than 3 models"
    assert across_lines(study).count(why) == 1
    assert not any("order" in line for line in terminal_lines(study)[:-1])
    assert not any("tau" in line for line in across_notes(study))
    assert not any(grid.title.startswith("Does the order") for grid in across_grids(study))


def test_a_report_of_one_graded_set_does_not_speak_of_home(tmp_path: Path) -> None:
    make_across(tmp_path / "run", "camus")
    alone = study_of(tmp_path / "run/also/camus")
    titles = [grid.title for grid in across_grids(alone)]
    assert titles == [
        "Clean Dice by picture quality [95 % CI]",
        "Does the order on all pictures tell the order on poor ones?",
    ]
    shown = [*across_lines(alone), *across_notes(alone), *terminal_lines(alone), *titles]
    shown += [column.title for grid in across_grids(alone) for column in grid.columns]
    assert not any("home" in text for text in shown)
    make_across(tmp_path / "one", "camus", entries=("unet",))
    one = study_of(tmp_path / "one/also/camus")
    assert not any("order" in line for line in terminal_lines(one))
    assert sum("cannot be told" in line for line in across_lines(one)) == 1
    assert "home" not in markdown(one)


def test_grades_have_their_numbers_of_patients_and_few_patients_no_interval(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus") / "also/camus"
    for path in run.glob("trials/*/scores.parquet"):  # Good: p00 p03 p06 p09; two more become Good
        scores = pd.read_parquet(path)
        scores.assign(
            quality=scores["quality"].mask(scores["patient"].isin(["p01", "p02"]), "Good")
        ).to_parquet(path)
    graded = study_of(run)
    [line] = terminal_lines(graded)
    for part in (r": Good 0\.\d+ \[[^]]+\] \(6 patients\),", r" Poor 0\.\d+ \(3 patients\);"):
        assert re.search(part, line)
    assert line.endswith("; no interval with fewer than 5 patients")
    [qualities, orders] = across_grids(graded)
    assert [column.title for column in qualities.columns[1:]] == [
        "Good, 6 patients",
        "Medium, 3 patients",
        "Poor, 3 patients",
    ]
    assert [("[" in cell.text) for cell in qualities.rows[0][1:]] == [True, False, False]
    assert all("[" not in cell.text for row in orders.rows for cell in row)
    assert any("fewer than 5 patients has no interval" in note for note in across_notes(graded))


def test_options_of_each_set_are_part_of_what_the_report_rests_on(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus-2CH", "mine")
    for name, options in {
        "camus-2CH": {"camus.view": "2CH"},
        "mine": {"masks.label": 2, "masks.patient_pattern": "^(p)"},
    }.items():
        path = run / "also" / name / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "data_options": options}))
    both = study_of(run)
    told = "camus-2CH: camus.view=2CH; mine: masks.label=2, masks.patient-pattern=^(p)"
    assert provenance(both)["data options"] == told
    assert "- data options: camus-2CH: camus.view=2CH; mine: masks.label=2" in markdown(both)
    assert provenance(study_of(run / "also/camus-2CH"))["data options"] == "camus.view=2CH"


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
