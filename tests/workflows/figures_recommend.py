"""Prints the tables of docs/recommend.md: `python -m tests.workflows.figures_recommend RUN PHANTOM [SHIFTED]...`.

RUN is a finished run on the phantom of size small (`lvzoo bench --preset standard`), PHANTOM the folder of that
phantom, and SHIFTED are folders of phantoms of size transfer. It takes about five minutes of one core.

Letters: L clips, each under one condition; M models; P patients; C conditions; R rows of the scores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lvzoo.noise.estimate import NoiseModel, read_noise_model
from lvzoo.noise.suite import NoiseV1
from lvzoo.rank.advice import advise, spread_over
from lvzoo.rank.bootstrap import interval, resampled_means
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import PatientScores, patient_scores
from lvzoo.run import read_run
from lvzoo.trials.merge import merge
from lvzoo.types import CLEAN, Condition
from lvzoo.workflows.recommend import ODD
from tests.noise.figures_estimate import find_noise, list_others, print_accuracy, print_confusion, print_table
from tests.noise.fit_estimate import fit
from tests.noise.noisy_clips import NoisyClips, list_videos, make_noisy_clips

FOLDS: Final = 5
RESAMPLES: Final = 400
"""Resamples for the advice on one clip, which the program gives thousands of times."""
AVERAGE: Final = "best on average"
HIGHEST: Final = "highest expected Dice"
ADVISED: Final = "recommended"
KNOWN: Final = "noise known"
BEST: Final = "best of each clip"
RULES: Final = (AVERAGE, HIGHEST, ADVISED, KNOWN, BEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """The scores of some patients, and the mean Dice of each model over their frames."""

    patients: PatientScores
    dice_MPC: NDArray[np.float64]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Scored:
        """Arrange a table of scores."""
        patients = patient_scores(make_grid(table.reset_index(drop=True), NoiseV1()), NoiseV1())
        return cls(patients=patients, dice_MPC=patients.grid.mean_over_seeds(patients.dice_TPC))

    @property
    def models(self) -> tuple[str, ...]:
        """The models, the best on average first."""
        return self.patients.grid.models

    def get_dice(self, condition: Condition, patient: str | None = None) -> dict[str, float]:
        """Return each model's Dice under a condition, on one patient or the mean over all."""
        dice_MP = self.dice_MPC[:, :, self.patients.grid.conditions.index(condition)]
        dice_M = (
            dice_MP.mean(axis=1)
            if patient is None
            else dice_MP[:, self.patients.grid.patients.index(patient)]
        )
        return dict(zip(self.models, dice_M.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Payoffs:
    """The scores of a run, and those without the patients of each fold, from which these patients get advice."""

    whole: Scored
    others: tuple[Scored, ...]
    fold_of: Mapping[str, int]

    @classmethod
    def read(cls, run: Path) -> Payoffs:
        """Read the scores of a run. Each trial counts as a model of its own, as in `lvzoo recommend`."""
        trials = merge([read_run(run)])
        tables = [trial.read_scores().assign(model=trial.name, seed=0) for trial in trials]
        table = pd.concat(tables, ignore_index=True)
        fold_of = {
            patient: number % FOLDS for number, patient in enumerate(sorted(table["patient"].unique()))
        }
        fold_R = table["patient"].map(fold_of)
        return cls(
            whole=Scored.of(table),
            others=tuple(Scored.of(table[fold_R != fold]) for fold in range(FOLDS)),
            fold_of=fold_of,
        )


def choose(payoffs: Payoffs, clips: NoisyClips, model: NoiseModel) -> pd.DataFrame:
    """Return one row per clip with the Dice by each rule, and whether the advice is another model than the best.

    The advice on a patient of the run comes from the scores of the other folds. A patient that the run did not test
    has the mean Dice of the run's patients under the clip's true condition.
    """
    probability_LC = model.estimate_figures(clips.means_MF)
    odd_L = model.measure_oddity(clips.means_MF) > ODD
    rows = []
    for place, (patient, condition) in enumerate(zip(clips.patients, clips.conditions, strict=True)):
        tested = patient in payoffs.fold_of
        seen = payoffs.others[payoffs.fold_of[patient]] if tested else payoffs.whole
        dice = payoffs.whole.get_dice(condition, patient if tested else None)
        weights_C, _ = spread_over(
            dict(zip(model.conditions, probability_LC[place].tolist(), strict=True)),
            seen.patients.grid.conditions,
        )
        advice = advise(seen.patients, weights_C, resamples=RESAMPLES)
        use = advice.best_on_average if odd_L[place] else advice.use
        expected, known = advice.of(use), seen.get_dice(condition)
        rows.append(
            {
                "patient": patient,
                "corruption": condition.corruption,
                "severity": condition.severity,
                AVERAGE: dice[advice.best_on_average],
                HIGHEST: dice[advice.models[0].model],
                ADVISED: dice[use],
                KNOWN: dice[max(known, key=known.__getitem__)],
                BEST: max(dice.values()),
                "changed": use != advice.best_on_average,
                "expected": expected.dice,
                "headline": float(seen.patients.headline_M[0]),
                "inside": expected.clips_low <= dice[use] <= expected.clips_high,
            }
        )
    return pd.DataFrame(rows)


def print_regret(chosen: pd.DataFrame) -> None:
    """Print the mean Dice of the best on average, and what each rule gains on it with its interval over patients."""
    print_table("clips", "number", "other model advised", *RULES)
    for name, rows in _group(chosen):
        print(f"| {name} | {len(rows):,} | {rows['changed'].mean():.0%} | {_compare(rows, RULES[1:])} |")


def _group(chosen: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all clips, those of each severity, and those of each corruption."""
    yield "all", chosen
    yield "clean", chosen[chosen["severity"] == 0]
    for severity in range(1, 6):
        yield f"severity {severity}", chosen[chosen["severity"] == severity]
    for corruption in sorted(set(chosen["corruption"]) - {CLEAN.corruption}):
        yield corruption, chosen[chosen["corruption"] == corruption]


def _compare(rows: pd.DataFrame, rules: Sequence[str]) -> str:
    """Return the mean Dice of the best on average, and the gain of each rule with its 95 % interval."""
    return " | ".join([f"{rows[AVERAGE].mean():.4f}", *(_gain(rows, rule) for rule in rules)])


def _gain(rows: pd.DataFrame, rule: str) -> str:
    gain = rows[rule] - rows[AVERAGE]
    by_patient = gain.groupby(rows["patient"]).mean().to_numpy(dtype=np.float64)
    if not by_patient.any():
        return "0"
    (low,), (high,) = interval(resampled_means(by_patient[None], resamples=2000, seed=0))
    return f"{100 * gain.mean():+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def print_sets(chosen: Mapping[str, pd.DataFrame]) -> None:
    """Print the gains on each set of clips."""
    print_table("clips", "other model advised", *RULES[:4])
    for name, rows in chosen.items():
        print(f"| {name} | {rows['changed'].mean():.0%} | {_compare(rows, RULES[1:4])} |")


def print_expected(rows: pd.DataFrame) -> None:
    """Print how well the expected Dice fits the Dice of single clips, beside the headline as what to expect."""
    print_table(
        *("clips", "mean error", "mean absolute error", "the same, expecting the headline"),
        "Dice in the range of 8 of 10 clips",
    )
    for name, own in _group(rows):
        error = own["expected"] - own[ADVISED]
        plain = (own["headline"] - own[AVERAGE]).abs().mean()
        inside = own["inside"].mean()
        print(f"| {name} | {error.mean():+.3f} | {error.abs().mean():.3f} | {plain:.3f} | {inside:.0%} |")


def print_left_out(fitted: NoisyClips, held: NoisyClips, clips: NoisyClips, payoffs: Payoffs) -> None:
    """Print what becomes of each corruption if the estimate was fitted without it."""
    print_table("left out", "taken for", "error of the severity", "odd", AVERAGE, HIGHEST, ADVISED)
    for name in (name for names in NoiseV1().families.values() for name in names):
        without = [
            each.take(np.array([c.corruption != name for c in each.conditions])) for each in (fitted, held)
        ]
        model = fit(*without)
        own = clips.take(np.array([c.corruption == name for c in clips.conditions]))
        found, chosen = find_noise(model, own), choose(payoffs, own, model)
        others, error = list_others(found.found_L, name), found.error_L.mean()
        gains = _compare(chosen, (HIGHEST, ADVISED))
        print(f"| {name} | {others} | {error:.2f} | {found.odd_L.mean():.0%} | {gains} |")


def print_tables(model: NoiseModel, payoffs: Payoffs, sets: Mapping[str, NoisyClips]) -> None:
    """Print the tables of the estimate that lvzoo ships; the first set is the test split of the run."""
    tested = next(iter(sets.values()))
    print_accuracy(sets, model)
    print()
    print_confusion(tested, model)
    print()
    chosen = {name: choose(payoffs, clips, model) for name, clips in sets.items()}
    first = next(iter(chosen.values()))
    print_regret(first)
    print()
    print_sets(chosen)
    print()
    print_expected(first)
    print()


def main(run: Path, phantom: Path, shifted: Sequence[Path]) -> None:
    """Print all tables."""
    videos = list_videos(phantom, "test")
    sets = {
        "test split": make_noisy_clips(videos, conditions=26, seed=9),
        "a third of it, changed": make_noisy_clips(videos[::3], conditions=13, changed=True, seed=3),
        **{
            folder.name: make_noisy_clips(list_videos(folder, "test")[:30], conditions=10, seed=3)
            for folder in shifted
        },
    }
    payoffs = Payoffs.read(run)
    print_tables(read_noise_model(), payoffs, sets)
    print_left_out(
        make_noisy_clips(list_videos(phantom, "train"), conditions=13, changed=True),
        make_noisy_clips(list_videos(phantom, "val"), conditions=12, changed=True, seed=1),
        sets["test split"],
        payoffs,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(each) for each in sys.argv[3:]])
