"""`lvzoo report`: its JSON has the facts needed to read the numbers; failures set stderr and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lvzoo.cli import main
from tests.made_runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FAILED = '{"state": "failed", "error": "it burst"}'


def test_json_has_the_facts_behind_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(make_run(tmp_path / "run")), "--json"]) == 0
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert list(told) == [
        *("data", "synthetic", "suite", "partial", "warnings", "failed"),
        *("ranking", "pairs", "response", "breaks", "contests"),
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
