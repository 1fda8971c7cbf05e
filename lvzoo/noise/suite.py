"""Defines noise-v1: the family of each corruption, and its level at each severity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import UsageError, choose
from lvzoo.noise.acoustic import Speckle, haze, speckle
from lvzoo.noise.beam import Shadow, attenuation, gain, shadow
from lvzoo.noise.digital import downsample, jpeg
from lvzoo.noise.electronic import dropout, gaussian, saltpepper, thermal
from lvzoo.noise.resolution import blur, motion
from lvzoo.noise.scene import Scene
from lvzoo.types import CLEAN, Condition, Sector

Level = TypeVar("Level")


@dataclass(frozen=True, slots=True)
class Corruption(Generic[Level]):
    """One line of a suite's table.

    `apply` is called with (frame_HW, level, scene). `levels[s - 1]` is the level at severity s. `wording` is a
    `str.format` template that puts a level into words.
    """

    name: str
    family: str
    apply: Callable[[NDArray[np.uint8], Level, Scene], NDArray[np.uint8]]
    levels: tuple[Level, ...]
    wording: str

    def describe(self, severity: int) -> str:
        """Return the level at a severity in words: `-25 dB`."""
        return self.wording.format(self.levels[severity - 1])


SPECKLES: Final = (Speckle(0.15, 0.8), Speckle(0.45, 0.8), Speckle(0.75, 1), Speckle(1, 1.6), Speckle(1, 2.5))
SHADOWS: Final = (Shadow(1, 7, 16), Shadow(2, 8, 20), Shadow(3, 9, 22), Shadow(3, 11, 30), Shadow(4, 12, 36))
NOISE_V1: Final[tuple[Corruption[Any], ...]] = (
    Corruption("speckle", "acoustic", speckle, SPECKLES, "k {0.diffuse:g}, grain {0.grain_px:g} px"),
    Corruption("haze", "acoustic", haze, (-48, -40, -34, -26, -17), "{:g} dB"),
    Corruption("shadow", "acoustic", shadow, SHADOWS, "{0.number} x {0.width_deg:g} deg, {0.loss_db:g} dB"),
    Corruption("attenuation", "acoustic", attenuation, (8, 16, 24, 32, 42), "{:g} dB"),
    Corruption("gain", "acoustic", gain, (5, 10, 15, 20, 26), "±{:g} dB"),
    Corruption("thermal", "electronic", thermal, (-49, -43, -36, -28, -19), "{:g} dB"),
    Corruption("gaussian", "electronic", gaussian, (0.03, 0.06, 0.12, 0.22, 0.36), "sigma {:g}"),
    Corruption("dropout", "electronic", dropout, (0.1, 0.2, 0.3, 0.5, 0.8), "{:.0%}"),
    Corruption("saltpepper", "electronic", saltpepper, (0.01, 0.03, 0.06, 0.12, 0.2), "{:.0%}"),
    Corruption("blur", "resolution", blur, (0.8, 1.4, 2.2, 3.0, 3.8), "sigma {:g} px"),
    Corruption("motion", "resolution", motion, (5, 7, 10, 13, 17), "{:g} px"),
    Corruption("downsample", "digital", downsample, (0.5, 0.35, 0.22, 0.16, 0.1), "{:.0%} of the side"),
    Corruption("jpeg", "digital", jpeg, (30, 15, 10, 7, 4), "quality {:g}"),
)
"""The table of noise-v1. docs/noise.md has the formulas, their sources and the order of draws."""


class TableSuite:
    """A `NoiseSuite` that is defined by a table of corruptions.

    The name stands for exactly one behaviour: a change to a formula, a level or the order of draws needs a new name.
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
        """Return the frame under a condition: the same bytes for the same arguments, on every machine.

        `video` is the video's file name without its suffix. Levels in pixels are meant for frames of 112 x 112.

        Raises:
            UsageError: the suite has no such corruption or severity.
        """
        if condition == CLEAN:
            return frame_HW.copy()
        corruption = self.find(condition)
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

    def find(self, condition: Condition) -> Corruption[Any]:
        """Return the line of the table for a condition.

        Raises:
            UsageError: the suite has no such corruption or severity.
        """
        corruption = choose(
            condition.corruption, {each.name: each for each in self.table}, f"{self.name} corruption"
        )
        if condition.severity not in self.severities:
            raise UsageError(
                f"{self.name}: {condition.corruption} has no severity {condition.severity}; "
                f"use {self.severities[0]} to {self.severities[-1]}"
            )
        return corruption


class NoiseV1(TableSuite):
    """noise-v1: 13 corruptions of four families at severities 1 to 5."""

    def __init__(self) -> None:
        super().__init__("noise-v1", NOISE_V1)
