"""Weights files: one safetensors file each, whose header holds a card that says what the weights are.

Read here with json and struct alone, so that a listing of the zoo imports no torch; `lvzoo.weights.network` turns a
file into a network.
"""

from lvzoo.weights.card import KEY, CleanDice, Counts, Rounding, TrainedOn, WeightsCard
from lvzoo.weights.header import Header, Tensor, read_card, read_header

__all__ = [
    "KEY",
    "CleanDice",
    "Counts",
    "Header",
    "Rounding",
    "Tensor",
    "TrainedOn",
    "WeightsCard",
    "read_card",
    "read_header",
]
