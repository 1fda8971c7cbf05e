"""The report as a file: whole, closed in itself, the same bytes each time, and true to its tables."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from lvzoo.report.answer import answer
from lvzoo.report.formats import interval
from lvzoo.report.html import fragment, write_report
from lvzoo.types.results import Caution
from tests.report.studies import PHANTOM, REAL, make_study

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lvzoo.types.results import Study

VOID: Final = {"meta", "img", "br", "link", "input", "hr"}
HOSTILE: Final = "<script>alert('1')</script>\"&"


def caution(text: str) -> Caution:
    return Caution(kind="mean rank", text=text)


class Page(HTMLParser):
    """Reads a page: its ids, attributes, tables and text; fails where tags are not balanced."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: dict[str, list[list[tuple[str, str | None]]]] = {}
        self.rows: list[list[tuple[str, str | None]]] = []
        self.title = self.text = self.styles = ""
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.rows, self.title = [], ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append(("", dict(attrs).get("data-sort")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self.title] = self.rows

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            return
        if "style" in self.open:
            self.styles += data
            return
        self.text += data
        if "caption" in self.open:
            self.title += data
        elif self.open and self.open[-1] in ("td", "th"):
            text, sort = self.rows[-1][-1]
            self.rows[-1][-1] = (text + data.strip(), sort)

    def values(self, name: str) -> list[str]:
        return [value for _, known, value in self.attributes if known == name]


STUDIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "ten models": {"models": 10, "augmented": (2, 3), "own_recipe": (1,), "specimens": 6},
    "one model": {"models": 1, "seeds": 1, "specimens": 3},
    "one kind": {"models": 3, "kinds": ("mask",)},
    "nothing noisy": {"families": {}, "specimens": 3},
    "one model, nothing noisy": {"models": 1, "families": {}},
    "part of the suite": {"families": {"acoustic": ("haze", "blur")}, "severities": (3,)},
    "real data": {"source": REAL, "specimens": 6, "seeds": 1},
    "hostile": {"models": [HOSTILE, "{{ 7 * 7 }}"], "summary": HOSTILE, "warnings": (caution(HOSTILE),)},
    "nothing known of the cost": {"parameters": None, "flops": None, "ms_per_frame": float("nan")},
}


def one_patient() -> Study:
    """Return a study whose intervals are not known."""
    study = make_study(models=2)

    def without_ends(table: pd.DataFrame) -> pd.DataFrame:
        unknown = [
            name
            for name in map(str, table)
            if name.endswith(("_low", "_high")) or name in ("p_first", "outperforms", "mdd")
        ]
        return table.assign(**dict.fromkeys(unknown, np.nan))

    ranking = study.ranking
    ranking = dataclasses.replace(
        ranking,
        table=without_ends(ranking.table),
        pairs=without_ends(ranking.pairs),
        response=without_ends(ranking.response),
        contests=without_ends(ranking.contests),
        patients=1,
        kendall_tau=np.nan,
    )
    return dataclasses.replace(study, ranking=ranking)


