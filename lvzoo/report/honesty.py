"""What a reader needs in order to judge the numbers: what they mean, and what they were computed from and with."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.formats import decimals, number_of, span
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.types.results import Ranking, Study


MASK_THRESHOLD: Final = 0.5


def definitions(ranking: Ranking) -> Mapping[str, str]:
    """Return the words of the report, each with its meaning in a sentence."""
    return {
        "Dice": "2 |P and R| / (|P| + |R|) of predicted and reference mask of one frame, foreground only; "
        "both empty 1, one empty 0.",
        **_of_noise(ranking),
        "interval": f"2.5 to 97.5 % of {ranking.resamples:,} bootstrap resamples of the patients; a patient's "
        "frames, conditions and models are drawn together.",
        "rank": "the 95 % interval of a model's rank over the resamples; P(first) is the share of them in "
        "which it leads.",
        "group": "models that share a letter are not separable by the tests on every two models.",
        "p": "two-sided Wilcoxon signed-rank test on patient means, Holm's adjustment for all pairs.",
        "verdict": f"clear: significant and the whole 95 % interval of the difference lies beyond the margin of "
        f"{ranking.margin:g}, in at least 3/4 of the pairs of training seeds (else unsteady); small: "
        "significant, but not beyond the margin; open: not significant.",
        "failure": f"a score (of a frame, under a condition, by a seed) with a Dice below {FAILURE_DICE}.",
        "anatomical failure": "a mask that no ventricle has: empty, in pieces, with holes, or with its apex "
        "below its base.",
        "NSD": "normalised surface Dice: the share of both boundaries that lies within 1 or 2 px of the other.",
        "HD95, ASSD": "95th percentile and mean of the distance between the boundaries, in pixels of a "
        "112 x 112 frame; an empty mask counts as the image diagonal.",
        "pooled Dice": "one Dice over all pixels of the clean test frames, in which large ventricles weigh "
        "more; EchoNet-Dynamic's publications use it.",
        "seed SD": "standard deviation of the headline over training seeds.",
        **_of_landmarks(ranking),
        **{mark: meaning for mark, _, meaning in (line.partition(" ") for line in words.marks(ranking))},
    }


def _of_noise(ranking: Ranking) -> Mapping[str, str]:
    if not ranking.families:
        return {"headline": "mean Dice on clean frames: over a patient's frames, then seeds, then patients."}
    return {
        words.headline(
            ranking
        ): f"mean Dice under {ranking.suite}: over severities, then a family's corruptions, "
        "then families, then patients, so that every family weighs alike; clean frames are not in it.",
        "kept": f"retention: {ranking.headline} / clean Dice.",
        "break point": "the severity at which a model's mean Dice falls below a reference, between severities "
        "by interpolation.",
    }


def _of_landmarks(ranking: Ranking) -> Mapping[str, str]:
    if not any(facts.ceiling for facts in ranking.models.values()):
        return {}
    return {
        "ceiling": "the Dice of perfect landmarks on the same clean frames, through the model's own "
        "curve and the same rasteriser; a model can exceed it a little by misplacing them, since the reference "
        "leaves out the cap."
    }


def provenance(study: Study) -> Mapping[str, str]:
    """Return what the numbers were computed from and with, by name."""
    ranking, source = study.ranking, study.source
    splits = {
        f"{split} split": f"{number_of(size['patients'], 'patient')}, {number_of(size['frames'], 'frame')}"
        for split, size in study.splits.items()
    }
    facts = {
        "data": f"{source.name}, version {source.version}",
        "fingerprint": source.fingerprint,
        "what is synthetic": "all frames and references: a simulated phantom"
        if source.synthetic
        else "nothing",
        "tracings against truth": decimals(source.reader_dice) if source.reader_dice is not None else "",
        **splits,
        "ranked over": f"{number_of(ranking.patients, 'patient')}, {number_of(ranking.frames, 'frame')}",
        "suite": _suite(study),
        "mask threshold": f"probability {MASK_THRESHOLD} on the 112 x 112 grid; a landmark model's curve is filled "
        "as the references are",
        "post-processing": "none: no largest component, no filled holes",
        "bootstrap": f"{ranking.resamples:,} resamples of the patients, seed {ranking.bootstrap_seed}",
        "detectable differences": "".join(words.power_line(ranking)),
        "training seeds": words.seeds_line(ranking),
        "recipe": words.recipe_words(study.recipe),
        "agreement of the resamples": _agreement(ranking),
        **study.computed,
        "runs": ", ".join(study.runs),
    }
    return {name: value for name, value in facts.items() if value}


def _suite(study: Study) -> str:
    ranking = study.ranking
    if not ranking.families:
        return "none: clean frames only"
    families = "; ".join(f"{family}: {', '.join(names)}" for family, names in ranking.families.items())
    part = "part of " if ranking.partial else ""
    digest = f" (digest {study.noise_digest})" if study.noise_digest else ""
    return f"{part}{ranking.suite}{digest}, severities {span(ranking.severities)} of {families}"


def _agreement(ranking: Ranking) -> str:
    if math.isnan(ranking.kendall_tau):
        return ""
    tau = decimals(ranking.kendall_tau, 2)
    return f"Kendall's tau {tau} between the orders of the resamples and this ranking"


def exclusions(study: Study) -> list[tuple[str, list[str]]]:
    """Return what of the data could not be used: each quirk with the names that it cost."""
    by_quirk: dict[str, list[str]] = {}
    for finding in study.source.exclusions:
        detail = f" ({finding.detail})" if finding.detail else ""
        by_quirk.setdefault(finding.quirk, []).append(f"{finding.name}{detail}")
    return sorted(by_quirk.items())


def quirks(study: Study) -> list[str]:
    """Return the oddities of the data that cost nothing, with how often each was met."""
    counts = Counter(finding.quirk for finding in study.source.findings if not finding.excluded)
    return [f"{quirk}: {count}" for quirk, count in sorted(counts.items())]
