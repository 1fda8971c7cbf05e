"""Counts the parameters of a model and the floating-point operations for one frame."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lvzoo.types import FRAME_SIZE_HW


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Trainable parameters, and FLOPs of the forward pass of one 112 x 112 frame (a multiply-add counts as two).

    None if torch cannot see them, because another library runs the network.
    """

    parameters: int | None
    flops: int | None


def measure_cost(model: nn.Module) -> Cost:
    """Count a model's parameters and FLOPs. The model keeps its mode (training or eval)."""
    if not any(True for _ in model.parameters()):
        return Cost(parameters=None, flops=None)
    training = model.training
    model.eval()
    frames_B1HW = torch.zeros(1, 1, *FRAME_SIZE_HW, device=next(model.parameters()).device)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(frames_B1HW)
    model.train(training)
    parameters = sum(each.numel() for each in model.parameters() if each.requires_grad)
    return Cost(parameters=parameters, flops=counter.get_total_flops())