def written(study: Study, folder: Path) -> str:
    path = folder / "report.html"
    write_report(study, path)
    assert [each.name for each in folder.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_makes_a_sound_page_that_names_its_models(name: str, tmp_path: Path) -> None:
    study = make_study(**STUDIES[name])
    markup = written(study, tmp_path)
    page = Page(markup)
    for model in study.ranking.models:
        assert model in page.text
    assert not re.search(r"\bnan\b|\bNone\b", page.text)
    for title, rows in page.tables.items():
        assert len(rows) > 1, title
    links = [value.removeprefix("#") for value in page.values("href")]
    assert set(links) <= set(page.values("id"))


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_loads_nothing_from_anywhere(name: str, tmp_path: Path) -> None:
    page = Page(written(make_study(**STUDIES[name]), tmp_path))
    for tag, attribute, value in page.attributes:
        if attribute in ("src", "href", "action", "data", "poster", "srcset"):
            assert value.startswith(("data:image/png;base64,", "#")), (tag, attribute, value[:60])
        assert not attribute.startswith("on")
        assert tag not in ("link", "iframe", "object", "base")
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    assert any("default-src 'none'" in value for value in page.values("content"))


def test_hostile_names_are_written_not_run(tmp_path: Path) -> None:
    study = make_study(
        models=[HOSTILE, "{{ 7 * 7 }}"],
        summary=HOSTILE,
        warnings=(caution(HOSTILE),),
        failed={HOSTILE: HOSTILE},
        specimens=3,
    )
    markup = written(study, tmp_path)
    assert "<script>alert" not in markup
    assert markup.count("<script") == 1
    assert "{{ 7 * 7 }}" in Page(markup).text
    assert "<script" not in fragment(study)


def test_synthetic_data_is_called_so_and_real_data_is_not(tmp_path: Path) -> None:
    label = "Synthetic phantom: a test of software and relative robustness, no evidence about patients"
    for markup in (written(make_study(source=PHANTOM), tmp_path), fragment(make_study(source=PHANTOM))):
        assert label in Page(markup).text
    for markup in (written(make_study(source=REAL), tmp_path), fragment(make_study(source=REAL))):
        assert "ynthetic" not in Page(markup).text.replace("what is syntheticnothing", "")


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    options: dict[str, Any] = {"models": 3, "specimens": 6}
    assert written(make_study(**options), tmp_path) == written(make_study(**options), tmp_path)


def test_ten_models_with_their_frames_stay_below_three_megabytes(tmp_path: Path) -> None:
    markup = written(make_study(models=10, specimens=6), tmp_path)
    assert markup.count("data:image/png") == 60
    assert len(markup.encode()) < 3_000_000


def test_the_ranking_in_the_page_has_the_numbers_of_the_table(tmp_path: Path) -> None:
    study = make_study(models=5, augmented=(2,))
    head, *rows = Page(written(study, tmp_path)).tables["By mDice-N1, best first"]
    titles = [text for text, _ in head]
    assert len(rows) == 5 + 1, "five models and the foot"
    for shown, row in zip(rows, study.ranking.table.to_dict("records"), strict=False):
        cells = dict(zip(titles, shown, strict=True))
        score = (row["headline"], row["headline_low"], row["headline_high"])
        assert cells["mDice-N1"] == (interval(*score), str(row["headline"]))
        assert cells["clean"] == (f"{row['clean']:.3f}", str(row["clean"]))
        assert cells["kept"][0] == f"{row['retention']:.1%}"
        assert cells["worst"][0] == f"{row['worst']:.3f}"
        assert cells["failures"][1] == str(float(row["failures"]))
        assert cells["seed SD"][0] == f"{row['seed_sd']:.4f}"
    assert [row[1][0] for row in rows[:5]] == ["1", "2-3", "2-3", "4-5", "4-5"]


def test_other_tables_have_the_numbers_of_theirs(tmp_path: Path) -> None:
    study = make_study(models=3)
    ranking, tables = study.ranking, Page(written(study, tmp_path)).tables
    pairs = [[text for text, _ in row] for row in tables["All pairs of models"][1:]]
    assert [row[7] for row in pairs] == list(ranking.pairs["verdict"])
    assert [row[0] for row in pairs] == list(ranking.pairs["better"])
    assert pairs[0][2].startswith(f"{ranking.pairs['difference'][0]:+.3f} [")
    families = tables["Dice by family"][1:]
    assert [row[1][0] for row in families] == [f"{dice:.3f}" for dice in ranking.table["family_acoustic"]]
    contest = [[text for text, _ in row] for row in tables["unet against landmark7"][1:-1]]
    assert [row[6] for row in contest] == list(ranking.contests["winner"])
    assert [row[1] for row in contest] == [f"{dice:.3f}" for dice in ranking.contests["mask_dice"]]
    measures = tables["Phases, pooled Dice and boundary distances"][1:]
    assert [row[6][0] for row in measures] == [f"{pixels:.2f}" for pixels in ranking.table["hd95"]]


def test_break_points_are_told_where_models_break_and_where_not(tmp_path: Path) -> None:
    study = make_study(models=3, source=REAL)
    rows = Page(written(study, tmp_path)).tables["Break points: below Dice 0.90"]
    corruptions = [text for text, _ in rows[0][1:]]
    points = study.ranking.breaks.set_index(["model", "corruption"])["severity"]
    for row in rows[1:]:
        for corruption, (text, _) in zip(corruptions, row[1:], strict=True):
            severity = points[row[0][0], corruption]
            assert text == (f"{severity:.1f}" if severity > 0 else "clean" if severity == 0 else ">5")


def test_without_a_script_the_table_is_whole_and_with_it_sortable(tmp_path: Path) -> None:
    page = Page(written(make_study(), tmp_path))
    assert "button" not in [tag for tag, _, _ in page.attributes], "the script makes the buttons"
    markup = written(make_study(), tmp_path)
    assert "aria-sort" in markup.split("<script>")[1]
    assert set(page.values("data-first")) == {"ascending", "descending"}


def sections(study: Study, folder: Path) -> set[str]:
    page = Page(written(study, folder))
    return {value for tag, name, value in page.attributes if (tag, name) == ("section", "id")}


def test_what_was_not_run_has_no_section(tmp_path: Path) -> None:
    always = {"ranking", "cost", "honesty"}
    assert sections(make_study(specimens=3), tmp_path) == {*always, "noise", "contest", "gallery"}
    assert sections(make_study(families={}), tmp_path) == {*always, "contest"}
    assert sections(make_study(models=1), tmp_path) == {*always, "noise"}
    assert sections(make_study(kinds=("mask",)), tmp_path) == {*always, "noise"}


def test_one_model_has_no_pairs(tmp_path: Path) -> None:
    assert "All pairs of models" not in Page(written(make_study(models=1), tmp_path)).tables


def test_many_pairs_are_folded_and_few_are_not(tmp_path: Path) -> None:
    few, many = (written(make_study(models=models), tmp_path) for models in (4, 10))
    assert "<details open><summary>All pairs of models" in few
    assert "<details><summary>All pairs of models" in many


def test_frames_of_real_data_come_with_a_word_on_their_terms(tmp_path: Path) -> None:
    note = "This file holds frames of the data set echonet-dynamic"
    assert note in Page(written(make_study(source=REAL, specimens=3), tmp_path)).text
    assert note not in Page(written(make_study(source=REAL), tmp_path)).text
    assert "This file holds frames" not in Page(written(make_study(specimens=3), tmp_path)).text


def test_what_the_numbers_rest_on_is_all_there(tmp_path: Path) -> None:
    study = make_study(
        source=REAL,
        failed={"unet-s2": "ran out of memory"},
        warnings=(caution("three patients decide the order"),),
    )
    text = " ".join(Page(written(study, tmp_path)).text.split())
    for fact in (
        *(REAL.fingerprint, "200 patients, 400 frames", "epochs 20", "2.15.0", "NVIDIA H100 80GB HBM3"),
        *("no such video: 5", "0X0004", "0X9999 (frame 46: 41 chords)", "odd size: 1"),
        *("unet-s2", "ran out of memory", "three patients decide the order", "runs/quick-phantom-1a2b3c4d"),
        *("severities 1-5 of acoustic: speckle, haze", "docs/ranking.md", "Kendall's tau 0.93"),
        *(
            "noise-v1 (digest 5eed0f)",
            "probability 0.5 on the 112 x 112 grid",
            "post-processing",
            "none: no largest",
        ),
        *("10,000 resamples of the patients, seed 0", "found with 80 % power: 0.0061 (median of the pairs)"),
    ):
        assert fact in text, fact


def test_the_marks_stand_on_the_models_and_are_explained(tmp_path: Path) -> None:
    for markup in (
        written(make_study(augmented=(2,), own_recipe=(1,)), tmp_path),
        fragment(make_study(augmented=(2,), own_recipe=(1,))),
    ):
        text = Page(markup).text
        assert "landmark7†" in text
        assert "+noise‡" in text
        assert "‡ augmented track: trained on noise like noise-v1's" in text


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"seeds": 1}, "seed variance unknown"),
        ({"families": {}}, "no noise was run"),
        ({"severities": (3,)}, "not comparable"),
    ],
)
def test_a_caution_is_the_only_place_of_its_fact(options: dict[str, Any], fact: str, tmp_path: Path) -> None:
    study = make_study(**options)
    [text] = [caution.text for caution in study.ranking.warnings if fact in caution.text]
    for markup in (written(study, tmp_path), fragment(study)):
        page = Page(markup).text
        quoted_in_the_answer = answer(study).count(fact)
        assert page.count(text) == page.count(fact) == 1 + quoted_in_the_answer


