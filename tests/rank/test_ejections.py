"""Ejection fractions of a ranking: by hand, against numpy, and what must not change because of them."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from lvzoo.errors import UsageError
from lvzoo.rank.ranking import order_by_ef, rank
from lvzoo.types import VOLUME_COLUMNS
from tests.rank.tables import PLAIN, TINY, WARD, conditions, facts, row, simulated, two_models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lvzoo.types import Scores
    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.results import ModelFacts

    Volumes = tuple[float, float]

FULL = {"clean": (0,), "haze": (1, 2), "shadow": (1, 2), "jpeg": (1, 2)}


def table(
    predicted: Mapping[tuple[str, int, str], Mapping[str, Sequence[Volumes]]],
    reference: Sequence[Volumes],
    *,
    listed: Sequence[float] | None = None,
    dice: float = 0.9,
) -> Scores:
    """Return scores with the (ED, ES) volumes of each patient, by (model, seed, corruption) and severity or "all"."""
    rows = []
    for (model, seed, corruption), by_severity in predicted.items():
        for severity in FULL[corruption]:
            volumes = by_severity.get(str(severity), by_severity.get("all", ()))
            for patient, (pair, truth) in enumerate(zip(volumes, reference, strict=True)):
                for phase, frame in (("ED", 0), ("ES", 1)):
                    rows.append(
                        {
                            "model": model,
                            "seed": seed,
                            "patient": f"p{patient}",
                            "video": f"v{patient}",
                            "frame": frame,
                            "phase": phase,
                            "corruption": corruption,
                            "severity": severity,
                            **PLAIN,
                            "dice": dice,
                            "volume_pred": pair[frame],
                            "volume_ref": truth[frame],
                            "volume_perfect": truth[frame] * (1.0 if frame else 1.25),
                            "ef_listed": math.nan if listed is None else listed[patient],
                        }
                    )
    return pd.DataFrame(rows)


def clean_only(model: str, volumes: Sequence[Volumes], seed: int = 0) -> dict[Any, Any]:
    return {(model, seed, "clean"): {"all": volumes}}


def results(
    scores: Scores, models: Mapping[str, ModelFacts] | None = None, *, resamples: int = 200
) -> EjectionResults:
    ranking = rank(scores, TINY, models=models or facts("a", "b"), resamples=resamples)
    assert ranking.ejection is not None
    return ranking.ejection


REFERENCE = [(100.0, 40.0), (100.0, 50.0), (100.0, 70.0), (200.0, 80.0)]  # EF 60, 50, 30, 60
PREDICTED = [(100.0, 50.0), (80.0, 40.0), (100.0, 60.0), (100.0, 35.0)]  # EF 50, 50, 40, 65


def test_agreement_on_clean_frames_by_hand() -> None:
    found = results(table(clean_only("a", PREDICTED), REFERENCE))
    one = row(found.table, model="a")
    assert one["scope"] == "overall", "without noise, overall is the clean frames"
    errors = np.array([-10.0, 0.0, 10.0, 5.0])
    assert one["mae"] == pytest.approx(6.25)
    assert one["bias"] == pytest.approx(1.25)
    sd = errors.std(ddof=1)
    assert one["lower_limit"] == pytest.approx(1.25 - 1.96 * sd)
    assert one["upper_limit"] == pytest.approx(1.25 + 1.96 * sd)
    assert one["r"] == pytest.approx(np.corrcoef([50, 50, 40, 65], [60, 50, 30, 60])[0, 1])
    assert (one["n"], one["failed"]) == (4, 0.0)
    assert found.cases["ef_pred"].tolist() == pytest.approx([50, 50, 40, 65])
    assert found.cases["ef_tracings"].tolist() == pytest.approx([60, 50, 30, 60])
    # perfect EDV are a quarter too large: EF 68, 60, 44, 68
    assert one["perfect_mae"] == pytest.approx((8 + 10 + 14 + 8) / 4)


def test_the_listed_ef_has_columns_of_its_own() -> None:
    found = results(table(clean_only("a", PREDICTED), REFERENCE, listed=[55, math.nan, 45, 62]))
    one = row(found.table, model="a")
    assert found.references == ("tracings", "listed")
    assert (one["n"], one["n_listed"]) == (4, 3)
    assert one["mae"] == pytest.approx(6.25)
    assert one["mae_listed"] == pytest.approx((5 + 5 + 3) / 3)
    assert one["bias_listed"] == pytest.approx((-5 - 5 + 3) / 3)
    assert one["r_listed"] == pytest.approx(np.corrcoef([50, 40, 65], [55, 45, 62])[0, 1])
    assert found.tracings["mae"] == pytest.approx((5 + 15 + 2) / 3)
    assert found.tracings["n"] == 3
    none = results(table(clean_only("a", PREDICTED), REFERENCE))
    assert none.references == ("tracings",)
    assert none.tracings == {}
    assert math.isnan(row(none.table, model="a")["mae_listed"])


def test_failures_are_not_left_out() -> None:
    """No ventricle at ED: EF 0. None at ES: EF 100. ES larger than ED: EF 0."""
    predicted = [(math.nan, 40.0), (100.0, math.nan), (100.0, 130.0), (200.0, 80.0)]
    found = results(table(clean_only("a", predicted), REFERENCE))
    assert found.cases["ef_pred"].tolist() == pytest.approx([0, 100, 0, 60])
    one = row(found.table, model="a")
    assert one["mae"] == pytest.approx((60 + 50 + 30 + 0) / 4)
    assert one["failed"] == 0.75


def test_noise_is_averaged_as_the_headline_is_and_never_enters_it() -> None:
    """Haze errs by 10 and 20, shadow by 0, jpeg by 40: the families weigh the same."""

    def ef(value: float) -> list[Volumes]:
        return [(100.0, 100.0 - value)] * 4

    reference = [(100.0, 50.0)] * 4
    predicted: dict[Any, Any] = {
        ("a", 0, "clean"): {"all": ef(50)},
        ("a", 0, "haze"): {"1": ef(40), "2": ef(30)},
        ("a", 0, "shadow"): {"all": ef(50)},
        ("a", 0, "jpeg"): {"all": ef(90)},
    }
    scores = table(predicted, reference)
    ranking = rank(scores, TINY, models=facts("a"), resamples=50)
    found = ranking.ejection
    assert found is not None
    acoustic = (15 + 0) / 2
    assert row(found.table, scope="acoustic")["mae"] == pytest.approx(acoustic)
    assert row(found.table, scope="overall")["mae"] == pytest.approx((acoustic + 40) / 2)
    assert row(found.table, scope="overall")["bias"] == pytest.approx((-acoustic + 40) / 2)
    assert row(found.table, scope="clean")["mae"] == 0
    assert math.isnan(row(found.table, scope="clean")["r"]), "all EF are equal"
    haze = found.response[found.response["corruption"] == "haze"]
    assert haze["severity"].tolist() == [0, 1, 2]
    assert haze["mae"].tolist() == pytest.approx([0, 10, 20])
    assert haze["bias"].tolist() == pytest.approx([0, -10, -20])
    # the errors under noise, each with its weight: 10, 20 and twice 0 weigh 1/8, twice 40 weighs 1/4
    drawn = np.array([-10, -20, 0, 0, 40, 40, 40, 40]).repeat(4)
    sd = drawn.std() * math.sqrt(4 / 3)
    overall = row(found.table, scope="overall")
    assert overall["upper_limit"] == pytest.approx(drawn.mean() + 1.96 * sd)
    without = rank(scores.drop(columns=list(VOLUME_COLUMNS)), TINY, models=facts("a"), resamples=50)
    pd.testing.assert_frame_equal(ranking.table, without.table)
    pd.testing.assert_frame_equal(ranking.response, without.response)


def test_seeds_are_pooled() -> None:
    other = [(100.0, 40.0), (100.0, 50.0), (100.0, 70.0), (200.0, 80.0)]
    found = results(table(clean_only("a", PREDICTED) | clean_only("a", other, seed=1), REFERENCE))
    assert row(found.table, model="a")["mae"] == pytest.approx((6.25 + 0) / 2)
    assert found.cases["seed"].tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize(
    ("ed", "es", "shared"),
    [(0.1, 0.1, 1.0), (0.1, -0.1, -1.0), (0.1, 0.0, 0.0), (0.2, 0.1, 2 * 0.02 / 0.05)],
)
def test_the_share_that_ed_and_es_have_in_common(ed: float, es: float, shared: float) -> None:
    predicted = [(edv * math.exp(ed), esv * math.exp(es)) for edv, esv in REFERENCE]
    one = row(results(table(clean_only("a", predicted), REFERENCE)).table, model="a")
    assert one["shared"] == pytest.approx(shared)
    if shared == 1.0:
        assert one["mae"] == pytest.approx(0, abs=1e-9), "what is in common cancels in EF"
    assert math.isnan(row(results(table(clean_only("a", REFERENCE), REFERENCE)).table, model="a")["shared"])


def test_what_is_not_shared_is_the_error_of_ef() -> None:
    """The mean square of ln((1 - EF) / (1 - EF of the reference)) is (1 - shared) times that of both size errors."""
    rng = np.random.default_rng(0)
    reference = [(100.0, float(100 - ef)) for ef in rng.uniform(30, 70, 50)]
    errors_N2 = rng.normal(0, 0.1, (50, 1)) + rng.normal(0, 0.05, (50, 2))
    predicted = [
        (edv * math.exp(ed), esv * math.exp(es))
        for (edv, esv), (ed, es) in zip(reference, errors_N2, strict=True)
    ]
    found = results(table(clean_only("a", predicted), reference))
    logs = np.log((100 - found.cases["ef_pred"]) / (100 - found.cases["ef_tracings"]))
    shared = row(found.table, model="a")["shared"]
    assert (logs**2).mean() == pytest.approx((1 - shared) * (errors_N2**2).sum(axis=1).mean())
    assert shared == pytest.approx(0.8, abs=0.1)


def test_failed_frames_have_no_contour_error_to_share() -> None:
    predicted = [(edv * 1.1, esv * 1.1) for edv, esv in REFERENCE[:3]] + [(200.0, 2.0)]
    scores = table(clean_only("a", predicted), REFERENCE)
    scores.loc[(scores["patient"] == "p3") & (scores["phase"] == "ES"), "dice"] = 0.3
    assert row(results(scores).table, model="a")["shared"] == pytest.approx(1.0)


def test_intervals_are_those_of_resampled_patients() -> None:
    rng = np.random.default_rng(3)
    reference = [(100.0, float(100 - ef)) for ef in rng.uniform(30, 70, 30)]
    predicted = [
        (edv, min(esv * factor, 99.0))
        for (edv, esv), factor in zip(reference, rng.normal(1, 0.2, 30), strict=True)
    ]
    found = results(table(clean_only("a", predicted), reference), resamples=2000)
    one, cases = row(found.table, model="a"), found.cases
    drawn = cases.to_numpy()[rng.integers(0, 30, (2000, 30))]
    predicted_BP, traced_BP = (
        drawn[:, :, cases.columns.get_loc(name)].astype(float) for name in ("ef_pred", "ef_tracings")
    )
    error_BP = predicted_BP - traced_BP
    sd_B = error_BP.std(axis=1, ddof=1)
    r_B = [np.corrcoef(x, y)[0, 1] for x, y in zip(predicted_BP, traced_BP, strict=True)]
    expected = {
        "mae": np.abs(error_BP).mean(axis=1),
        "bias": error_BP.mean(axis=1),
        "lower_limit": error_BP.mean(axis=1) - 1.96 * sd_B,
        "upper_limit": error_BP.mean(axis=1) + 1.96 * sd_B,
        "r": np.array(r_B),
    }
    for name, values_B in expected.items():
        spread = values_B.std()
        for end, quantile in (("low", 0.025), ("high", 0.975)):
            assert one[f"{name}_{end}"] == pytest.approx(np.quantile(values_B, quantile), abs=0.3 * spread), (
                name
            )


def test_patients_without_both_frames_do_not_count() -> None:
    scores = table(clean_only("a", PREDICTED), REFERENCE)
    lost = scores[~((scores["patient"] == "p3") & (scores["phase"] == "ES"))]
    found = results(lost)
    assert (found.patients, row(found.table, model="a")["n"]) == (3, 3)
    assert row(found.table, model="a")["mae"] == pytest.approx(20 / 3)
    phases = scores.assign(phase="ED", frame=range(len(scores)))
    assert not results(phases).known


def test_a_reference_that_cannot_be_measured_does_not_count() -> None:
    reference = [*REFERENCE[:3], (200.0, math.nan)]
    one = row(results(table(clean_only("a", PREDICTED), reference)).table, model="a")
    assert (one["n"], one["mae"]) == (3, pytest.approx(20 / 3))


def test_one_patient_has_no_intervals_limits_or_correlation() -> None:
    one = row(results(table(clean_only("a", PREDICTED[:1]), REFERENCE[:1])).table, model="a")
    assert one["mae"] == pytest.approx(10)
    for name in ("mae_low", "bias_high", "lower_limit", "r", "shared_low"):
        assert math.isnan(one[name]), name


def test_trials_without_volumes_are_named_and_left_out() -> None:
    scores = table(clean_only("a", PREDICTED) | clean_only("b", REFERENCE), REFERENCE)
    scores.loc[scores["model"] == "b", list(VOLUME_COLUMNS)] = math.nan
    found = results(scores)
    assert found.lacking == ("b-s0",)
    assert found.table["model"].tolist() == ["a"]
    old = results(two_models())
    assert (old.known, old.lacking) == (False, ("a-s0", "b-s0"))


def noisy(level: Mapping[str, float], *, patients: int = 30, seeds: int = 2) -> Scores:
    """Return scores under noise; the greater a model's level, the greater its error in ES."""
    scores = simulated(dict.fromkeys(level, 0.9), conditions((1, 5)), patients=patients, seeds=seeds)
    rng = np.random.default_rng(5)
    ef_P = rng.uniform(30, 70, patients)
    ef_R = scores["patient"].map(dict(zip(sorted(set(scores["patient"])), ef_P, strict=True)))
    systole_R = scores["phase"] == "ES"
    reference_R = np.where(systole_R, 100 - ef_R, 100.0)
    wrong_R = scores["model"].map(level) * rng.normal(1, 0.2, len(scores)) * systole_R
    return scores.assign(
        volume_pred=reference_R * (1 + wrong_R),
        volume_ref=reference_R,
        volume_perfect=reference_R,
        ef_listed=ef_R,
    )


