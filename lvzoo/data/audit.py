"""Looks for mistakes that a data set's files do not show: leaks, copies, and odd pictures and references.

It sees frames only as the rest of lvzoo does, as `FrameSet`, so it works for every layout, a plugin's too. The checks
of single frames are in `audit_ranges`, the comparison of pictures is in `audit_duplicates`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data import audit_ranges as ranges
from lvzoo.data.audit_duplicates import LEAST_CORRELATION, find_copies, hash_frames
from lvzoo.data.audit_ranges import Measured, measure
from lvzoo.data.picture_quirks import NO_SECTOR
from lvzoo.types import FrameSet, Phase, Split
from lvzoo.types.audit import Audit, Check, Oddity, Place, Summary

PHASES: Final[tuple[Phase, ...]] = ("ED", "ES", "other")
ALIKE: Final = f"correlation of {LEAST_CORRELATION:g} or more"
KINDS: Final = (
    ("the same picture in two splits", 10.0),
    ("the same picture of two patients", 3.0),
    ("the same picture in two videos of a patient", 1.0),
)
"""The kinds of copies, each with the strangeness of a finding."""
SINGLE_CHECKS: Final[tuple[tuple[str, str, Callable[[Measured], Iterator[Oddity]]], ...]] = (
    ("empty reference mask", "no pixel", ranges.find_empty),
    (
        "reference mask of an unusual size",
        f"below {ranges.LEAST_SHARE:.0%} or above {ranges.MOST_SHARE:.0%} of the frame",
        ranges.find_sizes,
    ),
    ("reference mask that touches the border of the frame", "1 pixel or more", ranges.find_at_border),
    ("reference mask in several pieces", "2 pieces or more", ranges.find_pieces),
    ("ES larger than ED", "by the area of the reference masks", ranges.find_swapped),
    (
        "listed EF out of range",
        f"below {ranges.LEAST_EF:g} % or above {ranges.MOST_EF:g} %",
        ranges.find_listed_efs,
    ),
    (
        "listed EF far from that of the references",
        f"more than {ranges.MOST_EF_GAP:g} points apart",
        ranges.find_ef_gaps,
    ),
    ("constant frame", f"SD of the grey levels below {ranges.LEAST_SD:g} of 255", ranges.find_constant),
    (
        "nearly black frame",
        f"fewer than {ranges.LEAST_BRIGHT_SHARE:.0%} of the pixels brighter than {ranges.BRIGHT_LEVEL} of 255",
        ranges.find_dark,
    ),
    (
        "no sector found in a video",
        "cropped to what is bright; noise takes the standard sector",
        ranges.find_sectorless,
    ),
)
"""The checks of single frames and videos: what is odd, from where on, and who finds it."""


def audit(
    summary: Summary, frames: Mapping[Split, FrameSet], volumes: Mapping[Split, NDArray[np.float64]]
) -> Audit:
    """Return everything that is odd in the splits of a data set.

    Videos without a sector are named by one check, and not by a finding of the reader as well.
    `volumes` are those inside the reference contours, px³; NaN where one could not be measured.
    """
    measured = [measure(split, each, volumes[split]) for split, each in frames.items()]
    single = [
        Check(name=name, limit=limit, oddities=_sort(oddity for each in measured for oddity in find(each)))
        for name, limit, find in SINGLE_CHECKS
    ]
    return Audit(
        summary=replace(
            summary, quirks=tuple(each for each in summary.quirks if each.quirk != NO_SECTOR.text)
        ),
        counts=count_frames(frames),
        checks=(_find_shared_patients(measured), *_find_copies(measured), *single),
        extremes=tuple(_find_extremes(measured)),
    )


def count_frames(frames: Mapping[Split, FrameSet]) -> dict[str, dict[Split, int]]:
    """Return the patients by split, and the frames of each phase, view and quality by split."""
    counts: dict[str, dict[Split, int]] = {
        "patients": {split: len(set(each.patients)) for split, each in frames.items()}
    }
    labels: dict[Split, Counter[str]] = {}
    for split, each in frames.items():
        labels[split] = Counter(f"{phase} frames" for phase in each.phases)
        for kind, values in (("view", each.views), ("quality", each.qualities)):
            labels[split].update(f"frames of {kind} {value or 'not known'}" for value in values or ())
    names = {name for found in labels.values() for name in found}
    phases = [name for phase in PHASES if (name := f"{phase} frames") in names]
    for name in [*phases, *sorted(names.difference(phases))]:
        counts[name] = {split: found[name] for split, found in labels.items()}
    return counts


def _sort(oddities: Iterator[Oddity]) -> tuple[Oddity, ...]:
    return tuple(sorted(oddities, key=lambda oddity: -oddity.strangeness))


# --- Splits that are not independent -------------------------------------------------------------------------------


def _find_shared_patients(measured: Sequence[Measured]) -> Check:
    """Find the patients who are in two splits or more."""
    firsts: dict[str, dict[Split, Place]] = {}
    for each in measured:
        for index, patient in enumerate(each.frames.patients):
            if each.split not in (places := firsts.setdefault(patient, {})):
                places[each.split] = each.place(index)
    shared = [(patient, list(places.values())) for patient, places in firsts.items() if len(places) > 1]
    oddities = tuple(
        Oddity(place=places[0], like=places[-1], detail=f"patient {patient}", strangeness=10)
        for patient, places in shared
    )
    return Check(name="a patient in two splits", limit="by the patient's name", oddities=oddities, leak=True)


def _find_copies(measured: Sequence[Measured]) -> tuple[Check, ...]:
    """Find the same picture in two splits, of two patients, and in two videos of a patient. Flat frames are left out.

    Two videos are one finding, whatever the number of their frames that are alike.
    """
    stack = [(each, index) for each in measured for index in np.flatnonzero(~each.flat_N).tolist()]
    words = [hash_frames(each.frames.frames_NHW)[~each.flat_N] for each in measured]
    places = [each.place(index) for each, index in stack]

    def read_frame(number: int) -> NDArray[np.uint8]:
        each, index = stack[number]
        frame_HW: NDArray[np.uint8] = each.frames.frames_NHW[index]
        return frame_HW

    copies = find_copies(np.concatenate(words), _tell_kinds(places), read_frame)
    return tuple(
        Check(
            name=name,
            limit=ALIKE,
            oddities=tuple(_describe_copies(list(copies.best(kind)), places, strangeness)),
            leak=kind == 0,
        )
        for kind, (name, strangeness) in enumerate(KINDS)
    )


def _tell_kinds(
    places: Sequence[Place],
) -> Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.intp]]:
    """Return a function that maps pairs of frames to their kind: the position in `KINDS`, or -1 within a video."""
    splits_N, patients_N, videos_N = (
        np.array(_number(names), dtype=np.intp)
        for names in (
            [place.split for place in places],
            [place.patient for place in places],
            [(place.patient, place.video) for place in places],
        )
    )

    def kind_of(first_M: NDArray[np.intp], second_M: NDArray[np.intp]) -> NDArray[np.intp]:
        video, split, patient = (
            each_N[first_M] == each_N[second_M] for each_N in (videos_N, splits_N, patients_N)
        )
        return np.select([video, ~split, ~patient], [-1, 0, 1], 2)

    return kind_of


def _number(names: Sequence[Hashable]) -> list[int]:
    """Return a number for each name, the same for equal names."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(name, len(numbers)) for name in names]


