"""A bound on the network that is built for a file's weights: a card from anywhere must not take all memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from lvzoo.weights import Header

SLACK_TIMES: Final = 32
"""Drawing a network's first weights takes tensors beside them: up to 12 times its own, of all entries of the zoo."""
SLACK_NUMBERS: Final = 2**26
SLACK_TENSORS: Final = 10_000


class TooLargeError(Exception):
    """A network grows far beyond the weights that it is built for."""


class Bounded(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch types none of it
    """While a network is built, ends that where its tensors outgrow by far those of a file.

    Unlike building on torch's meta device first, this holds for networks of any code.
    """

    def __init__(self, header: Header) -> None:
        """Take the measure of a file."""
        super().__init__()  # type: ignore[no-untyped-call] # torch types none of it
        numbers = sum(math.prod(tensor.shape) for tensor in header.tensors.values())
        self.numbers_left = SLACK_TIMES * numbers + SLACK_NUMBERS
        self.tensors_left = SLACK_TIMES * len(header.tensors) + SLACK_TENSORS

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401 - torch's signature
        """Make what is asked for, and count it: memory that was reserved and not yet written to costs nothing.

        Raises:
            TooLargeError: that was too much.
        """
        del types
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and not any(made is each for each in args):
            self.numbers_left -= made.numel()
            self.tensors_left -= 1
        if min(self.numbers_left, self.tensors_left) < 0:
            raise TooLargeError
        return made
