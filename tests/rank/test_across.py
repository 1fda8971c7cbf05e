"""Models across data sets: each number against one computed by hand or by a plain loop over the resamples."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from lvzoo.rank.across import compare_sets
from lvzoo.rank.across_sets import SetScores
from lvzoo.rank.bootstrap import Bootstrap, resample_counts
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import patient_scores
from lvzoo.rank.ranking import rank_patients
from lvzoo.rank.stability import kendall_tau
from lvzoo.types import Source
from tests.rank.tables import TINY, WARD, conditions, facts, row, simulated, two_models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores
    from lvzoo.types.across import AcrossResults
    from lvzoo.types.results import ModelFacts

RESAMPLES = 300
MODELS = facts("a", "b", "c", landmarks=("d", "e"))
AT_HOME = {"a": 0.90, "d": 0.88, "b": 0.86, "e": 0.85, "c": 0.80}
ELSEWHERE = {"b": 0.80, "a": 0.78, "c": 0.77, "d": 0.70, "e": 0.72}


def make_set(name: str, scores: Scores, suite: NoiseSuite = WARD) -> SetScores:
    source = Source(name=name, version="1", fingerprint=name)
    return SetScores(name=name, source=source, patients=patient_scores(make_grid(scores, suite), suite))


def compare(
    home: Scores,
    others: Mapping[str, Scores],
    *,
    models: Mapping[str, ModelFacts] = MODELS,
    suite: NoiseSuite = WARD,
) -> AcrossResults:
    at_home = make_set("home", home, suite)
    ranking = rank_patients(at_home.patients, suite, models=models, resamples=RESAMPLES)
    strange = [make_set(name, scores, suite) for name, scores in others.items()]
    found = compare_sets(at_home, strange, ranking, Bootstrap(resamples=RESAMPLES, seed=0))
    assert found is not None
    return found


def by_patient(scores: Scores, model: str, part: str) -> NDArray[np.float64]:
    """Return each patient's Dice by plain means: frames, then severities, corruptions and families."""
    own = scores[scores["model"] == model]
    if part == "clean":
        return own[own["corruption"] == "clean"].groupby("patient")["dice"].mean().to_numpy()
    noisy = own[own["corruption"] != "clean"]
    noisy = noisy.assign(
        family=noisy["corruption"].map(
            {name: family for family, names in WARD.families.items() for name in names}
        )
    )
    means = noisy.groupby(["patient", "family", "corruption", "severity", "seed"])["dice"].mean()
    for level in ("severity", "corruption", "family"):
        kept = [name for name in means.index.names if name != level]
        means = means.groupby(kept).mean()
    return means.groupby("patient").mean().to_numpy()


def resample(values_P: NDArray[np.float64]) -> list[float]:
    """Return the mean of the known values in each resample, drawn as lvzoo draws."""
    means = []
    for counts_BP in resample_counts(len(values_P), resamples=RESAMPLES, seed=0):
        for counts_P in counts_BP:
            drawn = [
                value
                for value, count in zip(values_P, counts_P, strict=True)
                for _ in range(int(count))
                if not math.isnan(value)
            ]
            means.append(sum(drawn) / len(drawn) if drawn else math.nan)
    return means


def ends(values: Sequence[float]) -> list[float]:
    known = [value for value in values if not math.isnan(value)]
    return [float(each) for each in np.quantile(known, (0.025, 0.975))]


def shifted(values: list[float]) -> list[float]:
    """Return the resamples of another set: the b-th of home meets the one before it."""
    return [values[-1], *values[:-1]]


@pytest.fixture(scope="module")
def home() -> Scores:
    return simulated(AT_HOME, conditions((1, 3)), patients=18, draw=1)


@pytest.fixture(scope="module")
def other() -> Scores:
    return simulated(ELSEWHERE, conditions((1, 3)), patients=16, draw=2)


@pytest.fixture(scope="module")
def found(home: Scores, other: Scores) -> AcrossResults:
    return compare(home, {"other": other})


