"""The noisy test frames: selected by name, made once, and the same for any number of workers."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import importlib
import shutil
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.errors import DataError, UsageError
from lvzoo.noise import corrupt
from lvzoo.noise.corrupt import cache_noise, corrupt_frames, select_conditions
from lvzoo.noise.suite import NoiseV1
from lvzoo.types import CLEAN, Condition, FrameSet
from tests.noise.making import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import Sector


class Counting(NoiseV1):
    """noise-v1 that records the conditions it is asked for, except those of the probe frame."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Condition] = []

    def corrupt(
        self, frame_HW: NDArray[np.uint8], condition: Condition, *, video: str, frame: int, sector: Sector
    ) -> NDArray[np.uint8]:
        if not video.startswith("probe"):
            self.made.append(condition)
        return super().corrupt(frame_HW, condition, video=video, frame=frame, sector=sector)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))


def digests(noisy_CNHW: tuple[NDArray[np.uint8], ...]) -> list[list[str]]:
    return [[hashlib.sha256(frame_HW.tobytes()).hexdigest() for frame_HW in each] for each in noisy_CNHW]


def turned(frames: FrameSet) -> FrameSet:
    """Return the frames in reverse order."""
    return dataclasses.replace(
        frames,
        **{
            field: getattr(frames, field)[::-1]
            for field in (
                *("frames_NHW", "masks_NHW", "contours_NP2", "sectors"),
                *("patients", "videos", "frame_indices", "phases"),
            )
        },
    )


def doubled(frames: FrameSet) -> FrameSet:
    """Return the frames twice, the second time under other video names."""
    return dataclasses.replace(
        frames,
        frames_NHW=np.concatenate([frames.frames_NHW] * 2),
        sectors=frames.sectors * 2,
        videos=(*frames.videos, *(f"{video}2" for video in frames.videos)),
        frame_indices=frames.frame_indices * 2,
    )


def test_all_conditions_come_clean_first_then_in_the_suites_order() -> None:
    every = select_conditions(NoiseV1())
    assert every[0] == CLEAN
    assert len(every) == 66
    assert [each.corruption for each in every[1::5]] == NAMES
    assert [each.severity for each in every[1:6]] == [1, 2, 3, 4, 5]


def test_conditions_are_selected_by_name_and_severity_in_the_suites_order() -> None:
    chosen = select_conditions(NoiseV1(), corruptions=["blur", "haze"], severities=[5, 1])
    assert [(each.corruption, each.severity) for each in chosen] == [
        *(("clean", 0), ("haze", 1), ("haze", 5)),
        *(("blur", 1), ("blur", 5)),
    ]
    assert select_conditions(NoiseV1(), corruptions=[]) == [CLEAN]
    assert select_conditions(NoiseV1(), corruptions="none") == [CLEAN]


def test_unknown_names_get_a_close_match_and_unknown_severities_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"noise-v1 corruption 'blurr'.*did you mean 'blur'"):
        select_conditions(NoiseV1(), corruptions=["blurr"])
    with pytest.raises(UsageError, match=f"corruption 'zzz'.*{', '.join(NAMES)}"):
        select_conditions(NoiseV1(), corruptions=["zzz"])
    with pytest.raises(UsageError, match=r"noise-v1.*severity 6\b.*1, 2, 3, 4, 5"):
        select_conditions(NoiseV1(), severities=[6])


def test_each_frame_equals_the_suites_result(frame_set: FrameSet) -> None:
    suite = NoiseV1()
    every = select_conditions(suite)
    for condition, noisy_NHW in zip(every, corrupt_frames(frame_set, suite, every), strict=True):
        assert noisy_NHW.shape == frame_set.frames_NHW.shape
        for n in range(3):
            expected_HW = suite.corrupt(
                frame_set.frames_NHW[n],
                condition,
                video=frame_set.videos[n],
                frame=frame_set.frame_indices[n],
                sector=frame_set.sectors[n],
            )
            assert np.array_equal(noisy_NHW[n], expected_HW)


