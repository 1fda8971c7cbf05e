"""Writes the sentences on other data sets and on picture quality, for the reports and, shorter, for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.formats import interval, known_interval, number_of, sample_size, signed
from lvzoo.report.words import rows_of
from lvzoo.types.across import FEWEST_GRADED, FEWEST_MODELS
from lvzoo.types.results import STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.report.words import Row
    from lvzoo.types.across import AcrossResults, TestSet
    from lvzoo.types.results import Ranking, Study

CANNOT_BE_TOLD: Final = "cannot be told"
FEW_GRADED: Final = (
    f"a grade of fewer than {FEWEST_GRADED} patients has no interval, because so few patients have too few different "
    "resamples"
)
MORE: Final = "the report has more on these sets: all intervals, picture quality, and the order of the models"


def across_lines(study: Study) -> list[str]:
    """Return the sentences of the reports on other data sets and picture quality; none if there is neither."""
    across, ranking = study.across, study.ranking
    if across is None:
        return []
    return [
        *_sets_line(across),
        *_contest_lines(ranking, across),
        *_few_models_line(across),
        *_left_out_lines(across),
    ]


def terminal_lines(study: Study) -> list[str]:
    """Return at most one line per set for the terminal; the reports have the rest."""
    across, ranking = study.across, study.ranking
    if across is None:
        return []
    return [
        *_quality_line(ranking, across),
        *(_short_line(each, across) for each in across.strange),
        *_left_out_lines(across),
        *([MORE] if across.strange else []),
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
    return [
        *([drops] if across.strange else []),
        *([FEW_GRADED] if (across.qualities["patients"] < FEWEST_GRADED).any() else []),
        *([orders] if across.orders["tau"].notna().any() else []),
    ]


def head_of(each: TestSet, *, alone: bool = False) -> str:
    """Return the name of a test set with its marks. The only set of a report is not called home."""
    return " ".join(filter(None, (each.name, marks_of(each, alone=alone))))


def marks_of(each: TestSet, *, alone: bool = False) -> str:
    """Return in brackets whether a test set is home or synthetic; "" if it is neither."""
    marks = [
        *(["home"] if each.home and not alone else []),
        *(["synthetic"] if each.source.synthetic else []),
    ]
    return f"({', '.join(marks)})" if marks else ""


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


def _left_out_lines(across: AcrossResults) -> Iterator[str]:
    yield from (f"not compared: {name}: {why}" for name, why in across.left_out.items())


# --- Masks or landmarks -----------------------------------------------------------------------------------------


def _contest_lines(ranking: Ranking, across: AcrossResults) -> Iterator[str]:
    """Yield one sentence per strange set and track: the winner of the two models that lead at home."""
    strange = across.contests[~across.contests["home"].astype(bool)]
    for row in rows_of(strange[strange["scope"] == "overall"]):
        track = "" if row["track"] == STANDARD else f" ({row['track']} track)"
        yield f"masks or landmarks on {row['set']}{track}: {_contest(ranking, row)}"


def _short_line(each: TestSet, across: AcrossResults) -> str:
    """Return a strange set with its size, and its answers to `masks or landmarks?` without numbers."""
    contests = across.contests[
        (across.contests["set"] == each.name) & (across.contests["scope"] == "overall")
    ]
    answers = []
    for row in rows_of(contests):
        track = "" if row["track"] == STANDARD else f" ({row['track']} track)"
        told = {"once": "one training cannot tell", "unsteady": "the training seeds do not agree"}
        winner = "neither clearly" if row["winner"] == "neither" else row["winner"] + "s"
        answers.append(f"masks or landmarks{track}: {told.get(row['verdict'], winner)}")
    return ": ".join(filter(None, (describe_set(each), "; ".join(answers))))


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


def _quality_line(ranking: Ranking, across: AcrossResults) -> Iterator[str]:
    """Yield clean Dice by picture quality of the model that leads, if the data set of the run grades its pictures."""
    rows = rows_of(across.qualities[across.qualities["home"].astype(bool)])
    if not rows:
        return
    model = rows[0]["model"]
    dice = [
        f"{row['quality']} {known_interval(*words.with_ends(row, 'clean'))} ({number_of(row['patients'], 'patient')})"
        for row in rows
        if row["model"] == model
    ]
    few = any(row["patients"] < FEWEST_GRADED for row in rows)
    why = f"; no interval with fewer than {FEWEST_GRADED} patients" if few else ""
    yield f"clean Dice by picture quality, {words.marked_name(ranking, model)}: {', '.join(dice)}{why}"


# --- The order of the models ------------------------------------------------------------------------------------


def tells_orders(across: AcrossResults) -> bool:
    """Return whether there are enough models for an order to be compared with another."""
    return bool((across.orders["models"] >= FEWEST_MODELS).any())


def _few_models_line(across: AcrossResults) -> Iterator[str]:
    """Yield why no orders are compared, if there are any that could be."""
    if len(across.orders) and not tells_orders(across):
        where = "elsewhere" if across.strange else "on poor pictures"
        yield (
            f"whether the order of the models is the same {where} {CANNOT_BE_TOLD} with fewer than {FEWEST_MODELS} "
            "models"
        )


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
