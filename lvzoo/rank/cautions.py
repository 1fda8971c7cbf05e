"""Finds what limits a ranking: each caution is a sentence, and the only place that says it.

The report prints the cautions and does not repeat them in its own sentences.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

from lvzoo.errors import name_some
from lvzoo.rank.bootstrap import FEWEST
from lvzoo.rank.significance import ALPHA, least_p
from lvzoo.types.results import TRACKS, Caution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lvzoo.types.results import CautionKind, ModelFacts, Origin, Ranking

    Found: TypeAlias = tuple[CautionKind, str]

FEW_PATIENTS_MDD: Final = 0.01
"""There are few patients if the smallest detectable difference in Dice is larger than this."""
MOST_NAMED: Final = 3
ORIGINS: Final[Mapping[Origin, str]] = {
    "here": "the train split that belongs to this test split ({})",
    "elsewhere": "data that are not known to be of this data set ({})",
    "seen": "THE VERY FRAMES THAT ARE TESTED HERE ({}), so these scores say nothing about new patients",
    "foreign": "{}, perhaps with the very patients that are tested here",
}


def find_cautions(ranking: Ranking) -> tuple[Caution, ...]:
    """Return the cautions of a ranking whose other fields are filled."""
    finders = (_one_epoch, _trained_before, _calibrated, _noise, _seeds, _patients, _mean_ranks, _own_recipes)
    return tuple(Caution(kind=kind, text=text) for find in finders for kind, text in find(ranking))


def _one_epoch(ranking: Ranking) -> Iterator[Found]:
    """Warn of models that were trained for one epoch, as those of the preset smoke are."""
    names = [name for name, facts in ranking.models.items() if facts.epochs == 1]
    if names:
        who = name_some(names, MOST_NAMED)
        yield (
            "one epoch",
            f"trained for one epoch only, as in a smoke test: {who}; so this ranking means nothing",
        )


def _trained_before(ranking: Ranking) -> Iterator[Found]:
    """Name the models that the run did not train, and the data on which they were trained."""
    by_data: dict[str, list[str]] = {}
    for name, facts in ranking.models.items():
        if facts.origin != "run":
            by_data.setdefault(ORIGINS[facts.origin].format(facts.trained_on), []).append(name)
    if not by_data:
        return
    trained = "; ".join(f"{', '.join(names)} on {data}" for data, names in by_data.items())
    differ = len({(each.origin, each.trained_on) for each in ranking.models.values()}) > 1
    unfair = "; so differences may come from the training data, not from the models" if differ else ""
    yield "trained before", f"trained before and only tested here: {trained}{unfair}"


def _calibrated(ranking: Ranking) -> Iterator[Found]:
    """Name the models whose border was moved after the training, and the data to whose tracings it was moved."""
    moved = {name: facts for name, facts in ranking.models.items() if facts.calibrated_on}
    if moved:
        where = "; ".join(f"{name} on {_describe_tracings(facts)}" for name, facts in moved.items())
        yield "calibrated", f"border calibrated after the training: {where}"


def _describe_tracings(facts: ModelFacts) -> str:
    if not facts.calibrated_here:
        return facts.calibrated_on
    return ORIGINS["seen"].format(facts.calibrated_on)


def _noise(ranking: Ranking) -> Iterator[Found]:
    """Warn if no noise or only part of the suite was run."""
    if not ranking.families:
        yield "clean only", "clean frames only: no noise was run, so this says nothing about noisy clips"
    elif ranking.partial:
        corruptions = ", ".join(name for names in ranking.families.values() for name in names)
        severities = ", ".join(map(str, ranking.severities))
        part = f"part of {ranking.suite} only ({corruptions} at severity {severities})"
        yield "part", f"{part}: not comparable with the whole suite's {ranking.headline}"


def _seeds(ranking: Ranking) -> Iterator[Found]:
    """Warn of models that were trained once, and of unequal numbers of trainings."""
    table = ranking.table
    fewest, most = int(table["seeds"].min()), int(table["seeds"].max())
    if most == 1:
        yield "one seed", "one training seed: seed variance unknown"
    elif fewest < most:
        counts = ", ".join(f"{row.model} {row.seeds}" for row in table[["model", "seeds"]].itertuples())
        once = ", ".join(table.loc[table["seeds"] == 1, "model"])
        unknown = f"; seed variance unknown for {once}" if once else ""
        unequal = f"unequal numbers of training seeds ({counts})"
        yield "unequal seeds", f"{unequal}: some headlines are more certain than others{unknown}"


def _patients(ranking: Ranking) -> Iterator[Found]:
    """Warn of too few patients, judged by the median over pairs of the smallest detectable difference."""
    if ranking.patients < FEWEST:
        yield "one patient", "one patient: this says nothing about other patients"
    elif len(ranking.pairs):
        mdd = float(ranking.pairs["mdd"].median())
        few = f"few patients: with {ranking.patients} patients,"
        # Holm multiplies the smallest p by the number of pairs: if even that is above ALPHA, no test can succeed
        if len(ranking.pairs) * least_p(ranking.patients) > ALPHA:
            models = f"{len(ranking.table)} models"
            yield "few patients", f"{few} the tests cannot tell {models} apart, however large the differences"
        elif mdd > FEW_PATIENTS_MDD:
            yield "few patients", f"{few} differences below {mdd:.3f} may be missed"


def _mean_ranks(ranking: Ranking) -> Iterator[Found]:
    """Name the separable pairs that the mean rank over patients puts in the opposite order."""
    significant = ranking.pairs[ranking.pairs["p_holm"] < ALPHA]
    separable = set(zip(significant["better"], significant["worse"], strict=True))
    columns = ranking.table[["model", "rank", "mean_rank"]]
    rows = list(columns.itertuples(index=False, name=None))
    reversed_pairs = [
        f"{worse} before {better}"
        for (better, rank, mean), (worse, other_rank, other_mean) in combinations(rows, 2)
        if (better, worse) in separable and rank < other_rank and mean > other_mean
    ]
    if reversed_pairs:
        order = f"the order by {ranking.headline} may rest on large differences in few patients"
        puts = f"the mean rank over patients puts {name_some(reversed_pairs, MOST_NAMED)}"
        yield "mean rank", f"{puts}: {order}"


def _own_recipes(ranking: Ranking) -> Iterator[Found]:
    """Name the models of a contest that were trained with a recipe of their own."""
    contests = ranking.contests[ranking.contests["track"].isin(TRACKS)]
    for track, contest in contests.groupby("track", sort=False):
        for name in (contest["mask"].iloc[0], contest["landmark"].iloc[0]):
            if ranking.models[name].own_recipe:
                own = f"masks or landmarks, {track} track: {name} was trained with a recipe of its own"
                yield "own recipe", f"{own}, so the difference may come from the recipe"
