"""Reads an exported network and predicts masks with it, by nothing but what the file says.

Letters in names: B batch, N frames, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError, explain_exception
from lvzoo.evaluate.predict import CPU_BATCH
from lvzoo.exports.network import LandmarkRule, Rule, Run, parse_rule
from lvzoo.exports.network_onnx import read_onnx
from lvzoo.exports.network_pt2 import read_pt2
from lvzoo.models.decode import masks_from_landmarks
from lvzoo.types import FRAME_SIZE_HW
from lvzoo.weights.moved import move_outwards

Format: TypeAlias = Literal["onnx", "pt2"]
SUFFIXES: Final[dict[str, Format]] = {".onnx": "onnx", ".pt2": "pt2"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedNetwork:
    """A network from a file: the function that runs it, the rule for its output, and the file's metadata."""

    run: Run
    rule: Rule
    metadata: Mapping[str, Any]

    def predict_masks(self, frames_NHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return the masks (N, H, W) of grey frames."""
        batches = [frames_NHW[start : start + CPU_BATCH] for start in range(0, len(frames_NHW), CPU_BATCH)]
        return np.concatenate(
            [apply_rule(self.rule, self.run(make_array(frames_BHW))) for frames_BHW in batches]
        )


def open_exported(path: Path, *, metadata: Mapping[str, Any] | None = None) -> ExportedNetwork:
    """Open a file that `lvzoo export` wrote; `metadata` replace those of the file.

    Raises:
        DataError: the file is damaged, or lvzoo did not write it.
    """
    read = {"onnx": read_onnx, "pt2": read_pt2}[SUFFIXES[path.suffix]]
    try:
        run, text = read(path)
        known = json.loads(text) if metadata is None else metadata
        return ExportedNetwork(run=run, rule=parse_rule(known), metadata=known)
    except Exception as error:
        raise DataError(
            f"{path}: is no network that lvzoo exported ({explain_exception(error)}); export it again"
        ) from error


def make_array(frames_BHW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return grey frames as an exported network takes them: (B, 1, H, W), float32 from 0 to 1."""
    return frames_BHW[:, None].astype(np.float32) / np.float32(255)


def apply_rule(rule: Rule, output: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the masks (B, H, W) that a rule makes of an output: logits (B, 1, H, W) or landmarks (B, K, 2)."""
    if not isinstance(rule, LandmarkRule):
        return np.asarray(output[:, 0] >= rule.threshold)
    points_BK2 = output
    if rule.offset_px:
        points_BK2 = np.stack([move_outwards(points_K2, rule.offset_px) for points_K2 in output])
    return masks_from_landmarks(points_BK2.astype(np.float32), FRAME_SIZE_HW, curve=rule.curve)
