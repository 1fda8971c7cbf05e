"""Writes folders of results as `lvzoo predict` does, with masks that are known."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.report.clip_files import MASKS, write_mask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.data.crop import Crop


def draw_beat(*, frames: int = 24, scale: float = 1.0) -> NDArray[np.bool_]:
    """Draw the masks (N, 112, 112) of a ventricle that shrinks from frame 0 to the middle, and grows again."""
    y, x = np.mgrid[:112, :112]
    contraction_N = (1 - np.cos(2 * np.pi * np.arange(frames) / frames)) / 2
    return np.stack(
        [
            ((x - 60) / (scale * (18 - 5 * each))) ** 2
            + ((y - 52 - 3 * each) / (scale * (30 - 4 * each))) ** 2
            <= 1
            for each in contraction_N
        ]
    )


def write_results(
    folder: Path,
    masks_NHW: NDArray[np.bool_],
    *,
    crop: Crop | None = None,
    numbers: Sequence[int] | None = None,
    clip: str = "clip.avi",
    content: str | None = None,
) -> Path:
    """Write what the shape needs of the results of a clip, in the form in which `lvzoo predict` writes it.

    `content` is the hash of the clip's content; None: each folder is that of another clip.
    """
    (folder / MASKS).mkdir(parents=True)
    indices = range(len(masks_NHW)) if numbers is None else numbers
    for index, mask_HW in zip(indices, masks_NHW, strict=True):
        write_mask(folder / MASKS, index, mask_HW)
    areas = [f"{index},{int(mask_HW.sum())}" for index, mask_HW in zip(indices, masks_NHW, strict=True)]
    (folder / "frames.csv").write_text("\n".join(["frame,mask_px", *areas]) + "\n")
    made = {"clip": str(folder) if content is None else content}
    about = {"clip": clip, "crop": None if crop is None else asdict(crop), "made_from": made}
    (folder / "summary.json").write_text(json.dumps(about))
    return folder
