"""Prints the beat tables of docs/clinic.md: `python -m tests.clinic.figures_beats`, about 20 seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from lvzoo.clinic.beats import Moment, find_beats
from lvzoo.clinic.curve import Curve, remove_outliers
from lvzoo.clinic.ejection import measure_ejection, read_near
from lvzoo.geometry.ventricle import ejection_fraction
from tests.clinic.made_curves import MadeClip, make_clip

WORN: Final = {"noise": 0.03, "outliers": 0.03}
CURVES: Final[Mapping[str, dict[str, Any]]] = {
    "2 % noise": {"noise": 0.02},
    "3 % noise, 3 % outlier frames": WORN,
    "the same, 40 beats/min": WORN | {"bpm": 40},
    "the same, 130 beats/min": WORN | {"bpm": 130},
    "the same, 150 beats/min": WORN | {"bpm": 150},
    "the same, 25 frames/s": WORN | {"fps": 25},
    "the same, 25 frames/s, 130 beats/min": WORN | {"fps": 25, "bpm": 130},
    "the same, 130 frames/s": WORN | {"fps": 130},
    "the same, uneven times (SD 30 %)": WORN | {"uneven": 0.3},
    "the same, EF 25 %": WORN | {"ef": 25},
}
NEAR_S: Final = 0.2
"""A minimum found within this time of a true ES is that ES."""
END_S: Final = 0.25
"""An ES nearer to the clip's start or end is not expected to be found."""
Found = tuple[list[float], list[float]]


@dataclass(kw_only=True)
class Tally:
    """How well moments are found: how many there were, were missed, were made up, and the errors in seconds."""

    there: int = 0
    missed: int = 0
    missed_inside: int = 0
    false: int = 0
    errors_s: list[float] = field(default_factory=list)

    def add(self, true_s: NDArray[np.float64], found_s: list[float], last_s: float) -> None:
        """Match each true moment of a clip with the nearest one found."""
        left = list(found_s)
        for moment_s in true_s.tolist():
            nearest = min(left, key=lambda each, moment_s=moment_s: abs(each - moment_s), default=np.inf)  # type: ignore[misc]
            self.there += 1
            if abs(nearest - moment_s) <= NEAR_S:
                left.remove(nearest)
                self.errors_s.append(nearest - moment_s)
            else:
                self.missed += 1
                self.missed_inside += END_S < moment_s < last_s - END_S
        self.false += len(left)

    def __str__(self) -> str:
        """Return the shares that were missed, missed inside of the clip, and made up, and the mean absolute error."""
        shares = [100 * each / self.there for each in (self.missed, self.missed_inside, self.false)]
        return f"{shares[0]:.1f} ({shares[1]:.1f}) / {shares[2]:.1f} / {1000 * np.mean(np.abs(self.errors_s)):.0f} ms"


def clips(settings: Mapping[str, Any], count: int, *, area: bool) -> Iterator[MadeClip]:
    """Yield clips of 3.5 s with drawn heart rates (unless one is set), ejection fractions and starts in the cycle."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        drawn = {
            "bpm": float(np.clip(rng.normal(70, 13), 42, 120)),
            "ef": float(np.clip(rng.normal(56, 12), 15, 80)),
        }
        yield make_clip(rng, area=area, **(drawn | dict(settings)))


def find_by_lvzoo(clip: MadeClip) -> Found:
    """Find ED and ES by lvzoo."""
    beats = find_beats(clip.measured, clip.times_s).beats
    return [beat.ed.time_s for beat in beats if beat.ed], [beat.es.time_s for beat in beats if beat.es]


def find_by_echonet(clip: MadeClip) -> Found:
    """Find ES by the rule of EchoNet-Dynamic's script: 20 frames apart, half of its range as the prominence."""
    areas = clip.measured
    ordered = sorted(areas)
    spread = ordered[round(len(ordered) ** 0.95)] - ordered[round(len(ordered) ** 0.05)]
    return [], clip.times_s[find_peaks(-areas, distance=20, prominence=spread / 2)[0]].tolist()


def tally(find: Callable[[MadeClip], Found], settings: Mapping[str, Any], count: int) -> tuple[Tally, Tally]:
    """Return how well ED and ES are found."""
    ed, es = Tally(), Tally()
    for clip in clips(settings, count, area=True):
        ed_s, es_s = find(clip)
        last_s = float(clip.times_s[-1])
        ed.add(clip.ed_s, ed_s, last_s)
        es.add(clip.es_s, es_s, last_s)
    return ed, es


