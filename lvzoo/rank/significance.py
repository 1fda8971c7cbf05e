"""Decides which differences are more than chance: paired tests on patients, Holm's adjustment, groups, verdicts.

Letters: P patients, K pairs of models, S training seeds of a model.
"""

from __future__ import annotations

import math
import string
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from lvzoo.rank.patients import DIGITS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

Verdict: TypeAlias = Literal["clear", "unsteady", "once", "small", "open"]
Seeds: TypeAlias = Literal["agree", "disagree", "one"]
"""What the training seeds say about the lead of one model over another; "one" if a model has a single seed."""

ALPHA: Final = 0.05
STEADY: Final = 0.75
"""A lead counts only if the model leads in this share of the pairs of seeds: other leads may be luck in training."""
MARGIN: Final = 0.005
"""The smallest difference in Dice that counts as a win. With a thousand patients, any difference is significant."""
EXACT_UP_TO: Final = 50
"""Up to this number of patients the test counts all sign patterns; beyond, the normal distribution is as good."""
POWER_FACTOR: Final = 2.8
"""z(0.975) + z(0.8): a difference of this many standard errors is found in 80 % of studies."""


def wilcoxon_p(differences_P: NDArray[np.float64]) -> float:
    """Return the two-sided p value of Wilcoxon's signed-rank test; 1 if no patient shows a difference.

    Zeros are ranked with the others and then left out (Pratt 1959); equal sizes share their mean rank. Under the null
    hypothesis the sign of each rank is a fair coin. Up to 50 patients, all sign patterns are counted, with ties and
    zeros. Beyond, the sum of the positive ranks is taken as normal with the variance sum(rank^2) / 4, which corrects
    for ties and zeros, and without a correction for continuity. Patients with NaN are left out.
    """
    differences_P = differences_P[~np.isnan(differences_P)].round(DIGITS)
    rank_P = pd.Series(np.abs(differences_P)).rank().to_numpy()
    ranks, signs = rank_P[differences_P != 0], np.sign(differences_P[differences_P != 0])
    if not len(ranks):
        return 1.0
    if len(differences_P) <= EXACT_UP_TO:
        return _exact_p(ranks, signs)
    z = (ranks * signs).sum() / math.sqrt((ranks**2).sum())
    return math.erfc(abs(z) / math.sqrt(2.0))


def least_p(patients: int) -> float:
    """Return the smallest possible p value for a number of patients: all differ in the same direction."""
    return 2.0 ** (1 - patients)


def _exact_p(ranks: NDArray[np.float64], signs: NDArray[np.float64]) -> float:
    """Return the share of all sign patterns whose sum of positive ranks is at least as far from the mean as observed.

    Ranks are multiples of 1/2, so twice the ranks are whole numbers. The distribution of their sum has the generating
    function product of (1 + x^rank) / 2: each rank is in the sum or not, with probability 1/2.
    """
    doubled = np.rint(2 * ranks).astype(np.int64)
    total = int(doubled.sum())
    share = np.zeros(total + 1)  # share[s]: the share of patterns with the sum s, for the ranks so far
    share[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(share)
        shifted[rank:] = share[: total + 1 - rank]
        share = (share + shifted) / 2
    observed = int(doubled[signs > 0].sum())
    distance = np.abs(2 * np.arange(total + 1) - total)
    return min(1.0, float(share[distance >= abs(2 * observed - total)].sum()))


def holm(p_K: Sequence[float]) -> NDArray[np.float64]:
    """Return Holm's adjusted p values: sorted ascending, p(i) = max over j <= i of min(1, (K - j + 1) p(j))."""
    values_K = np.asarray(p_K, dtype=np.float64)
    order = np.argsort(values_K, kind="stable")
    factors = np.arange(len(values_K), 0, -1)
    adjusted_K = np.empty_like(values_K)
    adjusted_K[order] = np.minimum(1.0, np.maximum.accumulate(factors * values_K[order]))
    return adjusted_K


def verdict(
    p_holm: float, low: float, high: float, *, seeds: Seeds = "agree", margin: float = MARGIN
) -> Verdict:
    """Return the verdict on a difference with the interval `low` to `high`.

    "clear": significant, the whole interval lies beyond the margin on one side, and the training seeds agree;
    "unsteady": the same, but the seeds do not agree; "once": the same, but a model was trained once, so the lead is
    that of a training and perhaps not that of the model; "small": only significant; "open": not significant.
    """
    if not p_holm < ALPHA:
        return "open"
    if not (low > margin or high < -margin):
        return "small"
    by_seeds: dict[Seeds, Verdict] = {"agree": "clear", "disagree": "unsteady", "one": "once"}
    return by_seeds[seeds]


def judge_seeds(first_S: NDArray[np.float64], second_S: NDArray[np.float64]) -> Seeds:
    """Return whether the training seeds of two models agree on which one leads.

    They agree if the model with the higher mean over seeds leads in at least 3/4 of the pairs of seeds. A pair has
    one seed of each model, and a tie counts half. The threshold is that of Bouthillier et al. 2021 (arXiv
    2103.03098). If a model has one seed, nothing is known about another training of it. Two trainings of a network
    can differ by more than two networks do.
    """
    if min(len(first_S), len(second_S)) == 1:
        return "one"
    gap_SS = (first_S[:, None] - second_S) * np.sign(first_S.mean() - second_S.mean())
    leads = ((gap_SS > 0) + 0.5 * (gap_SS == 0)).mean()
    return "agree" if leads >= STEADY else "disagree"


def detectable_difference(differences_P: NDArray[np.float64]) -> float:
    """Return the smallest difference that is found with 80 % power, 2.8 SD(d) / sqrt(P); NaN for one patient."""
    patients = len(differences_P)
    if patients < 2:
        return float("nan")
    return POWER_FACTOR * float(differences_P.std(ddof=1)) / math.sqrt(patients)


def letters(models: int, significant: Collection[tuple[int, int]]) -> list[str]:
    """Return the compact letter display of models 0, 1, ..., best first.

    Two models share a letter if and only if their pair is not significant. The method is insert and absorb (Piepho
    2004): it starts with one group of all models. Each significant pair splits every group that holds both models
    into two, and a group that is part of another one is dropped. Groups get their letters in the order of their best
    models, so the best model is in `a`.
    """
    groups = {frozenset(range(models))}  # a set: equal groups are dropped, too
    for pair in map(frozenset, significant):
        split = {group - {model} if pair <= group else group for group in groups for model in pair}
        groups = {group for group in split if not any(group < other for other in split)}
    ordered = sorted(groups, key=sorted)
    return [
        "".join(_letter(number) for number, group in enumerate(ordered) if model in group)
        for model in range(models)
    ]


def significant_pairs(models: int, p_holm_K: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the significant pairs of models. The p values are in the order of `combinations(range(models), 2)`."""
    pairs = combinations(range(models), 2)
    return [pair for pair, p in zip(pairs, p_holm_K, strict=True) if p < ALPHA]


def _letter(number: int) -> str:
    """Return a, b, ..., z, A, ..., Z, a', b', ..."""
    marks, place = divmod(number, len(string.ascii_letters))
    return string.ascii_letters[place] + "'" * marks
