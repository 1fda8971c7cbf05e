"""The sentences of a report, the same in the terminal, in the file and in a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lvzoo.report.formats import (
    UNKNOWN,
    chance,
    decimals,
    interval,
    known_interval,
    number_of,
    p_value,
    percent,
    signed,
    span,
)
from lvzoo.types import FAILURE_DICE
from lvzoo.types.results import CHANGE, STANDARD, TRACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lvzoo.types import Kind, OptionValue, Source
    from lvzoo.types.results import ModelFacts, Ranking, Study

SYNTHETIC: Final = "synthetic phantom: a test of software and relative robustness, no evidence about patients"
OWN_RECIPE: Final = "†"
AUGMENTED: Final = "‡"
ELSEWHERE: Final = "§"
PART: Final = "*"
MARKS: Final = {
    OWN_RECIPE: "own recipe: trained otherwise than the rest",
    AUGMENTED: "augmented track: trained on noise like noise-v1's",
    ELSEWHERE: "not known to be trained on the train split of a data set with this very test split",
}
BEARERS: Final[Mapping[str, Callable[[ModelFacts], bool]]] = {
    OWN_RECIPE: lambda facts: facts.own_recipe,
    AUGMENTED: lambda facts: facts.augmented,
    ELSEWHERE: lambda facts: facts.origin in ("elsewhere", "seen"),
}
"""Who bears a mark."""
MOST_NAMED: Final = 3
MOSTLY: Final = 0.5
"""A model that leads though a larger share of its scores are failures is said to do so."""
_A_MODEL: Final[Mapping[Kind, str]] = {"mask": "a mask model", "landmark": "a landmark model"}

Row = dict[str, Any]


def rows_of(table: Any) -> list[Row]:  # noqa: ANN401 - pandas would be imported for the name alone
    """Return a table's rows, each as a dict by column."""
    records: list[Row] = table.to_dict("records")
    return records


def marked(ranking: Ranking, model: str) -> str:
    """Return a model's name with the marks that it must not be read without."""
    return "".join((model, *(mark for mark, bears in BEARERS.items() if bears(ranking.models[model]))))


def marks(ranking: Ranking) -> list[str]:
    """Return what the marks mean that stand in this ranking."""
    facts = ranking.models.values()
    return [f"{mark} {meaning}" for mark, meaning in MARKS.items() if any(map(BEARERS[mark], facts))]


def headline(ranking: Ranking) -> str:
    """Return what the headline is called; with an asterisk where only part of the suite was run."""
    return f"{ranking.headline}{PART if ranking.partial and ranking.families else ''}"


def ranks(row: Row) -> str:
    """Return the 95 % interval of a model's rank: `1-2`, `1` where hardly a resample has it elsewhere, or a dash."""
    if math.isnan(row["rank_low"]):
        return UNKNOWN
    low, high = int(row["rank_low"]), int(row["rank_high"])
    return str(low) if low == high else f"{low}-{high}"


# --- The answer -----------------------------------------------------------------------------------------------


def answer(study: Study) -> str:
    """Say in one sentence which model leads, how sure that is, whether its lead is clear, and what is not known."""
    ranking = study.ranking
    first, *others = rows_of(ranking.table)
    where = f"On the {'synthetic phantom' if study.source.synthetic else f'data set {study.source.name}'}"
    under = (
        f" under {'part of ' if ranking.partial else ''}{ranking.suite}"
        if ranking.families
        else ", on clean frames only"
    )
    who = f"{marked(ranking, first['model'])} ({_A_MODEL[first['kind']]})"
    size = known_interval(first["headline"], first["headline_low"], first["headline_high"])
    score = f"{headline(ranking)} {size}"
    if not others:
        only = "it is the only model, so nothing is ranked"
        return f"{where}{under}, {who} reaches {score}; {only}{_trained_once(ranking, [first])}."
    if first["failure_share"] > MOSTLY:
        score += (
            f" although {percent(first['failure_share'])} of its scores are failures (Dice < {FAILURE_DICE})"
        )
    sure = f", rank {ranks(first)} and first in {chance(first['p_first'])} of the resamples"
    known = "" if math.isnan(first["p_first"]) else sure
    unknown = _trained_once(ranking, [first, others[0]])
    return f"{where}{under}, {who} leads with {score}{known}; {_lead(ranking)}{unknown}."


