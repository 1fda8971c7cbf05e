"""Exports a trained model as a file that other programs run: ONNX, or an archive of torch.export.

`lvzoo.export` is the same as the command `lvzoo export`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import nn

from lvzoo.arguments import check_options, check_path
from lvzoo.errors import DataError, UsageError, choose, name_option
from lvzoo.exports.network import (
    OUTPUTS,
    Graph,
    LandmarkRule,
    MaskRule,
    Rule,
    describe_graph,
    trace_network,
)
from lvzoo.exports.network_onnx import add_metadata, check_onnx, write_onnx
from lvzoo.exports.network_pt2 import write_pt2
from lvzoo.files import atomic_file, check_folder
from lvzoo.foreign.file_network import find_file_network
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.temporary import temporary_folder
from lvzoo.types import OptionValue, has_control_characters
from lvzoo.weights import WeightsCard
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import TrainedModel, find_trained
from lvzoo.workflows.export_check import (
    FRAMES,
    Difference,
    Expected,
    check_batches,
    check_difference,
    check_rule,
    compute_expected,
)
from lvzoo.workflows.export_facts import CHECKED_ON, describe_check, describe_model
from lvzoo.workflows.export_int8 import Int8Cost, Int8Frames, load_int8_frames, make_int8
from lvzoo.workflows.exported import SUFFIXES, Format, open_exported

FORMATS: Final[dict[str, Format]] = {name: name for name in SUFFIXES.values()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """The written file, its metadata, how far it is from torch, and what int8 costs (None: it is float32)."""

    path: Path
    metadata: dict[str, Any]
    difference: Difference
    int8: Int8Cost | None


def export(
    model: str | Path,
    *,
    format: str = "onnx",  # noqa: A002 - the name of the option
    out: str | Path | None = None,
    int8: bool = False,
    data: str | Path | None = None,
    data_options: Mapping[str, OptionValue] | None = None,
    phantom_size: str | None = None,
    registries: Sequence[Path] = (),
) -> Exported:
    """Export a trained model as a file that other programs run.

    The file takes grey frames (B, 1, 112, 112), float32 from 0 to 1, in batches of any size B; the normalisation is
    inside. It gives logits (B, 1, 112, 112) or landmarks (B, K, 2) in pixels. How they become a mask, and what the
    model was trained on, stands in the file's metadata as JSON. After it was written, the file is read back and
    compared with torch; a file that differs is not kept.

    Args:
        model: what `lvzoo.load` takes: a trial's folder, a weights file, an entry that carries weights, or a model on
            the Hugging Face hub.
        format: onnx, or pt2: an archive of torch.export.
        out: the file, ending in .onnx or .pt2; by default the model's name, in the working folder. Existing files are
            not overwritten.
        int8: write an int8 version (ONNX only), and measure the Dice of float32 and int8 on clean test frames.
        data: for int8, a folder in a layout that lvzoo knows. Frames of its train split (or val) decide the scales,
            and its test frames measure the Dice. None: a phantom.
        data_options: options of the data set's layout, such as {"camus.view": "2CH"}.
        phantom_size: for int8 without data, the size of the phantom: smoke, quick, small or full.
        registries: further registry.yaml files.

    Raises:
        UsageError: options do not fit together, a package is missing, the file has a bad name, or the model is one
            that runs from an ONNX file.
        DataError: the file exists, or the data cannot be read.
        PluginError: the model cannot be exported, or the file would differ from torch.
        LvzooError: the model is not available.
    """
    if out is not None:
        check_path(out, "out")
    form = choose(format, FORMATS, "format")
    _check_options(form, int8=int8, data=data, data_options=data_options, phantom_size=phantom_size)
    found = find_trained(model, registries=registries)
    path = Path(out) if out is not None else Path(f"{found.stem}{'-int8' if int8 else ''}.{form}")
    _check_output(path, form)
    frames = None
    if int8:
        folder = None if data is None else Path(data)
        frames = load_int8_frames(
            folder, data_options=data_options, phantom_size=phantom_size, registries=registries
        )
    graph, rule, expected = _prepare(found)
    metadata = {
        **describe_graph(found.card.kind, rule),
        **describe_model(found),
        "check": describe_check(expected),
        "int8": None,
    }
    with atomic_file(path) as temporary:
        exported = _write(graph, temporary, metadata, expected, frames, named=found.named)
    return dataclasses.replace(exported, path=path)


def _check_options(
    form: Format,
    *,
    int8: bool,
    data: str | Path | None,
    data_options: Mapping[str, OptionValue] | None,
    phantom_size: str | None,
) -> None:
    """Check that the options fit together and that the packages are installed.

    Raises:
        UsageError: they do not, or one is not.
    """
    if data is not None:
        check_path(data, "data")
    if int8 and form != "onnx":
        raise UsageError(f"int8 is for ONNX files only; use {name_option('format', 'onnx')}")
    if data_options is not None:
        check_options(data_options, "data_options")
    for name, value in (
        ("data", data),
        ("data_option", data_options or None),
        ("phantom_size", phantom_size),
    ):
        if value is not None and not int8:
            raise UsageError(
                f"{name_option(name)} is for int8 only: a float32 file needs no frames; leave it out"
            )
    if data is not None and phantom_size is not None:
        raise UsageError(f"{name_option('phantom_size')} is for a phantom, and data are given; leave one out")
    if form == "onnx":
        check_onnx()


def _check_output(path: Path, form: Format) -> None:
    """Check, before any work, that the file can be written.

    Raises:
        UsageError: its name has control characters or another suffix.
        DataError: it exists.
    """
    check_folder(path.parent)
    if has_control_characters(path.name):
        raise UsageError(f"{path}: the name has control characters; name another {name_option('out')}")
    if path.suffix != f".{form}":
        other = SUFFIXES.get(path.suffix)
        instead = f", or use {name_option('format', other)}" if other is not None else ""
        raise UsageError(
            f"{path}: the name of this file ends in .{form}; name it {path.stem}.{form}{instead}"
        )
    if path.exists():
        raise DataError(f"{path}: exists; name another {name_option('out')}")


# --- The graph ------------------------------------------------------------------------------------------------


def _prepare(found: TrainedModel) -> tuple[Graph, Rule, Expected]:
    """Return the graph of a model, the rule for its output, and what torch computes for some frames.

    A mask model's calibration is a constant in its graph. A landmark model's is in the rule: it moves the landmarks
    along the normals of a spline, for which ONNX has no operators.
    """
    kind = found.card.kind
    network = read_model(found.located)
    if file := find_file_network(network):
        raise UsageError(f"{found.named}: this model is an {file.format} file already: {file.path}")
    graph = Graph(network if kind == "mask" else read_model(found.located, calibrated=False), kind).eval()
    frames = Phantom(cached_phantom(size=CHECKED_ON, seed=0)).load("test").frames_NHW[:FRAMES]
    expected = compute_expected(graph, network, frames, named=found.named)
    rule = _make_rule(found.card, network, expected)
    check_rule(rule, expected, network, named=found.named)
    return graph, rule, expected


def _make_rule(card: WeightsCard, network: nn.Module, expected: Expected) -> Rule:
    """Return the rule that makes a mask of a model's output."""
    if card.kind == "mask":
        return MaskRule()
    return LandmarkRule(
        landmarks=expected.output.shape[1],
        curve=getattr(network, "curve", "spline"),
        offset_px=0.0 if card.calibration is None else card.calibration.number,
    )


# --- The file -------------------------------------------------------------------------------------------------


def _write(
    graph: Graph,
    path: Path,
    metadata: dict[str, Any],
    expected: Expected,
    frames: Int8Frames | None,
    *,
    named: str,
) -> Exported:
    """Write a file, check it, and make an int8 file of it if there are frames for that."""
    with temporary_folder(path.parent) as folder:
        exact = path if frames is None else folder / path.name
        program = trace_network(graph, named=named)
        if path.suffix == ".pt2":
            write_pt2(program, exact, metadata)
        else:
            write_onnx(program, exact, output=OUTPUTS[graph.kind], named=named)
            add_metadata(exact, metadata)
        difference = check_difference(open_exported(exact), expected, named=named)
        if frames is None:
            return Exported(path=path, metadata=metadata, difference=difference, int8=None)
        cost = make_int8(exact, path, frames, named=named)
    metadata = {**metadata, "int8": cost.plain()}
    add_metadata(path, metadata)
    check_batches(open_exported(path), expected.frames_NHW, named=named)
    return Exported(path=path, metadata=metadata, difference=difference, int8=cost)