def test_perfect_landmarks_are_not_called_the_best_there_is(tmp_path: Path) -> None:
    page = Page(written(make_study(), tmp_path))
    (rows,) = (rows for title, rows in page.tables.items() if "perfect landmarks" in title)
    assert rows[0][-1][0] == "to the ceiling"
    assert "a model can exceed it a little by misplacing them" in page.text


def test_a_study_of_one_patient_makes_a_sound_page(tmp_path: Path) -> None:
    page = Page(written(one_patient(), tmp_path))
    assert not re.search(r"\bnan\b", page.text)
    assert "nan" not in page.values("data-sort")
    assert not [
        value for name in ("points", "cx", "cy", "y") for value in page.values(name) if "nan" in value
    ]
    cells = [text for text, _ in page.tables["By mDice-N1, best first"][1]]
    assert (cells[1], cells[2], cells[4]) == ("-", "0.864 [-, -]", "-")
    assert not [value for value in page.values("class") if value.startswith("area m")], (
        "no band without intervals"
    )


def test_a_notebook_shows_the_answer_and_the_ranking_in_styles_of_its_own(tmp_path: Path) -> None:
    study = make_study(models=3, specimens=6, failed={"unet-s1": "ran out of memory"})
    page = Page(fragment(study))
    assert [text for text, _ in page.tables["By mDice-N1, best first"][0]] == [
        *("model", "rank", "mDice-N1", "95 % interval", "group", "clean", "kept", "failures")
    ]
    assert "unet (a mask model) leads with mDice-N1 0.864 [0.853, 0.873]" in page.text
    assert "ran out of memory" in page.text
    selectors = [rule.split("{")[0].strip() for rule in re.sub(r"/\*.*?\*/", "", page.styles).split("}")]
    assert all(selector.startswith(".lvzoo") for selector in selectors if selector)
    assert len(fragment(study)) < len(written(study, tmp_path)) / 5