def test_means_and_drops_by_hand() -> None:
    scores = two_models()
    harder = scores.assign(dice=scores["dice"] - 0.1)
    found = compare(scores, {"harder": harder}, models=facts("a", "b"), suite=TINY)
    at_home = row(found.table, set="home", model="a")
    there = row(found.table, set="harder", model="a")
    assert at_home["clean"] == pytest.approx((0.85 + 0.7) / 2)
    assert there["clean"] == pytest.approx((0.75 + 0.6) / 2)
    assert there["clean_drop"] == pytest.approx(0.1)
    assert there["headline_drop"] == pytest.approx(0.1)
    assert math.isnan(at_home["clean_drop"])
    assert list(found.table["model"]) == ["a", "b", "a", "b"], "home first, models in the order of home"
    assert list(found.table["patients"]) == [2] * 4
    assert [(each.name, each.home, each.patients, each.frames) for each in found.sets] == [
        ("home", True, 2, 3),
        ("harder", False, 2, 3),
    ]


@pytest.mark.parametrize("part", ["clean", "headline"])
def test_intervals_of_means_and_drops_are_those_of_a_plain_loop(
    home: Scores, other: Scores, found: AcrossResults, part: str
) -> None:
    for model in ("a", "d"):
        at_home, there = (resample(by_patient(scores, model, part)) for scores in (home, other))
        shown = row(found.table, set="other", model=model)
        assert shown[part] == pytest.approx(by_patient(other, model, part).mean())
        assert [shown[f"{part}_low"], shown[f"{part}_high"]] == pytest.approx(ends(there))
        drops = [one - two for one, two in zip(at_home, shifted(there), strict=True)]
        assert [shown[f"{part}_drop_low"], shown[f"{part}_drop_high"]] == pytest.approx(ends(drops))


def test_two_sets_of_equal_scores_have_independent_bootstraps(home: Scores) -> None:
    found = compare(home, {"twin": home.assign(patient=home["patient"] + "x")})
    twin = row(found.table, set="twin", model="a")
    assert twin["clean_drop"] == pytest.approx(0, abs=1e-12)
    variance = {
        name: (row(found.table, set=name, model="a")["clean_high"] - twin["clean_low"]) ** 2
        for name in ("home", "twin")
    }
    width = twin["clean_drop_high"] - twin["clean_drop_low"]
    assert width == pytest.approx(math.sqrt(sum(variance.values())), rel=0.15)


def test_the_contest_on_another_set_is_that_of_the_leaders_at_home(
    home: Scores, other: Scores, found: AcrossResults
) -> None:
    there = row(found.contests, set="other", scope="clean")
    assert (there["mask"], there["landmark"]) == ("a", "d"), "not b and e, which are better there"
    mask_P, landmark_P = (by_patient(other, model, "clean") for model in ("a", "d"))
    assert there["difference"] == pytest.approx((mask_P - landmark_P).mean())
    differences = resample(mask_P - landmark_P)
    assert [there["difference_low"], there["difference_high"]] == pytest.approx(ends(differences))
    before = resample(by_patient(home, "a", "clean") - by_patient(home, "d", "clean"))
    changes = [new - old for new, old in zip(shifted(differences), before, strict=True)]
    assert [there["change_low"], there["change_high"]] == pytest.approx(ends(changes))
    at_home = row(found.contests, set="home", scope="clean")
    assert there["change"] == pytest.approx(there["difference"] - at_home["difference"])
    assert math.isnan(at_home["change"])
    assert there["p_holm"] == pytest.approx(min(2 * there["p"], 1)), "adjusted over both scopes"
    assert there["verdict"] == "once", "each model has one training"


def test_without_landmarks_there_is_no_contest(home: Scores, other: Scores) -> None:
    masks = [scores[scores["model"].isin(["a", "b"])] for scores in (home, other)]
    assert compare(masks[0], {"other": masks[1]}).contests.empty


