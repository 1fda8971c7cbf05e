"""Turns a network into a graph that other programs can run, and says how its output becomes a mask.

The graph takes grey frames from 0 to 1 in batches of any size. It contains the normalisation of the network. Its
output is one of two: logits at the size of the frames, or landmarks in pixels of the frame. So nobody who reads the
file must know the network. The rest is a rule of a few values, which stands in the file.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.export import Dim, ExportedProgram
from torch.nn import functional

from lvzoo.errors import PluginError, is_out_of_memory, make_memory_error
from lvzoo.geometry.contour import CURVE_POINTS_PER_SPAN
from lvzoo.models.decode import Curve
from lvzoo.types import FRAME_SIZE_HW, Kind

FORMAT: Final = 1
"""The version of the metadata. A newer lvzoo may write a higher one."""
KEY: Final = "lvzoo"
"""The name of the metadata: a key of ONNX's `metadata_props`, or an extra file of a torch.export archive."""
FRAMES: Final = "frames_B1HW"
LOGITS: Final = "logits_B1HW"
POINTS: Final = "points_BK2"
OUTPUTS: Final[Mapping[Kind, str]] = {"mask": LOGITS, "landmark": POINTS}
"""The name of the output of each kind of model."""
ORDER: Final = "left annulus, left wall, apex, right wall, right annulus"
JOINED: Final[Mapping[Curve, str]] = {
    "spline": "natural cubic spline through the landmarks (second derivative 0 at both ends), for x and y each; its "
    "parameter is 0 at the first landmark and grows from each landmark to the next by the square root of their "
    "distance (centripetal); a landmark at the same place as the one before is left out",
    "polygon": "the landmarks themselves, joined by straight lines",
}
FILLED: Final = (
    "round x and y of the points to whole pixels, half to even; join them and close the polygon by straight lines; a "
    "pixel is inside if its centre is (even-odd rule) or lies on an edge, as skimage.draw.polygon fills it"
)
MOVED: Final = (
    "first move each landmark by offset_px along the outward unit normal of the spline, at the point of the spline "
    "that is nearest to the landmark; tangents are central differences of its points (one-sided at both ends)"
)
NOTES: Final = ("order", "drawing")
"""The parts of a rule that say in words what its values mean. lvzoo itself does not read them."""
EXAMPLE_BATCH: Final = 2
"""The batch with which a network is traced. With a batch of 1, torch takes the size for a constant."""
LONGEST_CAUSE: Final = 200
"""A message quotes at most so many characters of what torch says."""

Run: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Returns the output of a file for frames (B, 1, H, W), float32 from 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskRule:
    """How logits become a mask: the pixels with a logit of at least `threshold`."""

    threshold: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a value that no rule has."""
        _check_number(self.threshold, "threshold")


@dataclass(frozen=True, kw_only=True, slots=True)
class LandmarkRule:
    """How K landmarks become a mask: joined by a curve, which is filled.

    If `offset_px` is not 0, each landmark is first moved by it along the outward normal of the natural cubic spline
    through the landmarks.
    """

    landmarks: int
    curve: Curve = "spline"
    offset_px: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a value that no rule has."""
        _check_number(self.offset_px, "offset_px")
        _check_number(self.landmarks, "landmarks")
        if self.curve not in get_args(Curve):
            raise ValueError(f"its rule has curve {self.curve!r}")


Rule: TypeAlias = MaskRule | LandmarkRule
RULES: Final[Mapping[str, type[MaskRule | LandmarkRule]]] = {"mask": MaskRule, "landmark": LandmarkRule}
"""The rule of each kind of model."""


def describe_graph(kind: Kind, rule: Rule) -> dict[str, Any]:
    """Return the part of the metadata that a reader needs: the input, the output and the rule."""
    rows, columns = FRAME_SIZE_HW
    size = {"mask": ["batch", 1, rows, columns], "landmark": ["batch", getattr(rule, "landmarks", 0), 2]}[
        kind
    ]
    notes = {"order": ORDER, "drawing": _describe_drawing(rule)} if isinstance(rule, LandmarkRule) else {}
    return {
        "format": FORMAT,
        "kind": kind,
        "input": {
            "name": FRAMES,
            "type": "float32",
            "shape": ["batch", 1, rows, columns],
            "size_HW": [rows, columns],
            "channels": 1,
            "range": [0, 1],
        },
        "output": {"name": OUTPUTS[kind], "type": "float32", "shape": size},
        "rule": {**dataclasses.asdict(rule), **notes},
    }


