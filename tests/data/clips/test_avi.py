"""AVI files with MJPG frames: by index and by scan, whole and damaged, and that all ways show the same frames."""

from __future__ import annotations

import io
import struct
import tracemalloc
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import lvzoo.data.clips.video.avi
from lvzoo.data.clips.clip import DamagedFrame, Frame
from lvzoo.data.clips.content import OpenFile
from lvzoo.data.clips.recognise import open_clip, read_whole
from lvzoo.data.clips.video.riff import parse_avi
from lvzoo.errors import DataError
from tests.data.clips.made_avi import build_avi, chunk, decoded, jpegs, set_rate
from tests.data.echonet_folders import write_clip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


MOST_GREY_LEVELS = 2
"""The most that two JPEG decoders may differ by, because they round the transform and the colours differently."""


def sequential(path: Path) -> NDArray[np.uint8]:
    """Return every frame as OpenCV decodes it, from the first to the last."""
    capture = cv2.VideoCapture(str(path))
    frames: list[NDArray[np.uint8]] = []
    while True:
        decodes, frame = capture.read()
        if not decodes:
            return np.stack(frames)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.uint8))


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def read_frames(path: Path, indices: Sequence[int]) -> NDArray[np.uint8]:
    """Return the frames at ascending numbers, all of which must decode."""
    found = list(open_clip(path).read(indices))
    assert [frame.index for frame in found] == list(indices)
    return np.stack([frame.grey_HW for frame in found if isinstance(frame, Frame)])