def graded(scores: Scores) -> Scores:
    """Grade the pictures: the first patient's two frames differ, the last patient's are not graded."""
    patients = sorted(set(scores["patient"]))
    words = ["Good", "Medium", "Poor"]
    quality = {name: words[number % 3] for number, name in enumerate(patients)} | {patients[-1]: ""}
    labels = scores["patient"].map(quality)
    labels[(scores["patient"] == patients[0]) & (scores["phase"] == "ES")] = "Poor"
    return scores.assign(quality=labels)


def test_dice_by_quality_counts_the_frames_of_that_quality_alone(home: Scores, other: Scores) -> None:
    pictures = graded(other)
    found = compare(home, {"other": pictures})
    assert list(dict.fromkeys(found.qualities["quality"])) == ["Good", "Medium", "Poor"]
    for quality in ("Good", "Poor"):
        shown = row(found.qualities, quality=quality, model="b")
        own = pictures[(pictures["quality"] == quality) & (pictures["model"] == "b")]
        clean = own[own["corruption"] == "clean"].groupby("patient")["dice"].mean()
        assert shown["clean"] == pytest.approx(clean.mean())
        assert shown["patients"] == len(clean)
        every = clean.reindex(sorted(set(pictures["patient"]))).to_numpy()
        assert [shown["clean_low"], shown["clean_high"]] == pytest.approx(ends(resample(every)))


def taus(first: Mapping[str, list[float]], second: Mapping[str, list[float]]) -> list[float]:
    """Return Kendall's tau-b of two orders of the models, resample by resample."""
    pairs = zip(zip(*first.values(), strict=True), zip(*second.values(), strict=True), strict=True)
    return [float(kendalltau(one, two).statistic) for one, two in pairs]


def test_the_order_at_home_is_compared_with_the_order_elsewhere(
    home: Scores, other: Scores, found: AcrossResults
) -> None:
    names = list(AT_HOME)
    there = {name: shifted(resample(by_patient(other, name, "clean"))) for name in names}
    target = [by_patient(other, name, "clean").mean() for name in names]
    loops = {}
    for predictor in ("headline", "clean"):
        shown = row(found.orders, set="other", predictor=predictor)
        order = [by_patient(home, name, predictor).mean() for name in names]
        assert shown["tau"] == pytest.approx(kendalltau(order, target).statistic)
        loops[predictor] = taus({name: resample(by_patient(home, name, predictor)) for name in names}, there)
        assert [shown["tau_low"], shown["tau_high"]] == pytest.approx(ends(loops[predictor]))
        assert shown["models"] == 5
    gains = [one - two for one, two in zip(loops["headline"], loops["clean"], strict=True)]
    noisy = row(found.orders, set="other", predictor="headline")
    assert [noisy["advantage_low"], noisy["advantage_high"]] == pytest.approx(ends(gains))
    assert math.isnan(row(found.orders, set="other", predictor="clean")["advantage"])


def test_the_order_on_poor_pictures_at_home_uses_the_same_resamples(home: Scores) -> None:
    pictures = graded(home)
    found = compare(pictures, {})
    assert list(dict.fromkeys(found.orders["quality"])) == ["Poor"], "clean frames of home are no target"
    poor = pictures[pictures["quality"] == "Poor"]
    patients = sorted(set(home["patient"]))

    def clean_of(model: str) -> NDArray[np.float64]:
        own = poor[(poor["model"] == model) & (poor["corruption"] == "clean")]
        return own.groupby("patient")["dice"].mean().reindex(patients).to_numpy()

    there = {name: resample(clean_of(name)) for name in AT_HOME}
    before = {name: resample(by_patient(home, name, "headline")) for name in AT_HOME}
    shown = row(found.orders, predictor="headline")
    known = [each for each in taus(before, there) if not math.isnan(each)]
    assert [shown["tau_low"], shown["tau_high"]] == pytest.approx(ends(known))


