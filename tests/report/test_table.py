"""The ranking in print: readable at 80 columns, honest about what its numbers rest on, exact in the CSV."""

from __future__ import annotations

import csv
import dataclasses
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

from lvzoo.report.answer import answer, contests
from lvzoo.report.table import print_study, write_tables
from lvzoo.report.words import caption
from lvzoo.types.results import Caution
from tests.report.studies import FAMILIES, PHANTOM, REAL, make_study, with_cautions

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types import Source
    from lvzoo.types.results import CautionKind, Study

LABELS = ["data", "synthetic", "suite", "partial"]
EXACT = 0.1 + 0.7123456789012345


def printed(study: Study, *, width: int = 80) -> list[str]:
    file = StringIO()
    print_study(study, console=Console(width=width, file=file))
    return file.getvalue().splitlines()


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def caution(kind: CautionKind, text: str) -> Caution:
    return Caution(kind=kind, text=text)


def text_of(study: Study) -> str:
    return " ".join(" ".join(printed(study)).split())


def changed(study: Study, **columns: Any) -> Study:  # noqa: ANN401 - columns of the table
    ranking = dataclasses.replace(study.ranking, table=study.ranking.table.assign(**columns))
    return dataclasses.replace(study, ranking=with_cautions(ranking))


def two(**columns: Any) -> Study:  # noqa: ANN401 - columns of the table
    numbers = {
        "headline": [0.8123, 0.79],
        "headline_low": [0.8, 0.78],
        "headline_high": [0.83, 0.8],
        "clean": [0.93, 0.91],
        "retention": [0.8734, np.nan],
        "rank_low": [1, 1],
        "rank_high": [1, 2],
        "group": ["a", "ab"],
        "failures": [3, 1234],
        "failure_share": [0.0018, 0.734],
    }
    return changed(make_study(models=2, seeds=1), **{**numbers, **columns})


def test_at_eighty_columns_every_number_can_be_read() -> None:
    lines = printed(two())
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == [
        *("#", "model", "mDice-N1", "[95", "%", "CI]", "group", "clean", "kept", "failures")
    ]
    assert lines[2].split() == [
        *("1", "unet", "0.812", "[0.800,", "0.830]", "a", "0.930", "87%", "3", "(0.2%)")
    ]
    assert lines[3].split() == [
        *("1-2", "landmark7", "0.790", "[0.780,", "0.800]", "ab", "0.910", "-", "1234", "(73.4%)")
    ]


def test_below_the_table_stands_what_its_numbers_rest_on() -> None:
    text = text_of(two())
    for sentence in (
        "masks or landmarks: masks; unet beats landmark7 by 0.024 [0.019, 0.029]",
        "kept: mDice-N1 / clean; models that share a group letter are not separable; failures: Dice < 0.5",
        "40 patients, 80 frames; intervals: bootstrap over patients (10,000 resamples)",
        "mDice-N1: mean Dice over noise-v1 (speckle, haze, shadow,",
        "severities 1-5)",
        "caution: one training seed: seed variance unknown",
        "smallest difference found with 80 % power: 0.0061 (of the pair)",
    ):
        assert sentence in text
    assert text.endswith(
        "data: synthetic phantom: a test of software and relative robustness, no evidence about patients"
    )


def test_real_data_is_named_and_not_called_synthetic() -> None:
    text = text_of(make_study(source=REAL))
    assert "synthetic" not in text
    assert text.endswith("data: echonet-dynamic")


def test_a_part_of_the_suite_is_marked_in_the_head_and_explained() -> None:
    study = make_study(models=2, families={"acoustic": ("haze",)}, severities=(1, 3))
    assert "mDice-N1* [95 % CI]" in printed(study)[0]
    assert "caution: part of noise-v1 only (haze at severity 1, 3): not comparable" in text_of(study)
    assert "mDice-N1*: mean Dice over the part of noise-v1 that was run" in text_of(study)
    assert "severity 2)" in text_of(make_study(severities=(2,)))
    assert "mDice-N1*" not in text_of(make_study())


def test_without_noise_there_is_nothing_to_retain_and_the_table_says_so() -> None:
    study = make_study(models=2, families={})
    lines = printed(study)
    assert lines[0].split()[2:] == ["clean", "Dice", "[95", "%", "CI]", "group", "ED", "ES", "failures"]
    assert "caution: clean frames only: no noise was run" in text_of(study)


