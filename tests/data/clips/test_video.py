"""Videos that OpenCV decodes: their frames, true times and stated counts, whole, cut off, damaged and unknown."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lvzoo.data.clips.video.capture
import lvzoo.data.clips.video.reader
from lvzoo.data.clips.clip import DamagedFrame, Frame
from lvzoo.data.clips.recognise import open_clip, read_whole
from lvzoo.data.clips.video.capture import grab_stamps, open_capture, sample_stream
from lvzoo.data.clips.video.missing import find_missing
from lvzoo.data.clips.video.numbers import number_frames
from lvzoo.data.clips.video.riff import parse_avi
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced
from tests.data.clips.boxes import (
    change_box,
    move_index_to_front,
    set_codec,
    set_times,
)
from tests.data.clips.elements import drop_blocks, set_block_times
from tests.data.clips.made_avi import build_avi, set_rate
from tests.data.clips.test_avi import sequential
from tests.data.echonet_folders import smooth_frames
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import cv2

    from lvzoo.data.clips.clip import Clip

COUNT = 23
FPS = 50.0
UNEVEN = [2 if index < 12 else 7 for index in range(COUNT)]
"""The durations of frames, in hundredths of a second: the rate drops in the middle."""
UNEVEN_S = [sum(UNEVEN[:index]) / 100 for index in range(COUNT)]
CONTAINERS = [
    ("clip.mp4", "mp4v", COUNT, "time stamps"),
    ("clip.m4v", "mp4v", COUNT, "time stamps"),
    ("clip.mov", "mp4v", COUNT, "time stamps"),
    ("clip.mov", "MJPG", COUNT, "time stamps"),
    ("clip.mkv", "mp4v", None, "time stamps"),
    ("clip.webm", "VP80", None, "time stamps"),
    ("clip.webm", "VP90", None, "time stamps"),
    ("clip.ts", "mp2v", None, "time stamps"),
    ("clip.mpg", "MPG2", None, "time stamps"),
    ("clip.wmv", "WMV2", None, "time stamps"),
    ("clip.avi", "XVID", COUNT, "frame rate"),
    ("clip.avi", "HFYU", COUNT, "frame rate"),
    ("clip.avi", "\0\0\0\0", COUNT, "frame rate"),
]


def write_clip(path: Path, codec: str = "mp4v") -> bytes:
    write_video(path, smooth_frames(COUNT, seed=3), codec=codec, fps=FPS)
    return path.read_bytes()


def times_of(clip: Clip) -> list[float | None]:
    return [frame.time_s for frame in clip.read() if isinstance(frame, Frame)]


@pytest.mark.parametrize(("name", "codec", "stated", "times_from"), CONTAINERS)
def test_frames_their_times_and_their_count(
    tmp_path: Path, name: str, codec: str, stated: int | None, times_from: str
) -> None:
    path = tmp_path / name
    write_clip(path, codec)
    clip = open_clip(path)
    assert (clip.way, clip.size_HW) == ("opencv", (112, 112))
    assert (clip.stated_frames, clip.times_from, clip.warnings) == (stated, times_from, ())
    assert clip.fps == pytest.approx(FPS)
    assert np.array_equal(read_whole(path), sequential(path))
    assert times_of(clip) == pytest.approx([index / FPS for index in range(COUNT)], abs=1e-6)
    wanted = [frame for frame in clip.read([4, 20]) if isinstance(frame, Frame)]
    assert [frame.index for frame in wanted] == [4, 20]
    assert [frame.time_s for frame in wanted] == pytest.approx([0.08, 0.4])
    assert np.array_equal(np.stack([frame.grey_HW for frame in wanted]), sequential(path)[[4, 20]])


def test_the_rate_of_the_user_wins(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(set_times(write_clip(path), [each / 100 for each in UNEVEN]))
    clip = open_clip(path, fps=10.0)
    assert (clip.times_from, clip.fps) == ("--fps", 10.0)
    assert times_of(clip) == pytest.approx([index / 10 for index in range(COUNT)])


# --- True times ---------------------------------------------------------------------------------------------------


def test_an_mp4_with_a_variable_rate_has_the_time_of_each_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    whole = write_clip(path)
    path.write_bytes(set_times(whole, [each / 100 for each in UNEVEN]))
    clip = open_clip(path)
    assert clip.times_from == "time stamps"
    assert times_of(clip) == pytest.approx(UNEVEN_S, abs=1e-4)


@pytest.mark.parametrize(("name", "codec"), [("clip.mkv", "mp4v"), ("clip.webm", "VP80")])
def test_a_matroska_file_with_a_variable_rate_has_the_time_of_each_frame(
    tmp_path: Path, name: str, codec: str
) -> None:
    path = tmp_path / name
    path.write_bytes(set_block_times(write_clip(path, codec), UNEVEN_S))
    clip = open_clip(path)
    assert clip.times_from == "time stamps"
    assert times_of(clip) == pytest.approx(UNEVEN_S, abs=1e-6)
    assert len(clip.sample()) == 8


def test_a_frame_that_an_avi_shows_for_longer_leaves_a_gap_in_the_times(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    whole = write_clip(path, "XVID")
    avi = parse_avi(whole)
    assert avi is not None
    frames = [whole[start : start + length] for start, length in avi.spans_N2.tolist()]
    path.write_bytes(build_avi([*frames[:5], b"", b"", *frames[5:]], codec=b"XVID"))
    clip = open_clip(path)
    assert (clip.stated_frames, clip.times_from) == (COUNT, "frame rate")
    assert times_of(clip) == pytest.approx([(index + 2 * (index >= 5)) / 25 for index in range(COUNT)])


def test_times_of_a_stream_without_a_container_follow_from_its_rate_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "clip.m2v"
    write_clip(path, "MPG2")
    clip = open_clip(path)
    assert clip.times_from == "frame rate"
    assert clip.fps is not None  # some versions of OpenCV guess 25
    (warning,) = clip.warnings
    assert warning.startswith("its frames have no usable time stamps, so their times follow from a rate of ")
    assert f" of {clip.fps:g} frames per second, which may be a guess; state the true one" in warning
    assert times_of(clip) == pytest.approx([index / clip.fps for index in range(COUNT)])
    assert open_clip(path, fps=30).warnings == ()


def test_stamps_that_do_not_increase_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_bytes(set_block_times(write_clip(path, "mp4v"), [0.0] * COUNT))
    clip = open_clip(path)
    assert clip.times_from == "frame rate"
    assert "no usable time stamps" in clip.warnings[0]
    times_s = [each for each in times_of(clip) if each is not None]
    assert len(times_s) == COUNT
    assert np.all(np.diff(times_s) > 0)


@pytest.mark.parametrize("rate", [1 / 4_000_000_000, 4_000_000_000.0], ids=["slow", "fast"])
def test_a_rate_that_cannot_be_true_gives_no_times(tmp_path: Path, rate: float) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(set_rate(write_clip(path, "XVID"), rate))
    clip = open_clip(path)
    assert (clip.fps, clip.times_from) == (None, None)
    assert clip.warnings[0] == f"its rate of {rate:g} frames per second cannot be true, so it is not used"
    assert times_of(clip) == [None] * COUNT
    clip = open_clip(path, fps=20.0)
    assert (clip.fps, clip.times_from, clip.warnings) == (20.0, "--fps", ())
    assert times_of(clip) == pytest.approx([index / 20 for index in range(COUNT)])


def test_an_avi_that_states_no_rate_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(set_rate(write_clip(path, "XVID"), 0.0))
    clip = open_clip(path)
    assert clip.times_from == "frame rate"
    assert f" of {clip.fps:g} frames per second, which may be a guess" in clip.warnings[0]


def test_stamps_that_lie_minutes_apart_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(set_times(write_clip(path), [300.0] * COUNT))
    clip = open_clip(path)
    assert (clip.fps, clip.times_from) == (None, None)
    assert "cannot be true" in clip.warnings[0]
    assert times_of(clip) == [None] * COUNT


# --- Damage -------------------------------------------------------------------------------------------------------


def test_an_mp4_that_was_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    whole = move_index_to_front(write_clip(path))
    path.write_bytes(whole)
    frames_NHW = read_whole(path)
    assert len(frames_NHW) == COUNT
    path.write_bytes(whole[: len(whole) * 6 // 10])
    clip = open_clip(path)
    assert clip.stated_frames == COUNT
    found = read_whole(path)
    assert 8 < len(found) < 20
    assert np.array_equal(found[:-1], frames_NHW[: len(found) - 1])
    assert len(clip.sample()) == 8


@pytest.mark.parametrize("codec", ["XVID", "\0\0\0\0", "HFYU"])
def test_an_avi_that_was_cut_off_gives_what_it_has(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.avi"
    whole = write_clip(path, codec)
    frames_NHW = read_whole(path)
    path.write_bytes(whole[: len(whole) * 6 // 10])
    assert open_clip(path).stated_frames == COUNT
    found = read_whole(path)
    assert 8 < len(found) < 20
    assert np.array_equal(found[:-1], frames_NHW[: len(found) - 1])


@pytest.mark.parametrize(("name", "codec"), [("clip.mkv", "mp4v"), ("clip.webm", "VP80")])
def test_a_matroska_file_that_was_cut_off_says_so(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    whole = write_clip(path, codec)
    path.write_bytes(whole[: len(whole) * 6 // 10])
    clip = open_clip(path)
    assert clip.warnings == (
        "the file is shorter than its header says, so its end is missing; copy it again from its source",
    )
    assert 8 < len(read_whole(path)) < 20
    assert len(clip.sample()) == 8


def test_a_frame_that_does_not_decode_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "clip.mov"
    whole = write_clip(path, "MJPG")  # each frame is a JPEG of its own
    frames_NHW = read_whole(path)
    path.write_bytes(break_jpeg(whole, 9))
    frames = list(open_clip(path).read())
    assert frames[9] == DamagedFrame(index=9, reason="its data is damaged")
    others = [frame for frame in frames if isinstance(frame, Frame)]
    assert [frame.index for frame in others] == [index for index in range(COUNT) if index != 9]
    assert [frame.time_s for frame in others] == pytest.approx([frame.index / FPS for frame in others])
    assert np.array_equal(np.stack([frame.grey_HW for frame in others]), np.delete(frames_NHW, 9, axis=0))


def break_jpeg(mov: bytes, number: int) -> bytes:
    """Replace a frame by zeros, in a file of which each frame is a JPEG."""
    starts = [found.start() for found in re.finditer(b"\xff\xd8\xff", mov)]
    assert len(starts) == COUNT
    return mov[: starts[number]] + bytes(starts[number + 1] - starts[number]) + mov[starts[number + 1] :]


def test_a_lost_frame_of_a_variable_rate_has_no_number(tmp_path: Path) -> None:
    path = tmp_path / "clip.mov"
    path.write_bytes(set_times(break_jpeg(write_clip(path, "MJPG"), 15), [each / 100 for each in UNEVEN]))
    clip = open_clip(path)
    frames = list(clip.read())
    assert [frame for frame in frames if isinstance(frame, DamagedFrame)] == [
        DamagedFrame(index=None, reason="its data is damaged")
    ]
    others = [frame for frame in frames if isinstance(frame, Frame)]
    assert [frame.index for frame in others] == list(range(COUNT - 1))
    assert [frame.time_s for frame in others] == pytest.approx([*UNEVEN_S[:15], *UNEVEN_S[16:]], abs=1e-4)
    assert [frame.index for frame in clip.read([14, 15])] == [14, 15]


def test_a_failure_that_leaves_no_gap_in_the_times_changes_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder of B-frames fails before it gives the frames that are shown earlier."""
    path = tmp_path / "clip.mp4"
    write_clip(path)

    def fail_early(capture: cv2.VideoCapture) -> Iterator[float | None]:
        for number, stamp_s in enumerate(grab_stamps(capture)):
            yield from [None] * (number == 7)
            if number != 10:
                yield stamp_s

    monkeypatch.setattr(lvzoo.data.clips.video.capture, "grab_stamps", fail_early)
    for fps in (None, 10.0):
        frames = list(open_clip(path, fps=fps).read())
        assert [frame.index for frame in frames if isinstance(frame, DamagedFrame)] == [10]
        others = [frame for frame in frames if isinstance(frame, Frame)]
        assert [frame.index for frame in others] == [index for index in range(COUNT) if index != 10]
        rate = fps or FPS
        assert [frame.time_s for frame in others] == pytest.approx(
            [(frame.index or 0) / rate for frame in others]
        )
        assert [frame.index for frame in open_clip(path, fps=fps).read([9, 10, 11])] == [9, 10, 11]