def test_order_and_chunks_change_no_byte(frame_set: FrameSet, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = NoiseV1()
    every = select_conditions(suite)
    forwards = digests(corrupt_frames(frame_set, suite, every))
    monkeypatch.setattr(corrupt, "FRAMES_AT_A_TIME", 1)
    backwards = digests(corrupt_frames(turned(frame_set), suite, every[::-1]))
    assert [each[::-1] for each in backwards[::-1]] == forwards


def test_workers_change_no_byte(frame_set: FrameSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are six chunks, so that each of the four processes has work."""
    suite, frames = NoiseV1(), doubled(frame_set)
    every = select_conditions(suite)
    alone = digests(corrupt_frames(frames, suite, every, workers=1))
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "another"))
    monkeypatch.setattr(corrupt, "LEAST_WORK", 1)
    monkeypatch.setattr(corrupt, "FRAMES_AT_A_TIME", 1)
    assert digests(corrupt_frames(frames, suite, every, workers=4)) == alone


def test_what_is_cached_is_not_made_again_and_another_selection_finds_it(frame_set: FrameSet) -> None:
    suite = Counting()
    corrupt_frames(frame_set, suite, select_conditions(suite, corruptions=["blur", "jpeg"]))
    assert len(suite.made) == 2 * 5 * 3
    suite.made.clear()
    corrupt_frames(frame_set, suite, select_conditions(suite, corruptions=["blur", "dropout"]))
    assert {condition.corruption for condition in suite.made} == {"dropout"}
    suite.made.clear()
    (noisy_NHW,) = corrupt_frames(frame_set, suite, [Condition(corruption="blur", severity=2)])
    assert suite.made == []
    assert isinstance(noisy_NHW, np.memmap)
    assert not noisy_NHW.flags.writeable


def test_other_frames_or_sectors_are_made_again(frame_set: FrameSet) -> None:
    suite = Counting()
    chosen = select_conditions(suite, corruptions=["haze"])
    brighter_NHW = frame_set.frames_NHW + np.uint8(1)
    others = (
        dataclasses.replace(frame_set, frames_NHW=brighter_NHW),
        dataclasses.replace(frame_set, sectors=frame_set.sectors[:1] * 3),
        dataclasses.replace(frame_set, videos=("0XA", "0XA", "0XC")),
    )
    for frames in (frame_set, *others):
        suite.made.clear()
        corrupt_frames(frames, suite, chosen)
        assert len(suite.made) == 5 * 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b""),
        (b"}", b"("),
        (b"112, 112)", b"9" * 24 + b")"),
        (b"112, 112)", b"112, -1)"),
        (b"\x93NUMPY", b"PK"),
    ],
    ids=["cut", "open bracket", "huge", "negative", "another format"],
)
def test_a_damaged_cache_file_is_made_again(
    frame_set: FrameSet, tmp_path: Path, old: bytes, new: bytes
) -> None:
    suite = NoiseV1()
    chosen = [Condition(corruption="dropout", severity=1)]
    before = digests(corrupt_frames(frame_set, suite, chosen))
    (file,) = (tmp_path / "cache").rglob("dropout-1.npy")
    file.write_bytes(file.read_bytes().replace(old, new, 1) if old else file.read_bytes()[:500])
    assert digests(corrupt_frames(frame_set, suite, chosen)) == before


def test_on_a_full_disk_the_frames_are_made_in_memory(
    frame_set: FrameSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are written and not mapped, since a process that fills a map on a full disk is killed (SIGBUS)."""
    suite = NoiseV1()
    chosen = [Condition(corruption="dropout", severity=1)]
    before = digests(corrupt_frames(frame_set, suite, chosen))
    (file,) = (tmp_path / "cache").rglob("dropout-1.npy")
    file.unlink()

    def refuse(_file: object, _header: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", refuse)
    assert digests(corrupt_frames(frame_set, suite, chosen)) == before
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_too_little_room_for_many_noisy_frames_is_told_before_any_is_made(
    frame_set: FrameSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrupt, "MOST_IN_MEMORY_BYTES", 10**4)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=30_000))
    chosen = [Condition(corruption="dropout", severity=severity) for severity in (1, 2, 3, 4, 5)]
    with pytest.raises(DataError, match=r"the noisy frames take 0\.0 GB, but 0\.0 GB are free; make room"):
        cache_noise(frame_set, NoiseV1(), chosen)
    assert list((tmp_path / "cache").rglob("*.npy")) == []


def test_many_noisy_frames_are_not_made_in_the_memory_of_each_trial(
    frame_set: FrameSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr(corrupt, "cache_noise", refuse)
    monkeypatch.setattr(corrupt, "MOST_IN_MEMORY_BYTES", 10**4)
    with pytest.raises(DataError, match="too much to be made in memory; set LVZOO_CACHE"):
        corrupt_frames(frame_set, NoiseV1(), [Condition(corruption="dropout", severity=1)])


def test_a_suite_that_fails_leaves_nothing_half_made(frame_set: FrameSet, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        corrupt_frames(frame_set, NoiseV1(), [Condition(corruption="nothing", severity=1)])
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_no_frames_make_no_noise(frame_set: FrameSet) -> None:
    none = dataclasses.replace(
        frame_set, frames_NHW=frame_set.frames_NHW[:0], videos=(), frame_indices=(), sectors=()
    )
    for noisy_NHW in corrupt_frames(none, NoiseV1(), select_conditions(NoiseV1(), corruptions=["jpeg"])):
        assert noisy_NHW.shape == (0, 112, 112)


EDITED = """
from lvzoo.noise.suite import TableSuite
from lvzoo.noise.suite import Corruption
from lvzoo.noise.resolution import blur

class Ward(TableSuite):
    def __init__(self):
        line = Corruption(name="blur", family="resolution", apply=blur, levels=(SIGMA,), wording="{}")
        super().__init__("ward", (line,))
"""


def test_an_edited_suite_is_not_taken_for_the_one_that_made_the_cache(
    frame_set: FrameSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    made: list[NDArray[np.uint8]] = []
    for sigma in ("1.0", "3.25"):
        (tmp_path / "ward_suite.py").write_text(EDITED.replace("SIGMA", sigma))
        monkeypatch.delitem(sys.modules, "ward_suite", raising=False)
        importlib.invalidate_caches()
        suite = importlib.import_module("ward_suite").Ward()
        made += corrupt_frames(frame_set, suite, [Condition(corruption="blur", severity=1)])
    assert not np.array_equal(made[0], made[1])


def test_conditions_are_named_by_strings_and_single_numbers_too() -> None:
    suite = NoiseV1()
    assert select_conditions(suite, "haze, blur", 3) == select_conditions(suite, ["haze", "blur"], [3])
