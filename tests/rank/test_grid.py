"""The grid of scores: complete, or refused with the missing scores, and the same for any order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lvzoo.errors import DataError
from lvzoo.rank.grid import make_grid
from lvzoo.types import CLEAN, Condition
from tests.rank.tables import TINY, WARD, two_models


def test_every_score_has_its_place() -> None:
    scores = two_models().sample(frac=1, random_state=1)
    grid = make_grid(scores, TINY)
    assert (grid.models, grid.patients) == (("a", "b"), ("p", "q"))
    assert grid.shape_TFC == (2, 3, 7)
    dice_TFC = grid.cube_TFC("dice")
    haze_2 = grid.conditions.index(Condition(corruption="haze", severity=2))
    # frames by patient, then by number: p 2 (ES), p 5 (ED), q 7 (ED)
    assert grid.phase_F.tolist() == ["ES", "ED", "ED"]
    assert dice_TFC[0, :, haze_2] == pytest.approx([0.6, 0.6, 0.5])
    assert dice_TFC[1, :, grid.conditions.index(CLEAN)] == pytest.approx([0.75, 0.85, 0.65])


def test_models_can_be_renumbered() -> None:
    grid = make_grid(two_models(), TINY)
    reordered = grid.reorder_models([1, 0])
    assert reordered.models == ("b", "a")
    seen = dict(zip(reordered.models, reordered.mean_over_seeds(grid.cube_TFC("dice")), strict=True))
    for model, values in zip(grid.models, grid.mean_over_seeds(grid.cube_TFC("dice")), strict=True):
        assert np.array_equal(seen[model], values)


def test_columns_may_be_categories() -> None:
    scores = two_models()
    categories = scores.astype(
        dict.fromkeys(["model", "patient", "video", "phase", "corruption"], "category")
    )
    plain, compact = make_grid(scores, TINY), make_grid(categories, TINY)
    assert compact.models == plain.models
    assert np.array_equal(compact.cube_TFC("dice"), plain.cube_TFC("dice"))


def test_a_table_per_trial_gives_the_same_grid_as_one_table() -> None:
    """Whatever the order of the trials and of their rows, and whether trials share their frames' order or not."""
    scores = two_models()
    second = scores.assign(seed=1, dice=scores["dice"] - 0.01)
    whole = make_grid(pd.concat([scores, second]), TINY)
    texts = dict.fromkeys(["model", "patient", "video", "phase", "corruption"], "category")
    trials = [
        table[table["model"] == model].sample(frac=1, random_state=order).astype(texts)
        for table, model, order in ((second, "b", 1), (scores, "b", 1), (second, "a", 2), (scores, "a", 3))
    ]
    parts = make_grid(iter(trials), TINY)
    assert (parts.models, parts.patients, parts.conditions) == (
        whole.models,
        whole.patients,
        whole.conditions,
    )
    for name in ("model_T", "seed_T", "patient_F", "video_F", "phase_F"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))
    for name in ("dice", "area_ref", "apex_below_base", "volume_ref"):
        assert np.array_equal(parts.cube_TFC(name), whole.cube_TFC(name), equal_nan=True)


def test_what_trials_have_in_common_is_kept_once() -> None:
    grid = make_grid(two_models(), TINY)
    first, second = grid.numbers["area_ref"]
    assert first is second
    assert first.dtype == np.uint8
    assert grid.numbers["dice"][0] is not grid.numbers["dice"][1]


def test_a_trial_in_two_tables_is_refused() -> None:
    scores = two_models()
    with pytest.raises(DataError, match="a seed 0 has several scores"):
        make_grid([scores, scores[scores["model"] == "a"]], TINY)


def test_a_missing_score_is_named_and_nothing_is_ranked() -> None:
    scores = two_models()
    lost = (scores["model"] == "b") & (scores["frame"] == 2) & (scores["corruption"] == "haze")
    message = (
        r"^b seed 0 lacks 2 of 21 scores \(p-clip frame 2 under haze 1; p-clip frame 2 under haze 2\); models"
    )
    with pytest.raises(DataError, match=message):
        make_grid(scores[~lost], TINY)