EVEN = [index / 30 for index in range(12)]


@pytest.mark.parametrize(
    ("stamps", "numbers", "lost"),
    [
        (EVEN, range(12), []),
        ([*EVEN[:5], None, *EVEN[5:]], range(12), []),
        ([*EVEN[:5], None, None, EVEN[5], EVEN[8], EVEN[10]], [0, 1, 2, 3, 4, 5, 8, 10], [6, 7, 9]),
        ([None, None, *EVEN[:3]], [2, 3, 4], [0, 1]),
        ([round(each, 3) if each != EVEN[6] else None for each in EVEN], [*range(6), *range(7, 12)], [6]),
        ([0.0, None, 0.1, 0.2], [0, 1, 2], [None]),
        ([0.0, 0.1, 0.3, None, 0.4], [0, 1, 2, 3], [None]),
        ([0.0, 0.1, 0.2, None, 0.3, 0.45, None, 0.8], [0, 1, 2, 3, 4, 5], [None]),
        ([0.0, 0.1, 0.2, None, 1e9, 1e9 + 0.1], [0, 1, 2, 3, 4], [None]),
    ],
)
def test_numbers_follow_from_the_stamps(
    stamps: list[float | None], numbers: Sequence[int], lost: list[int | None]
) -> None:
    found = list(number_frames(stamps))
    assert [number for number, stamp_s in found if stamp_s is not None] == list(numbers)
    assert [number for number, stamp_s in found if stamp_s is None] == lost


