"""The record that `lvzoo.predict` returns for each clip. It reads the clip's files when it is asked for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvzoo.files import SUMMARY
from lvzoo.report.clip_files import MASKS, read_masks
from lvzoo.report.clip_summary import describe_answer


@dataclass(frozen=True, kw_only=True)
class ClipPrediction:
    """The prediction for one clip; its files are in `folder`.

    `fps` is None if the frame rate is not known. `earlier` says that an earlier call made the files.
    """

    clip: Path
    folder: Path
    frames: int
    fps: float | None
    earlier: bool = False

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """The content of `summary.json`; docs/clips.md describes its keys."""
        summary: Mapping[str, Any] = json.loads((self.folder / SUMMARY).read_text(encoding="utf-8"))
        return summary

    @property
    def ef_percent(self) -> float | None:
        """The ejection fraction, the mean over the whole beats; None if the clip shows none."""
        ef_percent: float | None = self.summary["ef_percent"]
        return ef_percent

    @property
    def trusted(self) -> bool:
        """Whether the frames that decide the ejection fraction are trusted."""
        return bool(self.summary["trusted"])

    @property
    def says(self) -> str:
        """One line: the ejection fraction with its beats and the heart rate, and the verdict."""
        return describe_answer(self.summary)

    @property
    def masks_NHW(self) -> NDArray[np.bool_]:
        """The masks in the clip's own size. Each use reads them from the folder; a long clip needs much memory."""
        return read_masks(self.folder / MASKS)