@pytest.mark.parametrize(
    ("seeds", "line"),
    [
        ([1, 1], "caution: one training seed: seed variance unknown"),
        ([3, 3], "mean of 3 training seeds; SD of mDice-N1 over seeds at most 0.0021 (landmark7)"),
        ([3, 2], "mean of 2 to 3 training seeds; SD of mDice-N1 over seeds at most 0.0021 (landmark7)"),
        ([3, 1], "mean of 1 to 3 training seeds; SD of mDice-N1 over seeds at most 0.0013 (unet)"),
        ([3, 1], "seed variance unknown for landmark7"),
    ],
)
def test_the_number_of_seeds_is_told_and_whose_spread_is_known(seeds: list[int], line: str) -> None:
    spread = [sd if count > 1 else np.nan for sd, count in zip((0.0013, 0.0021), seeds, strict=True)]
    assert line in text_of(two(seeds=seeds, seed_sd=spread))


def test_a_long_name_is_folded_not_cut_and_the_numbers_stay() -> None:
    lines = printed(make_study(models=["smp-unetplusplus-efficientnet-b3", "x"]))
    assert max(map(len, lines)) <= 80
    folded = "".join(line[3:].split(" ")[0] for line in lines[2:4])
    assert "smp-unetplusplus-efficientnet-b3" in folded
    assert "0.864 [0.853, 0.873]" in lines[2]


def test_names_with_brackets_are_printed_as_they_are() -> None:
    text = "\n".join(printed(make_study(models=["[red]net", "[/b]"])))
    assert "[red]net" in text
    assert "[/b]" in text


def test_no_colour_where_there_is_no_terminal() -> None:
    assert "\x1b" not in "\n".join(printed(make_study()))


def test_models_trained_otherwise_or_on_noise_are_marked_and_the_marks_explained() -> None:
    lines = printed(make_study(augmented=(2,), own_recipe=(1,)))
    assert [line for line in lines if " landmark7† " in line]
    assert [line for line in lines if "+noise‡ " in line]
    assert "† own recipe: not trained with the recipe of the other models" in lines
    assert "‡ augmented track: trained on noise like noise-v1's" in lines
    assert not {"†", "‡"} & set("".join(printed(make_study())))


def test_warnings_and_exclusions_are_printed() -> None:
    text = text_of(
        make_study(source=REAL, warnings=(caution("mean rank", "mean ranks put another model first"),))
    )
    assert "caution: mean ranks put another model first" in text
    assert "excluded: 6: 0X0000 (no such video); 0X0001 (no such video); 0X0002 (no such video)" in text
    assert "and 3 more; `lvzoo data check` and run.json name all" in text


def test_in_a_narrow_terminal_no_number_loses_its_name() -> None:
    rows = [line.split() for line in printed(two(), width=40) if line.startswith((" ", "1"))]
    assert [row[1] for row in rows[1:3]] == ["unet", "landmark7"]
    assert rows[1][-2:] == ["3", "(0.2%)"]


def test_a_study_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_study(make_study())
    assert "no evidence" in capsys.readouterr().out


def test_the_csv_holds_every_column_exactly_and_names_its_suite(tmp_path: Path) -> None:
    study = two(headline=[EXACT, 0.79], dice_es=[0.9, np.nan])
    write_tables(study, tmp_path)
    rows = rows_in(tmp_path / "ranking.csv")
    assert list(rows[0]) == [*study.ranking.table.columns, *LABELS]
    assert float(rows[0]["headline"]) == EXACT
    assert [(row["model"], row["suite"], row["partial"]) for row in rows] == [
        ("unet", "noise-v1", "False"),
        ("landmark7", "noise-v1", "False"),
    ]
    assert rows[1]["dice_es"] == ""
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert files == {
        "ranking.csv",
        *(f"tables/{name}" for name in ("pairs.csv", "response.csv", "breaks.csv", "contests.csv")),
        *("tables/challenge.csv", "tables/challenge.txt"),
    }


@pytest.mark.parametrize(("source", "synthetic"), [(PHANTOM, "True"), (REAL, "False")])
def test_every_row_of_every_table_says_whether_it_is_synthetic(
    source: Source, synthetic: str, tmp_path: Path
) -> None:
    write_tables(make_study(source=source, severities=(1,)), tmp_path)
    tables = [
        path for path in tmp_path.rglob("*.csv") if path.name != "challenge.csv"
    ]  # challengeR's own form
    assert len(tables) == 5
    for path in tables:
        found = {tuple(row[name] for name in LABELS) for row in rows_in(path)}
        assert found == {(source.name, synthetic, "noise-v1", "True")}, path.name