def warn_of_missing(path: Path) -> list[str]:
    clip = open_clip(path)
    frames = [frame for frame in clip.read() if isinstance(frame, Frame)]
    return find_missing(clip, [frame.index for frame in frames], [frame.time_s for frame in frames])


@pytest.mark.parametrize(("name", "codec"), [("clip.mkv", "mp4v"), ("clip.webm", "VP80")])
def test_frames_that_vanish_without_a_failure_are_told(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    whole = write_clip(path, codec)
    assert warn_of_missing(path) == []
    path.write_bytes(drop_blocks(whole, range(14, COUNT)))
    assert warn_of_missing(path) == [
        "it ends at 0.26 s, but its header states 0.46 s; it is damaged or was cut off"
    ]
    path.write_bytes(drop_blocks(whole, [9, 10, 11]))
    assert warn_of_missing(path) == [
        "the times of its frames leave a gap after 0.16 s, so frames may be missing there"
    ]


@pytest.mark.parametrize(("name", "codec"), [each[:2] for each in CONTAINERS])
def test_whole_files_miss_no_frames(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    write_clip(path, codec)
    assert warn_of_missing(path) == []


def test_a_variable_rate_is_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    path.write_bytes(set_block_times(write_clip(path, "VP80"), UNEVEN_S))
    assert warn_of_missing(path) == []


def test_an_mp4_without_video_says_so(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    whole = write_clip(path)
    handler = [b"moov", b"trak", b"mdia", b"hdlr"]
    path.write_bytes(change_box(whole, handler, lambda old: old.replace(b"vide", b"soun")))
    with pytest.raises(DataError, match=r"clip\.mp4: holds no video, only other streams such as sound"):
        open_clip(path)


def test_an_mp4_without_its_index_says_that_it_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    whole = write_clip(path)
    path.write_bytes(whole[: whole.rindex(b"moov") - 4])
    with pytest.raises(
        DataError, match=r"clip\.mp4: its index \(moov\) is missing: the recorder was interrupted"
    ):
        open_clip(path)


def test_an_edit_list_that_hides_frames_makes_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    whole = write_clip(path)

    def halve(edits: bytes) -> bytes:
        (duration,) = struct.unpack_from(">I", edits, 8)
        return edits[:8] + struct.pack(">I", duration // 2) + edits[12:]

    path.write_bytes(change_box(whole, [b"moov", b"trak", b"edts", b"elst"], halve))
    clip = open_clip(path)
    assert len(read_whole(path)) < COUNT
    assert clip.stated_frames is None


# --- What OpenCV does not decode ----------------------------------------------------------------------------------


def test_a_codec_that_opencv_does_not_decode_is_named_with_a_conversion(tmp_path: Path) -> None:
    path = tmp_path / "my clip.mp4"
    path.write_bytes(set_codec(write_clip(path), b"vvc1"))
    with pytest.raises(DataError, match="this OpenCV decodes none of its VVC frames; convert it: ") as error:
        open_clip(path)
    assert str(error.value).endswith(
        f"ffmpeg -i '{path}' -an -c:v mjpeg -q:v 2 '{tmp_path}/my clip-mjpeg.mkv'"
    )


def test_a_rare_codec_of_an_avi_is_named_by_its_code(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(write_clip(path, "XVID").replace(b"XVID", b"XYZW"))
    with pytest.raises(DataError, match="decodes none of its XYZW frames; convert it: ffmpeg -i"):
        open_clip(path)


def test_a_codec_in_matroska_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    path.write_bytes(write_clip(path, "VP80").replace(b"V_VP8", b"V_AV1"))
    with pytest.raises(DataError, match="decodes none of its AV1 frames; convert it: ffmpeg -i"):
        open_clip(path)


# --- Names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "2024-11-14T22:57:44.mp4",
        "concat:x.mp4",
        "-",
        "a%03d.mp4",
        "naïve äöü.mp4",
        "new\nline.mp4",
        "no suffix",
    ],
)
def test_any_name_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    content = write_clip(tmp_path / "clip.mp4")
    path = (tmp_path / name).relative_to(tmp_path)
    path.write_bytes(content)
    assert len(read_whole(path)) == COUNT


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_a_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"m\xfcller.mp4")
    path.write_bytes(write_clip(tmp_path / "clip.mp4"))
    with pytest.raises(DataError, match="OpenCV cannot open a name that is not UTF-8; rename the file"):
        open_clip(path)


# --- Samples ------------------------------------------------------------------------------------------------------


def test_frames_that_lie_far_apart_are_sampled_by_seeking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path)
    monkeypatch.setattr(lvzoo.data.clips.video.reader, "FAR_FRAMES", 1)
    monkeypatch.setattr(
        lvzoo.data.clips.video.reader, "sample_stream", lambda *_: pytest.fail("it was read in order")
    )
    assert np.array_equal(open_clip(path).sample(), read_whole(path)[evenly_spaced(COUNT)])


def test_a_sample_of_a_file_that_was_cut_off_is_found_by_seeking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    whole = move_index_to_front(write_clip(path))
    path.write_bytes(whole[: len(whole) * 6 // 10])
    monkeypatch.setattr(lvzoo.data.clips.video.reader, "FAR_FRAMES", 1)
    assert 4 <= len(open_clip(path).sample()) <= 8


def test_where_seeking_fails_the_frames_are_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path)
    in_order = open_clip(path).sample()
    monkeypatch.setattr(lvzoo.data.clips.video.reader, "FAR_FRAMES", 1)
    monkeypatch.setattr(lvzoo.data.clips.video.reader, "seek_frames", lambda *_: [])
    assert np.array_equal(open_clip(path).sample(), in_order)


@pytest.mark.parametrize("share", [0.6, 1.0], ids=["cut off", "whole"])
def test_a_sample_takes_one_pass_also_if_the_header_promises_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    path = tmp_path / "clip.mp4"
    whole = move_index_to_front(write_clip(path))
    path.write_bytes(whole[: round(len(whole) * share)])
    clip = open_clip(path)
    assert clip.likely_frames == COUNT
    passes = []

    def count_passes(path: Path) -> AbstractContextManager[cv2.VideoCapture]:
        passes.append(path)
        return open_capture(path)

    monkeypatch.setattr(lvzoo.data.clips.video.capture, "open_capture", count_passes)
    sample_NHW = clip.sample()
    assert len(passes) == 1
    whole_NHW = read_whole(path)
    places = [int(np.flatnonzero((whole_NHW == each_HW).all(axis=(1, 2)))[0]) for each_HW in sample_NHW]
    assert len(places) == 8
    assert places[0] == 0
    assert places[-1] >= len(whole_NHW) - 2
    assert set(np.diff(places)) <= {1, 2, 3, 4}


@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 17, 100])
def test_a_sample_is_spread_over_a_video_of_any_length(tmp_path: Path, count: int) -> None:
    path = write_video(tmp_path / "clip.mkv", smooth_frames(count, seed=3), codec="FFV1")
    numbers = [frame.index for frame in sample_stream(path, (112, 112), 8)]
    assert len(numbers) == min(count, 8)
    assert numbers[0] == 0
    gaps = np.diff([*numbers, count])
    assert gaps.min() >= 1
    assert gaps.max() <= 2 * gaps[:-1].min(initial=count) + 1


