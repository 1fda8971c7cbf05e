"""Tests a trained model on the test frames: scores it, keeps example frames, and measures its cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.device import describe
from lvzoo.errors import PluginError
from lvzoo.evaluate.ceiling import ceiling_N
from lvzoo.evaluate.cost import measure_cost
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.predict import choose_batch_size, predict_batches, prepare_to_predict
from lvzoo.evaluate.specimens import choose_specimens
from lvzoo.evaluate.timing import ms_per_frame
from lvzoo.geometry.contour import LANDMARK_COUNTS
from lvzoo.models.base import LandmarkModel
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.trials.volumes import measure_perfect, measure_references
from lvzoo.types import Condition, Event, FrameSet, Prediction, Scores, Trial
from lvzoo.types.results import ModelFacts, Specimen

Report = Callable[[Event], None]
CHECKED_FRAMES: Final = 4
"""The number of frames whose masks are checked for dependence on other frames."""
ROUNDING: Final = 0.002
"""The share of pixels that may change because float32 sums depend on the order of their terms."""


def check_frames_are_independent(
    model: nn.Module, trial: Trial, test: FrameSet, *, device: torch.device
) -> None:
    """Check that a frame's mask depends neither on the other frames of its batch nor on chance.

    A few clean frames are predicted in one batch, in one batch again, and one by one, in float32.

    Raises:
        PluginError: the masks differ by more than rounding.
    """
    few_BHW = test.frames_NHW[:: max(1, len(test) // CHECKED_FRAMES)][:CHECKED_FRAMES]

    def masks(frames_BHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
        [prediction] = predict_batches(model, frames_BHW, device=device, precision=torch.float32)
        return prediction.masks_BHW

    together_BHW = masks(few_BHW)
    for again_BHW, why in (
        (masks(few_BHW), "changes from one time to the next; draw nothing at random in eval mode"),
        (
            np.concatenate([masks(frame_HW[None]) for frame_HW in few_BHW]),
            "depends on the frames beside it; in eval mode, compute nothing over a batch",
        ),
    ):
        if (again_BHW != together_BHW).mean() > ROUNDING:
            raise PluginError(f"the mask of a frame {why}; `lvzoo check {trial.entry.name}` says more")


def score_conditions(
    model: nn.Module,
    trial: Trial,
    test: FrameSet,
    frames_CNHW: Sequence[NDArray[np.uint8]],
    conditions: Sequence[Condition],
    *,
    evaluator: FrameEvaluator,
    report: Report,
) -> Scores:
    """Return one row per frame and condition, ordered by condition. `frames_CNHW` are the frames under each.

    The table has all of SCORE_COLUMNS. The volumes of references and of perfect predictions, and the listed ejection
    fractions, are the same under every condition.
    """
    model = prepare_to_predict(model)  # once for all conditions
    tables: list[Scores] = []
    for done, (condition, frames_NHW) in enumerate(zip(conditions, frames_CNHW, strict=True)):
        report(Event(step="testing", done=done, total=len(conditions), text=condition.corruption))
        noisy = dataclasses.replace(test, frames_NHW=frames_NHW)
        tables.append(evaluator.score(model, noisy, condition))
    report(Event(step="testing", done=len(conditions), total=len(conditions)))
    perfect_N = measure_perfect(model, test, _count_landmarks(model, test, evaluator))
    listed_N = np.full(len(test), np.nan) if test.listed_efs is None else np.array(test.listed_efs, float)
    references = {
        "volume_ref": measure_references(test),
        "volume_perfect": perfect_N,
        "ef_listed": listed_N,
    }
    return pd.concat(tables, ignore_index=True).assign(
        model=trial.model,
        seed=trial.seed,
        **{name: np.tile(values_N, len(conditions)) for name, values_N in references.items()},
    )


def predict_specimens(
    model: nn.Module,
    scores: Scores,
    test: FrameSet,
    frames_CNHW: Sequence[NDArray[np.uint8]],
    conditions: Sequence[Condition],
    *,
    evaluator: FrameEvaluator,
) -> Iterator[Specimen]:
    """Yield the best, median and worst frames. They are predicted again, since scoring does not keep the masks."""
    size = choose_batch_size(evaluator.device)
    for place, row in choose_specimens(scores):
        c, n = divmod(row, len(test))
        # predict the same batch as in scoring: rounding may depend on it
        start = n // size * size
        batch_BHW = frames_CNHW[c][start : start + size]
        yield Specimen(
            model=str(scores["model"].iloc[row]),
            place=place,
            condition=conditions[c],
            video=test.videos[n],
            frame=int(test.frame_indices[n]),
            phase=test.phases[n],
            dice=float(scores["dice"].iloc[row]),
            frame_HW=np.array(batch_BHW[n - start]),
            predicted_HW=_predict(model, batch_BHW, evaluator).masks_BHW[n - start],
            reference_HW=test.masks_NHW[n],
        )


def measure_facts(model: nn.Module, trial: Trial, test: FrameSet, *, evaluator: FrameEvaluator) -> ModelFacts:
    """Return the facts about a trial's model that a ranking shows: kind, size, speed and ceiling."""
    cost = measure_cost(model)
    landmarks = _count_landmarks(model, test, evaluator)
    if landmarks is not None and trial.entry.family.kind == "mask":
        raise PluginError(
            f"{trial.entry.name} is declared as a mask model but predicts landmarks; declare kind='landmark'"
        )
    place = describe(evaluator.device, evaluator.precision)
    return ModelFacts(
        kind=trial.entry.family.kind,
        plugin=trial.entry.plugin,
        summary=trial.entry.summary,
        augmented=trial.recipe.augmented,
        **dataclasses.asdict(cost),
        ms_per_frame=ms_per_frame(
            model, test.frames_NHW, device=evaluator.device, precision=evaluator.precision
        ),
        hardware=f"{place['device']}, {place['precision']}",
        landmarks=landmarks,
        ceiling=_measure_ceiling(model, test, landmarks),
        paper=trial.entry.paper,
        licence=trial.entry.licence,
    )


