"""Copies of a picture are found, also if they were changed a little; other patients' pictures are not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import pytest

from lvzoo.data.audit_duplicates import find_copies, hash_frames
from lvzoo.types import FrameSet, Split
from lvzoo.workflows.audit import check_dataset
from tests.data.audited import MadeDataset, make_split, speckle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lvzoo.types.audit import Audit, Oddity

SPLITS: Final = "the same picture in two splits"
PATIENTS: Final = "the same picture of two patients"
VIDEOS: Final = "the same picture in two videos of a patient"


def encode_again(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, jpeg = cv2.imencode(".jpg", frame_HW, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def brighten(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray((1.15 * frame_HW + 8).clip(0, 255), dtype=np.uint8)


def shift(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.roll(frame_HW, (1, -1), axis=(0, 1))


def resize(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = cv2.resize(frame_HW, (336, 336), interpolation=cv2.INTER_CUBIC)[3:-3, 6:]
    return np.asarray(cv2.resize(large, (112, 112), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def all_at_once(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return encode_again(brighten(shift(frame_HW)))


CHANGES: Final[dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]] = {
    "the same": np.copy,
    "encoded again": encode_again,
    "brighter": brighten,
    "shifted": shift,
    "resized": resize,
    "all at once": all_at_once,
}


def with_copy(
    frames: FrameSet, index: int, original: FrameSet, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
) -> FrameSet:
    """Return the frames with a changed copy of the original's first frame at a position."""
    frames_NHW = frames.frames_NHW.copy()
    frames_NHW[index] = change(original.frames_NHW[0])
    return replace(frames, frames_NHW=frames_NHW)


def check(frames: Mapping[Split, FrameSet]) -> Audit:
    return check_dataset(MadeDataset({"val": make_split(1, seed=2), **frames}))


def find(audit: Audit, name: str) -> tuple[Oddity, ...]:
    (found,) = (each for each in audit.checks if each.name == name)
    return found.oddities


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_in_another_split_is_a_leak(change: str) -> None:
    train = make_split(3, seed=1)
    test = with_copy(make_split(3, seed=3), 5, train, CHANGES[change])
    audit = check({"train": train, "test": test})
    (found,) = find(audit, SPLITS)
    assert found.like is not None
    assert {(each.split, each.video, each.index) for each in (found.place, found.like)} == {
        ("train", "P1-0", 0),
        ("test", "P3-2", 5),
    }
    assert [each.name for each in audit.leaks] == [SPLITS]
    assert find(audit, PATIENTS) == find(audit, VIDEOS) == ()


def test_a_copy_of_another_patient_is_told_apart_from_a_leak() -> None:
    train = make_split(3, seed=1)
    audit = check({"train": with_copy(train, 4, train, all_at_once), "test": make_split(2, seed=3)})
    (found,) = find(audit, PATIENTS)
    assert found.like is not None
    assert {found.place.video, found.like.video} == {"P1-0", "P1-2"}
    assert audit.leaks == ()


def test_a_copy_in_another_video_of_the_patient_is_told_apart_too() -> None:
    train = make_split(3, seed=1)
    copied = replace(with_copy(train, 4, train, np.copy), patients=("P",) * 6)
    audit = check({"train": copied, "test": make_split(2, seed=3)})
    assert len(find(audit, VIDEOS)) == 1
    assert find(audit, PATIENTS) == ()


def test_frames_of_one_video_may_be_alike() -> None:
    train = make_split(3, seed=1)
    audit = check({"train": with_copy(train, 1, train, np.copy), "test": make_split(2, seed=3)})
    assert audit.found == ()


def test_two_videos_are_one_finding_whatever_their_frames() -> None:
    train, test = make_split(3, seed=1), make_split(3, seed=3)
    frames_NHW = test.frames_NHW.copy()
    frames_NHW[2:4] = train.frames_NHW[2:4]
    (found,) = find(check({"train": train, "test": replace(test, frames_NHW=frames_NHW)}), SPLITS)
    assert found.detail == "correlation 1.000, 2 pairs of frames"


def test_frames_in_which_nothing_can_be_seen_are_no_copies() -> None:
    flat = replace(make_split(3, seed=1), frames_NHW=np.full((6, 112, 112), 30, np.uint8))
    audit = check({"train": flat, "test": make_split(2, seed=3)})
    assert [each.name for each in audit.found] == ["constant frame"]


def test_a_set_without_a_picture_is_checked_too() -> None:
    flat = replace(make_split(3, seed=1), frames_NHW=np.zeros((6, 112, 112), np.uint8))
    audit = check_dataset(MadeDataset({"train": flat, "val": flat, "test": flat}))
    assert find(audit, SPLITS) == ()


def test_a_patient_in_two_splits_is_a_leak() -> None:
    test = replace(make_split(2, seed=3), patients=("P1-1", "P1-1", "P3-1", "P3-1"))
    audit = check({"train": make_split(3, seed=1), "test": test})
    (leak,) = audit.leaks
    (found,) = leak.oddities
    assert (leak.name, found.detail) == ("a patient in two splits", "patient P1-1")
    assert (found.place.split, found.like and found.like.split) == ("train", "test")


def test_a_picture_that_is_there_many_times_is_told_once_per_frame() -> None:
    frames_NHW = np.stack([speckle(7)] * 40 + [speckle(8)])
    copies = find_copies(
        hash_frames(frames_NHW), lambda first_M, _second_M: np.zeros_like(first_M), lambda n: frames_NHW[n]
    )
    pairs = copies.best(0)
    assert len(pairs) <= 40
    assert {frame for first, second, _ in pairs for frame in (first, second)} == set(range(40))


def test_hashes_do_not_depend_on_the_frames_beside() -> None:
    frames_NHW = np.stack([speckle(seed) for seed in range(3)])
    assert (hash_frames(frames_NHW)[1:2] == hash_frames(frames_NHW[1:2])).all()
