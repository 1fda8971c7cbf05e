"""`lvzoo report`: its JSON has the facts needed to read the numbers; failures set stderr and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lvzoo.cli import main
from lvzoo.types.answer import NO_MEDICAL_DEVICE
from tests.made_runs import forget_volumes, make_run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FAILED = '{"state": "failed", "error": "it burst"}'


def test_json_has_the_facts_behind_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(make_run(tmp_path / "run")), "--json"]) == 0
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert list(told) == [
        *(
            "data",
            "synthetic",
            "suite",
            "partial",
            "order",
            "notice",
            "trials_without_ef",
            "warnings",
            "failed",
            "failed_elsewhere",
            "missing",
        ),
        *("ranking", "pairs", "response", "breaks", "contests", "ef", "ef_response", "ef_contests"),
        *("across", "across_contests", "across_qualities", "across_orders", "experts"),
    ]
    assert (told["data"], told["synthetic"], told["suite"], told["partial"]) == (
        *("phantom", True, "noise-v1", True),
    )
    assert {"kind": "one seed", "text": "one training seed: seed variance unknown"} in told["warnings"]
    assert told["failed"] == {}
    assert {row["corruption"] for row in told["response"]} == {"haze", "blur"}
    assert streams.err == ""


def test_a_failed_trial_is_shown_on_stderr_and_by_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    (run / "trials/unet-s0/status.json").write_text(FAILED)
    assert main(["report", str(run)]) == 1
    words = capsys.readouterr()
    assert main(["report", str(run), "--json"]) == 1
    streams = capsys.readouterr()
    assert words.err == streams.err
    assert "failed: unet-s0: it burst" in streams.err
    assert json.loads(streams.out)["failed"] == {"unet-s0": "it burst"}
    assert [row["model"] for row in json.loads(streams.out)["ranking"]] == ["landmark7"]


def test_nothing_to_rank_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", entries=("unet",))
    (run / "trials/unet-s0/status.json").write_text(FAILED)
    assert main(["report", str(run), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["synthetic"], told["suite"], told["partial"], told["ranking"]) == (True, None, None, [])
    assert main(["report", str(run)]) == 1
    assert "nothing to rank" in capsys.readouterr().out


def test_markdown_goes_to_stdout_and_failures_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    (run / "trials/unet-s0/status.json").write_text(FAILED)
    assert main(["report", str(run), "--markdown"]) == 1
    streams = capsys.readouterr()
    assert "| landmark7 (landmark, 7 points) |" in streams.out
    assert "failed: unet-s0: it burst" in streams.err
    assert main(["report", str(run), "--markdown", "--json"]) == 2
    assert "give only one of them" in capsys.readouterr().err


def test_rows_can_be_ordered_by_the_ejection_fraction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(make_run(tmp_path / "run", swap_volumes=True))
    assert main(["report", run]) == 0
    plain = capsys.readouterr().out
    assert plain.index("unet") < plain.index("landmark7")
    assert NO_MEDICAL_DEVICE not in " ".join(plain.split()), "it states no ejection fraction"
    assert main(["report", run, "--by", "ef"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("landmark7") < printed.index("unet")
    said = " ".join(printed.split())
    assert "EF error" in said
    assert "the rows are ordered by the EF error under part of noise-v1, the smallest first" in said
    assert "ranks and groups are those of mDice-N1" in said
    assert NO_MEDICAL_DEVICE in said
    assert main(["report", run, "--by", "ef", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["order"] == "ef"
    assert [(row["model"], row["rank"]) for row in told["ranking"]] == [("landmark7", 2), ("unet", 1)]
    assert told["notice"] == NO_MEDICAL_DEVICE


def test_a_run_without_volumes_cannot_be_ordered_by_the_ejection_fraction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    forget_volumes(run)
    assert main(["report", str(run), "--by", "ef"]) == 2
    assert "by: the scores are of an earlier version" in capsys.readouterr().err
    assert main(["report", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told["trials_without_ef"]) == ["landmark7-s0", "unet-s0"]
    assert told["ef"] == told["ef_response"] == told["ef_contests"] == []
