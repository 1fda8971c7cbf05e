"""Writes the sentences on the ejection fraction (EF). Its errors are in points: percent minus percent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.errors import name_some
from lvzoo.report import words
from lvzoo.report.formats import (
    UNKNOWN,
    decimals,
    number_of,
    p_value,
    points,
    signed_points,
    span_of_points,
)
from lvzoo.report.words import rows_of
from lvzoo.types.results import STANDARD

if TYPE_CHECKING:
    from lvzoo.report.words import Row
    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.results import Ranking, Study

MOST_NAMED: Final = 3
OVERALL: Final = "overall"


def ejection_lines(study: Study) -> list[str]:
    """Return the sentences on EF: which model has the smallest error, masks or landmarks, and what limits it."""
    ejection = study.ranking.ejection
    if ejection is None:
        return []
    return [
        *(_leader(study, ejection) if ejection.known else _nothing(ejection)),
        *_contests(study.ranking, ejection),
        *_limits(study.ranking, ejection),
        *_lacking(ejection),
    ]


def _nothing(ejection: EjectionResults) -> list[str]:
    if ejection.lacking:
        return ["ejection fraction: not known, since the scores hold no volumes"]
    return ["ejection fraction: not known, since no patient has a traced ED and ES frame"]


def _leader(study: Study, ejection: EjectionResults) -> list[str]:
    """Return which model has the smallest error, and that Dice has another leader, if so."""
    ranking = study.ranking
    best = min(
        scope_rows(ejection, OVERALL), key=lambda row: math.inf if math.isnan(row["mae"]) else row["mae"]
    )
    where = under(ranking)
    size = points(*words.with_ends(best, "mae"))
    errors = {decimals(row["mae"], 1) for row in scope_rows(ejection, OVERALL)}
    if len(errors) == 1 and len(ranking.table) > 1:
        same = f"ejection fraction: the models do not differ in their error {where}, {size} points on average"
        return [f"{same} against the EF of the tracings, {number_of(best['n'], 'patient')}"]
    line = (
        f"ejection fraction: {words.marked_name(ranking, best['model'])} has the smallest error {where}, "
        f"{size} points on average against the EF of the tracings, {number_of(best['n'], 'patient')}"
    )
    leader = min(rows_of(ranking.table), key=lambda row: (row["rank"], row["model"]))["model"]
    if len(ranking.table) > 1 and leader != best["model"]:
        line += f"; by {ranking.headline} {words.marked_name(ranking, leader)} leads: Dice does not tell EF"
    return [line]


def _contests(ranking: Ranking, ejection: EjectionResults) -> list[str]:
    """Return the answer to `masks or landmarks?` in EF, a sentence per track."""
    rows = [
        row
        for row in rows_of(ejection.contests)
        if row["scope"] == OVERALL and row["reference"] == "tracings"
    ]
    return [_contest(ranking, row, name_track=[each["track"] for each in rows] != [STANDARD]) for row in rows]


def _contest(ranking: Ranking, row: Row, *, name_track: bool) -> str:
    question = "masks or landmarks in EF" + (f" ({row['track']} track)" if name_track else "")
    mask, landmark = (words.marked_name(ranking, row[kind]) for kind in ("mask", "landmark"))
    value, low, high = words.with_ends(row, "difference")
    if row["winner"] == "mask":
        size = points(-value, -high, -low)
        return f"{question}: masks; the error of {mask} is smaller than that of {landmark} by {size}"
    if row["winner"] == "landmark":
        size = points(value, low, high)
        return f"{question}: landmarks; the error of {landmark} is smaller than that of {mask} by {size}"
    why = {
        "once": f" for these trainings; {words.train_more(ranking)}",
        "unsteady": ", but the training seeds do not agree",
    }.get(row["verdict"], "")
    if all(decimals(abs(each), 1) in ("0.0", UNKNOWN) for each in (value, low, high)):
        return f"{question}: neither; {mask} and {landmark} do not differ by 0.1 points{why}"
    size = f"{signed_points(value, low, high)}, p {p_value(row['p_holm'])}"
    return f"{question}: neither clearly; the error of {mask} minus that of {landmark}: {size}{why}"


def _limits(ranking: Ranking, ejection: EjectionResults) -> list[str]:
    """Return what perfect predictions would get, and how far the tracings themselves are from the listed EF."""
    if not ejection.known:
        return []
    found: dict[str, list[float]] = {}
    for row in scope_rows(ejection, OVERALL):
        facts = ranking.models[row["model"]]
        what = f"{facts.landmarks} perfect landmarks" if facts.landmarks else "perfect masks"
        if not math.isnan(row["perfect_mae"]):
            found.setdefault(what, []).append(row["perfect_mae"])
    perfect = [f"{what} {span_of_points(errors)}" for what, errors in found.items()]
    lines = (
        [f"what is possible: {', '.join(perfect)} points on these frames, measured in the same way"]
        if perfect
        else []
    )
    if ejection.tracings:
        own = ejection.tracings
        lines.append(
            f"the tracings' own EF differs from the listed one by {decimals(own['mae'], 1)} points on average (bias "
            f"{own['bias']:+.1f}, r {decimals(own['r'], 2)}), which a model that learns tracings can hardly avoid"
        )
    return lines


def _lacking(ejection: EjectionResults) -> list[str]:
    if not ejection.lacking:
        return []
    names = name_some(list(ejection.lacking), MOST_NAMED)
    what = f"no EF of {names}: an earlier version of lvzoo wrote their scores, without volumes"
    return [f"{what}; repeat the command that made the run, which scores its models again"]


def under(ranking: Ranking) -> str:
    """Return under which noise the overall figures are."""
    if not ranking.families:
        return "on clean frames"
    return f"under {'part of ' if ranking.partial else ''}{ranking.suite}"


def shows_ef(ranking: Ranking) -> bool:
    """Return whether a report of this ranking states an ejection fraction."""
    return ranking.ejection is not None and ranking.ejection.known


def order_lines(ranking: Ranking) -> list[str]:
    """Return that the rows are ordered by EF, if they are."""
    if ranking.order != "ef":
        return []
    order = f"the rows are ordered by the EF error {under(ranking)}, the smallest first"
    return [f"{order}; ranks and groups are those of {words.headline(ranking)}"]


def scope_rows(ejection: EjectionResults, scope: str) -> list[Row]:
    """Return the rows of one scope."""
    return [] if ejection.table.empty else rows_of(ejection.table[ejection.table["scope"] == scope])
