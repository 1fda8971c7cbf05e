"""The protocols between the steps: whatever fits one can stand in for ours. Imports records, and no torch.

Dataset -> FrameSet -> NoiseSuite -> LVModel -> Trainer -> Evaluator -> Scores; an Executor runs the jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from lvzoo.types import (
        Batch,
        Condition,
        Event,
        Fitted,
        FrameSet,
        Job,
        JobResult,
        OnBatch,
        OnEpoch,
        Prediction,
        Recipe,
        ScoreModel,
        Scores,
        Sector,
        Split,
        Trial,
    )


@runtime_checkable
class LVModel(Protocol):
    """The model contract; in practice an `nn.Module` that inherits `MaskModel` or `LandmarkModel`."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Map frames (float32, 0..1) to the output of the model's kind."""
        ...

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the scalar training loss of an output against the batch it came from."""
        ...

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int]) -> Prediction:
        """Turn an output into masks of the frame's size (and landmarks, where the kind has them)."""
        ...


@runtime_checkable
class Dataset(Protocol):
    """A data set: labelled frames by split, and no patient in two splits."""

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split; a second call finds them decoded.

        Raises:
            DataError: files are missing or do not parse.
        """
        ...


@runtime_checkable
class NoiseSuite(Protocol):
    """A named, frozen set of corruptions, deterministic per frame."""

    name: str
    families: Mapping[str, tuple[str, ...]]
    """Corruptions by family, in the suite's order."""
    severities: tuple[int, ...]

    def corrupt(
        self, frame_HW: NDArray[np.uint8], condition: Condition, *, video: str, frame: int, sector: Sector
    ) -> NDArray[np.uint8]:
        """Return the frame under a condition: the same bytes for the same arguments, anywhere, always."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """A training loop."""

    def fit(
        self,
        model: nn.Module,
        train: FrameSet,
        val: FrameSet,
        recipe: Recipe,
        trial: Trial,
        *,
        score: ScoreModel,
        device: torch.device,
        checkpoints: Path,
        on_epoch: OnEpoch,
        on_batch: OnBatch | None = None,
    ) -> Fitted:
        """Train a model and return it with the weights of its best epoch by `score` on `val`.

        Everything needed to go on after an interruption is kept in the folder `checkpoints`: a second call
        with the same folder continues from the last finished epoch and ends as if nothing had happened.
        """
        ...


@runtime_checkable
class Evaluator(Protocol):
    """Scores a model, mask or landmark alike, by the same measures."""

    def score(self, model: nn.Module, frames: FrameSet, condition: Condition) -> Scores:
        """Return a row of scores a frame; `frames` are already under the `condition`."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs jobs, here or elsewhere."""

    def run(self, jobs: Sequence[Job], *, on_event: Callable[[Job, Event], None]) -> Iterator[JobResult]:
        """Yield a result for each job as it ends; a job that fails never stops the others."""
        ...