def print_beats(count: int) -> None:
    """Print how well ES and ED are found: missed, (of these inside of the clip), made up, mean absolute error."""
    print("| curve | ES, EchoNet-Dynamic's rule | ES | ED |")
    print("|---|---|---|---|")
    for name, settings in CURVES.items():
        (_, theirs), (ed, es) = (tally(find, settings, count) for find in (find_by_echonet, find_by_lvzoo))
        print(f"| {name} | {theirs} | {es} | {ed} |")


def read(clip: MadeClip, curve: Curve, moment: Moment) -> dict[str, float]:
    """Return the volume at a moment by each of the readings that are compared."""
    used_U = clip.measured[curve.frames_U]
    cleaned_U = remove_outliers(used_U, curve.times_s_U)
    place = int(np.flatnonzero(curve.frames_U == moment.frame)[0])
    return {
        "the frame itself": float(used_U[place]),
        "median over 60 ms": float(cleaned_U[place]),
        "mean of the medians within 30 ms (used)": read_near(cleaned_U, curve, moment),
        "smoothed curve": float(np.interp(moment.time_s, curve.times_s_G, curve.smooth_G)),
    }


def print_readings(count: int) -> None:
    """Print bias and mean absolute error of the EF of single beats, by each reading of the volume at ED and ES."""
    rows: dict[str, dict[str, str]] = {}
    for name, settings in {"no noise": {}, "no noise, 130 beats/min": {"bpm": 130}, **CURVES}.items():
        errors: dict[str, list[float]] = {}
        for clip in clips(settings, count, area=False):
            found = find_beats(clip.measured, clip.times_s)
            for beat in found.whole:
                if not (beat.ed and beat.es and found.curve):
                    raise AssertionError
                ed, es = (read(clip, found.curve, moment) for moment in (beat.ed, beat.es))
                for way in ed:
                    errors.setdefault(way, []).append(ejection_fraction(ed[way], es[way]) - clip.ef)
        rows[name] = {
            way: f"{np.mean(each):+.1f} / {np.mean(np.abs(each)):.1f}" for way, each in errors.items()
        }
    ways = list(next(iter(rows.values())))
    print("| curve | " + " | ".join(ways) + " |\n|---|" + "---|" * len(ways))
    for name, cells in rows.items():
        print(f"| {name} | " + " | ".join(cells[way] for way in ways) + " |")


def print_clips(count: int) -> None:
    """Print EF and heart rate of whole clips: error of the mean over beats, and clips without a whole beat."""
    print("| curve | clips without EF | beats used | EF of the clip: bias / MAE | heart rate: MAE |")
    print("|---|---|---|---|---|")
    for name, settings in CURVES.items():
        errors, rates, used = [], [], 0
        for clip in clips(settings, count, area=False):
            found = measure_ejection(
                areas_px2_N=clip.measured ** (2 / 3), volumes_px3_N=clip.measured, times_s_N=clip.times_s
            )
            used += len(found.ejections)
            if found.ef_percent is not None:
                errors.append(found.ef_percent - clip.ef)
            if found.heart_rate_bpm is not None:
                rates.append(found.heart_rate_bpm - 60 / clip.cycle_s)
        ef = f"{np.mean(errors):+.1f} / {np.mean(np.abs(errors)):.1f}"
        rate = f"{np.mean(np.abs(rates)):.1f}"
        print(f"| {name} | {100 * (1 - len(errors) / count):.1f} % | {used / count:.1f} | {ef} | {rate} |")


def print_still(count: int) -> None:
    """Print how often a still picture whose area flickers has beats, and how often a weak heart has none."""
    print("| frames/s | a still picture has beats | a clip with EF 12 % has none |\n|---|---|---|")
    for fps in (15, 25, 50, 100):
        rng = np.random.default_rng(0)
        frames = round(3.5 * fps)
        still = [
            find_beats(1 + 0.03 * rng.standard_normal(frames), np.arange(frames) / fps) for _ in range(count)
        ]
        weak = [
            find_beats(each.measured, each.times_s)
            for each in clips({"noise": 0.03, "ef": 12.0, "fps": fps}, count, area=True)
        ]
        shares = [np.mean([bool(each.whole) for each in still]), np.mean([not each.whole for each in weak])]
        print(f"| {fps} | {shares[0]:.1%} | {shares[1]:.1%} |")


if __name__ == "__main__":
    print_beats(150)
    print()
    print_readings(150)
    print()
    print_clips(150)
    print()
    print_still(200)
