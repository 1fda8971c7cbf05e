"""The records from ranking to report: what is known of the models, their order, and all that a report tells.

Letters, units and conventions are those of `lvzoo.types`. They stand apart from it since a listing of the zoo needs
none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from lvzoo.types.declared import Kind, OptionValue
from lvzoo.types.frames import Phase, Source
from lvzoo.types.trial import Condition

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


STANDARD: Final = "standard"
AUGMENTED: Final = "augmented"
TRACKS: Final = (STANDARD, AUGMENTED)
"""The tracks of the contests; a model is in the second where it was trained on noise."""
CHANGE: Final = f"{AUGMENTED} - {STANDARD}"
"""The row of the contests that tells what training on noise changes."""


Origin: TypeAlias = Literal["run", "here", "elsewhere", "seen"]
"""Where a model was trained: by the run that is ranked; or before, on the train split of the data set that it is
tested on (one with the same test split), on data that are not known to be its, or, which it should not be, on the
very frames that it is tested on. Data are known by the fingerprints of whole splits: of a copy under other names, or
of a patient who is in two data sets, nothing is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What a reader of a ranking should know of a model beside its scores.

    `flops` are those of one frame's forward pass (a multiply-add is two); `ms_per_frame` includes decoding, and
    was measured on `hardware`. `ceiling` is the Dice that perfect landmarks of this model would get on the same
    frames, through its own curve and the same rasteriser: "all", "ED" and "ES"; empty for masks. It is no upper
    bound. `trained_on` names the data of a model whose `origin` is not the run itself.
    """

    kind: Kind
    plugin: str
    summary: str = ""
    augmented: bool = False
    own_recipe: bool = False
    origin: Origin = "run"
    trained_on: str = ""
    parameters: int | None = None
    flops: int | None = None
    ms_per_frame: float | None = None
    hardware: str = ""
    landmarks: int | None = None
    ceiling: Mapping[str, float] = field(default_factory=dict)
    paper: str | None = None
    licence: str | None = None


CautionKind: TypeAlias = Literal[
    "clean only",
    "part",
    "one seed",
    "unequal seeds",
    "one patient",
    "few patients",
    "mean rank",
    "own recipe",
    "trained before",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """What a reader must know before believing an order, in a sentence; `kind` says to programs what it is about."""

    kind: CautionKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Models in order, best first, with how sure that is; `lvzoo.rank.ranking` makes it.

    Low and high are the ends of 95 % intervals from one paired bootstrap over patients; where fewer than two patients
    have a score, nothing can be said of others: they are NaN, and so are rank_low, rank_high, p_first, outperforms
    and `kendall_tau`. All of Dice is averaged over a patient's frames, then seeds, then patients, unless a column
    says otherwise. The tables:

    `table`, a row a model, best first:
        rank, model, kind, augmented, own_recipe, trained_on ("" where the run itself trained it);
        headline, headline_low, headline_high; rank_low, rank_high
        (95 % interval of the rank over the resamples), p_first (share of resamples in which it is first),
        group (letters: models that share one are not separable); clean, clean_low, clean_high; retention
        (headline / clean; NaN where clean is 0); worst_corruption and worst (its Dice over all severities; ""
        and NaN where no noise was run); dice_ed, dice_es and dice_pooled (all on clean frames); nsd1, nsd2,
        hd95, assd (clean frames) and nsd1_noisy ... assd_noisy (averaged as the headline is; NaN where no noise
        was run); failures (scores below FAILURE_DICE, under all conditions and seeds) and
        failure_share; empty, fragmented, holed, apex_below_base (how many masks are so, under all conditions and
        seeds), anatomical_failures (how many are any of these) and anatomical_share; seeds, seed_sd (of the
        headline over training seeds; NaN with one); mean_rank (the mean over patients of the rank on each);
        difference, difference_low, difference_high (to the best model's headline); and a column
        `family_<name>` for each family that was run.
    `pairs`, a row a pair of models, the one with the higher headline first, in the order of the table:
        better, worse, difference, difference_low, difference_high, p (two-sided Wilcoxon signed-rank on patient
        means), p_holm, outperforms (share of pairs of seeds, in each resample, in which it does; a tie counts
        half), mdd (the smallest difference that this many patients show with 80 % power; NaN with one), verdict
        ("clear": p_holm < 0.05, the whole interval beyond `margin`, and so in 3/4 of the pairs of seeds;
        "unsteady": all but the seeds; "small": p_holm < 0.05; "open").
    `response`, a row a model, corruption and severity (0 is clean): model, family, corruption, severity, dice,
        dice_low, dice_high.
    `breaks`, a row a model, corruption and reference: model, family, corruption, reference (its name), level (its
        Dice), severity (where the response falls below it, between severities by interpolation; 0 where clean
        Dice lies below already, NaN where it never does).
    `contests`, the best mask against the best landmark model (by headline), a row a track and scope: track
        ("standard", "augmented"), scope ("overall", "clean", "ED", "ES", or a family; ED and ES averaged over
        conditions as the headline is, unlike dice_ed and dice_es; without noise there is no "clean", since
        "overall" is that), mask, landmark (the models' names), mask_dice, landmark_dice, difference (mask -
        landmark), difference_low, difference_high, p, p_holm (overall: that of `pairs`; the other scopes: adjusted
        for them), verdict (as in `pairs`), winner ("mask", "landmark", or "neither" unless that is "clear").
        Where both tracks have a contest, one more row tells whether training on noise changes it: track
        "augmented - standard", scope "overall". Its mask and landmark name both models ("unet+noise - unet"), its
        numbers are the augmented track's minus the standard one's, patient by patient, so mask_dice and landmark_dice
        are what each kind gains; p_holm is p, this being one question; the winner is the kind that clearly gains
        more.
        Empty where a kind is missing.
    `cases`, a row a task, model and patient, as challengeR reads it: task ("headline", "clean", or a family),
        algorithm, case, value (Dice).
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    response: pd.DataFrame
    breaks: pd.DataFrame
    contests: pd.DataFrame
    cases: pd.DataFrame
    models: Mapping[str, ModelFacts]
    suite: str
    headline: str
    """What the headline is called in print: "mDice-N1"; "clean Dice" where no noise was run."""
    families: Mapping[str, tuple[str, ...]]
    """The corruptions that were run, by family."""
    severities: tuple[int, ...]
    partial: bool
    """Whether some of the suite's corruptions or severities were left out: no headline to be compared."""
    references: Mapping[str, float]
    """The Dice levels of the break points, by name."""
    margin: float
    """The least difference in Dice that is called a win."""
    kendall_tau: float
    """Mean agreement of the resamples' orders with the ranking: 1 where all agree; NaN with one model or patient."""
    warnings: tuple[Caution, ...]
    """What a reader must know before believing the order."""
    patients: int
    frames: int
    resamples: int
    bootstrap_seed: int = 0
    """The seed of the resamples' draws."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """One test frame with a model's mask on it, kept to be looked at. `place` is "best", "median" or "worst"."""

    model: str
    place: str
    condition: Condition
    video: str
    frame: int
    phase: Phase
    dice: float
    frame_HW: NDArray[np.uint8]
    predicted_HW: NDArray[np.bool_]
    reference_HW: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """All that a report tells: a ranking, where its frames came from, and what it was computed with.

    `splits` says how many patients and frames each split has; `recipe` is the one all models share; `computed`
    names hardware and versions; `noise_digest` is the suite's, by what it does ("" where no run told it); `failed`
    names the trials that are not ranked, with the reason of each.
    """

    ranking: Ranking
    source: Source
    splits: Mapping[str, Mapping[str, int]]
    recipe: Mapping[str, OptionValue]
    runs: tuple[str, ...]
    computed: Mapping[str, str]
    noise_digest: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)
    specimens: tuple[Specimen, ...] = ()
