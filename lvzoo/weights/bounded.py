"""Bounds the network that is built for a weights file, since a hostile card could ask for all memory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

SLACK_TIMES: Final = 32
"""Drawing a network's first weights makes further tensors: up to 12 times as many numbers, over all entries."""
SLACK_NUMBERS: Final = 2**26
SLACK_TENSORS: Final = 10_000


class TooLargeError(Exception):
    """A network is far larger than the weights that it is built for."""


class Bounded(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types here
    """Stops the building of a network when it has made far more numbers or tensors than a file holds.

    Building on torch's meta device first would be another way, but it does not work for every network.
    """

    def __init__(self, weights: Collection[torch.Tensor]) -> None:
        """Compute the bounds from the tensors of a file."""
        super().__init__()  # type: ignore[no-untyped-call] # torch has no types here
        numbers = sum(tensor.numel() for tensor in weights)
        self.numbers_left = SLACK_TIMES * numbers + SLACK_NUMBERS
        self.tensors_left = SLACK_TIMES * len(weights) + SLACK_TENSORS

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401 - torch's signature
        """Run one operation of torch and count its result. Memory costs nothing until it is written to.

        Raises:
            TooLargeError: the result exceeds the bounds.
        """
        del types
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and not any(made is each for each in args):
            self.numbers_left -= made.numel()
            self.tensors_left -= 1
        if min(self.numbers_left, self.tensors_left) < 0:
            raise TooLargeError
        return made
