"""Writes small ONNX files without torch: one convolution, and an activation behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASSES = 3


def draw_kernel(channels: int, seed: int) -> NDArray[np.float32]:
    """Return random weights of a convolution (classes, channels, 5, 5)."""
    return np.random.default_rng(seed).normal(size=(CLASSES, channels, 5, 5)).astype(np.float32)


def write_onnx(
    path: Path,
    *,
    channels: int = 3,
    size_HW: tuple[int | str, int | str] = ("rows", "columns"),
    batch: int | str = "batch",
    activation: str | None = None,
    seed: int = 0,
    dtype: int = TensorProto.FLOAT,
    metadata: str | None = None,
) -> Path:
    """Write a network (B, channels, H, W) -> (B, CLASSES, H, W). `activation` is Sigmoid, Softmax or None."""
    weights = draw_kernel(channels, seed).astype(helper.tensor_dtype_to_np_dtype(dtype))
    nodes = [helper.make_node("Conv", ["images", "weights"], ["scores"], pads=[2, 2, 2, 2])]
    last = "scores"
    if activation is not None:
        attributes: dict[str, Any] = {"axis": 1} if activation == "Softmax" else {}
        nodes.append(helper.make_node(activation, ["scores"], ["probabilities"], **attributes))
        last = "probabilities"
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("images", dtype, [batch, channels, *size_HW])],
        [helper.make_tensor_value_info(last, dtype, [batch, CLASSES, *size_HW])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata is not None:
        helper.set_model_props(model, {"lvzoo": metadata})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_constant(path: Path) -> Path:
    """Write a network without an input, which returns one number."""
    number = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    node = helper.make_node("Constant", [], ["zero"], value=number)
    graph = helper.make_graph(
        [node], "none", [], [helper.make_tensor_value_info("zero", TensorProto.FLOAT, [1])]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