def _describe_copies(
    pairs: Sequence[tuple[int, int, float]], places: Sequence[Place], strangeness: float
) -> Iterator[Oddity]:
    """Yield one oddity for each two videos with frames that are alike."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[int, int, float]]] = {}
    for first, second, correlation in sorted(pairs):
        one, other = ((each.split, each.patient, each.video) for each in (places[first], places[second]))
        groups.setdefault((one, other), []).append((first, second, correlation))
    for group in groups.values():
        first, second, _ = group[0]
        best = max(correlation for _, _, correlation in group)
        more = f", {len(group)} pairs of frames" if len(group) > 1 else ""
        yield Oddity(
            place=places[first],
            like=places[second],
            detail=f"correlation {best:.3f}{more}",
            strangeness=strangeness + best,
        )


# --- The ends of what was measured ---------------------------------------------------------------------------------


def _find_extremes(measured: Sequence[Measured]) -> Iterator[Oddity]:
    """Yield the frames at the ends of the references' sizes and ejection fractions, and of the brightness."""
    for phase in ("ED", "ES"):
        of_phase = [np.array([each == phase for each in split.frames.phases]) for split in measured]
        sizes = [
            (float(split.shares_N[index]), split, int(index))
            for split, chosen_N in zip(measured, of_phase, strict=True)
            for index in np.flatnonzero(chosen_N)
        ]
        yield from _ends(sizes, f"{phase} reference", ("smallest", "largest"), "{:.1%} of the frame")
    efs = [
        (ef, split, es)
        for split in measured
        for (_, es), ef in zip(ranges.pair_phases(split.frames), ranges.reference_efs(split), strict=True)
        if np.isfinite(ef)
    ]
    yield from _ends(efs, "EF of the references", ("lowest", "highest"), "{:.1f} %")
    light = [(float(share), split, index) for split in measured for index, share in enumerate(split.bright_N)]
    yield from _ends(light, "frame", ("darkest", "brightest"), "{:.1%} of the pixels are bright")


def _ends(
    values: Sequence[tuple[float, Measured, int]], what: str, names: tuple[str, str], form: str
) -> Iterator[Oddity]:
    """Yield the frames with the lowest and the highest value."""
    if not values:
        return
    for name, choose in zip(names, (min, max), strict=True):
        value, split, index = choose(values, key=lambda each: each[0])
        yield split.oddity(index, f"{name} {what}: {form.format(value)}", 0)
