"""What is done with a trained model on the test frames: score it, keep some to be looked at, count its cost."""

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
from lvzoo.evaluate.cost import cost_of
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.predict import BATCH_SIZE, predict_batches
from lvzoo.evaluate.specimens import choose_specimens
from lvzoo.evaluate.timing import ms_per_frame
from lvzoo.geometry.contour import LANDMARK_COUNTS
from lvzoo.models.base import LandmarkModel
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import Condition, Event, FrameSet, Prediction, Scores, Trial
from lvzoo.types.results import ModelFacts, Specimen

Report = Callable[[Event], None]
STANDING_ALONE: Final = 4
"""How many frames are looked at for masks that depend on others."""
ROUNDING: Final = 0.002
"""Share of pixels that may change for no other reason than the order in which float32 numbers are added."""


def check_frames_are_independent(
    model: nn.Module, trial: Trial, test: FrameSet, *, device: torch.device
) -> None:
    """See that a frame's mask does not depend on the frames beside it, nor on chance: else its score would.

    A few clean frames are predicted together, together again, and each alone, in float32.

    Raises:
        PluginError: the masks differ by more than rounding does.
    """
    few_BHW = test.frames_NHW[:: max(1, len(test) // STANDING_ALONE)][:STANDING_ALONE]

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
    """Return a row a frame and condition, condition by condition; `frames_CNHW` are the test frames under each."""
    tables: list[Scores] = []
    for done, (condition, frames_NHW) in enumerate(zip(conditions, frames_CNHW, strict=True)):
        report(Event(step="testing", done=done, total=len(conditions), text=condition.corruption))
        noisy = dataclasses.replace(test, frames_NHW=frames_NHW)
        tables.append(evaluator.score(model, noisy, condition))
    report(Event(step="testing", done=len(conditions), total=len(conditions)))
    return pd.concat(tables, ignore_index=True).assign(model=trial.model, seed=trial.seed)


def specimens(
    model: nn.Module,
    scores: Scores,
    test: FrameSet,
    frames_CNHW: Sequence[NDArray[np.uint8]],
    conditions: Sequence[Condition],
    *,
    evaluator: FrameEvaluator,
) -> Iterator[Specimen]:
    """Yield the best, median and worst frames of `score_conditions`, predicted anew: its masks are not kept."""
    for place, row in choose_specimens(scores):
        c, n = divmod(row, len(test))
        start = n // BATCH_SIZE * BATCH_SIZE  # the batch it was scored in: rounding may depend on it
        batch_BHW = frames_CNHW[c][start : start + BATCH_SIZE]
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


def facts_of(model: nn.Module, trial: Trial, test: FrameSet, *, evaluator: FrameEvaluator) -> ModelFacts:
    """Return what a reader of a ranking should know of a trial's model beside its scores."""
    cost = cost_of(model)
    landmarks = _landmarks(model, test, evaluator)
    if landmarks is not None and trial.entry.family.kind == "mask":
        raise PluginError(
            f"{trial.entry.name} is declared as a mask model and gives landmarks; declare kind='landmark'"
        )
    place = describe(evaluator.device, evaluator.precision)
    return ModelFacts(
        kind=trial.entry.family.kind,
        plugin=trial.entry.plugin,
        summary=trial.entry.summary,
        augmented=trial.recipe.augmented,
        parameters=cost.parameters,
        flops=cost.flops,
        ms_per_frame=ms_per_frame(
            model, test.frames_NHW, device=evaluator.device, precision=evaluator.precision
        ),
        hardware=f"{place['device']}, {place['precision']}",
        landmarks=landmarks,
        ceiling=_ceiling(model, test, landmarks),
        paper=trial.entry.paper,
        licence=trial.entry.licence,
    )


def _predict(model: nn.Module, frames_BHW: NDArray[np.uint8], evaluator: FrameEvaluator) -> Prediction:
    """Return the prediction for a few frames: one batch."""
    return next(predict_batches(model, frames_BHW, device=evaluator.device, precision=evaluator.precision))


def _landmarks(model: nn.Module, frames: FrameSet, evaluator: FrameEvaluator) -> int | None:
    """Return K, of which only the prediction is sure to tell; None where a model has no landmarks."""
    landmarks_BK2 = _predict(model, frames.frames_NHW[:1], evaluator).landmarks_BK2
    return None if landmarks_BK2 is None else landmarks_BK2.shape[1]


# --- The ceiling of a landmark model --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PhantomCeiling:
    """What perfect landmarks score on a phantom's test frames: synthetic, as the name says."""

    phantom: str
    frames: int
    dice: Mapping[str, float]
    """Of "all", "ED" and "ES" frames."""


def phantom_ceiling(model: nn.Module, *, size: str = "smoke", seed: int = 0) -> PhantomCeiling | None:
    """Return the ceiling of a model, trained or not, on the test frames of a phantom, made where it is missing.

    None where the model has no landmarks to spread over a contour, or draws them in a way that only it knows.
    """
    frames = Phantom(cached_phantom(size=size, seed=seed)).load("test")
    evaluator = FrameEvaluator(torch.device("cpu"), torch.float32)
    known = model.landmarks if isinstance(model, LandmarkModel) else None
    dice = _ceiling(model, frames, known or _landmarks(model, frames, evaluator))
    return PhantomCeiling(phantom=size, frames=len(frames), dice=dice) if dice else None


def _ceiling(model: nn.Module, test: FrameSet, landmarks: int | None) -> dict[str, float]:
    """Return the Dice of perfect landmarks, averaged over frames, then patients: of all, of ED and of ES frames.

    Empty where there is no telling: a model without landmarks, or with such as no contour has at equal arc
    lengths, or one that does not say how it draws them.
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
