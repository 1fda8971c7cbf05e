"""A trainer without gradient descent: each epoch solves for all weights in closed form, with another penalty.

A shape is described by a few principal components, as in an active shape model (Cootes et al. 1995, doi
10.1006/cviu.1995.1004). Ridge regression (Hoerl and Kennard 1970, doi 10.1080/00401706.1970.10488634) maps the grey
levels to these components, and the validation score chooses the penalty. Both maps together are one linear layer.

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
"""The penalty of the first epoch. Later epochs multiply and divide it by powers of 3, in turn."""
AT_ONCE = 256
"""Number of frames that are shrunk at a time."""


class RidgeTrainer:
    """Fits a `LinearShape` in closed form. It only uses `epochs` of the recipe, and no random numbers."""

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
        checkpoints: Path,  # noqa: ARG002 - an interrupted fit starts again, which takes seconds
        on_epoch: OnEpoch,
        on_batch: OnBatch | None = None,  # noqa: ARG002 - there are no batches
    ) -> Fitted:
        """Try one penalty per epoch, and return the model with the weights that score best on `val`.

        Raises:
            UsageError: the recipe asks for augmentation, which this trainer does not support.
        """
        if recipe.augmented:
            raise UsageError(f"{trial.entry.name}: its trainer does not support augmentation; omit --augment")
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
    """The regression problem. Everything that does not depend on the penalty is computed once."""

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
        # Centre features and shapes; the principal components are the right singular vectors of the shapes.
        self.mean_F, self.mean_S = features_NF.mean(0), shapes_NS.mean(0)
        self.features_NF = features_NF - self.mean_F
        self.shapes_NS = shapes_NS - self.mean_S
        self.modes_MS = torch.linalg.svd(self.shapes_NS, full_matrices=False).Vh[: model.modes]

    def solve(self, penalty: float) -> float:
        """Set the model's weights for a penalty, and return their mean squared error."""
        coordinates_NM = self.shapes_NS @ self.modes_MS.T
        weights_FM = _ridge(self.features_NF, coordinates_NM, penalty)
        # Both maps in one: features to modes (F, M), then modes to shapes (M, S); the bias restores the means.
        weights_SF = (weights_FM @ self.modes_MS).T
        with torch.no_grad():
            self.model.linear.weight.copy_(weights_SF)
            self.model.linear.bias.copy_(self.mean_S - weights_SF @ self.mean_F)
        return float(((self.features_NF @ weights_SF.T - self.shapes_NS) ** 2).mean())


def _ridge(features_NF: torch.Tensor, targets_NM: torch.Tensor, penalty: float) -> torch.Tensor:
    """Return the weights (F, M) that minimise the squared error plus penalty * squared norm of the weights.

    With X the features and Y the targets, they are (X'X + p I)^-1 X'Y, which equals X'(XX' + p I)^-1 Y. The smaller
    of the two systems (F x F or N x N) is solved.
    """
    frames, features = features_NF.shape
    if features <= frames:
        gram_FF = features_NF.T @ features_NF + penalty * torch.eye(features, device=features_NF.device)
        solved: torch.Tensor = torch.linalg.solve(gram_FF, features_NF.T @ targets_NM)
        return solved
    gram_NN = features_NF @ features_NF.T + penalty * torch.eye(frames, device=features_NF.device)
    weights: torch.Tensor = features_NF.T @ torch.linalg.solve(gram_NN, targets_NM)
    return weights
