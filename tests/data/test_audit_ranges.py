"""Each check of single frames and videos finds what it is for, and nothing in frames that are in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from lvzoo.data.audit_ranges import pair_phases
from lvzoo.data.picture_quirks import NO_SECTOR
from lvzoo.types import FRAME_SIZE_HW, FrameSet
from lvzoo.workflows.audit import check_dataset
from tests.data.audited import EF, SECTOR, MadeDataset, make_split

if TYPE_CHECKING:
    from collections.abc import Callable

    from lvzoo.types.audit import Audit, Oddity

ODD: Final = 3
"""The position of the frame that a test makes odd: the ES frame of the second patient."""


def check(test: FrameSet) -> Audit:
    return check_dataset(
        MadeDataset({"train": make_split(3, seed=1), "val": make_split(1, seed=2), "test": test})
    )


def find(audit: Audit, name: str) -> tuple[Oddity, ...]:
    (found,) = (each for each in audit.checks if each.name == name)
    return found.oddities


def with_mask(frames: FrameSet, mask_HW: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FrameSet:
    masks_NHW = frames.masks_NHW.copy()
    masks_NHW[ODD] = mask_HW
    return replace(frames, masks_NHW=masks_NHW)


def with_frame(frames: FrameSet, frame_HW: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> FrameSet:
    frames_NHW = frames.frames_NHW.copy()
    frames_NHW[ODD] = frame_HW
    return replace(frames, frames_NHW=frames_NHW)


def rectangle(rows: slice, columns: slice) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask_HW = np.zeros(FRAME_SIZE_HW, dtype=np.bool_)
    mask_HW[rows, columns] = True
    return mask_HW


def in_pieces(frames: FrameSet) -> FrameSet:
    return with_mask(frames, frames.masks_NHW[ODD] | rectangle(slice(90, 94), slice(80, 84)))


def nearly_black(frames: FrameSet) -> FrameSet:
    return with_frame(frames, (frames.frames_NHW[ODD] // 8).astype(np.uint8))


def without_sector(frames: FrameSet) -> FrameSet:
    return replace(
        frames, sectors=tuple(replace(SECTOR, fitted=number >= 4) for number in range(len(frames)))
    )


def listing(ef: float) -> Callable[[FrameSet], FrameSet]:
    return lambda frames: replace(frames, listed_efs=(EF, EF, ef, ef, EF, EF))


CASES: Final[dict[str, tuple[str, Callable[[FrameSet], FrameSet], list[int], str]]] = {
    "empty": (
        "empty reference mask",
        lambda frames: with_mask(frames, np.zeros(FRAME_SIZE_HW, dtype=np.bool_)),
        [ODD],
        "",
    ),
    "small": (
        "reference mask of an unusual size",
        lambda frames: with_mask(frames, rectangle(slice(50, 60), slice(50, 60))),
        [ODD],
        "0.8% of the frame",
    ),
    "large": (
        "reference mask of an unusual size",
        lambda frames: with_mask(frames, rectangle(slice(5, 105), slice(30, 90))),
        [ODD],
        "47.8% of the frame",
    ),
    "border": (
        "reference mask that touches the border of the frame",
        lambda frames: with_mask(frames, rectangle(slice(100, 112), slice(30, 60))),
        [ODD],
        "30 pixels",
    ),
    "pieces": (
        "reference mask in several pieces",
        in_pieces,
        [ODD],
        "2 pieces, 2.2% of the area outside the largest",
    ),
    "swapped": (
        "ES larger than ED",
        lambda frames: with_mask(frames, rectangle(slice(20, 80), slice(20, 50))),
        [ODD],
        "ED 1,247 px, ES 1,800 px",
    ),
    "EF too low": ("listed EF out of range", listing(4.9), [2], "EF 4.9 %"),
    "EF too high": ("listed EF out of range", listing(90.5), [2], "EF 90.5 %"),
    "EF gap": (
        "listed EF far from that of the references",
        listing(30.0),
        [ODD],
        "listed 30.0 %, references 57.",
    ),
    "constant": (
        "constant frame",
        lambda frames: with_frame(frames, np.full(FRAME_SIZE_HW, 90, np.uint8)),
        [ODD],
        "SD 0.0",
    ),
    "dark": ("nearly black frame", nearly_black, [ODD], "0.00% of the pixels"),
    "sector": ("no sector found in a video", without_sector, [0, 2], ""),
}


def test_frames_in_order_have_no_finding() -> None:
    audit = check(make_split(3, seed=3))
    assert [(each.name, each.oddities) for each in audit.found] == []
    assert len(audit.checks) == 14


@pytest.mark.parametrize("case", CASES)
def test_a_check_finds_its_frames_alone(case: str) -> None:
    name, change, places, detail = CASES[case]
    audit = check(change(make_split(3, seed=3)))
    found = find(audit, name)
    assert [each.place.index for each in found] == places
    assert all(each.place.split == "test" and each.detail.startswith(detail) for each in found)
    assert all(each.strangeness > 0 for each in found)
    assert audit.leaks == ()


@pytest.mark.parametrize("ef", [5.0, 90.0, None])
def test_an_ef_at_the_limit_or_none_at_all_is_in_range(ef: float | None) -> None:
    frames = replace(make_split(1, seed=3), listed_efs=(ef, ef))
    assert find(check(frames), "listed EF out of range") == ()


def test_a_gap_of_less_than_20_points_is_usual() -> None:
    frames = replace(make_split(1, seed=3), listed_efs=(EF - 18,) * 2)
    assert find(check(frames), "listed EF far from that of the references") == ()


def test_a_mask_that_touches_at_a_corner_is_one_piece() -> None:
    mask_HW = rectangle(slice(30, 60), slice(40, 60)) | rectangle(slice(60, 70), slice(60, 70))
    assert find(check(with_mask(make_split(3, seed=3), mask_HW)), "reference mask in several pieces") == ()


def test_videos_with_equal_names_are_told_apart_by_their_patients() -> None:
    frames = replace(make_split(2, seed=3), videos=("4CH",) * 4)
    assert pair_phases(frames) == [(0, 1), (2, 3)]


def test_a_video_without_a_sector_is_named_once_by_check_and_reader() -> None:
    frames = make_split(3, seed=3)
    noted = tuple(NO_SECTOR.finding(video) for video in (frames.videos[0], frames.videos[2]))
    named = replace(frames, source=replace(frames.source, findings=noted))
    audit = check(without_sector(named))
    assert [each.place.index for each in find(audit, "no sector found in a video")] == [0, 2]
    audit = check(named)  # the reader found none before cropping
    assert [each.place.index for each in find(audit, "no sector found in a video")] == [0, 2]
    assert audit.summary.quirks == ()


def test_the_ends_of_the_ranges_are_named() -> None:
    audit = check(in_pieces(make_split(3, seed=3)))
    details = [each.detail for each in audit.extremes]
    assert "smallest ED reference: 9.9% of the frame" in details
    assert any(each.startswith("highest EF of the references: 5") for each in details)
    assert all(each.strangeness == 0 for each in audit.extremes)


def test_frames_are_counted_by_phase_view_and_quality() -> None:
    frames = replace(
        make_split(2, seed=3), views=("4CH", "4CH", "2CH", ""), qualities=("Good", "Good", "Poor", "Poor")
    )
    counts = check(frames).counts
    assert list(counts) == [
        "patients",
        "ED frames",
        "ES frames",
        "frames of quality Good",
        "frames of quality Poor",
        "frames of view 2CH",
        "frames of view 4CH",
        "frames of view not known",
    ]
    assert counts["patients"] == {"train": 3, "val": 1, "test": 2}
    assert counts["frames of view 4CH"] == {"train": 0, "val": 0, "test": 2}
