"""Writes and runs a network as an ONNX file. It needs onnx, onnxscript and onnxruntime (`pip install 'lvzoo[onnx]'`).

Letters in names: B batch, H rows, W columns.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from lvzoo.errors import PluginError, UsageError, is_out_of_memory, make_memory_error, name_option
from lvzoo.exports.network import FRAMES, KEY, Run, explain_briefly, keep_quiet

PACKAGES: Final = ("onnx", "onnxscript", "onnxruntime")
BATCH: Final = "batch"

log = logging.getLogger(__name__)


def check_onnx() -> None:
    """Raise an error if a package for ONNX is not installed.

    Raises:
        UsageError: one is not.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UsageError(f"an ONNX file needs {', '.join(missing)}; pip install 'lvzoo[onnx]'")


def write_onnx(program: ExportedProgram, path: Path, *, output: str, named: str) -> None:
    """Write a graph as an ONNX file with its weights inside; `output` is the name of its output.

    Raises:
        PluginError: ONNX has no operator for a step of the network, or cannot hold it.
    """
    import onnx

    try:
        with torch.no_grad(), keep_quiet():
            model = _convert(program, output)
        _tidy(model.graph)
        onnx.checker.check_model(model)
    except Exception as error:
        if is_out_of_memory(error):
            raise make_memory_error(f"the ONNX file of {named}") from error
        raise PluginError(
            f"{named}: cannot be written as ONNX ({explain_briefly(error)}); torch's own format may hold it: "
            f"{name_option('format', 'pt2')}"
        ) from error
    onnx.save(model, path)


def _convert(program: ExportedProgram, output: str) -> Any:  # noqa: ANN401 - a message of protobuf
    """Return the ONNX model of a graph."""

    def convert(each: ExportedProgram) -> Any:  # noqa: ANN401
        made: Any = torch.onnx.export(
            each, dynamo=True, input_names=[FRAMES], output_names=[output], optimize=True, verbose=False
        )
        return made.model_proto

    try:
        return convert(program)
    except Exception:
        # torch 2.6 cannot convert a product of matrices for batches of any size; it can convert its steps
        product = torch.ops.aten.matmul.default
        steps = torch.export.default_decompositions()[product]
        try:
            return convert(program.run_decompositions({product: steps}))
        except Exception:
            log.debug("the steps of matrix products cannot be converted either", exc_info=True)
        raise


def _tidy(graph: Any) -> None:  # noqa: ANN401 - a message of protobuf
    """Name the batch dimension, and remove what says where the code lies on this machine."""
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    described: Iterable[Any] = (graph, *graph.node, *graph.input, *graph.output, *graph.initializer)
    for each in described:
        each.doc_string = ""
        del each.metadata_props[:]


def add_metadata(path: Path, metadata: Mapping[str, Any]) -> None:
    """Write lvzoo's metadata into an ONNX file. Those of an earlier call are replaced."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {KEY: json.dumps(metadata, sort_keys=True)})
    onnx.save(model, path)


def read_onnx(path: Path) -> tuple[Run, str]:
    """Return the function that runs an ONNX file on the CPU, with as many threads as torch, and its metadata's text.

    The text is empty if the file has no metadata of lvzoo.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    metadata: str = session.get_modelmeta().custom_metadata_map.get(KEY, "")

    def run(frames_B1HW: NDArray[np.float32]) -> NDArray[np.float32]:
        [output] = session.run(None, {FRAMES: frames_B1HW})
        return np.asarray(output, dtype=np.float32)

    return run, metadata
