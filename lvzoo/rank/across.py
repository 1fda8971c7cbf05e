"""Compares models across data sets: trained on one (home), tested on its test frames and on those of others.

The scores of two data sets never enter one mean. Each set has its own means and its own bootstrap over its patients.
Only then are means of two sets subtracted, or the orders of the models compared. The patients of two sets are
different, so the two bootstraps are independent, and so are the resamples that are subtracted.

Letters: M models in the order of their ranking at home, P patients of a set, B resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.across_orders import order_table
from lvzoo.rank.across_sets import MEASURES, SCOPES, prepare_sets
from lvzoo.rank.bootstrap import interval
from lvzoo.rank.contests import COLUMNS, add_winners, compare_pair, find_contestants
from lvzoo.rank.significance import holm, judge_seeds
from lvzoo.types.across import FEWEST_GRADED, AcrossResults, TestSet
from lvzoo.types.results import TRACKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.rank.across_sets import Measure, PreparedSet, SetScores
    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.types.results import Ranking

CLEAN_ONLY: Final[Measure] = "clean"
"""Without noise, the headline is clean Dice, which is not compared a second time."""
TABLE: Final = (
    *("set", "home", "model", "kind", "seeds", "patients", "frames"),
    *("clean", "clean_low", "clean_high", "headline", "headline_low", "headline_high"),
    *("clean_drop", "clean_drop_low", "clean_drop_high"),
    *("headline_drop", "headline_drop_low", "headline_drop_high"),
)
CONTESTS: Final = ("set", "home", *COLUMNS, "change", "change_low", "change_high")
QUALITIES: Final = (
    *("set", "home", "quality", "model", "patients", "clean", "clean_low", "clean_high"),
    *("headline", "headline_low", "headline_high"),
)


def compare_sets(
    home: SetScores,
    others: Sequence[SetScores],
    ranking: Ranking,
    bootstrap: Bootstrap,
    *,
    left_out: Mapping[str, str] | None = None,
) -> AcrossResults | None:
    """Compare the models of a ranking at home with their scores on other data sets.

    `ranking` is that of home. `left_out` names what cannot be compared, each with the reason. The result is None if
    there is nothing to show: no other set, no picture qualities, and nothing left out.
    """
    known = dict(left_out or {})
    if not others and not known and not (home.patients.grid.quality_F != "").any():
        return None
    prepared, lacking = prepare_sets(home, others, bootstrap)
    at_home, *strange = prepared
    measures = MEASURES if home.patients.families else (CLEAN_ONLY,)
    return AcrossResults(
        sets=tuple(_describe(each, home=each is at_home) for each in prepared),
        table=pd.concat([_set_table(each, at_home, ranking) for each in prepared], ignore_index=True),
        contests=_contest_table(at_home, strange, ranking, measures),
        qualities=_quality_table(prepared),
        orders=order_table(at_home, strange, measures),
        left_out={**known, **lacking},
    )


def _describe(each: PreparedSet, *, home: bool) -> TestSet:
    grid = each.patients.grid
    return TestSet(
        name=each.name,
        source=each.source,
        home=home,
        patients=len(grid.patients),
        frames=len(grid.patient_F),
    )


# --- Models by test sets, and the drop from home ----------------------------------------------------------------


def _set_table(each: PreparedSet, home: PreparedSet, ranking: Ranking) -> pd.DataFrame:
    """Return one row per model that is compared on a set."""
    grid = home.patients.grid
    columns: dict[str, object] = {
        "set": each.name,
        "home": each is home,
        "model": list(grid.models),
        "kind": [ranking.models[model].kind for model in grid.models],
        "seeds": np.bincount(grid.model_T),
        "patients": len(each.patients.grid.patients),
        "frames": len(each.patients.grid.patient_F),
    }
    for measure in MEASURES:
        columns |= with_interval(measure, each.mean(("", measure)), each.means["", measure])
        drop_M, drop_BM = _subtract(home, each, measure)
        columns |= with_interval(f"{measure}_drop", drop_M, drop_BM)
    return pd.DataFrame(columns)[list(TABLE)][each.place_M >= 0]


def _subtract(
    home: PreparedSet, each: PreparedSet, measure: Measure
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Dice at home minus Dice on another set (M), and the same in each resample (B, M); at home NaN."""
    if each is home:
        return np.full_like(home.mean(("", measure)), np.nan), np.full_like(home.means["", measure], np.nan)
    part = ("", measure)
    return home.mean(part) - each.mean(part), home.means[part] - each.independent_means(part)