def test_a_condition_or_a_patient_that_one_model_lacks_is_named() -> None:
    scores = two_models()
    with pytest.raises(DataError, match=r"a seed 0 lacks 6 of 21 .* under jpeg 1; .* and 3 more\)"):
        make_grid(scores[(scores["model"] == "b") | (scores["corruption"] != "jpeg")], TINY)
    with pytest.raises(DataError, match=r"b seed 0 lacks 7 of 21 scores \(q-clip frame 7 under clean; "):
        make_grid(scores[(scores["model"] == "a") | (scores["patient"] != "q")], TINY)


def test_a_frame_that_no_model_has_under_some_condition_is_missing_too() -> None:
    scores = two_models()
    with pytest.raises(DataError, match="lacks 1 of 21 scores"):
        make_grid(
            scores[(scores["corruption"] != "jpeg") | (scores["severity"] != 1) | (scores["frame"] != 2)],
            TINY,
        )


def test_a_seed_that_lacks_something_is_named() -> None:
    scores = two_models()
    second = scores[(scores["model"] == "a") & (scores["severity"] < 2)].assign(seed=1)
    with pytest.raises(DataError, match="a seed 1 lacks 9 of 21 scores"):
        make_grid(pd.concat([scores, second]), TINY)


def test_doubled_scores_are_refused() -> None:
    scores = two_models()
    with pytest.raises(DataError, match="a seed 0 has several scores for one frame and condition"):
        make_grid(pd.concat([scores, scores[scores["model"] == "a"].iloc[:1]]), TINY)


def test_tables_without_what_a_ranking_needs_are_refused() -> None:
    scores = two_models()
    with pytest.raises(DataError, match="lacks the columns phase, area_ref"):
        make_grid(scores.drop(columns=["phase", "area_ref"]), TINY)
    with pytest.raises(DataError, match="is empty"):
        make_grid(scores.iloc[:0], TINY)
    with pytest.raises(DataError, match="no scores on clean frames"):
        make_grid(scores[scores["corruption"] != "clean"], TINY)
    ghostly = scores.assign(corruption=scores["corruption"].replace("shadow", "ghost"))
    with pytest.raises(DataError, match=r"corruptions .*ward.*: ghost;"):
        make_grid(ghostly, WARD)


@pytest.mark.parametrize("dice", [float("nan"), -0.1, 1.1])
def test_a_dice_outside_0_to_1_is_named(dice: float) -> None:
    scores = two_models()
    scores.loc[0, "dice"] = dice
    with pytest.raises(DataError, match=rf"^b on p-clip frame 5 under clean: Dice is {dice}, .*fraction"):
        make_grid(scores, TINY)


@pytest.mark.parametrize(
    ("column", "value"), [("nsd2", 1.5), ("hd95", float("nan")), ("assd", -1.0), ("hd95", float("inf"))]
)
def test_other_metrics_must_be_numbers_too(column: str, value: float) -> None:
    scores = two_models()
    scores.loc[0, column] = value
    with pytest.raises(DataError, match=rf"^b on p-clip frame 5 under clean: {column} is {value}, "):
        make_grid(scores, TINY)


def test_a_score_without_a_patient_is_refused() -> None:
    scores = two_models()
    scores.loc[3, "patient"] = None
    with pytest.raises(DataError, match="some scores have no patient"):
        make_grid(scores, TINY)


@pytest.mark.parametrize(("corruption", "severity"), [("haze", 9), ("haze", 0), ("clean", 1)])
def test_severities_that_the_suite_does_not_have_are_refused(corruption: str, severity: int) -> None:
    scores = two_models()
    scores.loc[(scores["corruption"] == "haze") & (scores["severity"] == 2), ["corruption", "severity"]] = (
        corruption,
        severity,
    )
    with pytest.raises(DataError, match=f"severities .*noise-v9.*: {corruption} {severity};"):
        make_grid(scores, TINY)