def _trained_once(ranking: Ranking, rows: list[Row]) -> str:
    """Say of which of some models nobody knows how far another training would lie; nothing where there are none."""
    once = [marked(ranking, row["model"]) for row in rows if int(row["seeds"]) == 1]
    if not once:
        return ""
    whose = "" if int(ranking.table["seeds"].max()) == 1 else f" of {' and of '.join(once)}"
    return f"; one training seed{whose}, so what another training would give is unknown (seed variance)"


def _lead(ranking: Ranking) -> str:
    """Say whether the first model's lead over the second is clear, small or open."""
    first, second = rows_of(ranking.table)[:2]
    [pair] = [
        row
        for row in rows_of(ranking.pairs)
        if {row["better"], row["worse"]} == {first["model"], second["model"]}
    ]
    size = known_interval(pair["difference"], pair["difference_low"], pair["difference_high"])
    over = f"{marked(ranking, second['model'])} ({_A_MODEL[second['kind']]})"
    return f"its lead of {size} over {over} is {verdict(ranking, pair['verdict'])}"


def verdict(ranking: Ranking, word: str) -> str:
    """Return a verdict on a difference with what it means."""
    return {
        "clear": f"clear: its whole 95 % interval lies above the margin of {ranking.margin:g}",
        "unsteady": "unsteady: clear on these trainings, but their seeds do not agree, and another may turn it",
        "small": f"small: significant, but perhaps within the margin of {ranking.margin:g}",
        "open": f"open: {number_of(ranking.patients, 'patient')} cannot tell the two apart",
    }[word]


def contests(ranking: Ranking) -> list[str]:
    """Answer `masks or landmarks?` in a sentence for each track, and say what the one track says of the other."""
    rows = {row["track"]: row for row in rows_of(ranking.contests) if row["scope"] == "overall"}
    overall = [rows[track] for track in TRACKS if track in rows]
    if not overall:
        kinds = {facts.kind for facts in ranking.models.values()}
        missing = " and ".join(kind for kind in ("mask", "landmark") if kind not in kinds)
        found = f"no {missing} model was ranked" if missing else "the two kinds share no track"
        return [f"masks or landmarks: {found}, so this does not say"]
    several = len(overall) > 1
    sentences = [_contest(ranking, row, name_track=several or row["track"] != STANDARD) for row in overall]
    if several:
        sentences.append(_change([row["winner"] for row in overall], rows[CHANGE]))
    return sentences


def _change(winners: list[str], change: Row) -> str:
    """Say whether training on noise changes the answer, where both tracks have one, and by how much."""
    if "neither" in winners:
        says = "the tracks do not settle whether training on noise changes the answer"
    else:
        says = (
            f"the models trained on noise give {'the same' if len(set(winners)) == 1 else 'another'} answer"
        )
    size = signed(change["difference"], change["difference_low"], change["difference_high"])
    return f"{says}; with it, masks minus landmarks changes by {size}, p {p_value(change['p_holm'])}"


def _contest(ranking: Ranking, row: Row, *, name_track: bool) -> str:
    where = f" ({row['track']} track)" if name_track else ""
    mask, landmark = marked(ranking, row["mask"]), marked(ranking, row["landmark"])
    value, low, high = row["difference"], row["difference_low"], row["difference_high"]
    if row["winner"] == "mask":
        return f"masks or landmarks{where}: masks; {mask} beats {landmark} by {interval(value, low, high)}"
    if row["winner"] == "landmark":
        by = interval(-value, -high, -low)
        return f"masks or landmarks{where}: landmarks; {landmark} beats {mask} by {by}"
    size = f"{signed(value, low, high)}, p {p_value(row['p_holm'])}"
    why = ", but the training seeds do not agree" if row["verdict"] == "unsteady" else ""
    return f"masks or landmarks{where}: neither clearly; {mask} minus {landmark}: {size}{why}"