def with_interval(
    name: str, value_M: NDArray[np.float64], means_BM: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a number and of the ends of its interval."""
    low_M, high_M = interval(means_BM)
    return {name: value_M, f"{name}_low": low_M, f"{name}_high": high_M}


# --- Masks against landmarks ------------------------------------------------------------------------------------


def _contest_table(
    home: PreparedSet, strange: Sequence[PreparedSet], ranking: Ranking, measures: Sequence[Measure]
) -> pd.DataFrame:
    """Return one row per set, track and scope: the two models that lead at home, never chosen anew."""
    own = ranking.contests[
        ranking.contests["scope"].isin(SCOPES.values()) & ranking.contests["track"].isin(TRACKS)
    ]
    tables = [own.assign(set=home.name, home=True)]
    for track in TRACKS:
        pair = find_contestants(home.patients.grid.models, ranking.models, track)
        rows = [] if pair is None else list(_contest_rows(home, strange, pair, measures))
        if rows:
            table = pd.DataFrame(rows).assign(track=track)
            decided = add_winners(table.assign(p_holm=holm(table["p"].to_list())))
            tables.append(table.drop(columns=[*COLUMNS, "seeds"], errors="ignore").join(decided))
    known = [table.reindex(columns=list(CONTESTS)) for table in tables if len(table)]
    return pd.concat(known, ignore_index=True) if known else pd.DataFrame(columns=list(CONTESTS))


def _contest_rows(
    home: PreparedSet, strange: Sequence[PreparedSet], pair: tuple[str, str], measures: Sequence[Measure]
) -> Iterator[Mapping[str, object]]:
    """Yield one row per set and scope for a pair of a mask and a landmark model."""
    two = [home.patients.grid.models.index(name) for name in pair]
    for each in strange:
        if (each.place_M[two] < 0).any():
            continue
        for measure in measures:
            dice_MP, means_BM = each.dice["", measure], each.means["", measure]
            trials_T = each.patients.trials[SCOPES[measure]].mean(axis=1)
            seeds = each.patients.grid.by_model(trials_T)
            change_BM = each.independent_means(("", measure)) - home.means["", measure]
            change_M = each.mean(("", measure)) - home.mean(("", measure))
            change = with_interval(
                "change",
                np.diff(-change_M[two]),
                np.diff(-change_BM[:, two], axis=1),
            )
            yield {
                "set": each.name,
                "home": False,
                "scope": _name_scope(measure, measures),
                "mask": pair[0],
                "landmark": pair[1],
                **compare_pair(dice_MP[two], means_BM[:, two]),
                "seeds": judge_seeds(*(seeds[place] for place in each.place_M[two])),
                **{name: value_1[0] for name, value_1 in change.items()},
            }


def _name_scope(measure: Measure, measures: Sequence[Measure]) -> str:
    """Return the scope of a measure; without noise, clean Dice is the headline, as in a ranking."""
    return SCOPES[measure if len(measures) > 1 else "headline"]


# --- Picture quality --------------------------------------------------------------------------------------------


def _quality_table(prepared: Sequence[PreparedSet]) -> pd.DataFrame:
    """Return one row per set, picture quality and model that is compared on the set."""
    models = list(prepared[0].patients.grid.models)
    tables = []
    for number, each in enumerate(prepared):
        for quality in each.qualities:
            columns: dict[str, object] = {
                "set": each.name,
                "home": number == 0,
                "quality": quality,
                "model": models,
                "patients": each.count_patients(quality),
            }
            few = each.count_patients(quality) < FEWEST_GRADED
            for measure in MEASURES:
                part = (quality, measure)
                means_BM = np.full_like(each.means[part], np.nan) if few else each.means[part]
                columns |= with_interval(measure, each.mean(part), means_BM)
            tables.append(pd.DataFrame(columns)[list(QUALITIES)][each.place_M >= 0])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(QUALITIES))
