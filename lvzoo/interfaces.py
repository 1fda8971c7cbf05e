"""Defines the protocols between the steps; any object that fulfils one can replace lvzoo's own. Imports no torch.

The steps: Dataset -> FrameSet -> NoiseSuite -> LVModel -> Trainer -> Evaluator -> Scores. An Executor runs the jobs.
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
    """A model; in practice an `nn.Module` that inherits from `MaskModel` or `LandmarkModel`."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Map frames (float32, 0..1) to the model's output."""
        ...

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the training loss, a scalar, of an output for its batch."""
        ...

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int]) -> Prediction:
        """Turn an output into masks of the frame's size, and into landmarks if it is a landmark model."""
        ...


@runtime_checkable
class Dataset(Protocol):
    """A data set of labelled frames in splits; no patient is in two splits."""

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split; they are decoded once and then cached.

        Raises:
            NoSplitError: the data set has no such split.
            DataError: files are missing or cannot be parsed.
        """
        ...


@runtime_checkable
class ReadByExperts(Protocol):
    """What a `Dataset` offers in addition if several experts have traced its frames.

    Each expert is then scored as if a model, against the consensus of the others, and reports show them beside the
    models.
    """

    def load_experts(self, split: Split) -> Mapping[str, FrameSet]:
        """Return by expert the frames that this expert traced, with the expert's own tracings as references.

        They are some or all of the frames of `load(split)`, with the same pixels, and are recognised by their videos
        and frame indices. Experts may have traced different frames.

        Raises:
            NoSplitError: the data set has no such split.
            DataError: files are missing or cannot be parsed.
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
        """Return the frame under a condition; the same arguments give the same bytes on every machine."""
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
        """Train a model and return it with the weights of the epoch that has the best `score` on `val`.

        The folder `checkpoints` holds everything that is needed to continue after an interruption: a second call with
        the same folder continues after the last finished epoch and gives the same result as an uninterrupted one.
        """
        ...


@runtime_checkable
class Evaluator(Protocol):
    """Scores mask models and landmark models by the same measures."""

    def score(self, model: nn.Module, frames: FrameSet, condition: Condition) -> Scores:
        """Return one row of scores per frame; the `condition` has already been applied to `frames`."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs jobs, on this machine or elsewhere."""

    def describe(self, jobs: int) -> str:
        """Return how many of so many jobs run at once, and why: "2 trials at once, 1 thread each: 2 processors"."""
        ...

    def run(self, jobs: Sequence[Job], *, on_event: Callable[[Job, Event], None]) -> Iterator[JobResult]:
        """Yield a result for each job when it ends; a failing job does not stop the others."""
        ...
