"""The suites: which corruption belongs to which family, and how strong it is at each severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.noise.acoustic import Speckle, haze, speckle
from lvzoo.noise.beam import Shadow, attenuation, gain, shadow
from lvzoo.noise.digital import downsample, jpeg
from lvzoo.noise.electronic import dropout, gaussian, saltpepper, thermal
from lvzoo.noise.resolution import blur, motion
from lvzoo.noise.scene import Scene
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lvzoo.types import Condition, Sector

Level = TypeVar("Level")


@dataclass(frozen=True, kw_only=True, slots=True)
class Corruption(Generic[Level]):
    """One line of a suite's table.

    `apply` is called with (frame_HW, level, scene); `levels[s - 1]` is the level at severity s, and `wording` is
    the template of `str.format` that says it in words.
    """

    name: str
    family: str
    apply: Callable[[NDArray[np.uint8], Level, Scene], NDArray[np.uint8]]
    levels: tuple[Level, ...]
    wording: str

    def describe(self, severity: int) -> str:
        """Return the level at a severity in words: `-25 dB`."""
        return self.wording.format(self.levels[severity - 1])


NOISE_V1: Final[tuple[Corruption[Any], ...]] = (
    Corruption(
        name="speckle",
        family="acoustic",
        apply=speckle,
        levels=(
            Speckle(0.15, 0.8),
            Speckle(0.45, 0.8),
            Speckle(0.75, 1.0),
            Speckle(1.0, 1.6),
            Speckle(1.0, 2.5),
        ),
        wording="k {0.diffuse:g}, grain {0.grain_px:g} px",
    ),
    Corruption(
        name="haze", family="acoustic", apply=haze, levels=(-48, -40, -34, -26, -17), wording="{:g} dB"
    ),
    Corruption(
        name="shadow",
        family="acoustic",
        apply=shadow,
        levels=(Shadow(1, 7, 16), Shadow(2, 8, 20), Shadow(3, 9, 22), Shadow(3, 11, 30), Shadow(4, 12, 36)),
        wording="{0.number} x {0.width_deg:g} deg, {0.loss_db:g} dB",
    ),
    Corruption(
        name="attenuation",
        family="acoustic",
        apply=attenuation,
        levels=(8, 16, 24, 32, 42),
        wording="{:g} dB",
    ),
    Corruption(name="gain", family="acoustic", apply=gain, levels=(5, 10, 15, 20, 26), wording="±{:g} dB"),
    Corruption(
        name="thermal",
        family="electronic",
        apply=thermal,
        levels=(-49, -43, -36, -28, -19),
        wording="{:g} dB",
    ),
    Corruption(
        name="gaussian",
        family="electronic",
        apply=gaussian,
        levels=(0.03, 0.06, 0.12, 0.22, 0.36),
        wording="sigma {:g}",
    ),
    Corruption(
        name="dropout",
        family="electronic",
        apply=dropout,
        levels=(0.1, 0.2, 0.3, 0.5, 0.8),
        wording="{:.0%}",
    ),
    Corruption(
        name="saltpepper",
        family="electronic",
        apply=saltpepper,
        levels=(0.01, 0.03, 0.06, 0.12, 0.2),
        wording="{:.0%}",
    ),
    Corruption(
        name="blur",
        family="resolution",
        apply=blur,
        levels=(0.8, 1.4, 2.2, 3.0, 3.8),
        wording="sigma {:g} px",
    ),
    Corruption(
        name="motion", family="resolution", apply=motion, levels=(5, 7, 10, 13, 17), wording="{:g} px"
    ),
    Corruption(
        name="downsample",
        family="digital",
        apply=downsample,
        levels=(0.5, 0.35, 0.22, 0.16, 0.1),
        wording="{:.0%} of the side",
    ),
    Corruption(name="jpeg", family="digital", apply=jpeg, levels=(30, 15, 10, 7, 4), wording="quality {:g}"),
)
"""noise-v1: formulas, sources and the order of draws are in docs/noise.md."""


class TableSuite:
    """A suite that is a table of corruptions; a `NoiseSuite`, frozen by its name.

    Any change to a formula, a level or the order of draws makes a new suite with a new name.
    """

    def __init__(self, name: str, table: tuple[Corruption[Any], ...]) -> None:
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

    def _find(self, condition: Condition) -> Corruption[Any]:
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


class NoiseV1(TableSuite):
    """noise-v1: 13 corruptions of four families at severities 1 to 5."""

    def __init__(self) -> None:
        super().__init__("noise-v1", NOISE_V1)
