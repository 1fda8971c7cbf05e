"""Records of ranking and report: facts about the models, the ranking, and everything that a report shows.

Letters, units and conventions are those of `lvzoo.types`. These records have a module of their own because commands
such as `lvzoo list` do not need them.
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

    from lvzoo.types.across import AcrossResults
    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.experts import ExpertResults


STANDARD: Final = "standard"
AUGMENTED: Final = "augmented"
TRACKS: Final = (STANDARD, AUGMENTED)
"""The tracks of the contests. A model is in the augmented track if it was trained on noise."""
CHANGE: Final = f"{AUGMENTED} - {STANDARD}"
"""The track in the row of the contests that compares the two tracks."""


OWN_CLEAN: Final = "own clean Dice - 5 %"
"""The reference of a break point that says something of every model: what it keeps of its own clean Dice."""
Order: TypeAlias = Literal["headline", "ef"]
"""By what the rows of a ranking's table are ordered; `ef` is the MAE of the ejection fraction under noise."""

Origin: TypeAlias = Literal["run", "here", "elsewhere", "seen", "foreign"]
"""Where a model was trained.

run         by the run that is ranked
here        before, on the train split of the data set on which it is tested (one with the same test split)
elsewhere   before, on data that are not known to belong to this data set
seen        before, on the very frames on which it is tested, which makes its scores meaningless
foreign     before, by other code than lvzoo, on data of which only its author knows

Data are recognised by the fingerprints of whole splits. A copy under other names, or a patient who is in two data
sets, is not recognised.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """Facts about a model that a ranking shows beside its scores. None and "" mean unknown."""

    kind: Kind
    plugin: str
    summary: str = ""
    augmented: bool = False
    """Whether it was trained on noise."""
    own_recipe: bool = False
    """Whether its recipe or training loop differs from that of the other models."""
    epochs: int | None = None
    """The number of epochs of the recipe that it was trained with; None if it has a training loop of its own."""
    origin: Origin = "run"
    trained_on: str = ""
    """The training data of a model that the run itself did not train."""
    calibrated_on: str = ""
    """The data to whose tracings its border was moved after the training; "" if it was not moved."""
    calibrated_here: bool = False
    """Whether these data are the very frames on which it is tested."""
    parameters: int | None = None
    flops: int | None = None
    """Floating-point operations of one frame's forward pass; a multiply-add counts as two."""
    ms_per_frame: float | None = None
    """Time for one frame, decoding included, on `hardware`."""
    hardware: str = ""
    landmarks: int | None = None
    """K, the number of landmarks; None for a mask model."""
    ceiling: Mapping[str, float] = field(default_factory=dict)
    """Dice of perfect landmarks on the same frames, drawn with the model's own curve: "all", "ED" and "ES". Empty for
    mask models. It is not an upper bound."""
    paper: str | None = None
    licence: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a size or a time below 0, or a Dice out of 0..1: a file may be damaged."""
        for each in (self.parameters, self.flops, self.landmarks, self.ms_per_frame):
            if each is not None and each < 0:
                raise ValueError(f"a size or a time is {each}")
        if any(dice < 0 or dice > 1 for dice in self.ceiling.values()):
            raise ValueError(f"'ceiling' is {dict(self.ceiling)}")


CautionKind: TypeAlias = Literal[
    "one epoch",
    "clean only",
    "part",
    "one seed",
    "unequal seeds",
    "one patient",
    "few patients",
    "mean rank",
    "own recipe",
    "trained before",
    "calibrated",
    "seen",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """A sentence on what limits the conclusions from a ranking. Programs can tell its subject by `kind`."""

    kind: CautionKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Models in order, best first, and how certain this order is. `lvzoo.rank.ranking.rank` makes it.

    The *headline* is the Dice that decides the order: the mean over the suite's families, or clean Dice if no noise
    was run. Unless a column says otherwise, Dice is averaged over a patient's frames first, then over training seeds,
    then over patients. Columns that end in `_low` and `_high` are the ends of a 95 % interval. All intervals come
    from one bootstrap over patients, whose resamples are the same for all models. With fewer than two patients
    that have a score, nothing can be concluded for other patients: the intervals, rank_low, rank_high, p_first,
    outperforms and `kendall_tau` are NaN.

    `table`: one row per model, best first.
        rank                            1 is the best; models of equal headline share a rank
        model, kind                     its name, and "mask" or "landmark"
        augmented                       whether it was trained on noise
        own_recipe                      whether its recipe or training loop differs from that of the other models
        trained_on                      the data on which it was trained; "" if the run itself trained it
        calibrated_on                   the data to whose tracings its border was moved after that; "" if it was not
        headline                        the headline; also headline_low, headline_high
        rank_low, rank_high             95 % interval of the rank over the resamples
        p_first                         share of the resamples in which the model is first
        group                           letters; models that share a letter are not separable
        clean                           Dice on clean frames; also clean_low, clean_high
        retention                       headline / clean; NaN if clean is 0
        worst_corruption, worst         the corruption with the lowest Dice over all severities, and that Dice; "" and
                                        NaN without noise
        dice_ed, dice_es                Dice on clean ED frames and on clean ES frames
        dice_pooled                     Dice of all clean frames pooled, as EchoNet-Dynamic reports it
        nsd1, nsd2, hd95, assd          the other metrics on clean frames
        nsd1_noisy, nsd2_noisy, hd95_noisy, assd_noisy
                                        the same, averaged as the headline is; NaN without noise
        failures, failure_share         number and share of scores below FAILURE_DICE, over all conditions and seeds
        empty, fragmented, holed, apex_below_base
                                        numbers of masks without a pixel, in several pieces, with a hole, or with the
                                        apex on the atrium's side of the mitral line, over all conditions and seeds
        anatomical_failures, anatomical_share
                                        number and share of masks with at least one of these faults
        seeds, seed_sd                  number of training seeds, and the standard deviation of the headline over
                                        them; NaN with one seed
        mean_rank                       mean over patients of the model's rank on each patient
        difference                      to the headline of the best model; also difference_low, difference_high
        family_<name>                   one column per family that was run: the Dice in this family
    `pairs`: one row per pair of models, in the order of the ranking.
        better, worse                   the model with the higher headline, and the other one
        difference                      better minus worse; also difference_low, difference_high
        p, p_holm                       p value of the two-sided Wilcoxon signed-rank test over patients, and the same
                                        after Holm's adjustment over all pairs
        outperforms                     share of resamples and pairs of seeds in which `better` leads; ties count half
        mdd                             smallest difference that this many patients show with 80 % power; NaN with one
        verdict                         "clear": p_holm < 0.05, the whole interval lies beyond `margin`, and `better`
                                        leads in at least 3/4 of the pairs of seeds; "unsteady": the same except for
                                        the seeds; "once": the same, but a model has one training seed; "small": only
                                        p_holm < 0.05; "open": none of these
    `response`: one row per model, corruption and severity.
        model, family, corruption, severity (0 is clean), dice, dice_low, dice_high
    `breaks`: one row per model, corruption and reference; OWN_CLEAN is the first reference of each.
        model, family, corruption, reference (its name), level (its Dice; of OWN_CLEAN 0.95 times the model's clean)
        severity                        where the response falls below the level, interpolated between severities; 0
                                        if it is below on clean frames, NaN if it never falls below
    `contests`: the mask model against the landmark model with the highest headline, one row per track and scope;
    no rows for a track that lacks a kind.
        track                           "standard" or "augmented"
        scope                           "overall", "clean", "ED", "ES" or a family. ED and ES are averaged over
                                        conditions as the headline is, unlike dice_ed and dice_es. Without noise there
                                        is no "clean", since "overall" is the same
        mask, landmark                  the names of the two models
        mask_dice, landmark_dice        their Dice
        difference                      mask minus landmark; also difference_low, difference_high
        p, p_holm                       as in `pairs`; p_holm is that of `pairs` for "overall", and adjusted over the
                                        other scopes for these
        verdict                         as in `pairs`
        winner                          "mask" or "landmark" if the verdict is "clear", else "neither"
        If both tracks have a contest, one more row says whether training on noise changes the result: track
        "augmented - standard", scope "overall". Its `mask` and `landmark` name two models each, for example
        "unet+noise - unet". Its numbers are those of the augmented track minus those of the standard track, for
        each patient: mask_dice and landmark_dice are the gains of the two kinds, and the winner is the kind that
        clearly gains more. Its p_holm equals its p, because this is a single test.
    `cases`: one row per task, model and patient, in the form that challengeR reads.
        task ("headline", "clean" or a family), algorithm (the model), case (the patient), value (Dice)
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
    """The headline's name in print: "mDice-N1", or "clean Dice" if no noise was run."""
    families: Mapping[str, tuple[str, ...]]
    """The corruptions that were run, by family."""
    severities: tuple[int, ...]
    partial: bool
    """Whether some of the suite's corruptions or severities were left out. The headline of a partial run cannot be
    compared with that of the whole suite."""
    references: Mapping[str, float]
    """The Dice levels of the break points that all models share, by name."""
    margin: float
    """The smallest difference in Dice that counts as a win."""
    kendall_tau: float
    """Mean of Kendall's tau-b between each resample's order and the ranking: 1 if all agree, NaN with one model or
    one patient."""
    warnings: tuple[Caution, ...]
    patients: int
    frames: int
    resamples: int
    bootstrap_seed: int = 0
    """The random seed of the resamples."""
    ejection: EjectionResults | None = None
    """The ejection fractions, which never decide the headline; None if they were not computed."""
    order: Order = "headline"
    """By what the rows of `table` are ordered. Their ranks are always those of the headline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """One test frame with a model's mask, to be shown in the report. `place` is "best", "median" or "worst"."""

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
    """Everything that a report shows: a ranking, the data set, and how the scores were computed."""

    ranking: Ranking
    source: Source
    splits: Mapping[str, Mapping[str, int]]
    """Numbers of "patients" and "frames" by split."""
    recipe: Mapping[str, OptionValue]
    """The recipe that the models share."""
    runs: tuple[str, ...]
    """The run folders that were ranked."""
    computed: Mapping[str, str]
    """Hardware and versions."""
    noise_digest: str = ""
    """Digest of what the noise suite does to test frames; "" if unknown."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """The trials that failed and are not ranked, each with its reason."""
    missing: str = ""
    """The trials that are not done yet, in words; "" if there are none."""
    specimens: tuple[Specimen, ...] = ()
    across: AcrossResults | None = None
    """The same models on other data sets, and by picture quality; None if there are neither."""
    experts: ExpertResults | None = None
    """The experts who have traced the data set, each against the others; None if it has one reader."""
    data_options: Mapping[str, Mapping[str, OptionValue]] = field(default_factory=dict)
    """The options with which each data set was read, by the set's name, home first; those that are not the
    defaults."""
    experts_elsewhere: Mapping[str, ExpertResults] = field(default_factory=dict)
    """The same of the other sets that `across` compares, by their names."""