def _predict(model: nn.Module, frames_BHW: NDArray[np.uint8], evaluator: FrameEvaluator) -> Prediction:
    """Return the prediction for one batch of frames."""
    return next(predict_batches(model, frames_BHW, device=evaluator.device, precision=evaluator.precision))


def _count_landmarks(model: nn.Module, frames: FrameSet, evaluator: FrameEvaluator) -> int | None:
    """Return K from the prediction of one frame, since a model need not declare it; None without landmarks."""
    landmarks_BK2 = _predict(model, frames.frames_NHW[:1], evaluator).landmarks_BK2
    return None if landmarks_BK2 is None else landmarks_BK2.shape[1]


# --- The ceiling of a landmark model --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PhantomCeiling:
    """The Dice of perfect landmarks on the test frames of a phantom, which are synthetic."""

    phantom: str
    frames: int
    dice: Mapping[str, float]
    """The Dice on "all", "ED" and "ES" frames."""


def phantom_ceiling(model: nn.Module, *, size: str = "smoke", seed: int = 0) -> PhantomCeiling | None:
    """Return the ceiling of a model, trained or not, on the test frames of a phantom. The phantom is cached.

    Return None if the ceiling cannot be computed: see `_measure_ceiling`.
    """
    frames = Phantom(cached_phantom(size=size, seed=seed)).load("test")
    evaluator = FrameEvaluator(torch.device("cpu"), torch.float32)
    known = model.landmarks if isinstance(model, LandmarkModel) else None
    dice = _measure_ceiling(model, frames, known or _count_landmarks(model, frames, evaluator))
    return PhantomCeiling(phantom=size, frames=len(frames), dice=dice) if dice else None


def _measure_ceiling(model: nn.Module, test: FrameSet, landmarks: int | None) -> dict[str, float]:
    """Return the Dice of perfect landmarks on all, ED and ES frames, averaged over frames and then over patients.

    Empty if it cannot be computed: the model has no landmarks, or their number does not divide the contour into equal
    arc lengths, or the model does not say how it draws them.
    """
    if landmarks not in LANDMARK_COUNTS or not isinstance(model, LandmarkModel):
        return {}
    dice_N = ceiling_N(test.contours_NP2, test.masks_NHW, landmarks=landmarks, draw=model.draw)
    frames = pd.DataFrame({"patient": test.patients, "phase": test.phases, "dice": dice_N})
    of_phase = {phase: frames[frames["phase"] == phase] for phase in ("ED", "ES")}
    return {
        name: float(some.groupby("patient")["dice"].mean().mean())
        for name, some in {"all": frames, **of_phase}.items()
        if len(some)
    }
