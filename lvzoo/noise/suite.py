"""The suites: which corruption belongs to which family, and how strong it is at each severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.noise.acoustic import haze
from lvzoo.noise.digital import jpeg
from lvzoo.noise.electronic import dropout
from lvzoo.noise.resolution import blur
from lvzoo.noise.scene import Scene
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.noise.scene import Corrupt
    from lvzoo.types import Condition, Sector


@dataclass(frozen=True, kw_only=True, slots=True)
class Corruption:
    """One line of a suite's table: `levels[s - 1]` is the parameter at severity s, `unit` what it counts."""

    name: str
    family: str
    apply: Corrupt
    unit: str
    levels: tuple[float, ...]


NOISE_V0: Final = (
    Corruption(name="haze", family="acoustic", apply=haze, unit="dB", levels=(-36, -30, -25, -20, -15)),
    Corruption(
        name="dropout", family="electronic", apply=dropout, unit="share", levels=(0.1, 0.2, 0.3, 0.4, 0.5)
    ),
    Corruption(name="blur", family="resolution", apply=blur, unit="px", levels=(0.8, 1.4, 2.0, 2.8, 3.8)),
    Corruption(name="jpeg", family="digital", apply=jpeg, unit="quality", levels=(30, 15, 10, 7, 4)),
)
"""noise-v0, the forerunner of noise-v1: one corruption a family."""


class TableSuite:
    """A suite that is a table of corruptions; a `NoiseSuite`, frozen by its name.

    Any change to a formula, a level or the order of draws makes a new suite with a new name.
    """

    def __init__(self, name: str, table: tuple[Corruption, ...]) -> None:
        self.name = name
        self.table = table
        self.severities = tuple(range(1, len(table[0].levels) + 1))
        families = dict.fromkeys(corruption.family for corruption in table)
        self.families: Mapping[str, tuple[str, ...]] = {
            family: tuple(each.name for each in table if each.family == family) for family in families
        }

    def corrupt(
        self, frame_HW: NDArray[np.uint8], condition: Condition, *, video: str, frame: int, sector: Sector
    ) -> NDArray[np.uint8]:
        """Return the frame under a condition: the same bytes for the same arguments, anywhere, always.

        `video` is the name of the video's file without its suffix. Lengths in pixels are meant for frames of
        112 x 112.

        Raises:
            UsageError: the suite has no such corruption or severity.
        """
        if condition == CLEAN:
            return frame_HW.copy()
        corruption = self._find(condition)
        scene = Scene(
            suite=self.name,
            corruption=corruption.name,
            video=video,
            frame=frame,
            sector=sector,
            size_HW=(frame_HW.shape[0], frame_HW.shape[1]),
        )
        level = corruption.levels[condition.severity - 1]
        return np.ascontiguousarray(corruption.apply(frame_HW, level, scene))

    def _find(self, condition: Condition) -> Corruption:
        known = {corruption.name: corruption for corruption in self.table}
        if condition.corruption not in known:
            close = did_you_mean(condition.corruption, known)
            raise UsageError(f"{self.name}: unknown corruption '{condition.corruption}'{close}")
        if condition.severity not in self.severities:
            raise UsageError(
                f"{self.name}: {condition.corruption} has no severity {condition.severity}; "
                f"use {self.severities[0]} to {self.severities[-1]}"
            )
        return known[condition.corruption]


class NoiseV0(TableSuite):
    """noise-v0: haze, dropout, blur and jpeg at severities 1 to 5."""

    def __init__(self) -> None:
        super().__init__("noise-v0", NOISE_V0)
