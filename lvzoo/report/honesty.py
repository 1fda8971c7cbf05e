"""Collects what a reader needs to judge the numbers: their definitions, and what they were computed from and with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.experts import note_experts
from lvzoo.report.formats import decimals, known, sample_size, span
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.types.experts import ExpertResults
    from lvzoo.types.results import Ranking, Study


MASK_THRESHOLD: Final = 0.5


def definitions(ranking: Ranking, experts: ExpertResults | None = None) -> Mapping[str, str]:
    """Return the terms and marks of the report, each with its meaning."""
    return {
        "Dice": "overlap of the predicted mask P and the reference mask R of one frame, foreground only: "
        "2 |P and R| / (|P| + |R|); 1 if both are empty, 0 if only one is.",
        **_noise_terms(ranking),
        "interval": f"2.5 to 97.5 % of {ranking.resamples:,} bootstrap resamples of the patients; all frames, "
        "conditions and models of a patient are drawn together.",
        "rank": "the 95 % interval of a model's rank over the resamples; P(first) is the share of resamples in "
        "which the model is first.",
        "group": "models that share a letter are not separable: the test of their pair is not significant.",
        "p": "two-sided Wilcoxon signed-rank test on patient means; p (Holm) is adjusted for the number of pairs.",
        "verdict": "clear: significant, and the whole 95 % interval of the difference lies beyond the margin of "
        f"{ranking.margin:g}, and at least 3/4 of the pairs of training seeds agree; unsteady: clear but for the "
        "seeds; once: clear for these trainings, but a model was trained once; small: significant, but not "
        "beyond the margin; open: not significant.",
        "failure": f"a score (one frame, condition and seed) with a Dice below {FAILURE_DICE}.",
        "anatomical failure": "a mask that no ventricle can have: empty, in pieces, with holes, or with its apex "
        "below its base.",
        "NSD": "normalised surface Dice: the share of both boundaries that lies within 1 or 2 px of the other.",
        "HD95, ASSD": "95th percentile and mean of the distance between the boundaries, in pixels of a "
        "112 x 112 frame; an empty mask counts as the image diagonal.",
        "pooled Dice": "one Dice over all pixels of the clean test frames, so large ventricles weigh more; "
        "EchoNet-Dynamic's publications use it.",
        "seed SD": "standard deviation of the headline over training seeds.",
        **_landmark_terms(ranking),
        **_ejection_terms(ranking),
        **({} if experts is None else {"expert": note_experts(experts)}),
        **words.mark_meanings(ranking),
    }


def _noise_terms(ranking: Ranking) -> Mapping[str, str]:
    if not ranking.families:
        return {"headline": "mean Dice on clean frames: over a patient's frames, then seeds, then patients."}
    headline = words.headline(ranking)
    return {
        headline: f"mean Dice under {ranking.suite}: over severities, then the corruptions of a "
        "family, then families, then patients, so all families weigh the same; clean frames are not in it.",
        "kept": f"retention: {ranking.headline} / clean Dice.",
        "break point": "the severity at which a model's mean Dice falls below a level, interpolated between "
        "severities: 95 % of its own Dice on clean frames, or a reference that all models share.",
    }


def _landmark_terms(ranking: Ranking) -> Mapping[str, str]:
    if not any(facts.ceiling for facts in ranking.models.values()):
        return {}
    return {
        "ceiling": "the Dice of perfect landmarks on the same clean frames, through the model's own curve and the "
        "same rasteriser. It is not an upper bound: a model can exceed it a little by misplacing them, since the "
        "reference leaves out the cap."
    }


def _ejection_terms(ranking: Ranking) -> Mapping[str, str]:
    if ranking.ejection is None or not ranking.ejection.known:
        return {}
    return {
        "EF": "ejection fraction, 100 (EDV - ESV) / EDV, with volumes by 20 disks in the traced ED and ES frame of a "
        "video. A volume that cannot be measured counts as 0, and an EF is limited to 0 to 100 %: leaving failures "
        "out would reward them.",
        "EF error": "mean over patients of |predicted - reference| in points; under noise, the mean over conditions "
        "as in the headline. Bias: the mean of the difference; limits of agreement: bias plus or minus 1.96 SD of "
        "all differences; r: Pearson's correlation.",
        "in common": "with l = ln(predicted / reference volume): sum of l(ED) l(ES) by half the sum of l(ED)² + "
        "l(ES)². What is common to both cancels in EF. Frames that are failures are left out.",
    }


def provenance(study: Study) -> Mapping[str, str]:
    """Return what the numbers were computed from and with, by name."""
    ranking, source = study.ranking, study.source
    splits = {
        f"{split} split": sample_size(size["patients"], size["frames"])
        for split, size in study.splits.items()
    }
    facts = {
        "data": f"{source.name}, version {source.version}",
        "data options": words.options_words(study),
        "fingerprint": source.fingerprint,
        "what is synthetic": "all frames and references: a simulated phantom"
        if source.synthetic
        else "nothing",
        "tracings against truth": decimals(source.reader_dice) if source.reader_dice is not None else "",
        **splits,
        "ranked over": sample_size(ranking.patients, ranking.frames),
        "suite": _suite(study),
        "mask threshold": f"probability {MASK_THRESHOLD} on the 112 x 112 grid; a landmark model's curve is filled "
        "as the references are",
        "post-processing": "none: no largest component, no filled holes",
        "bootstrap": f"{ranking.resamples:,} resamples of the patients, seed {ranking.bootstrap_seed}",
        "detectable differences": "".join(words.power_line(ranking)),
        "training seeds": words.seed_counts(ranking),
        "recipe": words.recipe_words(study.recipe),
        "agreement of the resamples": _agreement(ranking),
        **study.computed,
        "runs": ", ".join(study.runs),
    }
    return {name: value for name, value in facts.items() if value}


def _suite(study: Study) -> str:
    """Return the noise suite with its digest, and the severities and corruptions that were run."""
    ranking = study.ranking
    if not ranking.families:
        return "none: clean frames only"
    families = "; ".join(f"{family}: {', '.join(names)}" for family, names in ranking.families.items())
    part = "part of " if ranking.partial else ""
    digest = f" (digest {study.noise_digest})" if study.noise_digest else ""
    return f"{part}{ranking.suite}{digest}, severities {span(ranking.severities)} of {families}"


def _agreement(ranking: Ranking) -> str:
    """Return how well the orders of the resamples agree with the ranking, or nothing where it is not known."""
    if known(ranking.kendall_tau) is None:
        return ""
    tau = decimals(ranking.kendall_tau, 2)
    return f"Kendall's tau {tau} between the orders of the resamples and this ranking"


def exclusions(study: Study) -> list[tuple[str, list[str]]]:
    """Return what was excluded from the data: each quirk with the names of its videos or frames."""
    by_quirk: dict[str, list[str]] = {}
    for finding in study.source.exclusions:
        detail = f" ({finding.detail})" if finding.detail else ""
        by_quirk.setdefault(finding.quirk, []).append(f"{finding.name}{detail}")
    return sorted(by_quirk.items())


def quirks(study: Study) -> list[str]:
    """Return the quirks of the data that excluded nothing, with their counts."""
    counts = Counter(finding.quirk for finding in study.source.findings if not finding.excluded)
    return [f"{quirk}: {count}" for quirk, count in sorted(counts.items())]
