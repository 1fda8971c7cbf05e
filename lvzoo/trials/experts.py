"""Scores the experts who have traced a data set, each as if a model, against the consensus of the others.

The code that scores models scores them too, on clean frames. An expert's volumes are those of the own contour about
its own annulus and apex; the reference is the median of the volumes that the others' contours have.

Letters in names: E experts, n the frames of one expert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lvzoo.data.consensus import find_consensus_of_others
from lvzoo.errors import PluginError
from lvzoo.evaluate.evaluator import References, score_masks
from lvzoo.interfaces import ReadByExperts
from lvzoo.run.experts import write_experts
from lvzoo.trials.prepare import RunData
from lvzoo.trials.request import OnEvent
from lvzoo.trials.volumes import measure_references
from lvzoo.types import CLEAN, Event, FrameSet, Scores
from lvzoo.types.experts import EXPERT_COLUMNS

FEWEST_READERS: Final = 2


def keep_expert_scores(data: RunData, folder: Path, on_event: OnEvent) -> None:
    """Score the experts of a run's data set, and keep the scores in the run's folder; nothing if it has none.

    Raises:
        PluginError: the data set returns an expert's frame that is none of the test frames.
        DataError: the experts' tracings are missing or do not parse.
    """
    dataset = data.reader.open(data.folder)
    if not isinstance(dataset, ReadByExperts):
        return
    on_event("", Event(step="experts", done=0, total=1))
    scores = score_experts(data.test, dataset.load_experts("test"))
    if len(scores):
        write_experts(folder, scores)
    on_event("", Event(step="experts", done=1, total=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """What one expert traced: the places (n) of the frames in the test set, the masks, and the volumes (n), px³."""

    expert: str
    places_n: NDArray[np.int64]
    masks_nHW: NDArray[np.bool_]
    volumes_n: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Others:
    """What the others say about the frames of one expert: consensus masks, median volumes, and how many they are."""

    masks_nHW: NDArray[np.bool_]
    volumes_n: NDArray[np.float64]
    counts_n: NDArray[np.int64]

    @classmethod
    def of_nobody(cls, own: _Reading) -> _Others:
        """Return the state before anybody has been counted."""
        count = len(own.places_n)
        return cls(
            masks_nHW=np.zeros_like(own.masks_nHW),
            volumes_n=np.full(count, np.nan),
            counts_n=np.zeros(count, dtype=np.int64),
        )


def score_experts(test: FrameSet, readings: Mapping[str, FrameSet]) -> Scores:
    """Return one row per expert and frame with EXPERT_COLUMNS; frames that nobody else has traced are left out.

    Raises:
        PluginError: a frame of an expert is none of the test frames.
    """
    found = [_find_reading(expert, own, test) for expert, own in readings.items()]
    tables = [_score(own, others, test) for own, others in zip(found, _join_others(found, test), strict=True)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(EXPERT_COLUMNS))


def _find_reading(expert: str, own: FrameSet, test: FrameSet) -> _Reading:
    place_of = {key: place for place, key in enumerate(zip(test.videos, test.frame_indices, strict=True))}
    places: list[int] = []
    for number, (video, frame) in enumerate(zip(own.videos, own.frame_indices, strict=True)):
        place = place_of.get((video, frame))
        if place is None or not np.array_equal(own.frames_NHW[number], test.frames_NHW[place]):
            what = "no test frame" if place is None else "another picture than the test frame"
            raise PluginError(
                f"{test.source.name}: load_experts returned {what} for {expert!r} (video {video}, frame {frame}); "
                "return frames of load('test') with the same pixels"
            )
        places.append(place)
    return _Reading(
        expert=expert,
        places_n=np.array(places, dtype=np.int64),
        masks_nHW=own.masks_NHW,
        volumes_n=measure_references(own),
    )


def _join_others(readings: Sequence[_Reading], test: FrameSet) -> list[_Others]:
    """Return what the others say about the frames of each expert."""
    joined = [_Others.of_nobody(each) for each in readings]
    traced_by: list[list[tuple[int, int]]] = [[] for _ in range(len(test))]
    for expert, each in enumerate(readings):
        for number, place in enumerate(each.places_n.tolist()):
            traced_by[place].append((expert, number))
    for readers in traced_by:
        if len(readers) < FEWEST_READERS:
            continue
        consensus_EHW = find_consensus_of_others(
            np.stack([readings[expert].masks_nHW[number] for expert, number in readers])
        )
        volumes_E = np.array([readings[expert].volumes_n[number] for expert, number in readers])
        for row, (expert, number) in enumerate(readers):
            joined[expert].masks_nHW[number] = consensus_EHW[row]
            joined[expert].volumes_n[number] = _median(np.delete(volumes_E, row))
            joined[expert].counts_n[number] = len(readers) - 1
    return joined


def _median(volumes: NDArray[np.float64]) -> float:
    known = volumes[np.isfinite(volumes)]
    return float(np.median(known)) if len(known) else float("nan")


def _score(own: _Reading, others: _Others, test: FrameSet) -> Scores:
    """Return the rows of one expert."""
    numbers = np.flatnonzero(others.counts_n)
    consensus_nHW = others.masks_nHW[numbers]
    frames = replace(test.take(own.places_n[numbers].tolist()), masks_NHW=consensus_nHW)
    scores = score_masks(own.masks_nHW[numbers], frames, CLEAN, References.of(consensus_nHW))
    return scores.assign(
        expert=own.expert,
        others=others.counts_n[numbers],
        volume_pred=own.volumes_n[numbers],
        volume_ref=others.volumes_n[numbers],
    )[list(EXPERT_COLUMNS)]
