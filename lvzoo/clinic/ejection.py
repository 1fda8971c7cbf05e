"""Computes the ejection fraction of a clip from the sizes of its frames, beat by beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.beats import Beat, Beats, Moment, find_beats
from lvzoo.clinic.curve import ROUNDING_S, Curve, remove_outliers
from lvzoo.clinic.volume import to_ml
from lvzoo.geometry.ventricle import ejection_fraction

READ_S: Final = 0.03
"""The size at ED or ES is the mean over the frames so near to it."""
LEAST_FOR_MEDIAN: Final = 3
LEAST_FOR_SD: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class BeatEjection:
    """What one whole beat ejects."""

    beat: Beat
    ed_volume_px3: float
    es_volume_px3: float
    ed_area_px2: float
    es_area_px2: float

    @property
    def ef_percent(self) -> float:
        """Ejection fraction, 100 (EDV - ESV) / EDV."""
        return ejection_fraction(self.ed_volume_px3, self.es_volume_px3)

    @property
    def fac_percent(self) -> float:
        """Fractional area change, 100 (A_ED - A_ES) / A_ED."""
        return ejection_fraction(self.ed_area_px2, self.es_area_px2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ejection:
    """The ejection fraction of a clip: its beats, and their mean. `reason` says why there is none, if so."""

    ejections: tuple[BeatEjection, ...] = ()
    """The whole beats, which are used."""
    beats: Beats
    """All beats, with the curve in which they were found."""
    mm_per_px: float | None = None
    reason: str | None = None

    @property
    def left_out(self) -> tuple[Beat, ...]:
        """The beats that were not used; the `reason` of each says why."""
        return tuple(beat for beat in self.beats.beats if beat.reason is not None)

    @property
    def ef_percent(self) -> float | None:
        """Mean ejection fraction of the beats used; None without a whole beat."""
        return _mean([each.ef_percent for each in self.ejections])

    @property
    def ef_median_percent(self) -> float | None:
        """Median ejection fraction; None for fewer than three beats."""
        return _median([each.ef_percent for each in self.ejections])

    @property
    def ef_sd_percent(self) -> float | None:
        """Standard deviation (n - 1) over beats; None for fewer than two beats."""
        return _sd([each.ef_percent for each in self.ejections])

    @property
    def fac_percent(self) -> float | None:
        """Mean fractional area change of the beats used."""
        return _mean([each.fac_percent for each in self.ejections])

    @property
    def fac_median_percent(self) -> float | None:
        """Median fractional area change; None for fewer than three beats."""
        return _median([each.fac_percent for each in self.ejections])

    @property
    def fac_sd_percent(self) -> float | None:
        """Standard deviation (n - 1) of the fractional area change; None for fewer than two beats."""
        return _sd([each.fac_percent for each in self.ejections])

    @property
    def edv_ml(self) -> float | None:
        """Mean end-diastolic volume in millilitres; None where the size of a pixel is not known."""
        volume_px3 = _mean([each.ed_volume_px3 for each in self.ejections])
        return None if volume_px3 is None else to_ml(volume_px3, self.mm_per_px)

    @property
    def esv_ml(self) -> float | None:
        """Mean end-systolic volume in millilitres; None where the size of a pixel is not known."""
        volume_px3 = _mean([each.es_volume_px3 for each in self.ejections])
        return None if volume_px3 is None else to_ml(volume_px3, self.mm_per_px)

    @property
    def heart_rate_bpm(self) -> float | None:
        """Beats per minute, from ES to ES; None with fewer than two ES."""
        return self.beats.heart_rate_bpm


def measure_ejection(
    *,
    areas_px2_N: Sequence[float] | NDArray[np.floating],
    volumes_px3_N: Sequence[float] | NDArray[np.floating],
    times_s_N: Sequence[float] | NDArray[np.floating],
    mm_per_px: float | None = None,
) -> Ejection:
    """Return the ejection fraction of a clip from the area and volume of each frame, and the frames' times.

    The beats are found in the area curve, because an area needs no axis and is steadier than a volume. A frame whose
    area or volume is NaN does not count. Nothing is raised for a clip without a beat; the result says why.

    The size at ED and ES is not that of the single frame, and not that of the curve in which the beats are found.
    It is the mean of the median-filtered sizes within 0.03 s. In docs/clinic.md this has the smallest error of the
    readings that were compared: one frame is noisy, and the strongly smoothed curve overshoots in fast beats.
    """
    areas_N, volumes_N = (
        np.asarray(areas_px2_N, dtype=np.float64),
        np.asarray(volumes_px3_N, dtype=np.float64),
    )
    beats = find_beats(np.where(np.isfinite(volumes_N), areas_N, np.nan), times_s_N)
    if beats.curve is None:
        return Ejection(beats=beats, mm_per_px=mm_per_px, reason=beats.reason)
    curve = beats.curve
    areas_U, volumes_U = (
        remove_outliers(sizes_N[curve.frames_U], curve.times_s_U) for sizes_N in (areas_N, volumes_N)
    )
    ejections = tuple(
        BeatEjection(
            beat=beat,
            ed_volume_px3=read_near(volumes_U, curve, beat.ed),
            es_volume_px3=read_near(volumes_U, curve, beat.es),
            ed_area_px2=read_near(areas_U, curve, beat.ed),
            es_area_px2=read_near(areas_U, curve, beat.es),
        )
        for beat in beats.whole
        if beat.ed and beat.es
    )
    return Ejection(ejections=ejections, beats=beats, mm_per_px=mm_per_px, reason=beats.reason)


def read_near(sizes_U: NDArray[np.float64], curve: Curve, moment: Moment) -> float:
    """Return the mean size of the usable frames within 0.03 s of a moment, or of the frame nearest to it."""
    near_U = np.abs(curve.times_s_U - moment.time_s) <= READ_S + ROUNDING_S
    near_U |= curve.frames_U == moment.frame
    return float(sizes_U[near_U].mean())


def _mean(percents: list[float]) -> float | None:
    return float(np.mean(percents)) if percents else None


def _median(percents: list[float]) -> float | None:
    return float(np.median(percents)) if len(percents) >= LEAST_FOR_MEDIAN else None


def _sd(percents: list[float]) -> float | None:
    return float(np.std(percents, ddof=1)) if len(percents) >= LEAST_FOR_SD else None
