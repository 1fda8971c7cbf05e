"""A run whose models are also scored on other data sets: what is compared, what is repeated, what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, UsageError
from lvzoo.phantom.write import cached_phantom, write_phantom
from lvzoo.run import read_run
from lvzoo.types import Source
from lvzoo.workflows.also import OtherSet, _choose_folders
from lvzoo.workflows.seen import Seen
from tests.made_across import DROPS, edit_run, make_across
from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvzoo.workflows.compare import Comparison
    from tests.conftest import Install

SMALL: Final[dict[str, Any]] = {
    "preset": "smoke",
    "corruptions": ("blur",),
    "severities": (1,),
    "resamples": 50,
    "executor": "inline",
}
WEIGHTS: Final = "model.safetensors"


# --- What is compared, on made-up scores ------------------------------------------------------------------------


def test_a_report_compares_the_run_with_those_below_it(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus", "pediatric")
    result = lvzoo.compare(run)
    assert list(dict.fromkeys(result.across["set"])) == ["phantom", "camus", "pediatric"]
    clean = result.across.pivot_table(index="model", columns="set", values="clean")
    grades = 0.02  # the mean of what poor and medium pictures lose
    for model, drop in DROPS.items():
        assert clean["phantom"][model] - clean["camus"][model] == pytest.approx(drop + grades)
    written = pd.read_csv(run / "across.csv")
    assert written["synthetic"].tolist() == [True] * 3 + [False] * 6
    assert set(written["data"]) == {"phantom", "camus", "pediatric"}
    assert list(dict.fromkeys(result.across_qualities["quality"])) == ["Good", "Medium", "Poor"]
    assert len(pd.read_csv(run / "tables/across_qualities.csv")) == 2 * 3 * 3
    assert set(result.across_orders["quality"]) == {"", "Poor"}
    assert set(result.across_contests["set"]) == {"phantom", "camus", "pediatric"}


def test_the_ranking_of_the_run_is_as_it_would_be_alone(tmp_path: Path) -> None:
    alone = lvzoo.compare(make_across(tmp_path / "alone"))
    beside = lvzoo.compare(make_across(tmp_path / "beside", "camus"))
    for name in ("ranking", "pairs", "contests", "response"):
        pd.testing.assert_frame_equal(getattr(alone, name), getattr(beside, name))
    assert alone.across.empty
    assert not (alone.folder / "across.csv").exists()


def test_intervals_are_those_of_the_own_report_of_a_set(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    own = lvzoo.compare(run / "also/camus").ranking.set_index("model")
    shown = lvzoo.compare(run).across.query("set == 'camus'").set_index("model")
    for column in ("clean", "clean_low", "clean_high", "headline", "headline_low", "headline_high"):
        pd.testing.assert_series_equal(shown[column].sort_index(), own[column].sort_index())


def test_scores_of_weights_that_the_run_no_longer_has_do_not_count(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    (run / "trials/unet-s0" / WEIGHTS).write_bytes(b"trained again")
    result = lvzoo.compare(run)
    there = result.across[result.across["set"] == "camus"]
    assert set(there["model"]) == {"landmark7", "other"}
    assert result.study is not None
    assert result.study.across is not None
    told = result.study.across.left_out
    assert told["unet-s0 on camus"].startswith("the model was trained or scored again since then")
    assert (
        "Not compared: unet-s0 on camus: the model was trained or scored again" in result.report.read_text()
    )


def test_scores_of_other_code_than_those_at_home_do_not_count(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    status = run / "also/camus/trials/other-s0/status.json"
    status.write_text(json.dumps({**json.loads(status.read_text()), "scoring_code": "older"}))
    result = lvzoo.compare(run)
    assert set(result.across.query("set == 'camus'")["model"]) == {"unet", "landmark7"}


def test_a_set_under_other_noise_is_left_out_with_its_reason(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus", "pediatric")
    path = run / "also/camus/run.json"
    known = json.loads(path.read_text())
    known["settings"]["noise"] = "another"
    path.write_text(json.dumps(known))
    result = lvzoo.compare(run)
    assert set(result.across["set"]) == {"phantom", "pediatric"}
    assert "Not compared: camus: was tested under other noise than the run" in result.report.read_text()


def test_the_reason_is_told_also_if_no_set_remains(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    for weights in run.glob(f"trials/*/{WEIGHTS}"):
        weights.write_bytes(b"trained again")
    result = lvzoo.compare(run)
    assert set(result.across["set"]) == {"phantom"}
    assert "Not compared: camus: no model was tested there" in result.report.read_text()


def test_a_trial_that_failed_elsewhere_is_told_and_the_command_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_across(tmp_path / "run", "camus")
    status = run / "also/camus/trials/unet-s0/status.json"
    status.write_text(json.dumps({"state": "failed", "error": "boom"}))
    assert main(["report", str(run)]) == 1
    told = capsys.readouterr()
    assert "failed: unet-s0 on camus: boom (more in also/camus/trials/unet-s0/status.json)" in told.err
    assert lvzoo.compare(run).failed_elsewhere == {"unet-s0 on camus": "boom"}
    assert not lvzoo.compare(run).failed


def test_a_report_forgets_sets_that_are_gone(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    lvzoo.compare(run)
    (run / "also/camus/run.json").unlink()
    lvzoo.compare(run)
    assert not (run / "across.csv").exists()
    assert not list((run / "tables").glob("across*"))


def test_a_set_with_picture_qualities_shows_them_in_its_own_report(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    result = lvzoo.compare(run / "also/camus")
    assert list(dict.fromkeys(result.across_qualities["quality"])) == ["Good", "Medium", "Poor"]
    assert "<h2>Picture quality</h2>" in result.report.read_text()


def test_json_and_markdown_have_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_across(tmp_path / "run", "camus")
    edit_run(run / "also/camus", name="phantom-gain", synthetic=True)
    main(["report", str(run), "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["across"]) == 6
    assert {"across_contests", "across_qualities", "across_orders"} <= shown.keys()
    main(["report", str(run), "--markdown"])
    text = capsys.readouterr().out
    assert "**Clean Dice on each test set \\[95 % CI\\]**" in text
    assert "| model | phantom (home, synthetic) | camus (synthetic) |" in text


def test_sets_of_one_name_get_different_names(tmp_path: Path) -> None:
    home = read_run(make_across(tmp_path / "run", "camus"))

    def other(folder: str, name: str, fingerprint: str) -> OtherSet:
        source = Source(name=name, version="1", fingerprint=fingerprint)
        unseen = Seen(frames=0, tested=1, patients=())
        return OtherSet(folder=tmp_path / folder, options={}, source=source, seen=unseen)

    others = [
        other("a/camus", "camus", "1111111"),  # a folder of masks that is called like the data set
        other("b/test", "test", "2222222"),
        other("c/test", "test", "3333333"),
        other("d/c/test", "test", "4444444"),
        other("phantom", "phantom", "5555555"),
        other("renamed", "renamed", "f"),  # the frames that also/camus has
    ]
    names = [path.name for path in _choose_folders(home, others)]
    assert names[:4] == ["camus-a", "test", "test-c", "test-c-444444"]
    assert names[4:] == [f"phantom-{tmp_path.name}", "camus"]


# --- What is done, on small phantoms ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folders of two phantoms: one drawn from shifted ranges, one of other patients."""
    folder = tmp_path_factory.mktemp("sets")
    gain = write_phantom(folder / "gain", size="smoke", seed=1, shift="gain", workers=1)
    return gain, write_phantom(folder / "ward", size="smoke", seed=2, workers=1)


