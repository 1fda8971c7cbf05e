"""Writes names and captions, the same in the terminal, in the HTML file and in a notebook.

The ranking's cautions say what limits its numbers. The captions do not repeat them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import name_some
from lvzoo.registry.data_options import write_data_options
from lvzoo.report.formats import UNKNOWN, decimals, sample_size, span
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lvzoo.types import OptionValue, Source
    from lvzoo.types.results import ModelFacts, Ranking, Study

SYNTHETIC: Final = "synthetic phantom: a test of software and relative robustness, no evidence about patients"
PART: Final = "*"
MOST_NAMED: Final = 3
MARKS: Final[Mapping[str, tuple[str, Callable[[ModelFacts], bool]]]] = {
    "†": ("own recipe: not trained with the recipe of the other models", lambda facts: facts.own_recipe),
    "‡": ("augmented track: trained on noise like noise-v1's", lambda facts: facts.augmented),
    "§": (
        "not known to be trained on the train split that belongs to this test split",
        lambda facts: facts.origin in ("elsewhere", "seen", "foreign"),
    ),
    "¶": (
        "calibrated: after the training, one number was fitted that moves its border to some readers' tracings",
        lambda facts: bool(facts.calibrated_on),
    ),
}
"""The signs behind a model's name, each with its meaning and a test of which models have it."""

Row = dict[str, Any]


def rows_of(table: Any) -> list[Row]:  # noqa: ANN401 - pandas would be imported for the name alone
    """Return a table's rows, each as a dict by column."""
    records: list[Row] = table.to_dict("records")
    return records


def with_ends(row: Row, name: str) -> tuple[float, float, float]:
    """Return a number of a row, and the low and the high end of its 95 % interval."""
    return row[name], row[f"{name}_low"], row[f"{name}_high"]


def corruptions(ranking: Ranking) -> list[str]:
    """Return the names of the corruptions that were run, in the order of their families."""
    return [name for names in ranking.families.values() for name in names]


def marked_name(ranking: Ranking, model: str) -> str:
    """Return a model's name followed by its marks."""
    return "".join((model, *(sign for sign, (_, applies) in MARKS.items() if applies(ranking.models[model]))))


def mark_meanings(ranking: Ranking) -> dict[str, str]:
    """Return the meaning of each mark that a model of this ranking has."""
    facts = ranking.models.values()
    return {sign: meaning for sign, (meaning, applies) in MARKS.items() if any(map(applies, facts))}


def headline(ranking: Ranking) -> str:
    """Return the headline's name, with an asterisk where only part of the suite was run."""
    return f"{ranking.headline}{PART if ranking.partial and ranking.families else ''}"


def ranks(row: Row) -> str:
    """Return the 95 % interval of a model's rank: `1-2`, or `1` where both ends agree, or a dash if not known."""
    if math.isnan(row["rank_low"]):
        return UNKNOWN
    low, high = int(row["rank_low"]), int(row["rank_high"])
    return str(low) if low == high else f"{low}-{high}"


def train_more(ranking: Ranking) -> str:
    """Return the advice to train models more than once, with the option if the run that is shown trained them."""
    here = all(facts.origin == "run" for facts in ranking.models.values())
    return f"train each more than once{' (--seeds 3)' if here else ''}"


# --- What the numbers rest on ---------------------------------------------------------------------------------


def caption(ranking: Ranking) -> list[str]:
    """Return the lines under a ranking: what was scored, and what no caution says already."""
    few_patients = any(caution.kind == "few patients" for caution in ranking.warnings)
    sample = sample_size(ranking.patients, ranking.frames)
    return [
        f"{sample}; intervals: bootstrap over patients ({ranking.resamples:,} resamples)",
        *headline_line(ranking),
        *seeds_line(ranking),
        *([] if few_patients else power_line(ranking)),
        *(f"{sign} {meaning}" for sign, meaning in mark_meanings(ranking).items()),
    ]


def columns_line(ranking: Ranking) -> str:
    """Return what the columns of the terminal's table mean."""
    common = f"models that share a group letter are not separable; failures: Dice < {FAILURE_DICE}"
    return f"kept: {headline(ranking)} / clean; {common}" if ranking.families else common


def headline_line(ranking: Ranking) -> list[str]:
    """Return a line on what the headline averages over; nothing if no noise was run."""
    if not ranking.families:
        return []  # a caution says so
    if ranking.partial:  # a caution names the part
        return [f"{headline(ranking)}: mean Dice over the part of {ranking.suite} that was run"]
    plural = "severities" if len(ranking.severities) > 1 else "severity"
    run = f"{', '.join(corruptions(ranking))}; {plural} {span(ranking.severities)}"
    return [f"{ranking.headline}: mean Dice over {ranking.suite} ({run})"]


def seeds_line(ranking: Ranking) -> list[str]:
    """Return a line on the largest known standard deviation over seeds; nothing if all models have one seed."""
    rows = [row for row in rows_of(ranking.table) if row["seeds"] > 1]
    if not rows:
        return []
    widest = max(rows, key=lambda row: float(row["seed_sd"]))
    spread = f"at most {decimals(widest['seed_sd'], 4)} ({marked_name(ranking, widest['model'])})"
    return [f"mean of {seed_counts(ranking)} training seeds; SD of {ranking.headline} over seeds {spread}"]


def seed_counts(ranking: Ranking) -> str:
    """Return how many seeds each model was trained with: `3`, or `1 to 3`."""
    fewest, most = (int(edge(ranking.table["seeds"])) for edge in (min, max))
    return str(most) if fewest == most else f"{fewest} to {most}"


def power_line(ranking: Ranking) -> list[str]:
    """Return a line on the smallest detectable difference; nothing with one model or one patient."""
    smallest = float(ranking.pairs["mdd"].median()) if len(ranking.pairs) else math.nan
    if math.isnan(smallest):
        return []
    of = "median of the pairs" if len(ranking.pairs) > 1 else "of the pair"
    return [f"smallest difference found with 80 % power: {decimals(smallest, 4)} ({of})"]


def data_line(source: Source) -> str:
    """Return the name of the data, or that they are synthetic."""
    return f"data: {SYNTHETIC if source.synthetic else source.name}"


def reference_words(name: str, level: float) -> str:
    """Return a reference's name with its Dice, unless the name ends with it.

    >>> reference_words("Dice 0.90", 0.9), reference_words("tracing against truth", 0.9512)
    ('Dice 0.90', 'tracing against truth 0.951')
    """
    return name if name.endswith(decimals(level, 2)) else f"{name} {decimals(level)}"


def recipe_words(recipe: Mapping[str, OptionValue]) -> str:
    """Return a recipe on one line. It is empty if lvzoo trained none of the models."""
    return ", ".join(f"{name} {value}" for name, value in recipe.items()) or "not known"


def options_words(study: Study) -> str:
    """Return the options with which the data sets were read, by set if there are several; "" if there are none."""
    given = {
        name: ", ".join(write_data_options(options))
        for name, options in study.data_options.items()
        if options
    }
    if len(study.data_options) == 1:
        return "".join(given.values())
    return "; ".join(f"{name}: {options}" for name, options in given.items())


def exclusions_line(source: Source) -> list[str]:
    """Return a line that counts and names what was excluded from the data, or nothing."""
    excluded = [f"{finding.name} ({finding.quirk})" for finding in source.exclusions]
    if not excluded:
        return []
    names = name_some(excluded, MOST_NAMED, separator="; ")
    return [f"excluded: {len(excluded)}: {names}; `lvzoo data check` and run.json name all"]
