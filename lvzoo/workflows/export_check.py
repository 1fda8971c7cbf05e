"""Checks an exported network against torch, before and after its file is written.

Before: the rule that the file will hold must give the masks of the model itself. After: the file is read back and run
in batches of several sizes, and its output is compared with that of torch in float32.

Letters in names: B batch, N frames, K landmarks, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.evaluate.predict import blame_plugin, run_decode, run_forward
from lvzoo.exports.network import Graph, Rule, explain_briefly
from lvzoo.types import FRAME_SIZE_HW, Kind
from lvzoo.workflows.exported import ExportedNetwork, apply_rule, make_array

BATCH_SIZES: Final = (1, 3)
FRAMES: Final = 6
"""How many frames are compared. They are run in batches of each size."""
UNITS: Final[Mapping[Kind, str]] = {"mask": "logit", "landmark": "px"}
TOLERANCES: Final[Mapping[Kind, float]] = {"mask": 0.001, "landmark": 0.01}
"""The largest difference from torch that is rounding: in logits, or in pixels of a landmark."""
RELATIVE: Final = 1e-4
"""Rounding grows with the logits, so a larger difference is accepted up to this part of the largest logit."""


class DifferentError(PluginError):
    """The file that was written does not compute what torch computes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What torch computes for some frames, in float32. `output` is that of the graph."""

    kind: Kind
    frames_NHW: NDArray[np.uint8]
    output: NDArray[np.float32]
    masks_NHW: NDArray[np.bool_]

    @property
    def unit(self) -> str:
        """The unit of the output: logits, or pixels of a landmark."""
        return UNITS[self.kind]

    @property
    def tolerance(self) -> float:
        """The largest difference of the output that is rounding."""
        peak = float(np.abs(self.output).max()) if self.kind == "mask" else 0.0
        return max(TOLERANCES[self.kind], RELATIVE * peak)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How far the output of a file is from that of torch, and how many pixels of the masks differ.

    `largest` and `tolerance` are in `unit`. Pixels can only differ where a logit is within the tolerance of the
    threshold, or where a landmark has moved by a rounding error.
    """

    largest: float
    tolerance: float
    unit: str
    frames: int
    pixels: int


def compute_expected(
    graph: Graph, network: nn.Module, frames_NHW: NDArray[np.uint8], *, named: str
) -> Expected:
    """Return the output of a graph, and the masks that the network makes by its own methods.

    Raises:
        PluginError: the network fails on the frames, or the output has no shape that a file can have.
    """
    frames_B1HW = torch.from_numpy(make_array(frames_NHW))
    decoded = run_decode(
        network, run_forward(network, frames_B1HW, precision=torch.float32), shape_BHW=frames_NHW.shape
    )
    with torch.inference_mode(), blame_plugin(graph.network, "points"):
        output = graph(frames_B1HW)
    shape = tuple(output.shape)
    wanted = (len(frames_NHW), 1, *FRAME_SIZE_HW) if graph.kind == "mask" else (*shape[:2], 2)
    if shape != wanted:
        what = (
            "logits (B, 1, H, W)" if graph.kind == "mask" else "landmarks (B, K, 2) or heatmaps (B, K, H, W)"
        )
        raise PluginError(
            f"{named}: {type(network).__name__} cannot be exported, because its output has the shape {shape}; "
            f"return {what}"
        )
    return Expected(
        kind=graph.kind, frames_NHW=frames_NHW, output=output.numpy(), masks_NHW=decoded.masks_BHW
    )


def check_rule(rule: Rule, expected: Expected, network: nn.Module, *, named: str) -> None:
    """Check that a rule gives the masks that the network itself makes.

    Raises:
        PluginError: it does not, because the network decodes its output in another way.
    """
    if not np.array_equal(apply_rule(rule, expected.output), expected.masks_NHW):
        raise PluginError(
            f"{named}: {type(network).__name__} cannot be exported, because it makes its masks in a way of its own, "
            "which no rule in a file describes; inherit `decode` and `draw` from MaskModel or LandmarkModel"
        )


def check_difference(exported: ExportedNetwork, expected: Expected, *, named: str) -> Difference:
    """Compare the output of a file with that of torch, in batches of each size.

    Raises:
        DifferentError: it differs by more than rounding, or the file does not run.
    """
    outputs = [_run(exported, expected.frames_NHW, size, named=named) for size in BATCH_SIZES]
    largest = max(float(np.abs(output - expected.output).max()) for output in outputs)
    if not largest <= expected.tolerance:  # NaN fails too
        raise DifferentError(
            f"{named}: the exported file differs from torch by {largest:.3g} {expected.unit} (at most "
            f"{expected.tolerance:.3g} is rounding), so it is not kept; try the other --format, or report it"
        )
    masks = [apply_rule(exported.rule, output) for output in outputs]
    return Difference(
        largest=largest,
        tolerance=expected.tolerance,
        unit=expected.unit,
        frames=len(expected.frames_NHW),
        pixels=max(int((masks_NHW != expected.masks_NHW).sum()) for masks_NHW in masks),
    )


def check_batches(exported: ExportedNetwork, frames_NHW: NDArray[np.uint8], *, named: str) -> None:
    """Check that a file runs, and that its masks do not depend on the size of the batches. This is for int8 files.

    Raises:
        DifferentError: it does not.
    """
    first, *others = [
        apply_rule(exported.rule, _run(exported, frames_NHW, size, named=named)) for size in BATCH_SIZES
    ]
    if not all(np.array_equal(first, other) for other in others):
        raise DifferentError(
            f"{named}: the masks of the int8 file depend on the size of the batch, so it is not kept; report it"
        )


def _run(
    exported: ExportedNetwork, frames_NHW: NDArray[np.uint8], size: int, *, named: str
) -> NDArray[np.float32]:
    """Return the output of a file for frames in batches of one size."""
    frames_N1HW = make_array(frames_NHW)
    try:
        return np.concatenate(
            [exported.run(frames_N1HW[start : start + size]) for start in range(0, len(frames_N1HW), size)]
        )
    except Exception as error:
        raise DifferentError(
            f"{named}: the exported file does not run with batches of {size} ({explain_briefly(error)}), so it is "
            "not kept; try the other --format, or report it"
        ) from error
