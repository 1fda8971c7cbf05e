"""Judges a clip's masks: the Dice to expect of each frame, what is odd, and whether its ejection fraction is trusted.

The numbers come from a file (`lvzoo.clinic.trust_numbers`). They were fitted to simulated clips. Letters: N frames,
F figures of the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.curve import ROUNDING_S, smooth_curve
from lvzoo.clinic.ejection import READ_S
from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.expected import DiceFit
from lvzoo.clinic.trust_numbers import TrustModel, read_trust_model
from lvzoo.types.answer import LEAST_DICE, ClipBeat, FrameTrust, Verdict

__all__ = ["TrustModel", "judge_beats", "judge_clip", "judge_frames", "read_trust_model"]

LEAST_SHARE: Final = 2 / 3
"""The share of the frames at ED, and of those at ES, that must be trusted. One of three may fail, because sizes are
read from median-filtered curves."""
LEAST_AGREEMENT: Final = 0.8
LEAST_PIECE: Final = 0.95
MOST_JUMP: Final = 0.15
"""The area jumps if it is so far from the smoothed curve, as a share of the clip's median area."""
MOST_CORNERS: Final = 0.8
MOST_FLANKS: Final = 2.5
"""The largest grey of the upper corners in a picture with a sector, by that of the middle and of the lower flanks."""

NO_VENTRICLE: Final = "no ventricle found"
LOW_DICE: Final = f"expected Dice below {LEAST_DICE}"
NO_SECTOR: Final = "no ultrasound sector"
UPSIDE_DOWN: Final = "sector upside down"
NO_APICAL_VIEW: Final = "not recognised as an apical view"
DISAGREE: Final = "the models disagree"
IN_PIECES: Final = "the mask is in pieces"
JUMPS: Final = "the area jumps"

NO_ECHO: Final = frozenset({NO_SECTOR, UPSIDE_DOWN, NO_APICAL_VIEW})
"""The flags of a whole clip. A clip that has one is no upright apical echocardiogram, or too noisy to tell."""


def judge_frames(
    model: TrustModel,
    evidence_NF: NDArray[np.float64],
    *,
    areas_px2_N: NDArray[np.float64],
    times_s_N: NDArray[np.float64] | None,
) -> FrameTrust:
    """Return the Dice to expect of every frame of a clip, with an 80 % interval and flags.

    `evidence_NF` is that of `measure_evidence`. Figures that are not known are NaN; the expected Dice then comes from
    a fit without them. An area that could not be measured (NaN) means that no ventricle was found, and an expected
    Dice of 0. If the whole clip is no apical echocardiogram, there is nothing that the masks could match: the
    expected Dice is 0 too. Without times, nothing is said about jumps of the area.
    """
    evidence = dict(zip(EVIDENCE, evidence_NF.T, strict=True))
    fit = _choose_fit(model, evidence_NF)
    expected_N = fit.expect(evidence)
    low_N, high_N = fit.bound(expected_N)
    whole = find_no_echo(fit, evidence)
    empty_N = ~np.isfinite(areas_px2_N)
    dice_N = np.where(empty_N | bool(whole), 0.0, expected_N)
    marks = {
        NO_VENTRICLE: empty_N,
        LOW_DICE: dice_N < LEAST_DICE,
        DISAGREE: evidence["agreement"] < LEAST_AGREEMENT,  # NaN is not below
        IN_PIECES: ~empty_N & (evidence["largest piece"] < LEAST_PIECE),
        JUMPS: _find_jumps(areas_px2_N, times_s_N),
    }
    return FrameTrust(
        dice_N=dice_N,
        low_N=np.where(dice_N > 0, low_N, 0.0),
        high_N=np.where(empty_N, 0.0, high_N),
        flags_N=tuple(
            (*whole, *(flag for flag, marked_N in marks.items() if marked_N[frame]))
            for frame in range(len(dice_N))
        ),
    )


def find_no_echo(fit: DiceFit, evidence: Mapping[str, NDArray[np.float64]]) -> tuple[str, ...]:
    """Return why a clip is no upright apical echocardiogram, from the medians of its frames; empty if nothing is."""
    if not len(evidence["corners"]):
        return ()
    marks = {
        NO_SECTOR: np.median(evidence["corners"]) > MOST_CORNERS,
        UPSIDE_DOWN: np.median(evidence["flanks"]) > MOST_FLANKS,
        NO_APICAL_VIEW: fit.measure_likeness(evidence) < fit.least_likeness,
    }
    return tuple(flag for flag, marked in marks.items() if marked)


def judge_beats(
    trust: FrameTrust, beats: Sequence[ClipBeat], *, times_s_N: NDArray[np.float64] | None
) -> tuple[ClipBeat, ...]:
    """Return the beats with `trusted` set.

    Two thirds of the frames from which a beat's size at ED is read must be trusted, and two thirds of those at ES. A
    beat that is not used is not trusted.
    """
    trusted_N = trust.trusted_N
    return tuple(replace(beat, trusted=_is_trusted(_count(trusted_N, [beat], times_s_N))) for beat in beats)


