"""The ejection fraction in the report: with the sentence that lvzoo is no medical device, and true to its tables."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import lvzoo
from lvzoo.rank.ranking import order_by_ef
from lvzoo.report.ejection import ejection_lines
from lvzoo.report.html import fragment, write_report
from lvzoo.report.markdown import markdown
from lvzoo.report.table import print_study, write_tables
from lvzoo.types.answer import NO_MEDICAL_DEVICE
from lvzoo.types.results import OWN_CLEAN
from tests.made_runs import CONDITIONS, forget_volumes, make_run
from tests.report.test_html import Page

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.results import Study

TRACED = "EF against the EF of the tracings, in points"
LISTED = "EF against the EF that the data set lists, in points"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a study of which landmark7 is worse in Dice, and better in EF."""
    run = make_run(tmp_path_factory.mktemp("runs") / "run", seeds=2, swap_volumes=True)
    return study_of(run)


def study_of(run: Path) -> Study:
    study = lvzoo.compare(run).study
    assert study is not None
    return study


def ejection_of(study: Study) -> EjectionResults:
    assert study.ranking.ejection is not None
    return study.ranking.ejection


def page_of(study: Study, folder: Path) -> str:
    write_report(study, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def section(page: str) -> str:
    found = re.search(r'<section id="ejection".*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_the_section_says_what_lvzoo_is_not_and_that_it_is_synthetic(study: Study, tmp_path: Path) -> None:
    told = section(page_of(study, tmp_path))
    assert NO_MEDICAL_DEVICE in told
    assert "Synthetic phantom: a test of software" in told


def test_the_section_answers_the_questions(study: Study, tmp_path: Path) -> None:
    told = section(page_of(study, tmp_path))
    assert "Ejection fraction: landmark7 has the smallest error under part of noise-v1" in told
    assert "by mDice-N1 unet leads: Dice does not tell EF" in told
    assert "Masks or landmarks in EF: " in told
    assert "perfect masks" in told
    assert "7 perfect landmarks" in told
    assert "The tracings&#39; own EF differs from the listed one by 1.5 points" in told


def test_errors_that_are_the_same_in_print_have_no_winner(study: Study) -> None:
    ejection = ejection_of(study)
    same = dataclasses.replace(
        ejection,
        table=ejection.table.assign(mae=[53.41 + 0.001 * number for number in range(len(ejection.table))]),
        contests=ejection.contests.assign(
            difference=0.01, difference_low=-0.02, difference_high=0.02, winner="neither", verdict="small"
        ),
    )
    lines = ejection_lines(
        dataclasses.replace(study, ranking=dataclasses.replace(study.ranking, ejection=same))
    )
    assert lines[0].startswith(
        "ejection fraction: the models do not differ in their error under part of noise-v1, 53.4"
    )
    assert "masks or landmarks in EF: neither; unet and landmark7 do not differ by 0.1 points" in lines


def test_the_tables_have_the_numbers_of_theirs(study: Study, tmp_path: Path) -> None:
    tables = Page(page_of(study, tmp_path)).tables
    overall = ejection_of(study).table.query("scope == 'overall'").set_index("model")
    for title, end in ((TRACED, ""), (LISTED, "_listed")):
        shown = {row[0][0]: row[1][0] for row in tables[title][1:-1]}
        for model, row in overall.iterrows():
            mae, low, high = (row[f"mae{end}{each}"] for each in ("", "_low", "_high"))
            assert shown[str(model)] == f"{mae:.1f} [{low:.1f}, {high:.1f}]"
    contest = tables["EF error: unet against landmark7"]
    assert [row[0][0] for row in contest[1:-1]] == ["all noise", "all noise", "clean frames", "clean frames"]
    assert [row[1][0] for row in contest[1:-1]] == ["tracings", "listed EF"] * 2


def test_every_patient_is_a_mark_in_the_bland_altman_plots(study: Study, tmp_path: Path) -> None:
    told = section(page_of(study, tmp_path))
    plots = re.findall(r'<svg[^>]*aria-label="Bland-Altman plot of the EF of (\w+).*?</svg>', told, re.DOTALL)
    assert plots == ["unet", "landmark7"]
    assert len(re.findall(r"<title>p\d\d: predicted", told)) == 2 * 2 * 12, "models, seeds and patients"
    assert told.count("+1.96 SD") == 2


def test_error_grows_over_severity_in_a_chart_per_family_and_corruption(study: Study, tmp_path: Path) -> None:
    told = section(page_of(study, tmp_path))
    charts = re.findall(r'aria-label="EF error over severity, (\w+) noise', told)
    assert charts == ["acoustic", "resolution", "haze", "blur"]
    response = ejection_of(study).response.query("model == 'unet' and corruption == 'haze' and severity == 5")
    mae, low, high = response[["mae", "mae_low", "mae_high"]].iloc[0]
    assert f"unet, severity 5: {mae:.1f} [{low:.1f}, {high:.1f}]" in told


def test_the_break_points_of_each_models_own_clean_dice_lead(study: Study, tmp_path: Path) -> None:
    titles = [title for title in Page(page_of(study, tmp_path)).tables if title.startswith("Break points")]
    assert titles == [
        "Break points: 5 % of a model's own clean Dice lost",
        "Break points: below tracing against truth 0.950",
        "Break points: below Dice 0.90",
    ]
    rows = Page(page_of(study, tmp_path)).tables[titles[0]]
    breaks = study.ranking.breaks[study.ranking.breaks["reference"] == OWN_CLEAN]
    own = {(row["model"], row["corruption"]): row["severity"] for row in breaks.to_dict("records")}
    for name, *cells in rows[1:]:
        for (corruption, _), (text, _) in zip(rows[0][1:], cells, strict=True):
            assert text == f"{own[name[0], corruption]:.1f}"


def test_markdown_has_the_tables_and_the_sentences(study: Study) -> None:
    page = markdown(study)
    assert f"**{TRACED}**" in page
    assert f"**{LISTED}**" in page
    assert f"- {NO_MEDICAL_DEVICE}" in page
    assert "- ejection fraction: landmark7 has the smallest error" in page


def test_every_output_that_orders_by_ef_says_so(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ordered = dataclasses.replace(study, ranking=order_by_ef(study.ranking))
    print_study(ordered)
    printed = " ".join(capsys.readouterr().out.split())
    page, part = page_of(ordered, tmp_path), fragment(ordered)
    rows = Page(page).tables["By the error of the ejection fraction, smallest first"]
    assert [row[0][0] for row in rows[1:-1]] == ["landmark7", "unet"]
    for told in (printed, page, part, markdown(ordered)):
        plain = told.replace("\\", "")
        assert NO_MEDICAL_DEVICE in plain
        assert "the rows are ordered by the EF error" in plain
        assert "ranks and groups are those of mDice-N1" in plain
        assert "EF error" in plain
    for told in (page, part):
        assert "unet (a mask model) leads with mDice-N1" in told, "the answer is that of the headline"


def test_a_view_without_ejection_fractions_does_not_speak_of_medical_devices(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    print_study(study)
    for told in (" ".join(capsys.readouterr().out.split()), fragment(study)):
        assert NO_MEDICAL_DEVICE not in told
        assert "EF" not in told


def test_the_tables_are_written_with_a_note(study: Study, tmp_path: Path) -> None:
    write_tables(study, tmp_path)
    ejection = ejection_of(study)
    for name, table in (
        *(("ef", ejection.table), ("ef_response", ejection.response)),
        *(("ef_contests", ejection.contests), ("ef_cases", ejection.cases)),
    ):
        written = pd.read_csv(tmp_path / "tables" / f"{name}.csv")
        assert written["synthetic"].all()
        pd.testing.assert_frame_equal(written[list(table)], table.reset_index(drop=True), check_dtype=False)
    note = (tmp_path / "tables/ef.txt").read_text()
    assert note.startswith(f"{NO_MEDICAL_DEVICE}\ndata: synthetic phantom")


def test_trials_of_an_earlier_version_are_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", seeds=2)
    complete = study_of(run)
    assert (run / "tables/ef.csv").exists()
    forget_volumes(run, "unet-s1")
    part = study_of(run)
    told = section(page_of(part, tmp_path))
    assert "No EF of unet-s1: an earlier version of lvzoo wrote their scores, without volumes" in told
    assert ejection_of(part).cases.query("model == 'unet'")["seed"].unique().tolist() == [0]
    pd.testing.assert_frame_equal(part.ranking.table, complete.ranking.table)
    forget_volumes(run)
    old = study_of(run)
    told = section(page_of(old, tmp_path))
    assert "Ejection fraction: not known, since the scores hold no volumes" in told
    assert "No EF of" in told
    assert "unet-s0" in told
    assert NO_MEDICAL_DEVICE not in told
    assert not (run / "tables/ef.csv").exists(), "the table of an earlier report would be out of date"
    pd.testing.assert_frame_equal(old.ranking.table, complete.ranking.table)


def test_clean_frames_alone_make_a_sound_section(tmp_path: Path) -> None:
    clean = study_of(make_run(tmp_path / "run", conditions=CONDITIONS[:1]))
    page = page_of(clean, tmp_path)
    assert "has the smallest error on clean frames" in section(page)
    assert "EF error as noise grows" not in page
    head = [text for text, _ in Page(page).tables[TRACED][0]]
    assert "bias, noisy" not in head
    assert np.isfinite(ejection_of(clean).table["mae"]).all()
    assert NO_MEDICAL_DEVICE in markdown(clean)