def test_an_empty_table_has_its_columns_all_the_same(tmp_path: Path) -> None:
    write_tables(make_study(models=1), tmp_path)
    for name, first in (("pairs", "better"), ("contests", "track")):
        head = (tmp_path / "tables" / f"{name}.csv").read_text().strip().split(",")
        assert (head[0], head[-4:]) == (first, LABELS)


def test_the_table_for_challenger_has_a_note_beside_it(tmp_path: Path) -> None:
    write_tables(make_study(), tmp_path)
    lines = (tmp_path / "tables" / "challenge.csv").read_text().splitlines()
    assert lines[:2] == ["task,algorithm,case,value", "headline,unet,007,0.9"]
    note = (tmp_path / "tables" / "challenge.txt").read_text()
    assert "synthetic phantom" in note
    assert "mean Dice over noise-v1 (speckle" in note
    write_tables(make_study(source=REAL, severities=(2,)), tmp_path)
    note = (tmp_path / "tables" / "challenge.txt").read_text()
    assert "synthetic" not in note
    assert "data: echonet-dynamic; 40 patients" in note
    assert "part of noise-v1" in note


def with_lead(verdict: str) -> Study:
    study = make_study(models=2)
    ranking = dataclasses.replace(study.ranking, pairs=study.ranking.pairs.assign(verdict=verdict))
    return dataclasses.replace(study, ranking=ranking)


@pytest.mark.parametrize(
    ("verdict", "meaning"),
    [
        ("clear", "is clear: its whole 95 % interval lies above the margin of 0.005."),
        ("small", "is small: significant, but perhaps within the margin of 0.005."),
        ("open", "is open: 40 patients cannot tell the two apart."),
    ],
)
def test_the_answer_says_how_sure_the_lead_is(verdict: str, meaning: str) -> None:
    sentence = answer(with_lead(verdict))
    assert sentence.startswith(
        "On the synthetic phantom under noise-v1, unet (a mask model) leads with mDice-N1 0.864 [0.853, 0.873]"
    )
    assert "rank 1 and first in 93% of the resamples; its lead of 0.024 [0.020, 0.028] over" in sentence
    assert sentence.endswith(meaning)


def test_one_model_leads_nobody() -> None:
    assert answer(make_study(models=1)).endswith("it is the only model, so nothing is ranked.")
    assert "part of noise-v1" in answer(make_study(models=1, severities=(1,), source=REAL))
    assert "on clean frames only" in answer(make_study(families={}))


def test_a_model_that_mostly_fails_is_not_praised_for_leading() -> None:
    failing = changed(make_study(models=2), failure_share=[0.6, 0.9])
    assert "although 60% of its scores are failures (Dice < 0.5)" in answer(failing)
    assert "failures" not in answer(make_study(models=2))


def test_what_a_caution_says_is_not_said_again() -> None:
    study = make_study(seeds=1, families={"acoustic": ("haze",)}, severities=(3,))
    assert "80 % power" in text_of(study)
    pairs = study.ranking.pairs.assign(mdd=0.03)
    study = dataclasses.replace(study, ranking=with_cautions(dataclasses.replace(study.ranking, pairs=pairs)))
    assert {each.kind for each in study.ranking.warnings} >= {"part", "one seed", "few patients"}
    for fact in ("seed variance", "not comparable", "differences below 0.030", "(haze"):
        assert text_of(study).count(fact) == 1, fact
    assert "80 % power" not in text_of(study)


def test_a_warning_whose_words_occur_in_another_line_hides_nothing() -> None:
    plain = caption(make_study().ranking)
    assert caption(make_study(warnings=(caution("own recipe", " ".join(plain)),)).ranking) == plain


def test_one_seed_makes_the_answer_carry_what_is_not_known() -> None:
    for models in (1, 2):
        study = make_study(models=models, seeds=1)
        [caution] = [each.text for each in study.ranking.warnings if each.kind == "one seed"]
        assert "seed variance unknown" in caution
        assert answer(study).endswith(f"; {caution}.")
    of_one = changed(make_study(models=2), seeds=[3, 1])
    assert answer(of_one).endswith("; one training seed of landmark7.")
    assert "seed variance unknown for landmark7" in text_of(of_one)
    third = changed(make_study(models=3), seeds=[3, 3, 1])
    assert "one training seed" not in answer(third), "the lead does not rest on it"


