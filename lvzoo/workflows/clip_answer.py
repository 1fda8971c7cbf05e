"""Makes the answer for one clip: collects what the models find, batch by batch, and joins it at the end.

It keeps a few numbers and the outlines of each frame, and no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import lvzoo
from lvzoo.clinic.beats import Beat
from lvzoo.clinic.ejection import BeatEjection, Ejection, measure_ejection
from lvzoo.clinic.evidence import EVIDENCE, measure_evidence
from lvzoo.clinic.trust import TrustModel, judge_beats, judge_clip, judge_frames
from lvzoo.clinic.volume import Size
from lvzoo.data.clips.calibration import trusted_mm_per_px
from lvzoo.data.clips.clip import Clip
from lvzoo.data.clips.facts import FramesRead
from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import Crop, find_scale, uncrop_points
from lvzoo.decoding.clip import DecodedFrames
from lvzoo.decoding.measure import find_outlines, measure_frames
from lvzoo.types.answer import ClipAnswer, ClipBeat, ModelUsed, View

Outline: TypeAlias = NDArray[np.float32] | None
"""A closed polygon (P, 2), (x, y) px of the clip; None if a frame has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFacts:
    """What is known of a clip besides its frames."""

    clip: Clip
    name: str
    """The name of the clip's file, or another if that tells whom the clip shows."""
    label: str
    """The name of the clip's results."""
    crop: Crop | None
    view: View
    models: tuple[ModelUsed, ...]


class AnswerMaker:
    """Collects what the models find in a clip, and makes its answer."""

    def __init__(self, crop: Crop | None) -> None:
        self.crop = crop
        self.outlines: list[Outline] = []
        self.check_outlines: list[Outline] = []
        self.sizes: list[tuple[float, float, float]] = []
        """Area, length and volume of each frame in px of the clip, from the frame alone.

        Smoothing in time flattens the movement of the heart, and so the ejection fraction (docs/clinic.md).
        """
        self.evidence: list[NDArray[np.float64]] = []

    def add(self, decoded: DecodedFrames) -> list[tuple[Outline, Outline]]:
        """Take the next frames, and return the outlines of the answer and of the check in each, in px of the clip."""
        if not len(decoded):
            return []
        scale = find_scale(self.crop)
        self.sizes += [_scale(size, scale) for size in measure_frames(decoded.answers, smoothed=False)]
        outlines = [self._place(found) for found in find_outlines(decoded.answers, smoothed=True)]
        checks: list[Outline] = [None] * len(outlines)
        if decoded.checks:
            checks = [self._place(found) for found in find_outlines(decoded.checks, smoothed=True)]
            self.check_outlines += checks
        self.outlines += outlines
        self.evidence.append(_find_evidence(decoded))
        return list(zip(outlines, checks, strict=True))

    def make(
        self, facts: ClipFacts, read: FramesRead, trust_model: TrustModel, warnings: Sequence[str]
    ) -> ClipAnswer:
        """Return the answer, after the last frame."""
        times_s_N = _find_times(read)
        areas_N, lengths_N, volumes_N = np.array(self.sizes, dtype=np.float64).reshape(-1, 3).T
        evidence_NF = np.concatenate([*self.evidence, np.empty((0, len(EVIDENCE)))])
        trust = judge_frames(trust_model, evidence_NF, areas_px2_N=areas_N, times_s_N=times_s_N)
        ejection = measure_ejection(
            areas_px2_N=areas_N,
            volumes_px3_N=volumes_N,
            times_s_N=np.full(len(areas_N), np.nan) if times_s_N is None else times_s_N,
        )
        beats = judge_beats(trust, _describe_beats(ejection), times_s_N=times_s_N)
        mm_per_px, no_ml_reason = trusted_mm_per_px(facts.clip, facts.crop)
        return ClipAnswer(
            clip=facts.name,
            synthetic=is_synthetic(facts.clip.path),
            lvzoo=lvzoo.__version__,
            models=facts.models,
            size_HW=facts.clip.size_HW,
            fps=facts.clip.fps,
            view=facts.view,
            frame_numbers_N=np.array(read.indices, dtype=np.int64),
            times_s_N=times_s_N,
            outlines=tuple(self.outlines),
            check_outlines=tuple(self.check_outlines),
            areas_px2_N=areas_N,
            lengths_px_N=lengths_N,
            volumes_px3_N=volumes_N,
            trust=trust,
            beats=beats,
            ef_percent=ejection.ef_percent,
            ef_sd_percent=ejection.ef_sd_percent,
            ef_median_percent=ejection.ef_median_percent,
            fac_percent=ejection.fac_percent,
            heart_rate_bpm=ejection.heart_rate_bpm,
            ef_reason=ejection.reason,
            mm_per_px=mm_per_px,
            no_ml_reason=no_ml_reason,
            verdict=judge_clip(trust, beats, times_s_N=times_s_N, ef_reason=ejection.reason),
            warnings=(*warnings, *trust_model.list_cautions(facts.models)),
        )

    def _place(self, outline_P2: NDArray[np.float64] | None) -> Outline:
        """Return an outline in px of the clip."""
        return None if outline_P2 is None else uncrop_points(outline_P2, self.crop).astype(np.float32)


def _scale(size: Size, scale: float) -> tuple[float, float, float]:
    """Return area, length and volume in px of the clip."""
    return size.area_px2 * scale**2, size.length_px * scale, size.disks_px3 * scale**3


def _find_times(read: FramesRead) -> NDArray[np.float64] | None:
    """Return the times of the frames; None if they are not known, or do not increase."""
    if not read.are_timed or None in read.times_s:
        return None
    return np.array(read.times_s, dtype=np.float64)


def _describe_beats(ejection: Ejection) -> list[ClipBeat]:
    """Return all beats in the order of time, with the sizes of those that are used."""
    used = {id(each.beat): each for each in ejection.ejections}
    return [
        _describe_beat(number, beat, used.get(id(beat)))
        for number, beat in enumerate(ejection.beats.beats, start=1)
    ]


def _describe_beat(number: int, beat: Beat, used: BeatEjection | None) -> ClipBeat:
    found = ClipBeat(
        number=number,
        ed=None if beat.ed is None else beat.ed.frame,
        es=None if beat.es is None else beat.es.frame,
        ed_time_s=None if beat.ed is None else beat.ed.time_s,
        es_time_s=None if beat.es is None else beat.es.time_s,
        reason=beat.reason,
    )
    if used is None:
        return found
    return replace(
        found,
        edv_px3=used.ed_volume_px3,
        esv_px3=used.es_volume_px3,
        ef_percent=used.ef_percent,
        fac_percent=used.fac_percent,
    )


def _find_evidence(decoded: DecodedFrames) -> NDArray[np.float64]:
    """Measure how far the masks of some frames can be trusted."""
    alone = decoded.answers[0] if len(decoded.answers) == 1 else None
    check = decoded.checks[0] if decoded.checks else None
    smoothed = alone is not None and alone.is_smoothed
    return measure_evidence(
        frames_BHW=decoded.frames_BHW,
        masks_BHW=decoded.masks_BHW,
        logits_BHW=None if alone is None else alone.smoothed_logits_BHW,
        check_masks_BHW=None if check is None else check.smoothed_masks_BHW,
        check_logits_BHW=None if check is None else check.smoothed_logits_BHW,
        unsmoothed_masks_BHW=alone.masks_BHW if alone is not None and smoothed else None,
        member_masks=() if alone is not None else [model.smoothed_masks_BHW for model in decoded.answers],
    )
