"""The figures and facts of a clip's page, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.report.clip_page_values import NO_TIMES_FPS, used_beats
from lvzoo.report.formats import UNKNOWN, decimals, known, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.types.answer import ClipAnswer

SYNTHETIC: Final = "synthetic phantom: a simulated patient, no evidence about patients"
ROLES: Final = {
    "answer": "answer: the contour and all figures are its own, or the mean of the models with this role",
    "check": "second opinion: it only decides how far the answer can be trusted",
}
KEYS: Final[Mapping[str, str]] = {
    "Space": "play, pause",
    "← →": "one frame back, on",
    "Shift ← →": "ten frames back, on",
    "Home End": "first, last frame",
    "Page Up Page Down": "previous, next end-diastole or end-systole",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure at the top of the page: its name, its value with the unit, and a note below."""

    name: str
    value: str
    unit: str
    note: str
    css: str = ""


def list_figures(answer: ClipAnswer) -> list[Figure]:
    """Return the ejection fraction and what stands beside it."""
    return [
        _write_ef(answer),
        _percent("FAC", answer.fac_percent, "fractional area change: needs no model of the volume"),
        Figure(
            name="Heart rate",
            value=decimals(answer.heart_rate_bpm, 0),
            unit="" if known(answer.heart_rate_bpm) is None else "/min",
            note="from end-systole to end-systole"
            if known(answer.heart_rate_bpm) is not None
            else "the clip does not show two end-systoles in a row",
        ),
        _write_volumes(answer),
    ]


def _write_ef(answer: ClipAnswer) -> Figure:
    if known(answer.ef_percent) is None:
        return Figure(
            name="EF",
            value="none",
            unit="",
            note=f"no ejection fraction: {answer.ef_reason or 'the clip shows no whole beat'}",
            css="main none",
        )
    beats = len(used_beats(answer))
    parts = [f"mean of {number_of(beats, 'beat')}" if beats > 1 else "one beat"]
    if known(answer.ef_sd_percent) is not None:
        parts.append(f"SD {decimals(answer.ef_sd_percent, 1)}")
    if known(answer.ef_median_percent) is not None:
        parts.append(f"median {decimals(answer.ef_median_percent, 1)} %")
    if left_out := sum(beat.reason is not None for beat in answer.beats):
        parts.append(f"{number_of(left_out, 'beat')} left out")
    css = "main" if answer.verdict.trusted else "main doubted"
    return Figure(name="EF", value=decimals(answer.ef_percent, 0), unit="%", note=", ".join(parts), css=css)


def _percent(name: str, value: float | None, note: str) -> Figure:
    return Figure(name=name, value=decimals(value, 0), unit="" if known(value) is None else "%", note=note)


def _write_volumes(answer: ClipAnswer) -> Figure:
    """Return the mean volumes in mL, or why there are none."""
    factor = answer.ml_per_px3
    if factor is None:
        reason = answer.no_ml_reason or "the size of a pixel is not known"
        return Figure(
            name="Volumes", value="relative", unit="", note=f"no millilitres: {reason}", css="words"
        )
    used = used_beats(answer)
    volumes_px3 = (
        [beat.edv_px3 for beat in used if beat.edv_px3 is not None],
        [beat.esv_px3 for beat in used if beat.esv_px3 is not None],
    )
    means = [float(np.mean(found)) * factor if found else None for found in volumes_px3]
    value = " / ".join(decimals(mean, 0) for mean in means) if any(means) else UNKNOWN
    note = "end-diastolic and end-systolic volume, single plane, 20 disks"
    return Figure(name="EDV / ESV", value=value, unit="mL" if any(means) else "", note=note)


def describe_clip(answer: ClipAnswer, times_s_N: NDArray[np.float64] | None) -> str:
    """Return size, length and frame rate of the clip in one line."""
    rows, columns = answer.size_HW
    frames = len(answer.frame_numbers_N)
    parts = [f"{columns} x {rows} px", number_of(frames, "frame")]
    if times_s_N is None:
        parts.append("times not known")
    elif frames > 1:
        length_s = float(times_s_N[-1] - times_s_N[0])
        rate = answer.fps or (frames - 1) / length_s
        parts += [f"{length_s:.2f} s", f"{rate:.3g} frames/s"]
    return " · ".join(parts)


def describe_speed(answer: ClipAnswer, times_s_N: NDArray[np.float64] | None) -> str:
    """Return how fast the clip plays, if that is not its own speed."""
    if times_s_N is not None or len(answer.frame_numbers_N) < 2:
        return ""
    return (
        f"The times of the frames are not known; the clip plays at {answer.fps or NO_TIMES_FPS:.3g} frames/s."
    )


def list_facts(answer: ClipAnswer) -> Mapping[str, str]:
    """Return what the answer rests on, apart from the models."""
    facts = {
        "Contours": "the outline of each frame's mask; it is drawn smoothly, and lies off by less than one "
        "px of the 112 x 112 frame that the models see",
        "Volume": "method of 20 disks, single plane, in each frame alone, without smoothing in time",
        "Ejection fraction": "100 (EDV - ESV) / EDV for each beat, and the mean over the beats that are used",
        "Expected Dice": "overlap with the true mask that is to be expected (1 is perfect), with an interval that "
        "holds 80 % of the frames; it was fitted to simulated clips, since nobody traced this one",
        "Millilitres": f"1 px is {answer.mm_per_px:.4g} mm"
        if answer.mm_per_px is not None
        else f"none: {answer.no_ml_reason or 'the size of a pixel is not known'}",
    }
    view, (rows, columns) = answer.view, answer.size_HW
    if view.shown_HW is not None or (view.height, view.width) != (rows, columns):
        facts["Picture"] = (
            "the sector alone; text and traces around it are left out, because they may name a patient"
        )
    return {**facts, "lvzoo": answer.lvzoo}
