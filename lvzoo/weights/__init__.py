"""Weights files: one safetensors file each, with a card in its header that says what the weights are.

The header is read without torch, so that `lvzoo list` starts fast. `lvzoo.weights.network` builds the network.
"""

from lvzoo.weights.calibration import Calibration
from lvzoo.weights.card import KEY, CleanDice, Counts, Rounding, TrainedOn, WeightsCard
from lvzoo.weights.header import read_card

__all__ = [
    "KEY",
    "Calibration",
    "CleanDice",
    "Counts",
    "Rounding",
    "TrainedOn",
    "WeightsCard",
    "read_card",
]
