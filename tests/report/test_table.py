"""The ranking in print: readable at 80 columns, honest about what its numbers rest on, exact in the CSV."""

from __future__ import annotations

import csv
import dataclasses
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from lvzoo.report.table import caption, print_ranking, print_result, write_ranking_csv
from lvzoo.types import Finding, Ranking, Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EXACT = 0.1 + 0.7123456789012345


def ranking(**changes: Any) -> Ranking:  # noqa: ANN401 - fields of Ranking
    table = pd.DataFrame(
        {
            "rank": [1, 2],
            "model": ["unet", "landmark7"],
            "headline": [EXACT, 0.79],
            "headline_low": [0.8, 0.78],
            "headline_high": [0.83, 0.8],
            "clean": [0.93, 0.91],
            "clean_low": [0.92, 0.9],
            "clean_high": [0.94, 0.92],
            "retention": [EXACT / 0.93, 0.79 / 0.91],
            "dice_ed": [0.94, 0.92],
            "dice_es": [0.92, np.nan],
            "failures": [3, 1234],
            "failure_share": [0.0018, 0.734],
            "seeds": [1, 1],
            "own_recipe": [False, False],
            "difference": [0.0, -0.0223],
            "difference_low": [0.0, -0.03],
            "difference_high": [0.0, -0.01],
            "family_acoustic": [0.8, 0.7],
        }
    )
    whole = Ranking(
        table=table,
        suite="noise-v0",
        headline="mDice-N0",
        families={"acoustic": ("haze",), "digital": ("jpeg",)},
        severities=(1, 2, 3, 4, 5),
        partial=False,
        patients=40,
        frames=80,
        resamples=10_000,
    )
    return dataclasses.replace(whole, **changes)


def printed(
    shown: Ranking, *, width: int = 80, synthetic: bool = True, notes: Sequence[str] = ()
) -> list[str]:
    file = StringIO()
    print_ranking(shown, console=Console(width=width, file=file), synthetic=synthetic, notes=notes)
    return file.getvalue().splitlines()


def test_at_eighty_columns_every_number_can_be_read() -> None:
    lines = printed(ranking())
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == [
        *("#", "model", "mDice-N0", "[95", "%", "CI]", "clean", "kept", "ED", "ES", "failures")
    ]
    assert lines[2].split() == [
        *("1", "unet", "0.812", "[0.800,", "0.830]", "0.930", "87%", "0.940", "0.920", "3", "(0.2%)")
    ]
    assert lines[3].split() == [
        *("2", "landmark7", "0.790", "[0.780,", "0.800]", "0.910", "87%", "0.920", "-", "1234", "(73.4%)")
    ]


def test_the_caption_says_what_the_numbers_rest_on() -> None:
    assert printed(ranking(), notes=["left out: 2 videos"])[-6:] == [
        "40 patients, 80 frames; intervals: bootstrap over patients (10,000 resamples)",
        "mDice-N0: mean Dice over noise-v0 (haze, jpeg; severities 1-5)",
        "kept: retention (headline / clean); ED, ES: clean frames; failures: Dice < 0.5",
        "1 training seed: seed variance unknown",
        "left out: 2 videos",
        "data: synthetic phantom",
    ]


def test_real_data_is_not_called_synthetic() -> None:
    assert not any("synthetic" in line for line in printed(ranking(), synthetic=False))


def test_a_part_of_the_suite_is_marked_in_the_head_and_explained() -> None:
    lines = printed(ranking(partial=True, severities=(1, 3)))
    assert "mDice-N0* [95 % CI]" in lines[0]
    text = " ".join(" ".join(lines).split())
    assert "* part of noise-v0 (haze, jpeg; severities 1, 3): not comparable" in text
    assert "severity 2)" in "".join(caption(ranking(partial=True, severities=(2,))))


