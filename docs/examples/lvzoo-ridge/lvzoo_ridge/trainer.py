"""A trainer of its own: no gradient, no schedule; each epoch solves for all weights at once, at another penalty.

Shapes are few-dimensional: their principal components are what an active shape model knows (Cootes et al. 1995,
doi 10.1006/cviu.1995.1004). Ridge regression (Hoerl and Kennard 1970, doi 10.1080/00401706.1970.10488634) maps grey
levels to their coordinates, and the validation score chooses the penalty. The two maps are then one linear layer.

Letters in names: N frames, F features (pixels of the small frame), S numbers of a shape (2K), M modes.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lvzoo.errors import UsageError
from lvzoo.types import Epoch, Fitted, FrameSet, OnBatch, OnEpoch, Recipe, ScoreModel, Trial
from lvzoo_ridge.model import LinearShape

FIRST_PENALTY = 300.0
"""What the first epoch tries; later ones go away from it by threes, up and down in turn."""
AT_ONCE = 256
"""Frames that are shrunk at a time."""


class RidgeTrainer:
    """Fits a `LinearShape` in closed form; of the recipe it heeds `epochs` alone, and nothing is drawn at random."""

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
        checkpoints: Path,  # noqa: ARG002 - an interrupted fit begins again: it takes seconds
        on_epoch: OnEpoch,
        on_batch: OnBatch | None = None,  # noqa: ARG002 - there are none
    ) -> Fitted:
        """Try a penalty an epoch, and return the model with the weights that score best on `val`.

        Raises:
            UsageError: the recipe asks for training on noise, which this trainer does not have.
        """
        if recipe.augmented:
            raise UsageError(f"{trial.entry.name}: its trainer knows no augmentation; leave --augment out")
        assert isinstance(model, LinearShape)  # noqa: S101 - our own mistake
        model.to(device).eval()
        regression = _Regression(model, train, device)
        history: list[Epoch] = []
        best_weights: dict[str, torch.Tensor] = {}
        for epoch in range(1, recipe.epochs + 1):
            started = time.perf_counter()
            error = regression.solve(_penalty(epoch))
            seconds = time.perf_counter() - started
            done = Epoch(epoch=epoch, train_loss=error, val_dice=score(model, val), seconds=seconds)
            if not history or done.val_dice > max(each.val_dice for each in history):
                best_weights = {name: each.clone() for name, each in model.state_dict().items()}
            history.append(done)
            on_epoch(done)
        model.load_state_dict(best_weights)
        best = max(history, key=lambda each: each.val_dice)
        return Fitted(model=model, history=tuple(history), best_epoch=best.epoch)


def _penalty(epoch: int) -> float:
    """Return 1, 3, 1/3, 9, 1/9 ... times the first penalty for epochs 1, 2, 3 ..."""
    return FIRST_PENALTY * 3.0 ** (epoch // 2 if epoch % 2 == 0 else -(epoch // 2))


class _Regression:
    """All that does not depend on the penalty, computed once: N frames' features and the modes of their shapes."""

    def __init__(self, model: LinearShape, train: FrameSet, device: torch.device) -> None:
        frames_NHW = torch.from_numpy(np.array(train.frames_NHW)).to(device)
        rows, columns = frames_NHW.shape[-2:]
        stride = (train.contours_NP2.shape[1] - 1) // model.spans
        landmarks_NK2 = torch.from_numpy(np.array(train.contours_NP2[:, ::stride])).to(device)
        with torch.no_grad():
            features_NF = torch.cat(
                [model.shrink(part[:, None] / 255) for part in torch.split(frames_NHW, AT_ONCE)]
            )
        shapes_NS = model.targets(landmarks_NK2, (rows, columns))
        self.model = model
        self.mean_F, self.mean_S = features_NF.mean(0), shapes_NS.mean(0)
        self.features_NF = features_NF - self.mean_F
        self.shapes_NS = shapes_NS - self.mean_S
        self.modes_MS = torch.linalg.svd(self.shapes_NS, full_matrices=False).Vh[: model.modes]

    def solve(self, penalty: float) -> float:
        """Put the weights for a penalty into the model; return the mean squared error that they leave."""
        coordinates_NM = self.shapes_NS @ self.modes_MS.T
        weights_FM = _ridge(self.features_NF, coordinates_NM, penalty)
        weights_SF = (weights_FM @ self.modes_MS).T
        with torch.no_grad():
            self.model.linear.weight.copy_(weights_SF)
            self.model.linear.bias.copy_(self.mean_S - weights_SF @ self.mean_F)
        return float(((self.features_NF @ weights_SF.T - self.shapes_NS) ** 2).mean())


def _ridge(features_NF: torch.Tensor, targets_NM: torch.Tensor, penalty: float) -> torch.Tensor:
    """Return the F x M weights of least squared error plus penalty, through the smaller of F x F and N x N."""
    frames, features = features_NF.shape
    if features <= frames:
        gram_FF = features_NF.T @ features_NF + penalty * torch.eye(features, device=features_NF.device)
        solved: torch.Tensor = torch.linalg.solve(gram_FF, features_NF.T @ targets_NM)
        return solved
    gram_NN = features_NF @ features_NF.T + penalty * torch.eye(frames, device=features_NF.device)
    weights: torch.Tensor = features_NF.T @ torch.linalg.solve(gram_NN, targets_NM)
    return weights