def test_of_one_patient_no_sureness_is_claimed() -> None:
    nothing = dict.fromkeys(
        ["headline_low", "headline_high", "clean_low", "clean_high", "rank_low", "rank_high", "p_first"],
        np.nan,
    )
    study = changed(make_study(models=2), **nothing)
    pairs = study.ranking.pairs.assign(
        verdict="open", difference_low=np.nan, difference_high=np.nan, mdd=np.nan
    )
    study = dataclasses.replace(
        study, ranking=dataclasses.replace(study.ranking, pairs=pairs, patients=1, kendall_tau=np.nan)
    )
    sentence = answer(study)
    assert "leads with mDice-N1 0.864; its lead of 0.024 over" in sentence
    assert "is open: 1 patient cannot tell the two apart" in sentence
    assert "100%" not in sentence
    first = printed(study)[2].split()
    assert (first[0], first[2:5]) == ("-", ["0.864", "[-,", "-]"])


def test_masks_or_landmarks_is_answered_for_each_track() -> None:
    assert contests(make_study(kinds=("mask",)).ranking) == [
        "masks or landmarks: no landmark model was ranked, so there is no answer"
    ]
    assert contests(make_study(kinds=("landmark", "mask"), models=2).ranking) == [
        "masks or landmarks: landmarks; landmark7 beats unet by 0.024 [0.019, 0.029]"
    ]
    both = contests(make_study(models=10, augmented=(2, 3)).ranking)
    assert [line.split(";")[0] for line in both] == [
        "masks or landmarks (standard track): masks",
        "masks or landmarks (augmented track): landmarks",
        "the models trained on noise give another answer",
    ]
    assert re.search(
        r"; training on noise changes masks minus landmarks by -0\.\d{3} \[-0\.\d{3}, -0\.\d{3}\], p 0\.004$",
        both[2],
    )


@pytest.mark.parametrize(
    ("standard", "augmented", "says"),
    [
        ("mask", "mask", "the models trained on noise give the same answer"),
        ("mask", "landmark", "the models trained on noise give another answer"),
        ("mask", "neither", "the tracks do not settle whether training on noise changes the answer"),
        ("neither", "neither", "the tracks do not settle whether training on noise changes the answer"),
    ],
)
def test_only_two_winners_tell_whether_noise_changes_the_answer(
    standard: str, augmented: str, says: str
) -> None:
    ranking = make_study(models=10, augmented=(2, 3)).ranking
    won = ranking.contests["track"].map({"standard": standard, "augmented": augmented}).fillna("mask")
    changed_ranking = dataclasses.replace(ranking, contests=ranking.contests.assign(winner=won))
    assert contests(changed_ranking)[-1].split(";")[0] == says


def test_a_contest_that_nobody_wins_is_called_so() -> None:
    study = make_study(models=2, families={"digital": FAMILIES["digital"]})
    contest = study.ranking.contests.assign(winner="neither", difference=-0.001, difference_low=-0.004)
    ranking = dataclasses.replace(study.ranking, contests=contest.assign(difference_high=0.002))
    assert contests(ranking) == [
        "masks or landmarks: neither clearly; unet minus landmark7: -0.001 [-0.004, +0.002], p 0.012"
    ]


def test_it_is_said_when_only_the_seeds_keep_a_contest_open() -> None:
    study = make_study(models=2, families={"digital": FAMILIES["digital"]})
    contest = study.ranking.contests.assign(winner="neither", verdict="unsteady")
    [told] = contests(dataclasses.replace(study.ranking, contests=contest))
    assert told.startswith("masks or landmarks: neither clearly")
    assert told.endswith("but the training seeds do not agree")


def test_one_training_each_settles_no_contest() -> None:
    study = make_study(models=2, families={"digital": FAMILIES["digital"]})
    contest = study.ranking.contests.assign(winner="neither", verdict="once")
    [told] = contests(dataclasses.replace(study.ranking, contests=contest))
    assert told.startswith("masks or landmarks: one training cannot tell; unet minus landmark7: ")
    assert told.endswith("train each more than once (--seeds 3)")


def test_where_models_were_only_scored_the_advice_names_no_option_of_training() -> None:
    study = make_study(models=2, families={"digital": FAMILIES["digital"]})
    contest = study.ranking.contests.assign(winner="neither", verdict="once")
    models = {
        name: dataclasses.replace(each, origin="here", trained_on="x")
        for name, each in study.ranking.models.items()
    }
    [told] = contests(dataclasses.replace(study.ranking, contests=contest, models=models))
    assert told.endswith("for these trainings; train each more than once")


def test_the_lead_of_one_training_is_said_to_be_that() -> None:
    ranking = make_study(models=2).ranking
    once = dataclasses.replace(ranking, pairs=ranking.pairs.assign(verdict="once"))
    told = answer(dataclasses.replace(make_study(models=2), ranking=once))
    assert "is that of one training: clear for these trainings" in told
    assert "another training may reverse it" in told
