"""Decoding by index, by scan and by OpenCV: which of them is used, and that all show the same frames."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from lvzoo.data.video import open_clip
from lvzoo.errors import DataError
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
        decoded, frame = capture.read()
        if not decoded:
            return np.stack(frames)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.uint8))


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def jpegs(count: int, size: int = 112) -> list[bytes]:
    """Return different JPEGs, of even and of odd lengths."""
    rng = np.random.default_rng(5)
    coded = []
    for _ in range(count):
        frame = cv2.resize(rng.integers(0, 256, (7, 7, 3)).astype(np.uint8), (size, size))
        coded.append(cv2.imencode(".jpg", frame)[1].tobytes())
    assert {len(each) % 2 for each in coded} == {0, 1}
    return coded


def build_avi(
    frames: Sequence[bytes],
    *,
    index: str = "movi",
    audio: bool = False,
    records: bool = False,
    second_segment: Sequence[bytes] = (),
    codec: bytes = b"MJPG",
) -> bytes:
    """Return an AVI, written from the format's description.

    `index` says where the offsets of `idx1` count from, "movi" or "file"; with "none" there is no index.
    """
    video = b"01" if audio else b"00"
    head = (
        struct.pack("<4s4sIHHIIII", b"vids", codec, 0, 0, 0, 0, 1, 25, 0)
        + struct.pack("<I", len(frames))
        + bytes(20)
    )
    form = struct.pack("<IiiHH4sIiiII", 40, 112, 112, 1, 24, codec, 0, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", form))
    if audio:
        sound = struct.pack("<4s4sIHHIIIII", b"auds", bytes(4), 0, 0, 0, 0, 1, 8000, 0, 0) + bytes(20)
        streams = chunk(b"LIST", b"strl" + chunk(b"strh", sound) + chunk(b"strf", bytes(16))) + streams
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + streams)
    movie, entries = b"movi", []
    for frame in frames:
        pieces = [(b"00wb", bytes(7))] * audio + [(video + b"dc", frame)]
        opened = len(movie) + 12 * records
        body = b""
        for name, content in pieces:
            entries.append((name, opened + len(body), len(content)))
            body += chunk(name, content)
        movie += chunk(b"LIST", b"rec " + body) if records else body
    base = 12 + len(header) + 8 if index == "file" else 0
    listed = b"".join(struct.pack("<4sIII", name, 16, base + at, size) for name, at, size in entries)
    body = header + chunk(b"LIST", movie) + (chunk(b"idx1", listed) if index != "none" else b"")
    avi = chunk(b"RIFF", b"AVI " + body)
    if second_segment:
        more = b"movi" + b"".join(chunk(video + b"dc", frame) for frame in second_segment)
        avi += chunk(b"RIFF", b"AVIX" + chunk(b"LIST", more))
    return avi


def decoded(frames: Sequence[bytes]) -> NDArray[np.uint8]:
    colour = (cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR) for frame in frames)
    return np.stack(
        [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in colour if frame is not None]
    ).astype(np.uint8)


@pytest.fixture
def avi(tmp_path: Path) -> Path:
    return tmp_path / "clip.avi"


def test_a_file_of_opencv_is_read_by_its_index(avi: Path) -> None:
    write_clip(avi, 23)
    clip = open_clip(avi)
    assert (clip.way, clip.count, clip.size_HW) == ("mjpg-index", 23, (112, 112))
    assert clip.fps == pytest.approx(50.0)
    assert difference(clip.read_all(), sequential(avi)) <= MOST_GREY_LEVELS


def test_wanted_frames_come_in_the_order_asked_for(avi: Path) -> None:
    write_clip(avi, 23)
    clip = open_clip(avi)
    assert np.array_equal(clip.read([17, 2, 17]), clip.read_all()[[17, 2, 17]])
    with pytest.raises(IndexError, match=r"no frame 23.* 23 frames"):
        clip.read([0, 23])


@pytest.mark.parametrize("index", ["movi", "file"])
def test_offsets_may_count_from_movi_or_from_the_file(avi: Path, index: str) -> None:
    avi.write_bytes(build_avi(jpegs(9), index=index))
    clip = open_clip(avi)
    assert clip.way == "mjpg-index"
    assert np.array_equal(clip.read_all(), decoded(jpegs(9)))


def test_without_an_index_the_chunks_are_scanned_to_identical_pixels(avi: Path) -> None:
    write_clip(avi, 23)
    by_index = open_clip(avi).read_all()
    whole = avi.read_bytes()
    avi.write_bytes(whole[: whole.rindex(b"idx1")])
    clip = open_clip(avi)
    assert clip.way == "mjpg-scan"
    assert np.array_equal(clip.read_all(), by_index)


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
    clip = open_clip(avi)
    assert clip.way == "mjpg-scan"
    assert np.array_equal(clip.read_all(), decoded(frames))


@pytest.mark.parametrize("index", ["movi", "none"])
def test_a_frame_of_no_bytes_repeats_the_one_before(avi: Path, index: str) -> None:
    first, second = jpegs(9)[:2]
    avi.write_bytes(build_avi([first, b"", b"", second], index=index))
    clip = open_clip(avi)
    assert clip.way == {"movi": "mjpg-index", "none": "mjpg-scan"}[index]
    assert np.array_equal(clip.read_all(), decoded([first, first, first, second]))


@pytest.mark.parametrize("index", ["movi", "none"])
@pytest.mark.parametrize("records", [True, False])
def test_sound_and_records_between_the_frames_are_passed_over(avi: Path, index: str, records: bool) -> None:  # noqa: FBT001 - a parameter
    avi.write_bytes(build_avi(jpegs(9), index=index, audio=True, records=records))
    clip = open_clip(avi)
    assert clip.way == {"movi": "mjpg-index", "none": "mjpg-scan"}[index]
    assert np.array_equal(clip.read_all(), decoded(jpegs(9)))


def test_opendml_segments_are_read_to_the_end(avi: Path) -> None:
    frames = jpegs(9)
    avi.write_bytes(build_avi(frames[:6], second_segment=frames[6:]))
    clip = open_clip(avi)
    assert clip.way == "mjpg-scan"
    assert np.array_equal(clip.read_all(), decoded(frames))


def test_a_file_that_was_cut_off_ends_with_its_last_whole_frame(avi: Path) -> None:
    frames = jpegs(9)
    whole = build_avi(frames, index="none")
    avi.write_bytes(whole[: whole.index(frames[6]) + 100])
    assert np.array_equal(open_clip(avi).read_all(), decoded(frames[:6]))


def test_a_recording_that_was_interrupted_states_no_length(avi: Path) -> None:
    whole = bytearray(build_avi(jpegs(9), index="none"))
    movie = whole.index(b"movi")
    whole[movie - 4 : movie] = bytes(4)
    avi.write_bytes(whole)
    assert open_clip(avi).count == 9


@pytest.mark.parametrize(("name", "codec"), [("clip.avi", "XVID"), ("clip.mp4", "mp4v")])
def test_other_codecs_and_containers_are_decoded_by_opencv(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    write_clip(path, 23, codec=codec)
    clip = open_clip(path)
    assert (clip.way, clip.count, clip.size_HW) == ("opencv", 23, (112, 112))
    assert np.array_equal(clip.read([4, 20]), sequential(path)[[4, 20]])


def test_a_frame_that_is_no_jpeg_is_named(avi: Path) -> None:
    frames = jpegs(9)
    frames[3] = b"no picture here"
    avi.write_bytes(build_avi(frames))
    clip = open_clip(avi)
    assert np.array_equal(clip.read([2, 4]), decoded([frames[2], frames[4]]))
    with pytest.raises(DataError, match=r"clip\.avi: frame 3 does not decode; the file is damaged"):
        clip.read([2, 3])


def test_a_frame_of_another_size_is_named(avi: Path) -> None:
    frames = jpegs(9)
    frames[3] = jpegs(9, size=56)[3]
    avi.write_bytes(build_avi(frames))
    with pytest.raises(DataError, match=r"frame 3 .*56 x 56.* 112 x 112"):
        open_clip(avi).read([3])


@pytest.mark.parametrize("content", [b"", b"no video", build_avi([]), build_avi(jpegs(9))[:200]])
def test_a_file_without_frames_is_named(avi: Path, content: bytes) -> None:
    avi.write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.avi: does not decode as a video"):
        open_clip(avi)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.avi: cannot be read \(No such file"):
        open_clip(tmp_path / "none.avi")
