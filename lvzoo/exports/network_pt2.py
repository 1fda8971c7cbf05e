"""Writes and runs a network as an archive of torch.export (`.pt2`). It needs nothing but torch.

Letters in names: B batch, H rows, W columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from lvzoo.exports.network import KEY, Run, keep_quiet


def write_pt2(program: ExportedProgram, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write a graph with its weights and metadata."""
    with keep_quiet():
        torch.export.save(program, path, extra_files={KEY: json.dumps(metadata, sort_keys=True)})


def read_pt2(path: Path) -> tuple[Run, str]:
    """Return the function that runs an archive on the CPU, and its metadata's text (empty if it has none)."""
    extra: dict[str, Any] = {KEY: ""}
    with keep_quiet():
        network = torch.export.load(path, extra_files=extra).module()
    text = extra[KEY]

    def run(frames_B1HW: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            output: torch.Tensor = network(torch.from_numpy(frames_B1HW))
        return output.numpy()

    return run, text.decode("utf-8") if isinstance(text, bytes) else text
