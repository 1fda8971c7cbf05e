"""Writes the answers of a report: which model leads, and whether masks or landmarks are better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.formats import chance, interval, known_interval, number_of, p_value, percent, signed
from lvzoo.report.words import rows_of
from lvzoo.types import FAILURE_DICE
from lvzoo.types.results import CHANGE, STANDARD, TRACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.report.words import Row
    from lvzoo.types import Kind
    from lvzoo.types.results import Ranking, Study

MOSTLY: Final = 0.5
"""If more than this share of the leading model's scores are failures, the answer says so."""
_A_MODEL: Final[Mapping[Kind, str]] = {"mask": "a mask model", "landmark": "a landmark model"}


def answer(study: Study) -> str:
    """Return one sentence: which model leads, how certain that is, and whether its lead is clear."""
    ranking = study.ranking
    first, *others = _by_rank(ranking)
    where = f"On the {'synthetic phantom' if study.source.synthetic else f'data set {study.source.name}'}"
    part = "part of " if ranking.partial else ""
    under = f" under {part}{ranking.suite}" if ranking.families else ", on clean frames only"
    who = f"{where}{under}, {_describe(ranking, first)}"
    size = known_interval(*words.with_ends(first, "headline"))
    score = f"{words.headline(ranking)} {size}"
    if not others:
        once = _trained_once(ranking, [first])
        return f"{who} reaches {score}; it is the only model, so nothing is ranked{once}."

    if first["failure_share"] > MOSTLY:
        failing = percent(first["failure_share"])
        score += f" although {failing} of its scores are failures (Dice < {FAILURE_DICE})"
    if not math.isnan(first["p_first"]):
        score += f", rank {words.ranks(first)} and first in {chance(first['p_first'])} of the resamples"
    return f"{who} leads with {score}; {_lead(ranking)}{_trained_once(ranking, [first, others[0]])}."


def _by_rank(ranking: Ranking) -> list[Row]:
    """Return the rows of the ranking by rank, whatever the order of its table."""
    return sorted(rows_of(ranking.table), key=lambda row: (row["rank"], row["model"]))


def _describe(ranking: Ranking, row: Row) -> str:
    """Return a model's name with its marks and its kind."""
    return f"{words.marked_name(ranking, row['model'])} ({_A_MODEL[row['kind']]})"


def _trained_once(ranking: Ranking, rows: list[Row]) -> str:
    """Return a clause on the models of these rows that have one training seed, or nothing."""
    once = [words.marked_name(ranking, row["model"]) for row in rows if int(row["seeds"]) == 1]
    if not once:
        return ""
    cautions = {caution.kind: caution.text for caution in ranking.warnings}
    return f"; {cautions.get('one seed', 'one training seed of ' + ' and of '.join(once))}"


def _lead(ranking: Ranking) -> str:
    """Return how far the first model leads over the second, and the verdict on it with its meaning."""
    first, second = _by_rank(ranking)[:2]
    two = {first["model"], second["model"]}
    [pair] = [row for row in rows_of(ranking.pairs) if {row["better"], row["worse"]} == two]
    size = known_interval(*words.with_ends(pair, "difference"))
    meaning = {
        "clear": f"its whole 95 % interval lies above the margin of {ranking.margin:g}",
        "unsteady": "clear in the mean over the training seeds, but the seeds do not agree, so another training may "
        "reverse it",
        "once": "clear for these trainings, but a model was trained once, so another training may reverse it",
        "small": f"significant, but perhaps within the margin of {ranking.margin:g}",
        "open": f"{number_of(ranking.patients, 'patient')} cannot tell the two apart",
    }
    verdict = pair["verdict"]
    name = "that of one training" if verdict == "once" else verdict
    return f"its lead of {size} over {_describe(ranking, second)} is {name}: {meaning[verdict]}"


# --- Masks or landmarks ---------------------------------------------------------------------------------------


def contests(ranking: Ranking) -> list[str]:
    """Answer `masks or landmarks?` in a sentence per track; with two tracks, one more compares them."""
    rows = {row["track"]: row for row in rows_of(ranking.contests) if row["scope"] == "overall"}
    overall = [rows[track] for track in TRACKS if track in rows]
    if not overall:
        kinds = {facts.kind for facts in ranking.models.values()}
        missing = " and ".join(kind for kind in ("mask", "landmark") if kind not in kinds)
        found = f"no {missing} model was ranked" if missing else "the two kinds share no track"
        return [f"masks or landmarks: {found}, so there is no answer"]
    several = len(overall) > 1
    sentences = [_contest(ranking, row, name_track=several or row["track"] != STANDARD) for row in overall]
    if several:
        sentences.append(_change([row["winner"] for row in overall], rows[CHANGE]))
    return sentences


def _contest(ranking: Ranking, row: Row, *, name_track: bool) -> str:
    """Return the winner of a track with the size of its win, or the difference where there is no winner."""
    question = "masks or landmarks" + (f" ({row['track']} track)" if name_track else "")
    mask, landmark = words.marked_name(ranking, row["mask"]), words.marked_name(ranking, row["landmark"])
    value, low, high = words.with_ends(row, "difference")
    if row["winner"] == "mask":
        return f"{question}: masks; {mask} beats {landmark} by {interval(value, low, high)}"
    if row["winner"] == "landmark":
        return f"{question}: landmarks; {landmark} beats {mask} by {interval(-value, -high, -low)}"
    size = f"{signed(value, low, high)}, p {p_value(row['p_holm'])}"
    if row["verdict"] == "once":
        return (
            f"{question}: one training cannot tell; {mask} minus {landmark}: {size} for these trainings; "
            f"{words.train_more(ranking)}"
        )
    why = ", but the training seeds do not agree" if row["verdict"] == "unsteady" else ""
    return f"{question}: neither clearly; {mask} minus {landmark}: {size}{why}"


def _change(winners: list[str], change: Row) -> str:
    """Return whether training on noise changes the winner, and by how much it changes the difference."""
    if "neither" in winners:
        says = "the tracks do not settle whether training on noise changes the answer"
    else:
        same = "the same" if len(set(winners)) == 1 else "another"
        says = f"the models trained on noise give {same} answer"
    size = signed(*words.with_ends(change, "difference"))
    return f"{says}; training on noise changes masks minus landmarks by {size}, p {p_value(change['p_holm'])}"
