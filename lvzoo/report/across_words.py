"""Writes the sentences on other data sets and on picture quality, the same in the terminal and in the reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.formats import interval, known_interval, sample_size, signed
from lvzoo.report.words import rows_of
from lvzoo.types.across import FEWEST_MODELS
from lvzoo.types.results import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lvzoo.report.words import Row
    from lvzoo.types.across import AcrossResults, TestSet
    from lvzoo.types.results import Ranking, Study

CANNOT_BE_TOLD: Final = "cannot be told"


def across_lines(study: Study) -> list[str]:
    """Return the sentences on other data sets and picture quality; none if there is neither.

    What the reports show as tables and the terminal does not, `quality_lines` and `order_lines` say.
    """
    across, ranking = study.across, study.ranking
    if across is None:
        return []
    return [
        *_sets_line(across),
        *_contest_lines(ranking, across),
        *(f"not compared: {name}: {why}" for name, why in across.left_out.items()),
    ]


def across_notes(study: Study) -> list[str]:
    """Return how the numbers are to be read; nothing if there are none."""
    across = study.across
    if across is None:
        return []
    drops = (
        "drop: Dice at home minus Dice there; the patients of two sets differ, so their bootstraps are independent; "
        "a part of each drop may be due to patients, scanners or readers that are harder to match"
    )
    orders = (
        "tau: Kendall's tau-b between two orders of the models, 1 if they are equal and -1 if they are reversed; its "
        "interval is that of other patients, not of other models"
    )
    return [*([drops] if across.strange else []), *([orders] if across.orders["tau"].notna().any() else [])]


def head_of(each: TestSet) -> str:
    """Return the name of a test set, and whether it is home or synthetic."""
    marks = [*(["home"] if each.home else []), *(["synthetic"] if each.source.synthetic else [])]
    return f"{each.name} ({', '.join(marks)})" if marks else each.name


def synthetic_line(across: AcrossResults) -> str:
    """Return which of the sets are synthetic, and what that means; "" if none are."""
    names = [each.name for each in across.sets if each.source.synthetic]
    return f"{words.SYNTHETIC} ({', '.join(names)})" if names else ""


def describe_set(each: TestSet) -> str:
    """Return the name of a test set with its size, and that it is synthetic if it is."""
    made = ", synthetic" if each.source.synthetic else ""
    return f"{each.name} ({sample_size(each.patients, each.frames)}{made})"


def _sets_line(across: AcrossResults) -> Iterator[str]:
    if across.strange:
        home, *strange = map(describe_set, across.sets)
        yield f"trained on {home}; tested on its test set and, without further training, on {', '.join(strange)}"


# --- Masks or landmarks -----------------------------------------------------------------------------------------


def _contest_lines(ranking: Ranking, across: AcrossResults) -> Iterator[str]:
    """Yield one sentence per strange set and track: the winner of the two models that lead at home."""
    strange = across.contests[~across.contests["home"].astype(bool)]
    for row in rows_of(strange[strange["scope"] == "overall"]):
        track = "" if row["track"] == STANDARD else f" ({row['track']} track)"
        yield f"masks or landmarks on {row['set']}{track}: {_contest(ranking, row)}"


def _contest(ranking: Ranking, row: Row) -> str:
    mask, landmark = words.marked_name(ranking, row["mask"]), words.marked_name(ranking, row["landmark"])
    value, low, high = words.with_ends(row, "difference")
    what = f" in {words.headline(ranking)}"
    if row["winner"] == "mask":
        return f"masks; {mask} beats {landmark} by {interval(value, low, high)}{what}"
    if row["winner"] == "landmark":
        return f"landmarks; {landmark} beats {mask} by {interval(-value, -high, -low)}{what}"
    size = f"{mask} minus {landmark}: {signed(value, low, high)}{what}"
    if row["verdict"] == "once":
        return f"one training cannot tell; {size} for these trainings"
    why = ", but the training seeds do not agree" if row["verdict"] == "unsteady" else ""
    return f"neither clearly; {size}{why}"


# --- Picture quality --------------------------------------------------------------------------------------------


def quality_lines(study: Study) -> Iterator[str]:
    """Yield one sentence per set that grades its pictures: clean Dice by quality of the model that leads at home."""
    across, ranking = study.across, study.ranking
    if across is None:
        return
    for each in across.sets:
        rows = rows_of(across.qualities[across.qualities["set"] == each.name])
        if rows:
            model = rows[0]["model"]
            own = [row for row in rows if row["model"] == model]
            dice = [f"{row['quality']} {known_interval(*words.with_ends(row, 'clean'))}" for row in own]
            name = words.marked_name(ranking, model)
            yield f"clean Dice by picture quality on {each.name}, {name}: {', '.join(dice)}"


# --- The order of the models ------------------------------------------------------------------------------------


def order_lines(study: Study) -> Iterator[str]:
    """Yield one sentence per target: whether the order of the models at home tells their order there."""
    if study.across is None:
        return
    targets = group_targets(study.across)
    few = [rows["clean"] for rows in targets if rows["clean"]["models"] < FEWEST_MODELS]
    if few:
        where = "; ".join(name_target(row) for row in few)
        yield (
            f"does the order at home tell the order {where}? {CANNOT_BE_TOLD} with fewer than {FEWEST_MODELS} models"
        )
    for rows in targets:
        if rows["clean"]["models"] >= FEWEST_MODELS:
            yield f"order {name_target(rows['clean'])}: {_taus(study.ranking, rows)}"


def _taus(ranking: Ranking, rows: Mapping[str, Row]) -> str:
    """Return the correlations of one target."""
    by_clean = f"{signed_tau(rows['clean'])} with the order by clean Dice at home"
    if "headline" not in rows:
        return f"tau {by_clean}"
    noisy = rows["headline"]
    by_noise = f"tau {signed_tau(noisy)} with the order by {words.headline(ranking)} at home"
    return f"{by_noise}, {by_clean}; difference {signed_tau(noisy, 'advantage')}"


def group_targets(across: AcrossResults) -> list[dict[str, Row]]:
    """Return the rows of the orders, by predictor, of each target."""
    targets: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows_of(across.orders):
        targets.setdefault((row["set"], row["quality"]), {})[row["predictor"]] = row
    return list(targets.values())


def name_target(row: Row) -> str:
    """Return the words for a target of the orders: clean Dice on a set, or on its pictures of one quality."""
    where = f"on {row['set']}"
    return f"{where}, pictures called {row['quality']}" if row["quality"] else f"{where}, clean frames"


def signed_tau(row: Row, name: str = "tau") -> str:
    """Return tau, or a difference of two, with its sign and its interval; or that it cannot be told."""
    tau, low, high = words.with_ends(row, name)
    if math.isnan(tau):
        return CANNOT_BE_TOLD
    return f"{tau:+.2f}" if math.isnan(low) else f"{tau:+.2f} [{low:+.2f}, {high:+.2f}]"