@pytest.fixture
def names(install_plugin: Install) -> str:
    """Install three quick models, and return their names."""
    code = declare("one", "two", "three", package="quick_dist")
    more = "class Two(One):\n    pass\n\nclass Three(One):\n    pass\n"
    install_plugin("quick", code, files={"model.py": f"{network('One')}\n{more}"})
    return "one,two,three"


def bench(names: str, out: Path, also: Sequence[Path], **options: Any) -> tuple[Comparison, list[str]]:  # noqa: ANN401 - arguments of `lvzoo.bench`
    """Run the benchmark; return its result and the steps of its trials."""
    steps: list[str] = []
    result = lvzoo.bench(
        names,
        out=out,
        also=also,
        on_event=lambda trial, event: steps.append(f"{trial} {event.step}") if trial else None,
        **{**SMALL, **options},
    )
    return result, steps


@pytest.mark.slow
def test_sets_can_be_added_and_nothing_is_trained_again(
    names: str, sets: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gain, ward = sets
    run = tmp_path / "run"
    first, steps = bench(names, run, [gain])
    assert "one-s0 training" in steps
    assert list(dict.fromkeys(first.across["set"])) == ["phantom", "phantom-gain"]
    assert (run / "also/phantom-gain/report.html").is_file()
    assert "--also gain" in json.loads((run / "run.json").read_text())["command"]
    weights = {path: path.stat().st_mtime_ns for path in run.rglob(WEIGHTS)}
    scored = {path: path.stat().st_mtime_ns for path in (run / "also").rglob("scores.parquet")}

    again, steps = bench(names, run, [gain])
    assert steps == []
    pd.testing.assert_frame_equal(again.across, first.across)

    more, steps = bench(names, run, [gain, ward])
    assert not [step for step in steps if step.endswith(("training", "epoch"))]
    assert list(dict.fromkeys(more.across["set"])) == ["phantom", "phantom-gain", "phantom-ward"]
    assert {path: path.stat().st_mtime_ns for path in weights} == weights
    assert {path: path.stat().st_mtime_ns for path in scored} == scored
    pd.testing.assert_frame_equal(more.ranking, first.ranking)

    # the same as `lvzoo eval` gives
    trials = [run / f"trials/{name}-s0" for name in names.split(",")]
    kept = {name: SMALL[name] for name in ("corruptions", "severities", "resamples", "executor")}
    alone = lvzoo.score(trials, data=ward, out=tmp_path / "eval", **kept)
    shown = more.across.query("set == 'phantom-ward'").set_index("model")["headline"]
    pd.testing.assert_series_equal(
        shown.sort_index(), alone.ranking.set_index("model")["headline"].sort_index()
    )
    assert main(["report", str(run)]) == 0
    assert "phantom-ward" in capsys.readouterr().out


@pytest.mark.slow
def test_a_finished_run_with_other_sets_is_shown_again_without_torch(
    names: str, sets: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    bench(names, run, sets)
    code = (
        "import sys, lvzoo\n"
        f"result = lvzoo.bench({names!r}, out={str(run)!r}, also={[str(each) for each in sets]!r}, **{SMALL!r})\n"
        "print(len(result.across), 'torch' in sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout == "9 False\n"


@pytest.mark.slow
def test_the_last_shard_scores_the_other_sets(names: str, sets: tuple[Path, Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, _ = bench(names, run, sets[:1], shard="1/2")
    assert first.study is None
    assert not (run / "also").exists()
    second, _ = bench(names, run, sets[:1], shard="2/2")
    assert list(second.across["set"]) == ["phantom"] * 3 + ["phantom-gain"] * 3


@pytest.mark.slow
def test_a_model_that_fails_at_home_is_left_out_elsewhere_until_it_works(
    install_plugin: Install, sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = declare("sound", "moody", package="moods_dist")
    bursts = network(
        "Moody",
        "import os",
        'if "MOODY" in os.environ: raise RuntimeError("boom")',
        "return self.conv(frames_B1HW)",
    )
    install_plugin("moods", code, files={"model.py": network("Sound") + bursts})
    monkeypatch.setenv("MOODY", "1")
    run = tmp_path / "run"
    first, _ = bench("sound,moody", run, sets[:1])
    assert list(first.failed) == ["moody-s0"]
    assert set(first.across["model"]) == {"sound"}
    monkeypatch.delenv("MOODY")
    second, steps = bench("sound,moody", run, sets[:1])
    assert not [step for step in steps if step.startswith("sound-s0 training")]
    assert sorted(second.across["model"]) == ["moody"] * 2 + ["sound"] * 2


@pytest.mark.slow
def test_the_run_has_its_report_even_if_another_set_cannot_be_tested(
    names: str, sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise DataError("the tracings of the experts do not parse")

    monkeypatch.setattr("lvzoo.workflows.carry_out.score_others", fail)
    with pytest.raises(DataError, match="do not parse"):
        bench(names, tmp_path / "run", sets[:1])
    assert (tmp_path / "run/report.html").is_file()


def test_the_test_frames_of_the_run_itself_are_refused_before_training(names: str, tmp_path: Path) -> None:
    folder = cached_phantom(size="smoke", seed=0)
    with pytest.raises(UsageError, match="are the test frames of the run itself"):
        bench(names, tmp_path / "run", [folder], data=folder)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_data_set_is_refused_before_training(names: str, tmp_path: Path) -> None:
    with pytest.raises(lvzoo.LvzooError, match="no such folder"):
        bench(names, tmp_path / "run", [tmp_path / "nowhere"])
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError, match="also is empty"):
        bench(names, tmp_path / "run", [Path("gain"), ""])  # type: ignore[list-item]
