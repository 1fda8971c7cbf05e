"""Writes the tables of a clip's answer: `frames.csv`, one row per frame, and `beats.csv`, one row per beat.

docs/clips.md describes the columns. Centimetres and millilitres are there only where the size of a pixel is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lvzoo.types.answer import ClipAnswer, ClipBeat

BEATS: Final = "beats.csv"
BEAT_COLUMNS: Final = (
    "beat",
    "ed_frame",
    "ed_time_s",
    "es_frame",
    "es_time_s",
    "edv_px3",
    "esv_px3",
    "edv_ml",
    "esv_ml",
    "ef_percent",
    "fac_percent",
    "used",
    "trusted",
    "reason",
)
MM_PER_CM: Final = 10


def write_frames(answer: ClipAnswer, mask_px: Sequence[int], path: Path) -> None:
    """Write one row per frame; `mask_px` are the numbers of pixels of the masks."""
    columns: dict[str, Any] = {"frame": answer.frame_numbers_N}
    if answer.times_s_N is not None:
        columns["time_s"] = answer.times_s_N.round(6)
    columns["mask_px"] = list(mask_px)
    columns["area_px2"] = answer.areas_px2_N.round(2)
    columns["length_px"] = answer.lengths_px_N.round(3)
    columns["volume_px3"] = answer.volumes_px3_N.round(1)
    if answer.mm_per_px is not None and answer.ml_per_px3 is not None:
        cm_per_px = answer.mm_per_px / MM_PER_CM
        columns["area_cm2"] = (answer.areas_px2_N * cm_per_px**2).round(3)
        columns["length_cm"] = (answer.lengths_px_N * cm_per_px).round(3)
        columns["volume_ml"] = (answer.volumes_px3_N * answer.ml_per_px3).round(2)
    trust = answer.trust
    columns["expected_dice"] = trust.dice_N.round(3)
    columns["dice_low"], columns["dice_high"] = trust.low_N.round(3), trust.high_N.round(3)
    columns["flags"] = ["; ".join(flags) for flags in trust.flags_N]
    pd.DataFrame(columns).to_csv(path, index=False)


def write_beats(answer: ClipAnswer, path: Path) -> None:
    """Write one row per beat, those that give no ejection fraction included."""
    rows = [_describe_beat(answer, beat) for beat in answer.beats]
    in_ml = {"edv_ml", "esv_ml"} if answer.ml_per_px3 is None else set()
    columns = [name for name in BEAT_COLUMNS if name not in in_ml]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def _describe_beat(answer: ClipAnswer, beat: ClipBeat) -> dict[str, Any]:
    row: dict[str, Any] = {
        "beat": beat.number,
        "ed_frame": _number(answer, beat.ed),
        "ed_time_s": _round(beat.ed_time_s, 3),
        "es_frame": _number(answer, beat.es),
        "es_time_s": _round(beat.es_time_s, 3),
        "edv_px3": _round(beat.edv_px3, 1),
        "esv_px3": _round(beat.esv_px3, 1),
        "ef_percent": _round(beat.ef_percent, 2),
        "fac_percent": _round(beat.fac_percent, 2),
        "used": "no" if beat.reason else "yes",
        "trusted": "yes" if beat.trusted else "no",
        "reason": beat.reason,
    }
    if answer.ml_per_px3 is not None and beat.edv_px3 is not None and beat.esv_px3 is not None:
        row["edv_ml"] = _round(beat.edv_px3 * answer.ml_per_px3, 2)
        row["esv_ml"] = _round(beat.esv_px3 * answer.ml_per_px3, 2)
    return row


def _number(answer: ClipAnswer, place: int | None) -> str:
    """Return the number of a frame in the file; text, because a column with gaps would become decimals."""
    return "" if place is None else str(int(answer.frame_numbers_N[place]))


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, digits)
