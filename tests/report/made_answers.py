"""Makes the answer for a clip, and its frames, without any model: an ellipse that beats 75 times a minute."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lvzoo.report.clip_page import ClipPage
from lvzoo.types.answer import ClipAnswer, ClipBeat, FrameTrust, ModelUsed, Verdict, View

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FPS: Final = 50.0
CYCLE: Final = 40
"""Frames per beat."""
FIRST_ED: Final = 4
SYSTOLE: Final = 16
"""Frames from ED to ES."""


def make_answer(*, frames: int = 90, size_HW: tuple[int, int] = (112, 112), **changes: Any) -> ClipAnswer:  # noqa: ANN401
    """Return the answer for a clip of two and a bit beats: the last beat is cut.

    Frames 30 to 34 are not trusted, and frame 50 is odd.
    """
    share_N = [1 - 0.15 * (1 - math.cos(2 * math.pi * (at - FIRST_ED) / CYCLE)) for at in range(frames)]
    zoom = min(size_HW) / 112
    areas_N = np.array([math.pi * 18 * 30 * share * zoom**2 for share in share_N])
    volumes_N = np.array([4 / 3 * math.pi * 18 * 18 * share**2 * 30 * zoom**3 for share in share_N])
    doubtful = [30 <= at < 35 for at in range(frames)]
    dice_N = np.where(doubtful, 0.6, 0.93)
    beats = tuple(_make_beats(frames, volumes_N))
    used = [beat for beat in beats if beat.reason is None]
    answer = ClipAnswer(
        clip="four-chamber.avi",
        synthetic=False,
        lvzoo="0.1.0",
        models=(
            ModelUsed(name="unet-fast", weights="3fa9" * 16, trained_on="synthetic phantom", role="answer"),
            ModelUsed(
                name="landmark7-fast", weights="77c1" * 16, trained_on="synthetic phantom", role="check"
            ),
        ),
        size_HW=size_HW,
        fps=FPS,
        view=View(left=0, top=0, width=size_HW[1], height=size_HW[0]),
        frame_numbers_N=np.arange(frames),
        times_s_N=np.arange(frames) / FPS,
        outlines=tuple(_make_outline(share, size_HW, zoom) for share in share_N),
        check_outlines=tuple(_make_outline(share * 0.93, size_HW, zoom) for share in share_N),
        areas_px2_N=areas_N,
        lengths_px_N=np.full(frames, 60.0 * zoom),
        volumes_px3_N=volumes_N,
        trust=FrameTrust(
            dice_N=dice_N,
            low_N=dice_N - 0.05,
            high_N=dice_N + 0.03,
            flags_N=tuple(
                ("expected Dice below 0.8", "the models disagree")
                if each
                else ("the area jumps",) * (at == 50)
                for at, each in enumerate(doubtful)
            ),
        ),
        beats=beats,
        ef_percent=49.0 if used else None,
        ef_sd_percent=1.25 if len(used) > 1 else None,
        ef_median_percent=None,
        fac_percent=28.6 if used else None,
        heart_rate_bpm=75.0 if len(used) > 1 else None,
        ef_reason=None if used else "the clip shows no whole beat",
        mm_per_px=None,
        no_ml_reason="the file does not state the size of a pixel",
        verdict=Verdict(trusted=True, text="all frames that decide the ejection fraction are trusted"),
        warnings=(),
    )
    return dataclasses.replace(answer, **changes)


def _make_beats(frames: int, volumes_N: NDArray[np.float64]) -> list[ClipBeat]:
    beats = []
    for number, ed in enumerate(range(FIRST_ED, frames, CYCLE), start=1):
        es = ed + SYSTOLE if ed + SYSTOLE < frames else None
        sizes: dict[str, Any] = {"reason": "the clip ends before its end-systole"}
        if es is not None:
            edv, esv = float(volumes_N[ed]), float(volumes_N[es])
            sizes = {"edv_px3": edv, "esv_px3": esv, "ef_percent": 49.0, "fac_percent": 28.6, "trusted": True}
        es_time_s = None if es is None else es / FPS
        beats.append(ClipBeat(number=number, ed=ed, es=es, ed_time_s=ed / FPS, es_time_s=es_time_s, **sizes))
    return beats


def _make_outline(share: float, size_HW: tuple[int, int], zoom: float) -> NDArray[np.float32]:
    turn_P = np.linspace(0, 2 * math.pi, 90, endpoint=False)
    x_P, y_P = (
        size_HW[1] / 2 + 18 * zoom * share * np.cos(turn_P),
        size_HW[0] / 2 + 30 * zoom * np.sin(turn_P),
    )
    return np.stack([x_P, y_P], axis=1).astype(np.float32)


def make_frames(answer: ClipAnswer, *, noise: float = 30.0) -> NDArray[np.uint8]:
    """Return frames (N, H, W) of noise about a grey that is darker from left to right; they repeat after ten."""
    rng = np.random.default_rng(0)
    frames = len(answer.outlines)
    shape = (min(10, frames), *answer.size_HW)
    slope_W = np.linspace(120, 60, answer.size_HW[1])
    noisy = np.clip(slope_W + noise * rng.standard_normal(shape, dtype=np.float32), 0, 255).astype(np.uint8)
    return noisy[np.arange(frames) % 10]


def write_page(answer: ClipAnswer, path: Path, *, noise: float = 30.0) -> ClipPage:
    """Write the page of an answer to a file, with made-up frames."""
    page = ClipPage(answer.view, likely_frames=len(answer.outlines))
    for frame_HW in make_frames(answer, noise=noise):
        page.add(frame_HW)
    page.write(answer, path)
    return page


def make_unmeasured(frames: int = 30) -> ClipAnswer:
    """Return the answer for a clip in which no frame has a mask."""
    unknown_N = np.full(frames, np.nan)
    return make_answer(
        frames=frames,
        outlines=(None,) * frames,
        check_outlines=(None,) * frames,
        areas_px2_N=unknown_N,
        lengths_px_N=unknown_N,
        volumes_px3_N=unknown_N,
        trust=FrameTrust(
            dice_N=unknown_N, low_N=unknown_N, high_N=unknown_N, flags_N=(("empty mask",),) * frames
        ),
        beats=(),
        ef_percent=None,
        ef_sd_percent=None,
        fac_percent=None,
        heart_rate_bpm=None,
        ef_reason="no frame could be measured",
        verdict=Verdict(
            trusted=False, text="no frame has a mask", reasons=("empty mask in 30 of 30 frames",)
        ),
    )