def test_without_noise_there_is_nothing_to_retain_and_the_table_says_so() -> None:
    lines = printed(ranking(families={}, severities=(), partial=True, headline="clean Dice"))
    assert lines[0].split()[2:] == ["clean", "Dice", "[95", "%", "CI]", "ED", "ES", "failures"]
    assert "clean frames only: no noise was run, so this tells nothing about noisy clips" in lines


@pytest.mark.parametrize(
    ("seeds", "line"),
    [
        ([1, 1], "1 training seed: seed variance unknown"),
        ([3, 3], "mean of 3 training seeds"),
        ([3, 2], "mean of 2 to 3 training seeds"),
    ],
)
def test_the_number_of_seeds_is_told(seeds: list[int], line: str) -> None:
    shown = ranking()
    assert line in caption(dataclasses.replace(shown, table=shown.table.assign(seeds=seeds)))


def test_a_long_name_is_folded_not_cut_and_the_numbers_stay() -> None:
    shown = ranking()
    long = dataclasses.replace(
        shown, table=shown.table.assign(model=["smp-unetplusplus-efficientnet-b3", "x"])
    )
    lines = printed(long)
    assert max(map(len, lines)) <= 80
    folded = "".join(line[3:].split(" ")[0] for line in lines[2:6])
    assert "smp-unetplusplus-efficientnet-b3" in folded
    assert "0.812 [0.800, 0.830]" in lines[2]


def test_names_with_brackets_are_printed_as_they_are() -> None:
    shown = ranking()
    odd = dataclasses.replace(shown, table=shown.table.assign(model=["[red]net", "[/b]"]))
    text = "\n".join(printed(odd))
    assert "[red]net" in text
    assert "[/b]" in text


def test_no_colour_where_there_is_no_terminal() -> None:
    assert "\x1b" not in "\n".join(printed(ranking()))


def test_a_result_goes_to_stdout_with_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(ranking(), Source(name="phantom", version="1", fingerprint="f", synthetic=True))
    assert capsys.readouterr().out.rstrip().endswith("data: synthetic phantom")
    print_result(ranking(), Source(name="echonet-dynamic", version="1", fingerprint="f"))
    assert capsys.readouterr().out.rstrip().endswith("data: echonet-dynamic")
    print_result(None, Source(name="phantom", version="1", fingerprint="f"))
    assert capsys.readouterr().out == "nothing to rank: no trial finished\n"


def test_the_csv_holds_every_column_exactly_and_names_its_suite(tmp_path: Path) -> None:
    path = tmp_path / "run" / "ranking.csv"
    write_ranking_csv(ranking(), path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*ranking().table.columns, "suite", "partial"]
    assert float(rows[0]["headline"]) == EXACT
    assert [(row["model"], row["suite"], row["partial"]) for row in rows] == [
        ("unet", "noise-v0", "False"),
        ("landmark7", "noise-v0", "False"),
    ]
    assert rows[1]["dice_es"] == ""
    assert [each.name for each in path.parent.iterdir()] == ["ranking.csv"]


def test_a_model_trained_otherwise_is_marked_and_the_mark_explained() -> None:
    table = ranking().table.assign(own_recipe=[False, True])
    lines = printed(ranking(table=table))
    assert [line for line in lines if "landmark7†" in line]
    assert "† own recipe: trained otherwise than the rest" in lines
    assert "†" not in "".join(printed(ranking()))


def test_exclusions_are_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    findings = tuple(Finding(name=f"0X{index}", quirk="no such video", excluded=True) for index in range(5))
    source = Source(name="echonet-dynamic", version="1", fingerprint="f", findings=findings)
    print_result(ranking(), source)
    shown = " ".join(capsys.readouterr().out.split())
    assert "excluded: 5: 0X0 (no such video); 0X1 (no such video); 0X2 (no such video) and 2 more" in shown


def test_in_a_narrow_terminal_no_number_loses_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_result(ranking(), Source(name="phantom", version="1", fingerprint="f", synthetic=True))
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("1 ", "2 "))]
    assert [row[1] for row in rows[:2]] == ["unet", "landmark7"]
    assert rows[0][-2:] == ["3", "(0.2%)"]