def test_masks_against_landmarks_in_ef() -> None:
    models = facts("m1", "m2", landmarks=("l1", "l2"))
    scores = noisy({"m1": 0.2, "m2": 0.1, "l1": 0.02, "l2": 0.3})
    ranking = rank(scores, WARD, models=models, resamples=300)
    assert ranking.ejection is not None
    contests = ranking.ejection.contests
    assert list(zip(contests["scope"], contests["reference"], strict=True)) == list(
        product(("overall", "clean"), ("tracings", "listed"))
    )
    assert set(contests["mask"]) == {"m2"}, "the best in EF, not in Dice"
    assert set(contests["landmark"]) == {"l1"}
    first = contests.iloc[0]
    overall = ranking.ejection.table[ranking.ejection.table["scope"] == "overall"].set_index("model")["mae"]
    assert first["mask_mae"] == pytest.approx(overall["m2"])
    assert first["difference"] == pytest.approx(overall["m2"] - overall["l1"])
    assert first["difference_low"] > 0.5
    assert (first["verdict"], first["winner"]) == ("clear", "landmark")
    same = rank(noisy({"m1": 0.1, "l1": 0.1}), WARD, models=facts("m1", landmarks=("l1",)), resamples=300)
    assert same.ejection is not None
    assert set(same.ejection.contests["winner"]) == {"neither"}
    once = rank(
        noisy({"m1": 0.2, "l1": 0.02}, seeds=1), WARD, models=facts("m1", landmarks=("l1",)), resamples=300
    )
    assert once.ejection is not None
    assert once.ejection.contests.iloc[0]["verdict"] == "once", "one training wins nothing"
    alone = rank(noisy({"m1": 0.2}), WARD, models=facts("m1"), resamples=50)
    assert alone.ejection is not None
    assert alone.ejection.contests.empty


