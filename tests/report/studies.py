"""Made-up studies, consistent in themselves, for all that a report must be able to show."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lvzoo.rank.cautions import find_cautions
from lvzoo.types import CLEAN, Condition, Finding, Source
from lvzoo.types.results import Caution, ModelFacts, Ranking, Specimen, Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.types import Kind, OptionValue

FAMILIES: dict[str, tuple[str, ...]] = {
    "acoustic": ("speckle", "haze", "shadow", "attenuation", "gain"),
    "electronic": ("thermal", "gaussian", "dropout", "saltpepper"),
    "resolution": ("blur", "motion"),
    "digital": ("downsample", "jpeg"),
}
SEVERITIES = (1, 2, 3, 4, 5)
MARGIN = 0.005
PHANTOM = Source(
    name="phantom", version="2", fingerprint="0f3a9c" * 10, synthetic=True, reader_dice=0.885
)  # the shape of a real one
REAL = Source(
    name="echonet-dynamic",
    version="1",
    fingerprint="71be04" * 10,
    findings=(
        *(Finding(name=f"0X{n:04X}", quirk="no such video", excluded=True) for n in range(5)),
        Finding(name="0X9999", quirk="traced twice", excluded=True, detail="frame 46: 41 chords"),
        Finding(name="0XAAAA", quirk="odd size", excluded=False, detail="768 x 768"),
    ),
)
RECIPE: dict[str, OptionValue] = {
    "epochs": 20,
    "batch_size": 16,
    "learning_rate": 0.004,
    "augment": "default",
    "precision": "auto",
}
COMPUTED = {"lvzoo": "0.1.0", "torch": "2.15.0", "python": "3.11.9", "device": "NVIDIA H100 80GB HBM3"}


def make_study(
    *,
    models: int | Sequence[str] = 4,
    kinds: Sequence[Kind] = ("mask", "landmark"),
    seeds: int = 3,
    families: Mapping[str, tuple[str, ...]] | None = None,
    severities: tuple[int, ...] = SEVERITIES,
    augmented: Sequence[int] = (),
    own_recipe: Sequence[int] = (),
    source: Source = PHANTOM,
    specimens: int = 0,
    failed: Mapping[str, str] | None = None,
    warnings: tuple[Caution, ...] | None = None,
    **facts: Any,  # noqa: ANN401 - fields of every ModelFacts
) -> Study:
    """Return a study of so many models (or of these names), kinds taking turns, the first model best.

    Its cautions are those that lvzoo finds, unless `warnings` are given.
    """
    families = FAMILIES if families is None else families
    names = _names(models, kinds, augmented)
    known = {
        name: _facts(number, kinds[number % len(kinds)], augmented, own_recipe, facts)
        for number, name in enumerate(names)
    }
    response = _response(names, families, severities)
    table = _table(names, known, response, families, seeds)
    pairs = _pairs(table)
    noisy = bool(families)
    ranking = Ranking(
        table=table,
        pairs=pairs,
        response=response,
        breaks=_breaks(response, source),
        contests=_contests(table),
        cases=_cases(names),
        models=known,
        suite="noise-v1",
        headline="mDice-N1" if noisy else "clean Dice",
        families=families,
        severities=severities if noisy else (),
        partial=dict(families) != FAMILIES or severities != SEVERITIES,
        references=_references(source),
        margin=MARGIN,
        kendall_tau=0.93 if len(names) > 1 else np.nan,
        warnings=(),
        patients=40,
        frames=80,
        resamples=10_000,
    )
    return Study(
        ranking=with_cautions(ranking, warnings),
        source=source,
        splits={
            "train": {"patients": 200, "frames": 400},
            "val": {"patients": 40, "frames": 80},
            "test": {"patients": 40, "frames": 80},
        },
        recipe=RECIPE,
        runs=("runs/quick-phantom-1a2b3c4d",),
        computed=COMPUTED,
        noise_digest="5eed0f",
        failed=failed or {},
        specimens=tuple(_specimens(names, specimens, noisy=noisy)),
    )


def with_cautions(ranking: Ranking, warnings: tuple[Caution, ...] | None = None) -> Ranking:
    """Return a ranking with the cautions that lvzoo finds, or with those given."""
    return dataclasses.replace(ranking, warnings=find_cautions(ranking) if warnings is None else warnings)


def _names(models: int | Sequence[str], kinds: Sequence[Kind], augmented: Sequence[int]) -> list[str]:
    if not isinstance(models, int):
        return list(models)
    stems = {"mask": ("unet", "smp-unetplusplus-efficientnet-b3"), "landmark": ("landmark7", "coords13")}
    counts = {kind: itertools.count() for kind in kinds}
    names = []
    for number in range(models):
        kind = kinds[number % len(kinds)]
        turn = next(counts[kind])
        name = stems[kind][turn % 2] + (f"-{turn}" if turn > 1 else "")
        names.append(f"{name}+noise" if number in augmented else name)
    return names


def _facts(
    number: int, kind: Kind, augmented: Sequence[int], own_recipe: Sequence[int], changes: Mapping[str, Any]
) -> ModelFacts:
    whole: dict[str, Any] = {
        "kind": kind,
        "plugin": f"lvzoo_{kind}",
        "summary": f"a {kind} model made up for the tests, number {number}",
        "augmented": number in augmented,
        "own_recipe": number in own_recipe,
        "parameters": int(4.8e5 * 2.3**number),
        "flops": int(3.1e8 * 1.9**number),
        "ms_per_frame": 0.21 * 1.4**number,
        "hardware": "NVIDIA H100 80GB HBM3",
        "landmarks": 7 + 6 * (number % 4 == 3) if kind == "landmark" else None,
        "ceiling": {"all": 0.962, "ED": 0.966, "ES": 0.957} if kind == "landmark" else {},
        "licence": "MIT",
    }
    return ModelFacts(**{**whole, **changes})


def _response(
    names: Sequence[str], families: Mapping[str, tuple[str, ...]], severities: tuple[int, ...]
) -> pd.DataFrame:
    corruptions = [(family, corruption) for family, found in families.items() for corruption in found]
    rows = []
    for number, name in enumerate(names):
        for place, (family, corruption) in enumerate(corruptions):
            steepness = (0.002 + 0.0022 * (place * 5 % 7)) * (1 + 0.25 * (number % 3))
            for severity in (0, *severities):
                dice = 0.93 - 0.007 * number - steepness * severity**1.7
                rows.append((name, family, corruption, severity, dice, dice - 0.008, dice + 0.007))
    columns = ["model", "family", "corruption", "severity", "dice", "dice_low", "dice_high"]
    return pd.DataFrame(rows, columns=columns)


def _table(
    names: Sequence[str],
    known: Mapping[str, ModelFacts],
    response: pd.DataFrame,
    families: Mapping[str, tuple[str, ...]],
    seeds: int,
) -> pd.DataFrame:
    noisy = response[response["severity"] > 0]
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        of_model = noisy[noisy["model"] == name]
        clean = 0.93 - 0.007 * number
        by_family = of_model.groupby("family")["dice"].mean()
        by_corruption = of_model.groupby("corruption")["dice"].mean()
        headline = float(by_family.mean()) if len(by_family) else clean
        rows.append(
            {
                "model": name,
                "headline": headline,
                "headline_low": headline - 0.011,
                "headline_high": headline + 0.009,
                "clean": clean,
                "clean_low": clean - 0.006,
                "clean_high": clean + 0.005,
                "retention": headline / clean,
                "worst_corruption": by_corruption.idxmin() if len(by_corruption) else "",
                "worst": by_corruption.min() if len(by_corruption) else np.nan,
                **{f"family_{family}": by_family[family] for family in families},
                **_plain_columns(number, known[name], clean, seeds),
            }
        )
    table = pd.DataFrame(rows).sort_values("headline", ascending=False, ignore_index=True)
    return _with_ranks(table)


def _plain_columns(number: int, facts: ModelFacts, clean: float, seeds: int) -> dict[str, Any]:
    failures = 3 + 17 * number
    return {
        "kind": facts.kind,
        "augmented": facts.augmented,
        "own_recipe": facts.own_recipe,
        "dice_ed": clean + 0.011,
        "dice_es": clean - 0.011,
        "dice_pooled": clean + 0.004,
        "nsd1": 0.71 - 0.01 * number,
        "nsd2": 0.93 - 0.01 * number,
        "hd95": 3.1 + 0.2 * number,
        "assd": 1.2 + 0.05 * number,
        "nsd1_noisy": 0.52,
        "nsd2_noisy": 0.78,
        "hd95_noisy": 6.4,
        "assd_noisy": 2.7,
        "failures": failures,
        "failure_share": failures / (80 * 66 * seeds),
        "empty": number,
        "fragmented": 5 * number,
        "holed": 2,
        "apex_below_base": 1,
        "anatomical_failures": 3 + 6 * number,
        "anatomical_share": (3 + 6 * number) / (80 * 66 * seeds),
        "seeds": seeds,
        "seed_sd": 0.0013 + 0.0004 * number if seeds > 1 else np.nan,
        "mean_rank": 1.4 + 0.9 * number,
    }


def _with_ranks(table: pd.DataFrame) -> pd.DataFrame:
    best = table["headline"].iloc[0]
    order = np.arange(len(table))
    near = [abs(table["headline"] - value) < 0.008 for value in table["headline"]]
    return table.assign(
        rank=order + 1,
        rank_low=[int(order[each].min()) + 1 for each in near],
        rank_high=[int(order[each].max()) + 1 for each in near],
        p_first=np.where(order == 0, 1 - 0.07 * (len(table) > 1), 0.07 * (order == 1)),
        group=["abcdefghijklmnopqrstuvwxyz"[number // 2] for number in order],
        difference=table["headline"] - best,
        difference_low=table["headline"] - best - 0.004 * (order > 0),
        difference_high=table["headline"] - best + 0.004 * (order > 0),
    )


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for first, second in itertools.combinations(range(len(table)), 2):
        better, worse = table.iloc[first], table.iloc[second]
        difference = better["headline"] - worse["headline"]
        low, high = difference - 0.004, difference + 0.004
        verdict = "clear" if low > MARGIN else "small" if low > 0 else "open"
        p = {"clear": 1.2e-6, "small": 0.0123, "open": 0.31}[verdict]
        rows.append(
            (
                *(better["model"], worse["model"], difference, low, high, p, min(1, 2 * p)),
                *(0.98 if verdict == "clear" else 0.7, 0.0061, verdict),
            )
        )
    columns = ["better", "worse", "difference", "difference_low", "difference_high", "p", "p_holm"]
    return pd.DataFrame(rows, columns=[*columns, "outperforms", "mdd", "verdict"])


def _references(source: Source) -> dict[str, float]:
    if source.reader_dice is not None:
        return {"trace against truth": source.reader_dice}
    return {"Dice 0.90": 0.9}


def _breaks(response: pd.DataFrame, source: Source) -> pd.DataFrame:
    rows = []
    for (model, family, corruption), part in response.groupby(["model", "family", "corruption"], sort=False):
        for reference, level in _references(source).items():
            below = part["dice"].to_numpy() < level
            severities = part["severity"].to_numpy()
            severity = float("nan") if not below.any() else max(0.0, float(severities[below][0]) - 0.4)
            rows.append((model, family, corruption, reference, level, 0.0 if below[0] else severity))
    return pd.DataFrame(rows, columns=["model", "family", "corruption", "reference", "level", "severity"])


def _contests(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["track", "scope", "mask", "landmark", "mask_dice", "landmark_dice", "difference"]
    columns += ["difference_low", "difference_high", "p", "p_holm", "verdict", "winner"]
    families = [name.removeprefix("family_") for name in map(str, table) if name.startswith("family_")]
    rows = []
    for track, part in table.groupby(table["augmented"].map({False: "standard", True: "augmented"})):
        masks, landmarks = part[part["kind"] == "mask"], part[part["kind"] == "landmark"]
        if masks.empty or landmarks.empty:
            continue
        mask, landmark = masks.iloc[0], landmarks.iloc[0]
        scopes = {"overall": "headline", "clean": "clean", "ED": "dice_ed", "ES": "dice_es"}
        if not families:
            del scopes["clean"]
        for scope, column in {**scopes, **{family: f"family_{family}" for family in families}}.items():
            difference = mask[column] - landmark[column]
            low, high = difference - 0.005, difference + 0.005
            winner = "mask" if low > MARGIN else "landmark" if high < -MARGIN else "neither"
            rows.append(
                (
                    *(track, scope, mask["model"], landmark["model"], mask[column], landmark[column]),
                    *(
                        difference,
                        low,
                        high,
                        0.002,
                        0.012,
                        "small" if winner == "neither" else "clear",
                        winner,
                    ),
                )
            )
    return pd.concat([contests := pd.DataFrame(rows, columns=columns), _change(contests)], ignore_index=True)


def _cases(names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"task": "headline", "algorithm": list(names), "case": "007", "value": 0.9})


def _change(contests: pd.DataFrame) -> pd.DataFrame:
    """Return the row that tells what training on noise changes; none where a track has no contest."""
    overall = contests[contests["scope"] == "overall"].set_index("track")
    if len(overall) < 2:
        return contests.iloc[:0]
    after, before = overall.loc["augmented"], overall.loc["standard"]
    names = {kind: f"{after[kind]} - {before[kind]}" for kind in ("mask", "landmark")}
    numbers = {name: after[name] - before[name] for name in ("mask_dice", "landmark_dice", "difference")}
    ends = {
        "difference_low": numbers["difference"] - 0.004,
        "difference_high": numbers["difference"] + 0.004,
    }
    row = {"track": "augmented - standard", "scope": "overall", **names, **numbers, **ends}
    return pd.DataFrame([{**row, "p": 0.004, "p_holm": 0.004, "verdict": "clear", "winner": "landmark"}])


def _specimens(names: Sequence[str], count: int, *, noisy: bool) -> list[Specimen]:
    conditions = [CLEAN, *([Condition(corruption="haze", severity=5)] if noisy else [])]
    wanted = list(itertools.product(conditions, ("best", "median", "worst")))[:count]
    specimens = []
    for number, name in enumerate(names):
        for turn, (condition, place) in enumerate(wanted):
            frame_HW, reference_HW, predicted_HW = _picture(100 * number + turn, place)
            overlap = 2 * (reference_HW & predicted_HW).sum() / (reference_HW.sum() + predicted_HW.sum())
            specimens.append(
                Specimen(
                    model=name,
                    place=place,
                    condition=condition,
                    video=f"0X{turn:04X}",
                    frame=23 + turn,
                    phase="ED" if turn % 2 else "ES",
                    dice=float(overlap),
                    frame_HW=frame_HW,
                    predicted_HW=predicted_HW,
                    reference_HW=reference_HW,
                )
            )
    return specimens


def _picture(seed: int, place: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return speckle about a dark ellipse, the ellipse, and one that misses it the more the worse the place."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:112, :112]
    miss = {"best": 1.0, "median": 4.0, "worst": 17.0}[place]
    reference_HW = ((x - 58) / 15) ** 2 + ((y - 50) / 27) ** 2 < 1
    predicted_HW = ((x - 58 - miss) / 15) ** 2 + ((y - 50 - miss / 2) / 27) ** 2 < 1
    sector_HW = (np.abs(x - 56) < 0.95 * y + 3) & (np.hypot(x - 56, y) < 108)
    speckle_HW = random.rayleigh(np.where(reference_HW, 12, 62), size=(112, 112)) * sector_HW
    return np.clip(speckle_HW, 0, 255).astype(np.uint8), reference_HW, predicted_HW
