"""Ranks one run or several. Runs are merged if frames and noise are the same, and refused otherwise."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, UsageError
from lvzoo.run import RunFolder
from lvzoo.types import CLEAN, Condition, Recipe
from lvzoo.types.results import OWN_CLEAN
from lvzoo.weights.trained import digest_file
from tests.made_across import edit_run
from tests.made_runs import CONDITIONS, forget_volumes, make_run


def test_a_run_is_ranked_from_its_files(tmp_path: Path) -> None:
    result = lvzoo.compare(make_run(tmp_path / "run", seeds=2))
    assert result.ranking["model"].tolist() == ["unet", "landmark7"]
    assert result.ranking["seeds"].tolist() == [2, 2]
    assert set(result.response["corruption"]) == {"haze", "blur"}
    assert result.study is not None
    assert result.study.ranking.models["unet"].ms_per_frame == 1.5, "the median of the seeds' times"
    files = {path.relative_to(result.folder).as_posix() for path in result.folder.rglob("*.*")}
    tables = {f"tables/{name}.csv" for name in ("pairs", "response", "breaks", "contests", "challenge")}
    assert files >= {"report.html", "ranking.csv", *tables}
    assert result._repr_html_().count("landmark7") >= 1


def test_runs_on_the_same_frames_are_ranked_together(tmp_path: Path) -> None:
    first, second = make_run(tmp_path / "a"), make_run(tmp_path / "b", entries=("other",))
    result = lvzoo.compare(first, second)
    assert result.ranking["model"].tolist() == ["unet", "landmark7", "other"]
    assert result.folder.parent == tmp_path
    assert result.folder not in (first, second)
    assert lvzoo.compare(second, first).folder == result.folder, "the same runs find the same place"


def test_a_trial_that_lies_in_two_runs_counts_once(tmp_path: Path) -> None:
    first, second = make_run(tmp_path / "a"), make_run(tmp_path / "b", entries=("unet", "other"))
    assert lvzoo.compare(first, second).ranking["seeds"].tolist() == [1, 1, 1]


def scored(folder: Path, entry: str, weights: dict[int, str], files: dict[str, str] | None = None) -> Path:
    """Write a run of models that were trained before, with the digests of their weights by seed."""
    return make_run(folder, entries=(entry,), fingerprint=None, weights={entry: weights}, files=files)


def test_equal_cards_with_other_weights_are_two_models(tmp_path: Path) -> None:
    first = scored(tmp_path / "a", "unet", {3: "aaaaaaaa"}, {"unet-s3": "one"})
    second = scored(tmp_path / "b", "unet", {3: "bbbbbbbb"}, {"unet-s3": "two"})
    scores = second / "trials/unet-s3/scores.parquet"
    pd.read_parquet(scores).assign(dice=0.5).to_parquet(scores)
    result = lvzoo.compare(first, second)
    assert set(result.ranking["model"]) == {"unet (one)", "unet (two)"}
    assert set(lvzoo.compare(second, first).ranking["model"]) == {"unet (one)", "unet (two)"}
    assert result.scores.query("model == 'unet (two)'")["dice"].eq(0.5).all()
    assert result.study is not None
    assert {each.model for each in result.study.specimens} == {"unet (one)", "unet (two)"}
    assert "unet (two)" in result.report.read_text()
    assert lvzoo.compare(first).ranking["model"].tolist() == ["unet"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (None, {"unet (aaaaaa)", "unet (bbbbbb)"}),
        ({"unet-s3": "same"}, {"unet (aaaaaa)", "unet (bbbbbb)"}),
        ({"unet-s3": "x\x1b[2K", "unet-s4": "y"}, {"unet (x\\x1b[2K)", "unet (x\\x1b[2K, y and 1 more)"}),
    ],
    ids=["an earlier version's", "files of one name", "control characters"],
)
def test_models_whose_files_have_no_clear_names_are_told_apart(
    tmp_path: Path, files: dict[str, str] | None, names: set[str]
) -> None:
    first = scored(tmp_path / "a", "unet", {3: "aaaaaaaa"}, files)
    more = {4: "c", 5: "d"} if files and len(files) > 1 else {}
    second = scored(tmp_path / "b", "unet", {3: "bbbbbbbb", **more}, files and {**files, "unet-s5": "z"})
    assert set(lvzoo.compare(first, second).ranking["model"]) == names


def test_the_same_weights_in_two_runs_are_one_model(tmp_path: Path) -> None:
    first = scored(tmp_path / "a", "unet", {3: "aaaa"}, {"unet-s3": "one"})
    copied = scored(tmp_path / "b", "unet", {3: "aaaa"}, {"unet-s3": "copy"})
    renamed = scored(tmp_path / "c", "other", {3: "aaaa"}, {"other-s3": "other"})
    unlike = scored(tmp_path / "e", "other", {3: "aaaa"}, {"other-s3": "other"})
    for folder, key in ((first, "unet"), (copied, "unet"), (renamed, "unet"), (unlike, "another network")):
        for path in folder.glob("trials/*/status.json"):
            path.write_text(json.dumps({**json.loads(path.read_text()), "model_key": key}))
    assert lvzoo.compare(first, copied, renamed).ranking["model"].tolist() == ["unet"]
    assert set(lvzoo.compare(first, unlike).ranking["model"]) == {"unet", "other"}


def test_another_seed_in_another_run_is_a_seed_of_the_same_model(tmp_path: Path) -> None:
    first = scored(tmp_path / "a", "unet", {3: "aaaa"}, {"unet-s3": "one"})
    second = scored(tmp_path / "b", "unet", {4: "bbbb"}, {"unet-s4": "two"})
    table = lvzoo.compare(first, second).ranking
    assert table[["model", "seeds"]].to_numpy().tolist() == [["unet", 2]]


def test_weights_of_a_benchmark_are_told_from_a_file_with_their_card(tmp_path: Path) -> None:
    bench = make_run(tmp_path / "bench", entries=("unet",), seeds=2)
    for seed in (0, 1):
        (bench / f"trials/unet-s{seed}/model.safetensors").write_text(f"weights {seed}")
    own = digest_file(bench / "trials/unet-s1/model.safetensors")
    again = scored(tmp_path / "again", "unet", {1: own}, {"unet-s1": "unet-s1"})
    other = scored(tmp_path / "other", "unet", {1: "bbbb"}, {"unet-s1": "mine"})
    table = lvzoo.compare(bench, again, other).ranking.set_index("model")
    assert table["seeds"].to_dict() == {"unet (bench)": 2, "unet (mine)": 1}
    called = scored(tmp_path / "called", "other", {1: own}, {"other-s1": "unet-s1"})
    for path in called.glob("trials/*/status.json"):
        path.write_text(path.read_text().replace("k-other", "k-unet"))
    for order in ((bench, called), (called, bench)):
        assert lvzoo.compare(*order).ranking["model"].tolist() == ["unet"], "in whatever order"
    repeated = make_run(tmp_path / "repeated", entries=("unet",), seeds=2)
    (repeated / "trials/unet-s1/model.safetensors").write_text("rounded differently by another computer")
    assert lvzoo.compare(bench, repeated).ranking["model"].tolist() == ["unet"]


def test_a_run_of_an_earlier_version_knows_no_weights(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", entries=("unet",), fingerprint=None)
    second = scored(tmp_path / "b", "unet", {0: "bbbb"}, {"unet-s0": "two"})
    assert lvzoo.compare(first, second).ranking["model"].tolist() == ["unet"]


def test_the_two_tracks_of_an_entry_are_two_models(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a")
    second = make_run(tmp_path / "b", recipe=Recipe(augment="noise"))
    table = lvzoo.compare(first, second).ranking.set_index("model")
    assert set(table.index) == {"unet", "landmark7", "unet+noise", "landmark7+noise"}
    assert table["augmented"].to_dict()["unet+noise"]
    assert not table["augmented"].to_dict()["unet"]
    assert not table["own_recipe"].any(), "the track is said by itself"


def test_another_recipe_is_marked(tmp_path: Path) -> None:
    one = make_run(tmp_path / "a", recipes={"unet": Recipe(epochs=99)})
    assert lvzoo.compare(one).ranking.set_index("model")["own_recipe"].to_dict() == {
        "unet": True,
        "landmark7": False,
    }
    other = make_run(tmp_path / "b", entries=("other",), recipe=Recipe(epochs=3))
    merged = lvzoo.compare(make_run(tmp_path / "c"), other).ranking.set_index("model")
    assert merged["own_recipe"].to_dict() == {"unet": False, "landmark7": False, "other": True}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"fingerprint": "beef"}, r"its data \(phantom beef\) are not those of .*a \(phantom f00d\)"),
        ({"suite": "noise-v0"}, r"its noise \(noise-v0 \w+\) are not those of .*a \(noise-v1 \w+\)"),
        ({"noise_digest": "n02"}, r"its noise \(noise-v1 n02\) are not those"),
        (
            {"conditions": (CLEAN, Condition(corruption="haze", severity=1))},
            r"its conditions are not those of .*: it lacks blur:1, blur:5, haze:5;",
        ),
        ({"key": "other"}, r"unet was trained with other settings or code in .*b/trials/unet-s0"),
    ],
)
def test_other_data_noise_or_versions_are_refused(tmp_path: Path, other: dict[str, str], reason: str) -> None:
    first, second = make_run(tmp_path / "a"), make_run(tmp_path / "b", **other)  # type: ignore[arg-type] # mixed
    with pytest.raises(UsageError, match=reason):
        lvzoo.compare(first, second)


def test_same_frames_under_another_name_are_the_same_data(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, entries=(name,)) for name in ("one", "two")]
    edit_run(runs[1], name="renamed-folder", synthetic=True)
    assert set(lvzoo.compare(*runs).ranking["model"]) == {"one", "two"}


@pytest.mark.parametrize("order", list(itertools.permutations("abe")))
def test_other_training_data_are_refused_in_whatever_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    """A run of models that were trained before (e) has no training data to compare."""
    prints = {"a": "f00d", "b": "beef", "e": None}
    runs = {
        name: make_run(tmp_path / name, entries=(entry,), fingerprint=prints[name])
        for name, entry in zip("abe", ("unet", "landmark7", "other"), strict=True)
    }
    with pytest.raises(UsageError, match=r"its data \(phantom \w+\) are not those of"):
        lvzoo.compare(*(runs[name] for name in order))
    assert set(lvzoo.compare(runs["e"], runs["a"]).ranking["model"]) == {"unet", "other"}


def test_unequal_frames_are_named_and_nothing_is_ranked(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    path = run / "trials/unet-s0/scores.parquet"
    scores = pd.read_parquet(path)
    scores[scores["video"] != "p03"].to_parquet(path)
    with pytest.raises(DataError, match=r"unet seed 0 lacks 10 of 120 scores \(p03 frame 3"):
        lvzoo.compare(run)
    assert not (run / "report.html").exists()


def test_a_trial_that_failed_is_named_and_the_others_are_ranked(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "trials/unet-s0/status.json").write_text('{"state": "failed", "error": "it burst"}')
    result = lvzoo.compare(run)
    assert result.failed == {"unet-s0": "it burst"}
    assert result.ranking["model"].tolist() == ["landmark7"]
    assert "it burst" in result.report.read_text()
    (run / "trials/landmark7-s0/status.json").unlink()
    nothing = lvzoo.compare(run)
    assert nothing.study is None
    assert nothing.ranking.empty
    assert nothing.missing == {"landmark7-s0": "not begun"}
    assert "missing: 1 of 2 trials (landmark7-s0)" in nothing._repr_html_()


def test_trials_that_are_missing_running_or_failed_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", seeds=3)
    for name, state in (("unet-s1", "failed"), ("unet-s2", "training"), ("landmark7-s1", "failed")):
        (run / f"trials/{name}/status.json").write_text(json.dumps({"state": state, "error": "it burst"}))
    (run / "trials/landmark7-s2/status.json").unlink()
    line = (
        "missing: 3 of 6 trials (unet-s2, landmark7-s1 now running, landmark7-s2); run the other shards, or repeat "
        "the command of the run"
    )
    with RunFolder(path=run).trial("landmark7-s1").lock.hold(print):
        result = lvzoo.compare(run)
        assert result.failed == {"unet-s1": "it burst"}
        assert result.missing == {
            "unet-s2": "begun, not finished",
            "landmark7-s1": "being trained or tested now",
            "landmark7-s2": "not begun",
        }
        assert main(["report", str(run)]) == 1
        told = capsys.readouterr()
        assert told.err.splitlines() == [
            "failed: unet-s1: it burst (more in trials/unet-s1/status.json)",
            line,
        ]
        assert f"M{line[1:]}." in result.report.read_text()
        assert main(["report", str(run), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["missing"] == dict(result.missing)
        assert main(["report", str(run), "--markdown"]) == 1
        assert f"- {line}\n" in capsys.readouterr().out
    assert lvzoo.compare(run).failed == {"unet-s1": "it burst", "landmark7-s1": "it burst"}


def test_break_points_have_the_datas_own_reference_or_the_one_given(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert set(lvzoo.compare(run).breaks["reference"]) == {OWN_CLEAN, "tracing against truth", "Dice 0.90"}
    given = lvzoo.compare(run, reference=0.8).breaks
    assert set(given["reference"]) == {OWN_CLEAN, "Dice 0.80"}
    given = given[given["reference"] == "Dice 0.80"]
    assert given.set_index(["model", "corruption"])["severity"].between(2, 4.5).all(), (
        "0.9 - .03 s passes 0.8"
    )
    with pytest.raises(UsageError, match="a Dice between 0 and 1"):
        lvzoo.compare(run, reference=85)
    real = make_run(tmp_path / "real", reader_dice=None)
    assert set(lvzoo.compare(real).breaks["reference"]) == {OWN_CLEAN, "Dice 0.90"}


def test_frames_can_be_kept_out_of_the_report(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    shown = lvzoo.compare(run).report.read_text()
    hidden = lvzoo.compare(run, frames=False).report.read_text()
    assert "data:image/png" in shown
    assert "data:image" not in hidden


def test_a_damaged_or_foreign_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no run of lvzoo here \(run.json is missing\)"):
        lvzoo.compare(tmp_path)
    with pytest.raises(UsageError, match="no run was given"):
        lvzoo.compare()
    run = make_run(tmp_path / "run")
    facts = run / "trials/unet-s0/facts.json"
    facts.write_text(facts.read_text()[:-30])
    with pytest.raises(DataError, match=r"facts.json: cannot be read .*; run again"):
        lvzoo.compare(run)
    known = json.loads((run / "run.json").read_text())
    del known["settings"]["recipe"]
    (run / "run.json").write_text(json.dumps(known))
    with pytest.raises(DataError, match=r"run.json is not as this version of lvzoo writes it \(KeyError"):
        lvzoo.compare(run)
    (run / "run.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"run.json: damaged \(it is nested too deeply\)"):
        lvzoo.compare(run)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("settings",), []),
        (("settings", "entries"), ["unet"]),
        (("settings", "seeds"), 2**40),
        (("settings", "seeds"), "two"),
        (("settings", "resamples"), 10**12),
        (("settings", "resamples"), 1e999),
        (("settings", "suite"), 1),
        (("settings", "recipe", "epochs"), {"a": "b"}),
        (("reader_dice",), "high"),
        (("findings",), [3]),
        (("computed",), {"device": 5}),
        (("data", "test", "patients"), None),
        (("data", "test", "version"), ["v"]),
    ],
)
def test_numbers_and_texts_that_no_run_has_are_told(
    tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    run = make_run(tmp_path / "run", entries=("unet",))
    known = inner = json.loads((run / "run.json").read_text())
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    (run / "run.json").write_text(json.dumps(known))
    with pytest.raises(DataError, match=r"run: run.json is not as this version of lvzoo writes it \("):
        lvzoo.compare(run)


def test_the_command_prints_the_ranking_and_where_the_report_lies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    assert main(["report", str(run), "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "unet" in out
    assert "synthetic" in out
    assert f"report: {tmp_path / 'out' / 'report.html'}" in out
    assert main(["report", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["model"] for row in told["ranking"]] == ["unet", "landmark7"]
    assert np.isfinite(told["ranking"][0]["headline"])
    assert main(["report", str(tmp_path / "nowhere")]) == 4
    assert "no run of lvzoo here" in capsys.readouterr().err


def test_the_challenge_table_has_a_row_a_task_model_and_patient(tmp_path: Path) -> None:
    result = lvzoo.compare(make_run(tmp_path / "run"))
    table = pd.read_csv(result.folder / "tables/challenge.csv")
    assert set(table.columns) == {"task", "algorithm", "case", "value"}
    assert len(table) == table["task"].nunique() * 2 * 12
    assert len(CONDITIONS) == 5


def test_seeds_of_two_trainings_are_never_averaged(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a")
    second = make_run(tmp_path / "b", seeds=2, recipe=Recipe(epochs=1), key="other")
    (second / "trials/unet-s0/status.json").unlink()
    (second / "trials/landmark7-s0/status.json").unlink()
    with pytest.raises(UsageError, match=r"unet was trained with other settings or code in .*unet-s1"):
        lvzoo.compare(first, second)


def test_the_mark_is_of_the_trial_that_is_ranked(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a")
    second = make_run(tmp_path / "b", entries=("unet",), recipe=Recipe(epochs=99), key="other")
    (first / "trials/unet-s0/status.json").write_text('{"state": "failed", "error": "it burst"}')
    table = lvzoo.compare(first, second).ranking.set_index("model")
    assert table["own_recipe"].to_dict() == {"unet": True, "landmark7": False}


def test_a_run_under_an_earlier_suite_of_the_same_name_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", noise_digest="0123456789abcdef")
    with pytest.raises(UsageError, match=r"tested under another noise-v1 \(0123456789abcdef\)"):
        lvzoo.compare(run)


def test_nothing_of_others_is_overwritten(tmp_path: Path) -> None:
    first, second = make_run(tmp_path / "a"), make_run(tmp_path / "b", entries=("other",))
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ranking.csv").write_text("years of work")
    with pytest.raises(DataError, match=r"holds no report of lvzoo"):
        lvzoo.compare(first, out=mine)
    assert (mine / "ranking.csv").read_text() == "years of work"
    with pytest.raises(DataError, match=r"is the folder of a run, whose own report would be lost"):
        lvzoo.compare(first, second, out=second)
    with pytest.raises(DataError, match=r"is a file"):
        lvzoo.compare(first, out=mine / "ranking.csv")
    assert lvzoo.compare(first, out=first).folder == first
    assert lvzoo.compare(first, second, out=tmp_path / "new").report.exists()
    assert lvzoo.compare(first, out=tmp_path / "new").report.exists(), "a report may be made again"


def test_runs_that_were_scored_by_different_code_are_not_ranked_together(tmp_path: Path) -> None:
    """Also if they share no model: an edited metric scores again without training."""
    older, newer = (
        make_run(tmp_path / "a", entries=("unet",)),
        make_run(tmp_path / "b", entries=("landmark7",)),
    )
    status = newer / "trials/landmark7-s0/status.json"
    status.write_text(json.dumps({**json.loads(status.read_text()), "scoring_code": "edited"}))
    with pytest.raises(UsageError, match=r"landmark7-s0 was scored by other code than .*unet-s0"):
        lvzoo.compare(older, newer)


def test_ejection_fractions_are_tables_of_their_own(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", seeds=2, swap_volumes=True)
    result = lvzoo.compare(run)
    assert set(result.ef["scope"]) == {"overall", "clean", "acoustic", "resolution"}
    assert result.ef.query("scope == 'overall'")["model"].tolist() == ["unet", "landmark7"]
    assert set(result.ef_response["severity"]) == {0, 1, 5}
    assert set(result.ef_contests["reference"]) == {"tracings", "listed"}
    ordered = lvzoo.compare(run, by="ef")
    assert ordered.ranking[["model", "rank"]].to_numpy().tolist() == [["landmark7", 2], ["unet", 1]]
    assert pd.read_csv(run / "ranking.csv")["model"].tolist() == ["landmark7", "unet"]
    assert lvzoo.compare(run).ranking["model"].tolist() == ["unet", "landmark7"]
    with pytest.raises(UsageError, match=r"by: no order 'EF'; use 'headline' or 'ef'"):
        lvzoo.compare(run, by="EF")  # type: ignore[arg-type] # a user's mistake


def test_a_run_of_an_earlier_version_is_ranked_without_ejection_fractions(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    complete = lvzoo.compare(run)
    forget_volumes(run)
    result = lvzoo.compare(run)
    pd.testing.assert_frame_equal(result.ranking, complete.ranking)
    assert result.ef.empty
    assert result.scores["volume_pred"].isna().all()
    assert "Ejection fraction: not known" in result.report.read_text()
    with pytest.raises(UsageError, match="by: the scores are of an earlier version"):
        lvzoo.compare(run, by="ef")