@pytest.fixture(params=["read as a whole", "read in parts"])
def avi(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path for an AVI that is taken for a small or for a large one."""
    if request.param == "read in parts":
        monkeypatch.setattr(lvzoo.data.clips.video.avi, "MOST_BYTES", 0)
    return tmp_path / "clip.avi"


def test_a_file_of_opencv_is_read_by_its_index(avi: Path) -> None:
    write_clip(avi, 23)
    clip = open_clip(avi)
    assert (clip.way, clip.stated_frames, clip.likely_frames) == ("mjpg-index", 23, 23)
    assert clip.size_HW == (112, 112)
    assert clip.times_from == "frame rate"
    assert clip.fps == pytest.approx(50.0)
    assert difference(read_whole(avi), sequential(avi)) <= MOST_GREY_LEVELS


def test_frames_have_their_numbers_and_times(avi: Path) -> None:
    write_clip(avi, 23)
    frames = [frame for frame in open_clip(avi).read([2, 17]) if isinstance(frame, Frame)]
    assert [frame.index for frame in frames] == [2, 17]
    assert [frame.time_s for frame in frames] == pytest.approx([0.04, 0.34])
    assert np.array_equal(np.stack([frame.grey_HW for frame in frames]), read_whole(avi)[[2, 17]])
    assert [frame.index for frame in open_clip(avi).read([0, 22, 23, 30])] == [0, 22]


def test_the_rate_of_the_user_wins(avi: Path) -> None:
    write_clip(avi, 23)
    clip = open_clip(avi, fps=20.0)
    assert (clip.times_from, clip.fps) == ("--fps", 20.0)
    assert [frame.time_s for frame in clip.read([10]) if isinstance(frame, Frame)] == [0.5]


@pytest.mark.parametrize("index", ["movi", "file"])
def test_offsets_may_count_from_movi_or_from_the_file(avi: Path, index: str) -> None:
    avi.write_bytes(build_avi(jpegs(9), index=index))
    assert open_clip(avi).way == "mjpg-index"
    assert np.array_equal(read_whole(avi), decoded(jpegs(9)))


def test_without_an_index_the_chunks_are_scanned_to_identical_pixels(avi: Path) -> None:
    write_clip(avi, 23)
    by_index = read_whole(avi)
    whole = avi.read_bytes()
    avi.write_bytes(whole[: whole.rindex(b"idx1")])
    clip = open_clip(avi)
    assert (clip.way, clip.stated_frames) == ("mjpg-scan", 23)
    assert np.array_equal(read_whole(avi), by_index)


@pytest.mark.parametrize("damage", ["offsets", "sizes", "cut short"])
def test_a_broken_index_is_not_believed(avi: Path, damage: str) -> None:
    frames = jpegs(9)
    whole = bytearray(build_avi(frames))
    start = whole.rindex(b"idx1")
    if damage == "cut short":
        whole[start:] = chunk(b"idx1", bytes(whole[start + 8 : start + 8 + 16 * 4]))
    else:
        at = start + 8 + 16 * 5 + {"offsets": 8, "sizes": 12}[damage]
        whole[at : at + 4] = struct.pack("<I", struct.unpack_from("<I", whole, at)[0] + 2)
    avi.write_bytes(whole)
    assert open_clip(avi).way == "mjpg-scan"
    assert np.array_equal(read_whole(avi), decoded(frames))


@pytest.mark.parametrize("index", ["movi", "none"])
def test_a_frame_of_no_bytes_repeats_the_one_before(avi: Path, index: str) -> None:
    first, second = jpegs(9)[:2]
    avi.write_bytes(build_avi([first, b"", b"", second], index=index))
    assert open_clip(avi).way == {"movi": "mjpg-index", "none": "mjpg-scan"}[index]
    assert np.array_equal(read_whole(avi), decoded([first, first, first, second]))


@pytest.mark.parametrize("index", ["movi", "none"])
@pytest.mark.parametrize("records", [True, False])
def test_sound_and_records_between_the_frames_are_passed_over(avi: Path, index: str, records: bool) -> None:  # noqa: FBT001 - a parameter
    avi.write_bytes(build_avi(jpegs(9), index=index, audio=True, records=records))
    assert open_clip(avi).way == {"movi": "mjpg-index", "none": "mjpg-scan"}[index]
    assert np.array_equal(read_whole(avi), decoded(jpegs(9)))


def test_opendml_segments_are_read_to_the_end(avi: Path) -> None:
    frames = jpegs(9)
    avi.write_bytes(build_avi(frames[:6], second_segment=frames[6:]))
    clip = open_clip(avi)
    assert (clip.way, clip.stated_frames, clip.likely_frames) == ("mjpg-scan", None, 9)
    assert np.array_equal(read_whole(avi), decoded(frames))


def test_a_file_that_was_cut_off_ends_with_its_last_whole_frame(avi: Path) -> None:
    frames = jpegs(9)
    whole = build_avi(frames, index="none")
    avi.write_bytes(whole[: whole.index(frames[6]) + 100])
    clip = open_clip(avi)
    assert (clip.stated_frames, clip.likely_frames) == (9, 6)
    assert np.array_equal(read_whole(avi), decoded(frames[:6]))


def test_a_recording_that_was_interrupted_states_no_length(avi: Path) -> None:
    whole = bytearray(build_avi(jpegs(9), index="none"))
    movie = whole.index(b"movi")
    whole[movie - 4 : movie] = bytes(4)
    length = whole.index(b"vids") + 32
    whole[length : length + 4] = bytes(4)
    avi.write_bytes(whole)
    assert open_clip(avi).stated_frames is None
    assert len(read_whole(avi)) == 9


@pytest.mark.parametrize("rate", [1 / 4_000_000_000, 4_000_000_000.0], ids=["slow", "fast"])
def test_a_rate_that_cannot_be_true_gives_no_times(avi: Path, rate: float) -> None:
    avi.write_bytes(set_rate(build_avi(jpegs(9)), rate))
    clip = open_clip(avi)
    assert (clip.fps, clip.times_from) == (None, None)
    assert clip.warnings == (f"its rate of {rate:g} frames per second cannot be true, so it is not used",)
    assert [frame.time_s for frame in clip.read() if isinstance(frame, Frame)] == [None] * 9
    clip = open_clip(avi, fps=20.0)
    assert (clip.fps, clip.times_from, clip.warnings) == (20.0, "--fps", ())


def interrupt(frames: Sequence[bytes], gap: int) -> bytes:
    """Return a recording that was interrupted: zeros lie before the last two frames and at the end, and no index."""
    before, after = (b"".join(chunk(b"00dc", each) for each in part) for part in (frames[:-2], frames[-2:]))
    whole = build_avi(frames, index="none")
    movie = whole.index(b"movi")
    return whole[: movie - 4] + bytes(4) + b"movi" + before + bytes(gap) + after + bytes(gap)


@pytest.mark.parametrize("gap", [4, 8, 10, 3 << 20])
def test_zeros_between_and_behind_the_frames_are_passed_over(avi: Path, gap: int) -> None:
    frames = jpegs(9)
    avi.write_bytes(interrupt(frames, gap))
    assert open_clip(avi).way == "mjpg-scan"
    assert np.array_equal(read_whole(avi), decoded(frames))


class CountedFile(io.FileIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size) or b""


def test_a_long_run_of_zeros_is_read_in_few_steps(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(interrupt(jpegs(9), 8 << 20))
    with CountedFile(path) as file:
        found = parse_avi(OpenFile(file))
        assert found is not None
        assert len(found.spans_N2) == 9
        assert file.reads < 60


@pytest.mark.parametrize("damaged", [b"no picture here", jpegs(9)[3][:900], b"\xff\xd8\xff\xd9"])
def test_a_frame_that_does_not_decode_costs_itself_alone(avi: Path, damaged: bytes) -> None:
    frames = jpegs(9)
    frames[3] = damaged
    avi.write_bytes(build_avi(frames))
    read = list(open_clip(avi).read())
    assert read[3] == DamagedFrame(index=3, reason="its data is damaged")
    others = [frame for frame in read if isinstance(frame, Frame)]
    assert [frame.index for frame in others] == [0, 1, 2, 4, 5, 6, 7, 8]
    assert others[3].time_s == pytest.approx(4 / 25)
    assert np.array_equal(np.stack([frame.grey_HW for frame in others]), decoded([*frames[:3], *frames[4:]]))


def test_a_damaged_part_costs_an_indexed_file_only_the_frames_in_it(avi: Path) -> None:
    frames = jpegs(9)
    whole = build_avi(frames)
    start = whole.index(frames[5]) - 8  # the name and the length of the chunk are lost too
    avi.write_bytes(whole[:start] + bytes(600) + whole[start + 600 :])
    clip = open_clip(avi)
    assert (clip.way, clip.stated_frames) == ("mjpg-index", 9)
    read = list(clip.read())
    assert read[5] == DamagedFrame(index=5, reason="its data is damaged")
    others = [frame for frame in read if isinstance(frame, Frame)]
    assert [frame.index for frame in others] == [0, 1, 2, 3, 4, 6, 7, 8]
    assert np.array_equal(np.stack([frame.grey_HW for frame in others]), decoded([*frames[:5], *frames[6:]]))


def test_a_frame_of_another_size_is_damage(avi: Path) -> None:
    frames = jpegs(9)
    frames[3] = jpegs(9, size=56)[3]
    avi.write_bytes(build_avi(frames))
    (frame,) = open_clip(avi).read([3])
    assert frame == DamagedFrame(index=3, reason="it is 56 x 56, but the file's header says 112 x 112")


@pytest.mark.parametrize("content", [b"\0no video", build_avi([]), build_avi(jpegs(9))[:100]])
def test_a_file_without_frames_is_named(avi: Path, content: bytes) -> None:
    avi.write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.avi: does not decode as a video"):
        open_clip(avi)


@pytest.mark.parametrize("length", [100, -40])
@pytest.mark.parametrize("codec", [b"MJPG", b"Y800"])
def test_a_file_that_ends_within_its_first_frame_says_so(avi: Path, codec: bytes, length: int) -> None:
    frames = jpegs(9)
    whole = build_avi(frames, codec=codec)
    avi.write_bytes(whole[: whole.index(frames[0]) + length])
    with pytest.raises(DataError, match=r"clip\.avi: the file ends before its first frame is complete; copy"):
        open_clip(avi)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.avi: cannot be read \(No such file"):
        open_clip(tmp_path / "none.avi")


@pytest.mark.parametrize("index", ["movi", "none"])
def test_the_memory_does_not_grow_with_the_length_of_the_file(tmp_path: Path, index: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 480, 3)).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
    path = tmp_path / "long.avi"
    path.write_bytes(build_avi([jpeg] * 200, index=index, size=480))
    assert path.stat().st_size > 32 << 20
    tracemalloc.start()
    clip = open_clip(path)
    count = sum(isinstance(frame, Frame) for frame in clip.read())
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200
    assert most_bytes < 4 << 20