def test_a_table_can_be_ordered_by_ef_and_its_ranks_stay() -> None:
    scores = noisy({"a": 0.3, "b": 0.1, "c": 0.2})
    scores["dice"] -= scores["model"].map({"a": 0.0, "b": 0.1, "c": 0.2})
    ranking = rank(scores, WARD, models=facts("a", "b", "c"), resamples=50)
    assert ranking.table["model"].tolist() == ["a", "b", "c"]
    ordered = order_by_ef(ranking)
    assert ordered.order == "ef"
    assert ordered.table[["model", "rank"]].to_numpy().tolist() == [["b", 2], ["c", 3], ["a", 1]]
    assert ranking.order == "headline"
    lost = scores.assign(volume_ref=scores["volume_ref"].where(scores["model"] != "b"))
    last = order_by_ef(rank(lost, WARD, models=facts("a", "b", "c"), resamples=50))
    assert last.table["model"].tolist() == ["c", "a", "b"], "without EF it comes last"
    with pytest.raises(UsageError, match="by: the scores are of an earlier version"):
        order_by_ef(rank(two_models(), TINY, models=facts("a", "b"), resamples=20))


def test_several_videos_of_a_patient_weigh_as_one_patient() -> None:
    scores = table(clean_only("a", PREDICTED), REFERENCE)
    scores.loc[scores["video"] == "v1", "patient"] = "p0"
    one = row(results(scores).table, model="a")
    assert one["n"] == 3
    assert one["mae"] == pytest.approx(((10 + 0) / 2 + 10 + 5) / 3)