def reference_words(name: str, level: float) -> str:
    """Return a reference with its Dice, once.

    >>> reference_words("Dice 0.90", 0.9), reference_words("tracing against truth", 0.9512)
    ('Dice 0.90', 'tracing against truth 0.951')
    """
    return name if name.endswith(decimals(level, 2)) else f"{name} {decimals(level)}"


# --- What the numbers rest on ---------------------------------------------------------------------------------


def caption(ranking: Ranking) -> list[str]:
    """Return what a reader must know to trust the numbers, line by line; what a warning says is not said again."""
    told = {warning.kind for warning in ranking.warnings}
    lines = {
        "sample": [sample_line(ranking)],
        "clean only": [noise_line(ranking)],
        "one seed": [seeds_line(ranking)],
        "few patients": power_line(ranking),
        "marks": marks(ranking),
    }
    return [line for subject, found in lines.items() if subject not in told for line in found]


def sample_line(ranking: Ranking) -> str:
    """Say what was scored, and where intervals come from."""
    sample = f"{number_of(ranking.patients, 'patient')}, {number_of(ranking.frames, 'frame')}"
    return f"{sample}; intervals: bootstrap over patients ({ranking.resamples:,} resamples)"


def columns_line(ranking: Ranking) -> str:
    """Say what the columns of the terminal's table are."""
    common = f"models that share a group letter are not separable; failures: Dice < {FAILURE_DICE}"
    return f"kept: {headline(ranking)} / clean; {common}" if ranking.families else common


def noise_line(ranking: Ranking) -> str:
    """Say what the headline averages over."""
    if not ranking.families:
        return "clean frames only: no noise was run, so this tells nothing about noisy clips"
    corruptions = ", ".join(name for names in ranking.families.values() for name in names)
    plural = "severities" if len(ranking.severities) > 1 else "severity"
    run = f"{corruptions}; {plural} {span(ranking.severities)}"
    if ranking.partial and any(warning.kind == "part" for warning in ranking.warnings):
        return f"{PART} over part of {ranking.suite} only"
    if ranking.partial:
        return f"{PART} part of {ranking.suite} ({run}): not comparable with the whole suite's {ranking.headline}"
    return f"{ranking.headline}: mean Dice over {ranking.suite} ({run})"


def seeds_line(ranking: Ranking) -> str:
    """Say how often each model was trained, in which that alone changes most, and of which nobody knows."""
    rows = rows_of(ranking.table)
    fewest, most = (int(edge(ranking.table["seeds"])) for edge in (min, max))
    if most == 1:
        return "1 training seed: seed variance unknown"
    widest = max((row for row in rows if row["seeds"] > 1), key=lambda row: float(row["seed_sd"]))
    whose = marked(ranking, widest["model"])
    spread = f"SD of {ranking.headline} over seeds at most {decimals(widest['seed_sd'], 4)} ({whose})"
    once = [marked(ranking, row["model"]) for row in rows if row["seeds"] == 1]
    unknown = f", unknown of {', '.join(once)}" if once else ""
    return f"mean of {most if fewest == most else f'{fewest} to {most}'} training seeds; {spread}{unknown}"


def power_line(ranking: Ranking) -> list[str]:
    """Say how small a difference so many patients show; nothing with one model or one patient."""
    smallest = float(ranking.pairs["mdd"].median()) if len(ranking.pairs) else math.nan
    if math.isnan(smallest):
        return []
    of = "median of the pairs" if len(ranking.pairs) > 1 else "of the pair"
    return [f"smallest difference found with 80 % power: {decimals(smallest, 4)} ({of})"]


def data_line(source: Source) -> str:
    """Say what the frames are."""
    return f"data: {SYNTHETIC if source.synthetic else source.name}"


def recipe_words(recipe: Mapping[str, OptionValue]) -> str:
    """Return a recipe in a line."""
    return ", ".join(f"{name} {value}" for name, value in recipe.items())


def exclusions_line(source: Source) -> list[str]:
    """Return a line on what of the data could not be used, by name, or nothing."""
    left_out = [f"{finding.name} ({finding.quirk})" for finding in source.exclusions]
    if not left_out:
        return []
    more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
    named = "; ".join(left_out[:MOST_NAMED])
    return [f"excluded: {len(left_out)}: {named}{more}; `lvzoo data check` and run.json name all"]
