"""The ranking as Markdown: tables that a renderer takes for tables, and nothing that a plugin's words could break."""

from __future__ import annotations

import pytest

from lvzoo.report.answer import answer, contests
from lvzoo.report.markdown import markdown
from lvzoo.report.words import caption
from tests.report.studies import REAL, make_study


def tables_in(page: str) -> list[list[list[str]]]:
    """Return the cells of every table, row by row."""
    blocks = [block.splitlines() for block in page.split("\n\n")]
    return [[row[2:-2].split(" | ") for row in block] for block in blocks if block[0].startswith("| ")]


def plain(page: str) -> str:
    return page.replace("\\", "")


def test_each_model_has_a_row_with_its_score_and_its_cost() -> None:
    study = make_study(models=4)
    ranking, ceilings, costs = tables_in(markdown(study))
    for row, line, cost in zip(study.ranking.table.to_dict("records"), ranking[2:], costs[2:], strict=True):
        assert line[0].startswith(row["model"])
        assert f"{row['headline']:.3f} [{row['headline_low']:.3f}, " in plain(line[2])
        assert cost[:2] == [row["model"], f"{row['headline']:.3f}"]
    table = study.ranking.table
    assert [line[0] for line in ceilings[2:]] == table["model"][table["kind"] == "landmark"].tolist()


@pytest.mark.parametrize("models", [1, 4])
@pytest.mark.parametrize("seeds", [1, 3])
def test_every_row_of_a_table_has_as_many_cells(models: int, seeds: int) -> None:
    for table in tables_in(markdown(make_study(models=models, seeds=seeds))):
        assert len({len(row) for row in table}) == 1


def test_it_tells_what_the_report_tells() -> None:
    study = make_study(models=4, own_recipe=(1,), augmented=(2,), failed={"other-s0": "it burst"})
    page = plain(markdown(study))
    for line in (answer(study), *contests(study.ranking), *caption(study.ranking)):
        assert line in page
    assert "| landmark7† (landmark" in page
    assert "failed: other-s0: it burst" in page
    assert "recipe: epochs 20, batch_size 16" in page


def test_synthetic_data_is_called_so_and_real_data_is_not() -> None:
    assert "- data: synthetic phantom" in markdown(make_study())
    assert "synthetic" not in markdown(make_study(source=REAL))
    assert "- excluded: 6: " in markdown(make_study(source=REAL))


def test_words_of_plugins_break_no_table() -> None:
    study = make_study(models=["a|b*c_<b>", "# d"], failed={"x": "two\n\nlines | of [it](x)"})
    page = markdown(study)
    assert "a\\|b\\*c\\_\\<b\\>" in page
    assert "two lines \\| of \\[it\\](x)" in page
    assert all(len(row) == len(table[0]) for table in tables_in(page.replace("\\|", "")) for row in table)