def test_with_two_models_the_order_cannot_be_told(home: Scores, other: Scores) -> None:
    two = [scores[scores["model"].isin(["a", "d"])] for scores in (home, other)]
    orders = compare(two[0], {"other": two[1]}).orders
    assert list(orders["models"]) == [2, 2]
    assert orders[["tau", "tau_low", "tau_high"]].isna().all(axis=None)


def test_a_model_that_lacks_a_training_elsewhere_is_not_compared_there() -> None:
    tested = conditions((1,))
    home = simulated(AT_HOME, tested, patients=6, seeds=2)
    other = simulated(ELSEWHERE, tested, patients=6, seeds=2, draw=3)
    lacking = (other["model"] == "a") & (other["seed"] == 1) | (other["model"] == "e")
    found = compare(home, {"other": other[~lacking]})
    there = found.table[found.table["set"] == "other"]
    assert list(there["model"]) == ["d", "b", "c"]
    assert found.left_out == {
        "a on other": "has 1 of its 2 trainings there",
        "e on other": "was not tested there",
    }
    assert list(there["seeds"]) == [2, 2, 2]
    assert found.contests[found.contests["set"] == "other"].empty, "a leads at home and is not compared"
    assert set(found.orders["models"]) == {3}


def test_without_noise_there_is_only_clean_dice() -> None:
    clean = conditions(())
    home, other = (simulated(levels, clean, patients=6) for levels in (AT_HOME, ELSEWHERE))
    found = compare(home, {"other": other})
    assert list(found.orders["predictor"]) == ["clean"]
    assert list(found.contests["scope"]) == ["overall", "overall"]
    assert (found.table["clean"] == found.table["headline"]).all()


def test_one_set_without_qualities_gives_nothing(home: Scores) -> None:
    at_home = make_set("home", home)
    ranking = rank_patients(at_home.patients, WARD, models=MODELS, resamples=10)
    assert compare_sets(at_home, [], ranking, Bootstrap(resamples=10, seed=0)) is None


def test_sets_never_share_a_mean(home: Scores, other: Scores) -> None:
    alone = compare(home, {"other": other})
    beside = compare(home, {"third": other.assign(dice=0.1), "other": other})
    pd.testing.assert_frame_equal(
        beside.table[beside.table["set"] != "third"].reset_index(drop=True), alone.table
    )


@pytest.mark.parametrize("draw", range(20))
def test_kendall_tau_is_scipys_also_with_ties(draw: int) -> None:
    rng = np.random.default_rng(draw)
    one_BM, other_BM = (rng.integers(0, 4, (5, 6)) / 10 for _ in range(2))
    expected = [kendalltau(one, other).statistic for one, other in zip(one_BM, other_BM, strict=True)]
    assert kendall_tau(one_BM, other_BM) == pytest.approx(expected)
    against_first = [kendalltau(one_BM[0], other).statistic for other in other_BM]
    assert kendall_tau(one_BM[:1], other_BM) == pytest.approx(against_first)


def test_kendall_tau_of_equal_models_and_of_unknown_ones() -> None:
    tied, order, unknown = (np.array([row]) for row in ([0.5, 0.5], [0.5, 0.6], [0.5, np.nan]))
    assert kendall_tau(tied, tied)[0] == 1
    assert kendall_tau(tied, order)[0] == 0
    assert math.isnan(kendall_tau(order, unknown)[0])


def test_augmented_models_have_a_contest_of_their_own(home: Scores, other: Scores) -> None:
    noisy: dict[str, Any] = {name: dataclasses.replace(MODELS[name], augmented=True) for name in ("b", "e")}
    contests = compare(home, {"other": other}, models={**MODELS, **noisy}).contests
    there = contests[contests["set"] == "other"]
    assert list(zip(there["track"], there["mask"], there["landmark"], strict=True)) == [
        *[("standard", "a", "d")] * 2,
        *[("augmented", "b", "e")] * 2,
    ]