def judge_clip(
    trust: FrameTrust,
    beats: Sequence[ClipBeat],
    *,
    times_s_N: NDArray[np.float64] | None,
    ef_reason: str | None = None,
) -> Verdict:
    """Return whether the clip's ejection fraction is trusted, and why not.

    The frames from which the sizes at ED and ES are read decide it, over all beats that are used: two thirds of those
    at ED must be trusted, and two thirds of those at ES. `ef_reason` says why there is no ejection fraction, if so.
    """
    trusted_N = trust.trusted_N
    if whole := [flag for flag in trust.flags_N[0] if flag in NO_ECHO] if len(trusted_N) else []:
        text = "This is not an upright apical echocardiogram, or too noisy to tell: nothing in it is trusted."
        return Verdict(trusted=False, text=text, reasons=tuple(whole))
    used = [beat for beat in beats if beat.reason is None and beat.ed is not None and beat.es is not None]
    if not used:
        text = f"There is no ejection fraction. Of the frames, {_say(trusted_N.sum(), len(trusted_N))} are trusted."
        return Verdict(trusted=False, text=text, reasons=() if ef_reason is None else (ef_reason,))
    counts = _count(trusted_N, used, times_s_N)
    trusted = _is_trusted(counts)
    (ed, of_ed), (es, of_es) = counts
    text = (
        f"The ejection fraction is {'trusted' if trusted else 'not trusted'}: {_say(ed, of_ed)} frames at "
        f"end-diastole and {_say(es, of_es)} at end-systole are trusted."
    )
    reasons = () if trusted else tuple(_explain(trust, used, trusted_N, times_s_N))
    return Verdict(trusted=trusted, text=text, reasons=reasons)


def _choose_fit(model: TrustModel, evidence_NF: NDArray[np.float64]) -> DiceFit:
    """Return the first fit whose figures are all known."""
    known = {
        name for name, values_N in zip(EVIDENCE, evidence_NF.T, strict=True) if np.isfinite(values_N).all()
    }
    return next(fit for fit in model.fits if known.issuperset(fit.figures))


def _find_jumps(areas_px2_N: NDArray[np.float64], times_s_N: NDArray[np.float64] | None) -> NDArray[np.bool_]:
    """Return the frames whose area is far from the smoothed curve of the clip."""
    jumps_N = np.zeros(len(areas_px2_N), dtype=np.bool_)
    curve = None if times_s_N is None else smooth_curve(areas_px2_N, times_s_N)
    if times_s_N is None or curve is None or isinstance(curve, str):
        return jumps_N
    smooth_N = np.interp(times_s_N, curve.times_s_G, curve.smooth_G)
    return np.asarray(np.abs(areas_px2_N - smooth_N) > MOST_JUMP * np.nanmedian(areas_px2_N))


def _count(
    trusted_N: NDArray[np.bool_], beats: Sequence[ClipBeat], times_s_N: NDArray[np.float64] | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how many of how many frames are trusted at ED, and at ES, over the beats that are used."""
    used = [beat for beat in beats if beat.reason is None]
    moments = (
        [(beat.ed, beat.ed_time_s) for beat in used if beat.ed is not None],
        [(beat.es, beat.es_time_s) for beat in used if beat.es is not None],
    )
    counts = []
    for each in moments:
        near = [trusted_N[_find_near(frame, time_s, times_s_N, len(trusted_N))] for frame, time_s in each]
        counts.append((sum(int(part.sum()) for part in near), sum(len(part) for part in near)))
    return counts[0], counts[1]


def _find_near(
    frame: int, time_s: float | None, times_s_N: NDArray[np.float64] | None, frames: int
) -> NDArray[np.int64]:
    """Return the frames from which the size at a moment is read: those within 0.03 s, and the nearest one."""
    near_N = np.arange(frames) == frame
    if times_s_N is not None and time_s is not None:
        near_N |= np.abs(times_s_N - time_s) <= READ_S + ROUNDING_S
    return np.flatnonzero(near_N)


def _is_trusted(counts: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    return all(of > 0 and trusted >= LEAST_SHARE * of for trusted, of in counts)


def _explain(
    trust: FrameTrust,
    used: Sequence[ClipBeat],
    trusted_N: NDArray[np.bool_],
    times_s_N: NDArray[np.float64] | None,
) -> list[str]:
    """Return what speaks against each of the beats that are used."""
    reasons = []
    for beat in used:
        moments = ((beat.ed, beat.ed_time_s, "end-diastole"), (beat.es, beat.es_time_s, "end-systole"))
        for (trusted, of), (frame, time_s, name) in zip(
            _count(trusted_N, [beat], times_s_N), moments, strict=True
        ):
            if frame is None or trusted >= LEAST_SHARE * of:
                continue
            near = _find_near(frame, time_s, times_s_N, len(trusted_N))
            flags = dict.fromkeys(flag for place in near for flag in trust.flags_N[place])
            reasons.append(
                f"beat {beat.number}: {_say(trusted, of)} frames at {name} are trusted ({', '.join(flags)})"
            )
    return reasons


def _say(some: int, of: int) -> str:
    return f"{some} of {of}"
