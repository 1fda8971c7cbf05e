"""Quantises an ONNX file to int8 with ONNX Runtime: static, with scales that some frames decide.

Letters in names: N frames, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.exports.network import FRAMES
from lvzoo.temporary import temporary_folder

OPERATORS: Final = ("Conv", "ConvTranspose", "MaxPool", "Concat", "Relu")
"""The operators that compute in int8. The others stay float32, so the mean of a heatmap keeps its precision."""


def quantise(source: Path, target: Path, frames_NHW: NDArray[np.uint8]) -> None:
    """Write an int8 version of an ONNX file. The frames decide the range of each layer's values.

    Weights have a scale for each channel. They use 7 of their 8 bits, because with 8 the sums may saturate on
    processors without VNNI instructions (ONNX Runtime's documentation of `reduce_range`).
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with temporary_folder(target.parent) as folder:
        prepared = folder / "prepared.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            _FrameReader(frames_NHW),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


class _FrameReader:
    """Hands the frames to ONNX Runtime one by one."""

    def __init__(self, frames_NHW: NDArray[np.uint8]) -> None:
        self._frames: Iterator[NDArray[np.uint8]] = iter(frames_NHW)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next frame as the graph takes it, or None at the end."""
        frame_HW = next(self._frames, None)
        return (
            None if frame_HW is None else {FRAMES: frame_HW[None, None].astype(np.float32) / np.float32(255)}
        )