def _describe_drawing(rule: LandmarkRule) -> dict[str, Any]:
    """Return how the landmarks are drawn, for a reader without lvzoo."""
    points = CURVE_POINTS_PER_SPAN * rule.landmarks
    return {
        "curve": JOINED[rule.curve],
        **({"points": points, "spacing": "even in the parameter"} if rule.curve == "spline" else {}),
        "fill": FILLED,
        **({"offset": MOVED} if rule.offset_px else {}),
    }


def parse_rule(metadata: object) -> Rule:
    """Return the rule that metadata describe.

    Raises:
        ValueError: the metadata are damaged, or have a format or a rule that this version of lvzoo does not know.
    """
    plain: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    if plain.get("format") != FORMAT:
        raise ValueError(f"its metadata have format {plain.get('format')!r}, this lvzoo knows {FORMAT}")
    kind, rule = str(plain.get("kind")), plain.get("rule", {})
    if kind not in RULES:
        raise ValueError(f"its kind is {kind!r}, this lvzoo knows {', '.join(RULES)}")
    try:
        return RULES[kind](**{name: value for name, value in dict(rule).items() if name not in NOTES})
    except TypeError as error:
        raise ValueError(f"its rule is {rule!r}, this lvzoo knows another one") from error


def _check_number(value: object, name: str) -> None:
    """Raise ValueError unless a value of a rule is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"its rule has {name} {value!r}")


# --- The graph ------------------------------------------------------------------------------------------------


class Graph(nn.Module):
    """A network whose output is logits (B, 1, H, W) at the size of the frames, or landmarks (B, K, 2) in pixels."""

    def __init__(self, network: nn.Module, kind: Kind) -> None:
        super().__init__()
        self.network = network
        self.kind = kind

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return logits or landmarks. The landmarks are read from heatmaps as the network itself reads them."""
        output = self.network(frames_B1HW)
        if self.kind == "mask":
            return _upsample(output.float())
        read_points = getattr(self.network, "points", None)
        points_BK2: torch.Tensor = output if read_points is None else read_points(output, FRAME_SIZE_HW)
        return points_BK2


def _upsample(logits_B1HW: torch.Tensor) -> torch.Tensor:
    """Return logits at the size of the frames, as `masks_from_logits` makes them."""
    if logits_B1HW.shape[-2:] == FRAME_SIZE_HW:
        return logits_B1HW
    return functional.interpolate(logits_B1HW, size=FRAME_SIZE_HW, mode="bilinear", align_corners=False)


def trace_network(graph: Graph, *, named: str) -> ExportedProgram:
    """Return the operations of a graph in eval mode, for batches of any size.

    Raises:
        PluginError: the network is none that torch can trace; names the model and the cause.
    """
    frames_B1HW = torch.zeros(EXAMPLE_BATCH, 1, *FRAME_SIZE_HW)
    try:
        with torch.no_grad(), keep_quiet():
            program = torch.export.export(
                graph, (frames_B1HW,), dynamic_shapes={FRAMES: {0: Dim("batch")}}, strict=False
            )
    except Exception as error:
        if is_out_of_memory(error):
            raise make_memory_error(f"the graph of {named}") from error
        raise PluginError(
            f"{named}: {type(graph.network).__name__} cannot be exported, because torch cannot trace it "
            f"({explain_briefly(error)}); its code must use torch alone, and be the same for all frames and batch "
            "sizes"
        ) from error
    _forget_sources(program)
    return program


def _forget_sources(program: ExportedProgram) -> None:
    """Remove the paths and lines of the code from a graph: they say where it lies on this machine."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)


def explain_briefly(error: BaseException) -> str:
    r"""Return the class and the first line of the exception that caused another one.

    >>> explain_briefly(ValueError("the size must be known\nfrom user code: ..."))
    'ValueError: the size must be known'
    """
    while error.__cause__ is not None:
        error = error.__cause__
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    return f"{type(error).__name__}: {first[:LONGEST_CAUSE].rstrip('. ')}"


@contextlib.contextmanager
def keep_quiet() -> Iterator[None]:
    """Suppress what torch's exporters print and warn of. It concerns their own code, and no user can act on it."""
    before = logging.root.manager.disable
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
