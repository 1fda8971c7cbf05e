"""Which differences are more than chance: paired tests on patients, Holm's adjustment, groups, and small samples.

Letters: P patients, M models, K pairs of models.
"""

from __future__ import annotations

import math
import string
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from scipy.stats import rankdata

from lvzoo.rank.patients import DIGITS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

Verdict: TypeAlias = Literal["clear", "unsteady", "small", "open"]

ALPHA: Final = 0.05
STEADY: Final = 0.75
"""The share of pairs of seeds in which a model must lead for its lead to be more than luck of training."""
MARGIN: Final = 0.005
"""The least difference in Dice that is called a win: with a thousand patients, everything is significant."""
EXACT_UP_TO: Final = 50
"""Patients up to which the test counts all signs; beyond, the normal distribution is as good."""
POWER_FACTOR: Final = 2.8
"""z(0.975) + z(0.8): the standard errors that a difference must measure to be found in 80 % of studies."""


def wilcoxon_p(differences_P: NDArray[np.float64]) -> float:
    """Return the two-sided p value of Wilcoxon's signed-rank test, with zeros as Pratt has them.

    Zeros are ranked with the others and then left out (Pratt 1959); equal sizes share their mean rank. Under
    the null hypothesis each rank's sign is a fair coin: up to 50 patients all outcomes are counted, ties and zeros
    included; beyond, the sum is taken as normal, with its variance sum(rank^2) / 4 (which corrects for ties and
    zeros) and no correction for continuity. Without any difference p is 1.
    """
    differences_P = differences_P[~np.isnan(differences_P)].round(DIGITS)
    rank_P = rankdata(np.abs(differences_P))
    ranks, signs = rank_P[differences_P != 0], np.sign(differences_P[differences_P != 0])
    if not len(ranks):
        return 1.0
    if len(differences_P) <= EXACT_UP_TO:
        return _exact_p(ranks, signs)
    z = (ranks * signs).sum() / math.sqrt((ranks**2).sum())
    return math.erfc(abs(z) / math.sqrt(2.0))


def least_p(patients: int) -> float:
    """Return the smallest p that so many patients can give: all of them differ, and to the same side."""
    return 2.0 ** (1 - patients)


def _exact_p(ranks: NDArray[np.float64], signs: NDArray[np.float64]) -> float:
    """Return the share of all sign patterns whose sum of positive ranks is as far from its mean as the observed.

    Mean ranks are halves at worst, so twice them are whole numbers, and the distribution of their sum is a
    product of polynomials (1 + x^rank) / 2.
    """
    doubled = np.rint(2 * ranks).astype(np.int64)
    total = int(doubled.sum())
    share = np.zeros(total + 1)
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


def verdict(p_holm: float, low: float, high: float, *, steady: bool = True) -> Verdict:
    """Return what may be said of a difference with its interval.

    "clear": significant, and the whole interval lies beyond the margin on one side; "unsteady": so on these
    trainings, but another training may turn it; "small": significant only; "open": neither.
    """
    if not p_holm < ALPHA:
        return "open"
    if not (low > MARGIN or high < -MARGIN):
        return "small"
    return "clear" if steady else "unsteady"


def steady(first_S: NDArray[np.float64], second_S: NDArray[np.float64]) -> bool:
    """Tell whether seeds agree on who is better: in at least 3/4 of the pairs of a seed of each; a tie counts half.

    The one whose mean over seeds is higher must lead. With one seed of each nothing speaks against it. Three
    quarters is the threshold of Bouthillier et al. 2021 (arXiv 2103.03098).
    """
    gap_SS = (first_S[:, None] - second_S) * np.sign(first_S.mean() - second_S.mean())
    return bool(((gap_SS > 0) + 0.5 * (gap_SS == 0)).mean() >= STEADY or gap_SS.size == 1)


def smallest_seen(differences_P: NDArray[np.float64]) -> float:
    """Return the minimal detectable difference, 2.8 SD(d) / sqrt(P): the smallest found with 80 % power.

    NaN with one patient.
    """
    patients = len(differences_P)
    if patients < 2:
        return float("nan")
    return POWER_FACTOR * float(differences_P.std(ddof=1)) / math.sqrt(patients)


def letters(models: int, significant: Collection[tuple[int, int]]) -> list[str]:
    """Return the compact letter display of models 0, 1, ..., best first: two share a letter iff not significant.

    Insert and absorb (Piepho 2004): from one group of all, each significant pair splits the groups that hold
    both, and groups inside another one go. Groups are lettered by their best models, so the best one is in `a`.
    """
    groups = [frozenset(range(models))]
    for first, second in significant:
        split: list[frozenset[int]] = []
        for group in groups:
            both = first in group and second in group
            split += [group - {first}, group - {second}] if both else [group]
        groups = [group for place, group in enumerate(split) if not _absorbed(group, split, place)]
    groups.sort(key=sorted)
    return [
        "".join(_letter(number) for number, group in enumerate(groups) if model in group)
        for model in range(models)
    ]


def significant_pairs(models: int, p_holm_K: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return those pairs (first < second) that differ, where K runs over `combinations(range(M), 2)`."""
    pairs = combinations(range(models), 2)
    return [pair for pair, p in zip(pairs, p_holm_K, strict=True) if p < ALPHA]


def _absorbed(group: frozenset[int], groups: Sequence[frozenset[int]], place: int) -> bool:
    """Tell whether another group holds all of this one; of equal groups the first stays."""
    return any(group < other or (group == other and number < place) for number, other in enumerate(groups))


def _letter(number: int) -> str:
    """Return a, b, ..., z, A, ..., Z, a', b', ..."""
    marks, place = divmod(number, len(string.ascii_letters))
    return string.ascii_letters[place] + "'" * marks
