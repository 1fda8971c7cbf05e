"""Tests, adjustment and letters against scipy, statsmodels, scikit-posthocs and plain counting."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scikit_posthocs import compact_letter_display
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from lvzoo.rank.significance import (
    detectable_difference,
    holm,
    judge_seeds,
    letters,
    significant_pairs,
    verdict,
    wilcoxon_p,
)

# --- Wilcoxon -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("patients", [51, 400])
def test_many_patients_against_scipy(patients: int, shift: float) -> None:
    differences = np.random.default_rng(patients).normal(shift, 1, patients)
    expected = wilcoxon(differences, zero_method="pratt", method="approx", correction=False).pvalue
    assert wilcoxon_p(differences) == pytest.approx(expected, rel=1e-9)


def test_many_patients_with_zeros_and_ties_against_scipy() -> None:
    differences = np.random.default_rng(0).integers(-3, 5, 200).astype(float)
    assert (differences == 0).any()
    expected = wilcoxon(differences, zero_method="pratt", method="approx", correction=False).pvalue
    assert wilcoxon_p(differences) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("patients", [1, 2, 5, 12, 50])
def test_few_patients_are_counted_exactly_as_scipy_does(patients: int) -> None:
    differences = np.random.default_rng(patients).normal(0.4, 1, patients)
    assert wilcoxon_p(differences) == pytest.approx(wilcoxon(differences, method="exact").pvalue, rel=1e-9)


def test_few_patients_with_zeros_and_ties_are_counted_exactly() -> None:
    """All sign patterns are listed here. The zero gets its rank and is then left out."""
    differences = np.array([0.0, 1.0, 1.0, -2.0, 2.0, 2.0, 3.0, -4.0])
    ranks = np.array([2.5, 2.5, 5.0, 5.0, 5.0, 7.0, 8.0])
    sums = [np.dot(ranks, signs) for signs in product([-1, 1], repeat=7)]
    observed = abs(np.dot(ranks, np.sign(differences[1:])))
    assert wilcoxon_p(differences) == pytest.approx(np.mean(np.abs(sums) >= observed - 1e-9))


def test_it_is_two_sided_and_1_without_a_difference() -> None:
    differences = np.random.default_rng(4).normal(0.2, 1, 80)
    assert wilcoxon_p(differences) == wilcoxon_p(-differences)
    assert wilcoxon_p(np.zeros(60)) == 1.0
    assert wilcoxon_p(np.full(60, 1e-16)) == 1.0  # rounding errors of sums are not differences


def test_patients_without_a_value_are_left_out() -> None:
    differences = np.random.default_rng(5).normal(0.2, 1, 30)
    assert wilcoxon_p(np.append(differences, np.nan)) == wilcoxon_p(differences)


# --- Holm -----------------------------------------------------------------------------------------------------


def test_holm_against_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for tests in (1, 2, 10, 45):
        p = rng.random(tests) ** 3
        assert holm(p.tolist()) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)
    tied = [0.01, 0.04, 0.01, 0.04]
    assert holm(tied) == pytest.approx(multipletests(tied, method="holm")[1])
    assert holm([]).tolist() == []


def test_holm_by_hand() -> None:
    # sorted: .01 .02 .03 -> 3 x .01, 2 x .02, and then at least the one before
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


# --- letters --------------------------------------------------------------------------------------------------


def test_letters_by_hand() -> None:
    assert letters(3, []) == ["a", "a", "a"]
    assert letters(3, [(0, 2)]) == ["a", "ab", "b"]
    assert letters(3, [(0, 1), (0, 2), (1, 2)]) == ["a", "b", "c"]
    assert letters(4, [(0, 2), (0, 3), (1, 3)]) == ["a", "ab", "bc", "c"]
    assert letters(4, [(0, 1), (1, 2)]) == ["a", "b", "a", "ab"]
    assert letters(1, []) == ["a"]


def test_models_share_a_letter_exactly_where_they_do_not_differ_and_no_letter_is_redundant() -> None:
    rng = np.random.default_rng(0)
    for models in (2, 4, 7, 9):
        for share in (0.1, 0.4, 0.8):
            pairs = list(combinations(range(models), 2))
            different = {pair for pair in pairs if rng.random() < share}
            groups = letters(models, different)
            for first, second in pairs:
                assert bool(set(groups[first]) & set(groups[second])) == ((first, second) not in different)
            members = [{m for m in range(models) if letter in groups[m]} for letter in set("".join(groups))]
            assert not any(some < others for some in members for others in members)
            assert groups[0].startswith("a")


def test_letters_against_scikit_posthocs() -> None:
    rng = np.random.default_rng(1)
    for models in (3, 6, 8):
        p = np.ones((models, models))
        for first, second in combinations(range(models), 2):
            p[first, second] = p[second, first] = rng.choice([0.001, 0.5])
        pairs = significant_pairs(models, p[np.triu_indices(models, k=1)])
        expected = compact_letter_display(p, alpha=0.05)
        theirs = _members([each.replace(" ", "") for each in expected])
        assert _members(letters(models, pairs)) == theirs


def _members(groups: list[str]) -> set[frozenset[int]]:
    """Return the sets of models that share a letter, for any names of the letters."""
    return {
        frozenset(m for m, each in enumerate(groups) if letter in each) for letter in set("".join(groups))
    }


def test_there_are_letters_for_many_groups() -> None:
    groups = letters(60, list(combinations(range(60), 2)))
    assert groups[25:28] == ["z", "A", "B"]
    assert len(set(groups)) == 60


# --- verdicts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "low", "high", "said"),
    [
        (0.01, 0.006, 0.02, "clear"),
        (0.01, -0.02, -0.006, "clear"),
        (0.01, 0.005, 0.02, "small"),  # exactly at the margin is not beyond it
        (0.01, 0.001, 0.004, "small"),
        (0.05, 0.006, 0.02, "open"),
        (0.9, -0.01, 0.01, "open"),
    ],
)
def test_a_difference_is_clear_only_if_significant_and_beyond_the_margin(
    p: float, low: float, high: float, said: str
) -> None:
    assert verdict(p, low, high) == said


def test_the_detectable_difference_by_hand() -> None:
    assert detectable_difference(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(2.8 * np.sqrt(5 / 3) / 2)
    assert np.isnan(detectable_difference(np.array([0.1])))


def test_the_detectable_difference_is_found_in_four_of_five_studies() -> None:
    rng = np.random.default_rng(0)
    patients, spread = 100, 0.03
    truth = 2.8 * spread / np.sqrt(patients)
    found = [wilcoxon_p(rng.normal(truth, spread, patients)) < 0.05 for _ in range(600)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def test_a_lead_that_the_seeds_do_not_share_is_unsteady() -> None:
    lucky, even = np.array([0.80, 0.86, 0.91]), np.array([0.83, 0.84, 0.85])
    assert judge_seeds(lucky, even) == "disagree", (
        "0.80 loses to all three: the better one leads in 6 of 9 pairs"
    )
    assert judge_seeds(np.array([0.84, 0.86, 0.91]), even) == "agree", "7.5 of 9"
    assert judge_seeds(even, np.array([0.80, 0.81, 0.82])) == "agree"
    assert verdict(0.001, 0.02, 0.04, seeds="disagree") == "unsteady"
    assert verdict(0.001, 0.002, 0.04, seeds="disagree") == "small"
    assert verdict(0.2, 0.02, 0.04, seeds="disagree") == "open"


def test_a_lead_of_one_training_is_never_clear() -> None:
    once, twice = np.array([0.8]), np.array([0.9, 0.91])
    assert judge_seeds(once, np.array([0.9])) == "one"
    assert judge_seeds(once, twice) == judge_seeds(twice, once) == "one"
    assert verdict(0.001, 0.02, 0.04, seeds="one") == "once"
    assert verdict(0.001, 0.002, 0.04, seeds="one") == "small"
    assert verdict(0.2, 0.02, 0.04, seeds="one") == "open"
