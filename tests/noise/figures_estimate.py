"""The tables of docs/recommend.md on the estimate of a clip's noise; `tests.workflows.figures_recommend` prints them.

Letters: L clips, each under one condition; C conditions; N corruptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.estimate import NoiseModel
from lvzoo.workflows.recommend import ODD
from tests.noise.noisy_clips import NoisyClips

ACCURACY: Final = (
    *("clips", "number", "corruption found, severity 0 / 1 / 2 / 3 / 4 / 5", "all", "mean probability of it"),
    *("error of the severity", "odd"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the estimate says of clips whose noise is known."""

    corruption_L: NDArray[np.str_]
    severity_L: NDArray[np.int64]
    found_L: NDArray[np.str_]
    """The most likely corruption."""
    sure_L: NDArray[np.float64]
    """Its probability."""
    error_L: NDArray[np.float64]
    """The absolute error of the severity."""
    odd_L: NDArray[np.bool_]


def find_noise(model: NoiseModel, clips: NoisyClips) -> Found:
    """Estimate the noise of clips."""
    probability_LC = model.estimate_figures(clips.means_MF)
    names = list(dict.fromkeys(each.corruption for each in model.conditions))
    belongs_CN = np.array([[each.corruption == name for name in names] for each in model.conditions])
    by_name_LN = probability_LC @ belongs_CN
    severity_L = np.array([each.severity for each in clips.conditions])
    mean_severity_L = probability_LC @ np.array([each.severity for each in model.conditions])
    return Found(
        corruption_L=np.array([each.corruption for each in clips.conditions]),
        severity_L=severity_L,
        found_L=np.array(names)[by_name_LN.argmax(axis=1)],
        sure_L=by_name_LN.max(axis=1),
        error_L=np.abs(mean_severity_L - severity_L),
        odd_L=model.measure_oddity(clips.means_MF) > ODD,
    )


def print_table(*headings: str) -> None:
    """Print the head of a table."""
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}")


def print_accuracy(sets: Mapping[str, NoisyClips], model: NoiseModel) -> None:
    """Print how often the corruption is found, the error of the severity, and the share of odd clips."""
    print_table(*ACCURACY)
    for name, clips in sets.items():
        found = find_noise(model, clips)
        hit_L = found.found_L == found.corruption_L
        by_severity = [f"{100 * hit_L[found.severity_L == each].mean():.0f}" for each in range(6)]
        print(
            f"| {name} | {len(hit_L):,} | {' / '.join(by_severity)} % | {hit_L.mean():.1%} | "
            f"{found.sure_L.mean():.1%} | {found.error_L.mean():.2f} | {found.odd_L.mean():.1%} |"
        )


def print_confusion(clips: NoisyClips, model: NoiseModel) -> None:
    """Print what each corruption is taken for."""
    found = find_noise(model, clips)
    print_table("corruption", "found", "taken for", "error of the severity")
    for name in dict.fromkeys(each.corruption for each in model.conditions):
        own_L = found.corruption_L == name
        hits, others = (found.found_L[own_L] == name).mean(), list_others(found.found_L[own_L], name)
        print(f"| {name} | {hits:.0%} | {others} | {found.error_L[own_L].mean():.2f} |")


def list_others(found_L: NDArray[np.str_], name: str) -> str:
    """Return the most frequent answers beside the right one, each with its share."""
    names, counts = np.unique(found_L[found_L != name], return_counts=True)
    shares = {
        str(names[each]): counts[each] / len(found_L) for each in np.argsort(-counts, kind="stable")[:3]
    }
    return ", ".join(f"{other} {share:.0%}" for other, share in shares.items() if share >= 0.005) or "-"