# --- What the decoders print --------------------------------------------------------------------------------------

OPEN_ALL = """
import sys
from pathlib import Path
from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.video.reader import open_video
from lvzoo.errors import DataError
for name in sys.argv[1:]:
    try:
        print(sum(isinstance(frame, Frame) for frame in open_video(Path(name), fps=None).read()))
    except DataError:
        print("none")
"""


def test_opencv_and_ffmpeg_print_nothing_of_their_own(tmp_path: Path) -> None:
    whole = move_index_to_front(write_clip(tmp_path / "clip.mp4"))
    contents = {
        "cut.mp4": whole[: len(whole) * 6 // 10],
        "damaged.mp4": whole[: len(whole) // 2] + bytes(3000) + whole[len(whole) // 2 + 3000 :],
        "unknown.mp4": set_codec(whole, b"xyzw"),
        "text.mp4": b"no video",
        "index.mp4": whole[:400],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    free = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    for code in (OPEN_ALL, f"import cv2\n{OPEN_ALL}"):
        answer = subprocess.run(
            [sys.executable, "-c", code, *contents],
            cwd=tmp_path,
            env=free,
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stderr == ""
        assert answer.stdout.split()[2:] == ["none"] * 3


def test_a_setting_of_the_user_for_opencvs_messages_stays(tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    path.write_bytes(set_codec(write_clip(path), b"xyzw"))
    answer = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, path],
        env={**os.environ, "OPENCV_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ERROR" in answer.stderr
