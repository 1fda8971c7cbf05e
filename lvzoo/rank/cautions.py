"""What a reader must know before believing an order, a sentence each."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from lvzoo.rank.bootstrap import FEWEST
from lvzoo.rank.significance import ALPHA, least_p
from lvzoo.types.results import TRACKS, Caution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from lvzoo.types.results import Origin, Ranking

FEW_PATIENTS_MDD: Final = 0.01
"""Where differences as large as this may go unseen, there are few patients."""
MOST_NAMED: Final = 3
ORIGINS: Final[Mapping[Origin, str]] = {
    "here": "the train split of a data set with this very test split ({})",
    "elsewhere": "data not known to be of this data set ({})",
    "seen": "THE VERY FRAMES THAT ARE TESTED ({}), so its scores say nothing of new patients",
}


def cautions(ranking: Ranking) -> tuple[Caution, ...]:
    """Return the warnings of a ranking whose other fields are filled."""
    return (
        *_origins(ranking),
        *_noise(ranking),
        *_seeds(ranking.table),
        *_patients(ranking),
        *_disagreement(ranking),
        *_own_recipes(ranking),
    )


def _origins(ranking: Ranking) -> Iterator[Caution]:
    """Tell what models were trained on that were trained before: their test frames come from elsewhere, perhaps."""
    of_data: dict[str, list[str]] = {}
    for name, facts in ranking.models.items():
        if facts.origin != "run":
            of_data.setdefault(ORIGINS[facts.origin].format(facts.trained_on), []).append(name)
    if not of_data:
        return
    told = "; ".join(f"{', '.join(names)} on {data}" for data, names in of_data.items())
    unlike = len({(each.origin, each.trained_on) for each in ranking.models.values()}) > 1
    unfair = ": differences are not the models' alone" if unlike else ""
    yield Caution(kind="trained before", text=f"trained before and only tested here: {told}{unfair}")


def _noise(ranking: Ranking) -> Iterator[Caution]:
    if not ranking.families:
        yield Caution(
            kind="clean only",
            text="clean frames only: no noise was run, so this tells nothing about noisy clips",
        )
    elif ranking.partial:
        corruptions = ", ".join(name for names in ranking.families.values() for name in names)
        severities = ", ".join(map(str, ranking.severities))
        yield Caution(
            kind="part",
            text=f"part of {ranking.suite} only ({corruptions} at severity {severities}): not comparable with the "
            f"whole suite's {ranking.headline}",
        )


def _seeds(table: pd.DataFrame) -> Iterator[Caution]:
    """Tell which models were trained once: of them, nobody knows how far another training would lie."""
    fewest, most = int(table["seeds"].min()), int(table["seeds"].max())
    if most == 1:
        yield Caution(kind="one seed", text="one training seed: seed variance unknown")
    elif fewest < most:
        counts = ", ".join(f"{row.model} {row.seeds}" for row in table[["model", "seeds"]].itertuples())
        once = ", ".join(table.loc[table["seeds"] == 1, "model"])
        unknown = f"; seed variance unknown of {once}" if once else ""
        yield Caution(
            kind="unequal seeds",
            text=f"unequal numbers of training seeds ({counts}): some headlines are surer than others{unknown}",
        )


def _patients(ranking: Ranking) -> Iterator[Caution]:
    """Tell of a small sample, by the median over pairs of the minimal detectable difference."""
    if ranking.patients < FEWEST:
        yield Caution(kind="one patient", text="one patient: nothing can be said of others")
    elif len(ranking.pairs):
        mdd = float(ranking.pairs["mdd"].median())
        if len(ranking.pairs) * least_p(ranking.patients) > ALPHA:
            yield Caution(
                kind="few patients",
                text=f"few patients: {ranking.patients} patients cannot tell {len(ranking.table)} models apart by "
                "the tests, whatever the differences",
            )
        elif mdd > FEW_PATIENTS_MDD:
            yield Caution(
                kind="few patients",
                text=f"few patients: with {ranking.patients} patients, differences below {mdd:.3f} are not to be "
                "seen",
            )


def _disagreement(ranking: Ranking) -> Iterator[Caution]:
    """Tell of pairs that differ, and which the mean of the ranks on each patient puts the other way round."""
    differ = ranking.pairs[ranking.pairs["p_holm"] < ALPHA]
    separable = set(zip(differ["better"], differ["worse"], strict=True))
    columns = ranking.table[["model", "rank", "mean_rank"]]
    rows = list(columns.itertuples(index=False, name=None))
    turned = [
        f"{worse} before {better}"
        for (better, rank, mean), (worse, other_rank, other_mean) in combinations(rows, 2)
        if (better, worse) in separable and rank < other_rank and mean > other_mean
    ]
    if turned:
        more = f" and {len(turned) - MOST_NAMED} more" if len(turned) > MOST_NAMED else ""
        yield Caution(
            kind="mean rank",
            text=f"the mean of ranks on each patient puts {', '.join(turned[:MOST_NAMED])}{more}: the order by "
            f"{ranking.headline} may rest on large differences on few patients",
        )


def _own_recipes(ranking: Ranking) -> Iterator[Caution]:
    """Tell of contestants that were not trained as the others were."""
    contests = ranking.contests[ranking.contests["track"].isin(TRACKS)]
    for track, contest in contests.groupby("track", sort=False):
        for name in (contest["mask"].iloc[0], contest["landmark"].iloc[0]):
            if ranking.models[name].own_recipe:
                yield Caution(
                    kind="own recipe",
                    text=f"masks or landmarks, {track} track: {name} was trained by a recipe of its own, so the "
                    "difference is not its kind's alone",
                )
