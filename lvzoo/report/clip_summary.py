"""Writes `summary.json`, the answer for a clip in one file for programs. docs/clips.md describes every key.

`SCHEMA` changes when a key changes its meaning or goes away; a new key does not change it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

import numpy as np

from lvzoo.records import check_values
from lvzoo.types.answer import NO_MEDICAL_DEVICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lvzoo.report.clip_files import Made
    from lvzoo.types.answer import ClipAnswer

SCHEMA: Final = 1
READ: Final = (
    *("ef_percent", "ef_sd_percent", "ef_reason", "beats_used", "heart_rate_bpm", "trusted", "verdict"),
    *("frames", "fps", "files", "made_from"),
)
"""The keys without which results are of no use; a key that is younger than the results may be missing."""
LIBRARIES: Final = ("lvzoo", "torch", "numpy")


class ClipSummary(TypedDict):
    """The keys of `summary.json`, in the order of the file."""

    schema: int
    notice: str
    clip: str
    synthetic: bool
    ef_percent: float | None
    ef_sd_percent: float | None
    ef_median_percent: float | None
    ef_reason: str | None
    fac_percent: float | None
    heart_rate_bpm: float | None
    edv_px3: float | None
    esv_px3: float | None
    edv_ml: float | None
    esv_ml: float | None
    ml_reason: str | None
    mm_per_px: float | None
    beats_used: int
    beats_left_out: int
    trusted: bool
    verdict: str
    reasons: list[str]
    frames: int
    frames_flagged: int
    expected_dice: float | None
    empty_masks: int
    jitter: float | None
    warnings: list[str]
    fps: float | None
    times_from: str | None
    frames_stated: int | None
    damaged_frames: list[int]
    decoded_by: str
    height: int
    width: int
    crop: Mapping[str, Any] | None
    calibration: Mapping[str, Any]
    models: list[Mapping[str, Any]]
    smoothing: Mapping[str, Any]
    tta: bool
    files: list[str]
    not_exported: str | None
    made_from: Mapping[str, Any]
    versions: Mapping[str, str]


def make_summary(answer: ClipAnswer, facts: Mapping[str, Any], made: Made) -> ClipSummary:
    """Return the content of `summary.json`.

    `facts` has the keys that an answer does not know: how the file was read (`lvzoo.data.clips.facts`), and how the
    masks were made.
    """
    used = [beat for beat in answer.beats if beat.reason is None]
    edv_px3, esv_px3 = _mean([beat.edv_px3 for beat in used]), _mean([beat.esv_px3 for beat in used])
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "notice": NO_MEDICAL_DEVICE,
        "synthetic": answer.synthetic,
        "ef_percent": _round(answer.ef_percent, 2),
        "ef_sd_percent": _round(answer.ef_sd_percent, 2),
        "ef_median_percent": _round(answer.ef_median_percent, 2),
        "ef_reason": answer.ef_reason,
        "fac_percent": _round(answer.fac_percent, 2),
        "heart_rate_bpm": _round(answer.heart_rate_bpm, 1),
        "edv_px3": _round(edv_px3, 1),
        "esv_px3": _round(esv_px3, 1),
        "edv_ml": _to_ml(answer, edv_px3),
        "esv_ml": _to_ml(answer, esv_px3),
        "ml_reason": answer.no_ml_reason,
        "mm_per_px": answer.mm_per_px,
        "beats_used": len(used),
        "beats_left_out": len(answer.beats) - len(used),
        "trusted": answer.verdict.trusted,
        "verdict": answer.verdict.text,
        "reasons": list(answer.verdict.reasons),
        "frames_flagged": sum(bool(flags) for flags in answer.trust.flags_N),
        "expected_dice": _round(_mean(answer.trust.dice_N.tolist()), 3),
        "warnings": list(answer.warnings),
        "made_from": asdict(made),
        "versions": {name: known for name in LIBRARIES if (known := _find_version(name))},
    }
    everything = {**facts, **found}
    return cast("ClipSummary", {name: everything[name] for name in ClipSummary.__annotations__})


def is_summary(about: Mapping[str, Any]) -> bool:
    """Return whether the content of a `summary.json` has this schema, what lvzoo reads of it, and the right types."""
    try:
        check_values(about, ClipSummary)
    except ValueError:
        return False
    return about.get("schema") == SCHEMA and all(name in about for name in READ)


def write_summary(summary: ClipSummary, path: Path) -> None:
    """Write a summary. It has no number that JSON does not know."""
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def describe_answer(summary: Mapping[str, Any]) -> str:
    """Return one line: the ejection fraction with its beats and the heart rate, and the verdict."""
    if summary["ef_percent"] is None:
        said = f"no EF: {summary['ef_reason']}"
    else:
        beats = summary["beats_used"]
        sd = "" if summary["ef_sd_percent"] is None else f" ± {summary['ef_sd_percent']:.0f}"
        said = f"EF {summary['ef_percent']:.0f}{sd} % ({beats} beat{'s' * (beats != 1)}"
        rate = summary["heart_rate_bpm"]
        said += ")" if rate is None else f", {rate:.0f} beats/min)"
    return f"{said}. {summary['verdict']}"


def _to_ml(answer: ClipAnswer, volume_px3: float | None) -> float | None:
    if volume_px3 is None or answer.ml_per_px3 is None:
        return None
    return _round(volume_px3 * answer.ml_per_px3, 2)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, digits)


def _find_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
