"""`lvzoo.score` tests trained models without training: with the scores of their own run, correct names and marks."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, PluginError, RunError, UsageError
from lvzoo.models.build import build_model
from lvzoo.phantom import write
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import Recipe
from lvzoo.weights import KEY, Counts
from lvzoo.workflows.compare import Comparison
from tests.made_weights import CARD, TRAINED_ON, small_entry, write_weights

NOISE: dict[str, Any] = {"corruptions": ("blur", "haze"), "severities": (1,), "resamples": 200}
FAST: dict[str, Any] = {**NOISE, "phantom_size": "smoke", "executor": "inline", "frames": False}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, registry: Path) -> Comparison:
    """Two models, one of them with two seeds, trained and tested together."""
    out = tmp_path_factory.mktemp("runs") / "bench"
    options: dict[str, Any] = {"preset": "smoke", "executor": "inline", "registries": [registry]}
    return lvzoo.bench("small,points", seeds=2, out=out, **options, **NOISE)


def trials(run: Comparison, *names: str) -> list[Path]:
    return [run.folder / "trials" / name for name in names]


def test_a_trial_gets_the_scores_that_its_own_run_gave(bench: Comparison, tmp_path: Path) -> None:
    names = ("small-s0", "small-s1", "points-s0", "points-s1")
    again = lvzoo.score(trials(bench, *names), out=tmp_path / "eval", **FAST)
    pd.testing.assert_frame_equal(again.scores, bench.scores)
    assert again.ranking["model"].tolist() == bench.ranking["model"].tolist()
    assert again.ranking["seeds"].tolist() == [2, 2], "two seeds of one model are one model"
    assert not list((tmp_path / "eval").rglob("*.safetensors"))
    pd.testing.assert_frame_equal(lvzoo.compare(tmp_path / "eval").ranking, again.ranking)


def test_the_same_call_again_does_nothing_anew_and_other_weights_are_told(
    bench: Comparison, tmp_path: Path
) -> None:
    path = write_weights(tmp_path / "mine.safetensors")
    lvzoo.score(path, out=tmp_path / "eval", **FAST)
    steps: set[str] = set()
    lvzoo.score(path, out=tmp_path / "eval", on_event=lambda _name, event: steps.add(event.step), **FAST)
    assert "testing" not in steps
    write_weights(path, model=build_model(small_entry(), seed=4))
    with pytest.raises(UsageError, match=r"other settings: entries\.small\.weights is \["):
        lvzoo.score(path, out=tmp_path / "eval", **FAST)
    assert bench.folder.exists()


def named(result: Comparison) -> dict[str, str]:
    """Return the origin of each model of the ranking, by name."""
    assert result.study is not None
    return {name: facts.origin for name, facts in result.study.ranking.models.items()}


def test_unlike_models_of_one_name_are_called_as_their_files(bench: Comparison, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = write_weights(tmp_path / "a/one.safetensors")
    second = write_weights(tmp_path / "two.safetensors", seed=5, code="other")
    noisy = write_weights(tmp_path / "three.safetensors", recipe=Recipe(augment="noise"))
    [trial] = trials(bench, "small-s0")
    result = lvzoo.score([first, second, noisy, trial], out=tmp_path / "eval", **FAST)
    assert set(result.ranking["model"]) == {"one", "two", "small-s0", "small+noise"}
    assert result.ranking.set_index("model")["augmented"].to_dict()["small+noise"]
    third = write_weights(tmp_path / "a/two.safetensors", model=build_model(small_entry(), seed=4), seed=5)
    result = lvzoo.score([second, third], out=tmp_path / "more", **FAST)
    assert set(result.ranking["model"]) == {f"{tmp_path.name}-two", "a-two"}


def test_an_entry_with_weights_is_called_as_the_entry(tmp_path: Path) -> None:
    """The name of the trial that was packed does not count."""
    write_weights(tmp_path / "one.safetensors")
    write_weights(tmp_path / "two.safetensors", code="other")
    (tmp_path / "mine.yaml").write_text(
        "mine: {family: unet, options: {width: 4, levels: 2}, weights: one.safetensors}\n"
        "yours: {family: unet, options: {width: 4, levels: 2}, weights: two.safetensors}\n"
    )
    result = lvzoo.score(
        ["mine", "yours"], out=tmp_path / "eval", registries=[tmp_path / "mine.yaml"], **FAST
    )
    assert set(result.ranking["model"]) == {"mine", "yours"}


def test_a_file_s_name_is_not_taken_for_another_entry_s(bench: Comparison, tmp_path: Path) -> None:
    """Otherwise two models would count as one with two seeds."""
    first = write_weights(tmp_path / "points.safetensors", code="a")
    second = write_weights(tmp_path / "two.safetensors", code="b")
    with pytest.raises(UsageError, match=r"would both be called 'points' with seed 0, 3; .*rename its file"):
        lvzoo.score([*trials(bench, "points-s0"), first, second], out=tmp_path / "eval", **FAST)
    assert not (tmp_path / "eval").exists()


def test_two_runs_of_unlike_weights_with_one_card_are_two_models(tmp_path: Path) -> None:
    first = write_weights(tmp_path / "one.safetensors")
    second = write_weights(tmp_path / "two.safetensors", model=build_model(small_entry(), seed=4))
    copied = Path(shutil.copy(first, tmp_path / "copy.safetensors"))
    runs = [lvzoo.score(each, out=tmp_path / each.stem, **FAST).folder for each in (first, second, copied)]
    table = lvzoo.compare(*runs, frames=False).ranking.set_index("model")
    assert set(table.index) == {"small (one)", "small (two)"}
    assert table["clean"].nunique() == 2


def test_a_file_whose_name_has_control_characters_is_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write_weights(tmp_path / "one.safetensors")
    odd = write_weights(tmp_path / "a\x1b[2K\n\\b.safetensors", model=build_model(small_entry(), seed=4))
    words = ["--phantom-size", "smoke", "--corruptions", "none", "--resamples", "50", "--executor", "inline"]
    assert main(["eval", str(first), str(odd), *words, "--no-frames", "--out", str(tmp_path / "run")]) == 0
    assert "a_x1b[2K_n_b" in capsys.readouterr().out
    assert main(["eval", str(odd), str(odd), *words]) == 2
    printed = capsys.readouterr()
    assert "a\\x1b[2K\\n\\b.safetensors hold the same weights" in printed.err
    assert "\x1b" not in printed.out + printed.err


def test_a_card_from_elsewhere_writes_nothing_outside_of_its_run(tmp_path: Path) -> None:
    card = CARD.plain() | {"entry": "../../../escaped/x"}
    path = tmp_path / "evil.safetensors"
    save_file(build_model(small_entry()).state_dict(), path, metadata={KEY: json.dumps(card)})
    with pytest.raises(DataError, match=r"evil\.safetensors: its card is damaged \('entry' is"):
        lvzoo.score(path, out=tmp_path / "a/b/eval", **FAST)
    assert [each.name for each in tmp_path.rglob("*")] == ["evil.safetensors"]


def test_models_trained_here_and_elsewhere_are_told_apart(
    bench: Comparison, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [trial] = trials(bench, "points-s0")
    far = write_weights(tmp_path / "far.safetensors")
    result = lvzoo.score([trial, far], out=tmp_path / "eval", **FAST)
    assert named(result) == {"points": "here", "small": "elsewhere"}
    assert result.study is not None
    [told] = [each.text for each in result.study.ranking.warnings if each.kind == "trained before"]
    assert "points on the train split that belongs to this test split (synthetic phantom-v" in told
    assert "small on data that are not known to be of this data set (synthetic phantom-v9)" in told
    assert "differences may come from the training data" in told
    assert result.ranking.set_index("model").loc["small", "trained_on"] == "synthetic phantom-v9"
    assert main(["report", str(result.folder)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "small†§" in printed, "and by another recipe"
    assert "points§" not in printed
    assert "§ not known to be trained on the train split that belongs to this test split" in printed
    html = result.report.read_text()
    assert "small†§" in html
    assert "synthetic phantom-v9" in html


def test_a_model_that_has_seen_the_test_frames_is_told(bench: Comparison, tmp_path: Path) -> None:
    assert bench.study is not None
    seen = Counts(patients=6, frames=12, fingerprint=bench.source.fingerprint)
    cheat = dataclasses.replace(TRAINED_ON, splits={**TRAINED_ON.splits, "train": seen})
    result = lvzoo.score(
        write_weights(tmp_path / "x.safetensors", trained_on=cheat), out=tmp_path / "eval", **FAST
    )
    assert named(result) == {"small": "seen"}
    assert result.study is not None
    assert "small on THE VERY FRAMES THAT ARE TESTED" in result.study.ranking.warnings[0].text


def test_the_test_patients_of_beats_are_those_of_full(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"train": 2, "val": 1, "test": 2}
    sizes = {"beats": write.PhantomSize(**few, further=1), "full": write.PhantomSize(**few)}
    monkeypatch.setattr(write, "SIZES", {**write.SIZES, **sizes})
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    options: dict[str, Any] = {"preset": "smoke", "executor": "inline", "registries": [registry]}
    trial = lvzoo.fit("small", phantom_size="beats", out=tmp_path / "run", **options).trial
    model = lvzoo.pack(trial, out=tmp_path / "small.safetensors").path
    turned = Path(shutil.copytree(cached_phantom(size="full", seed=0), tmp_path / "turned"))
    lists = pd.read_csv(turned / "FileList.csv").replace({"Split": {"TRAIN": "TEST", "TEST": "TRAIN"}})
    lists.to_csv(turned / "FileList.csv", index=False)
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"phantom_size": "full"}, "here"),
        ({"phantom_size": "full", "phantom_seed": 1}, "elsewhere"),
        ({"phantom_size": "full", "shift": "gain"}, "elsewhere"),
        ({"phantom_size": None, "data": turned}, "seen"),
    )
    for number, (given, origin) in enumerate(cases):
        result = lvzoo.score(model, out=tmp_path / str(number), **{**FAST, "corruptions": (), **given})
        assert named(result) == {"small": origin}, given


def test_a_benchmark_says_nothing_of_it(bench: Comparison) -> None:
    assert bench.study is not None
    assert named(bench) == dict.fromkeys(bench.study.ranking.models, "run")
    assert "trained before" not in {each.kind for each in bench.study.ranking.warnings}
    assert set(bench.ranking["trained_on"]) == {""}


def test_the_recipe_of_the_most_is_what_others_are_held_against(bench: Comparison, tmp_path: Path) -> None:
    [trial] = trials(bench, "points-s0")
    other = write_weights(tmp_path / "other.safetensors", recipe=Recipe(epochs=1, augment="strong"))
    plain = write_weights(tmp_path / "plain.safetensors", recipe=Recipe(epochs=1))
    noisy = write_weights(tmp_path / "noisy.safetensors", recipe=Recipe(epochs=1, augment="noise"))
    own = lvzoo.score([trial, plain, other, noisy], out=tmp_path / "eval", **FAST).ranking
    assert own.set_index("model")["own_recipe"].to_dict() == {
        "points": False,
        "plain": False,
        "other": True,
        "small+noise": False,
    }


def test_who_is_named_first_decides_no_mark(bench: Comparison, tmp_path: Path) -> None:
    [trial] = trials(bench, "points-s0")
    other = write_weights(tmp_path / "other.safetensors", recipe=Recipe(epochs=7))
    one, two = (
        lvzoo.score(models, out=tmp_path / name, **FAST).ranking.set_index("model")["own_recipe"].to_dict()
        for name, models in (("one", [trial, other]), ("two", [other, trial]))
    )
    assert one == two
    assert sum(one.values()) == 1


def test_runs_of_both_kinds_are_ranked_together_on_the_same_frames(bench: Comparison, tmp_path: Path) -> None:
    far = write_weights(tmp_path / "far.safetensors", entry="far")
    scored = lvzoo.score([far, *trials(bench, "points-s0")], out=tmp_path / "eval", **FAST)
    both = lvzoo.compare(bench.folder, scored.folder, out=tmp_path / "both", frames=False)
    assert set(both.ranking["model"]) == {"small", "points", "far"}
    assert both.ranking.set_index("model")["seeds"].to_dict() == {"small": 2, "points": 2, "far": 1}
    assert named(both) == {"small": "run", "points": "run", "far": "elsewhere"}
    other = lvzoo.score(far, out=tmp_path / "other", **(FAST | {"phantom_seed": 1}))
    with pytest.raises(UsageError, match=r"its data \(phantom \w+\) are not those of"):
        lvzoo.compare(scored.folder, other.folder)


def test_only_a_test_split_is_needed(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(cached_phantom(size="smoke", seed=0), folder)
    (folder / "SYNTHETIC.json").unlink()
    lists = pd.read_csv(folder / "FileList.csv")
    lists[lists["Split"] == "TEST"].to_csv(folder / "FileList.csv", index=False)
    path = write_weights(tmp_path / "far.safetensors")
    options = {key: value for key, value in FAST.items() if key != "phantom_size"}
    result = lvzoo.score(path, data=folder, out=tmp_path / "eval", **options)
    assert (result.source.name, result.source.synthetic) == ("echonet-dynamic", False)
    assert result.study is not None
    assert set(result.study.splits) == {"test"}


def test_mistakes_are_found_before_anything_is_done(bench: Comparison, tmp_path: Path) -> None:
    path = write_weights(tmp_path / "x.safetensors")
    copy = Path(shutil.copy(path, tmp_path / "copy.safetensors"))
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-3])
    wide = write_weights(tmp_path / "wide.safetensors", options={"width": 8, "levels": 2})
    [lone] = [Path(shutil.copytree(trial, tmp_path / "lone")) for trial in trials(bench, "small-s0")]
    wrongs: list[tuple[Any, dict[str, Any], str]] = [
        ([], {}, "no model is named"),
        ([path, path], {}, r"x\.safetensors and .*x\.safetensors hold the same weights; leave one out"),
        ([path, copy], {}, r"x\.safetensors and .*copy\.safetensors hold the same weights; leave one out"),
        (cut, {}, "cut short or damaged"),
        (wide, {}, "weights of another model than its card says"),
        (lone, {}, "cannot tell what it was trained on"),
        ("unet", {}, "the entry 'unet' carries no weights"),
        ("unett", {}, "unknown entry 'unett'"),
        ("unet*", {}, r"'unet\*' is a pattern"),
        (path, {"corruptions": ("hase",)}, "corruption 'hase'"),
        (path, {"data": tmp_path}, "exclude each other"),
        (path, {"shift": "gian"}, "gian"),
        (path, {"resamples": 0}, "resamples is 0"),
        (path, {"device": "mps"}, "unknown device 'mps'"),
    ]
    for models, options, message in wrongs:
        with pytest.raises((UsageError, DataError, PluginError), match=message):
            lvzoo.score(models, out=tmp_path / "eval", **(FAST | options))
        assert not (tmp_path / "eval").exists()


def test_a_run_of_which_every_model_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("lvzoo.trials.job.score_conditions", fail)
    path = write_weights(tmp_path / "far.safetensors")
    with pytest.raises(RunError, match=r"eval: its trial failed: .*boom"):
        lvzoo.score(path, out=tmp_path / "eval", **FAST)
    words = ["--phantom-size", "smoke", "--corruptions", "none", "--executor", "inline"]
    assert main(["eval", str(path), *words, "--out", str(tmp_path / "again")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "again: its trial failed: " in told.err.splitlines()[-1]


def test_the_command_scores_a_shifted_phantom_and_prints_its_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_weights(tmp_path / "far.safetensors", dtype=torch.float16)
    words = ["--phantom-size", "smoke", "--shift", "gain", "--corruptions", "blur", "--severities", "1"]
    out = tmp_path / "eval"
    assert main(["eval", str(path), *words, "--executor", "inline", "--no-frames", "--out", str(out)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "small§" in told
    assert "data: synthetic phantom" in told
    assert f"run: {out}" in told
    assert json.loads((out / "run.json").read_text())["settings"]["data"]["name"] == "phantom-gain"
    assert CARD.trained_on.name == "phantom"
