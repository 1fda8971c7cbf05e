"""Averages the weights of a training: the averaged model is the one that is validated and kept."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class FollowingModel(AveragedModel):
    """A copy of a model that follows the moving average of its weights and buffers.

    It computes what torch's `AveragedModel` computes, but never waits for a GPU. torch copies the number of steps to
    the device in each step, for averages that need it. This one does not need it.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call] # torch leaves it untyped
        super().__init__(model, multi_avg_fn=average, use_buffers=True)
        self.average = average

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Average the weights after another step. The first call copies them."""
        pairs = list(zip(_list_tensors(self.module), _list_tensors(model), strict=True))
        if self.n_averaged == 0:  # this number is on the CPU
            for ours, theirs in pairs:
                ours.copy_(theirs)
        else:
            for dtype in dict.fromkeys(ours.dtype for ours, _ in pairs):
                alike = [pair for pair in pairs if pair[0].dtype == dtype]
                self.average([ours for ours, _ in alike], [theirs for _, theirs in alike], self.n_averaged)
        self.n_averaged += 1


def average_weights(model: nn.Module, *, share: float, steps: int) -> FollowingModel:
    """Return a copy of a model that follows the moving average of its weights and buffers.

    After each step, average = decay average + (1 - decay) weights. The memory of this average is 1 / (1 - decay)
    steps. It is a share of all steps, so that short and long trainings are averaged alike. With a share of 0, the
    copy has the weights of the last step.
    """
    return FollowingModel(model, decay=1 - 1 / max(1.0, share * steps))


def _list_tensors(model: nn.Module) -> list[torch.Tensor]:
    """Return the weights and buffers of a model, in a fixed order."""
    return [*model.parameters(), *model.buffers()]
