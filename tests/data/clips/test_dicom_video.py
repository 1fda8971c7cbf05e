"""Video streams in DICOM files. OpenCV writes MPEG-2 and MPEG-4; H.264 and HEVC need an encoder that it lacks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom.uid import UID

from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.dicom.video import _find_suffix
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError
from tests.data.clips.made_dicom import make_dicom, put_fragments, save_dicom

MPEG2 = UID("1.2.840.10008.1.2.4.100")
H264 = UID("1.2.840.10008.1.2.4.102")
HEVC = UID("1.2.840.10008.1.2.4.107")
COUNT = 12


def write_stream(path: Path, codec: str) -> bytes:
    """Return a video of 25 frames per second, each brighter than the one before."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (64, 48))
    assert writer.isOpened()
    for number in range(COUNT):
        writer.write(np.full((48, 64, 3), 20 * number + 10, dtype=np.uint8))
    writer.release()
    content = path.read_bytes()
    return content + bytes(len(content) % 2)


def make_video(tmp_path: Path, suffix: str, syntax: UID, *, fragments: int = 1, **elements: object) -> Path:
    content = write_stream(tmp_path / f"stream{suffix}", "mp4v" if suffix == ".mp4" else "mp2v")
    dataset = make_dicom(np.zeros((COUNT, 48, 64), dtype=np.uint8), **elements)
    if dataset.NumberOfFrames is None:
        del dataset.NumberOfFrames
    size = -(-len(content) // fragments // 2) * 2
    put_fragments(
        dataset, syntax, [content[at : at + size] for at in range(0, len(content), size)], table=False
    )
    return save_dicom(dataset, tmp_path / "clip.dcm")


def read_all(clip: Clip) -> list[Frame]:
    return [frame for frame in clip.read() if isinstance(frame, Frame)]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize(
    ("suffix", "syntax"), [(".m2v", MPEG2), (".ts", MPEG2), (".mpg", MPEG2), (".mp4", H264), (".mp4", HEVC)]
)
def test_a_stream_is_read_like_a_video(
    tmp_path: Path, temporary: Path, suffix: str, syntax: UID, fragments: int
) -> None:
    clip = open_clip(make_video(tmp_path, suffix, syntax, fragments=fragments, FrameTime=20))
    frames = read_all(clip)
    assert (clip.way, clip.size_HW, clip.stated_frames, clip.warnings) == ("dicom-video", (48, 64), COUNT, ())
    assert [round(float(frame.grey_HW.mean()), -1) for frame in frames] == [20 * n + 10 for n in range(COUNT)]
    assert clip.times_from == "FrameTime"
    assert frames[-1].time_s == pytest.approx(0.02 * (COUNT - 1))
    assert list(temporary.iterdir()) == []


def test_the_container_gives_the_times_where_dicom_states_none(tmp_path: Path) -> None:
    clip = open_clip(make_video(tmp_path, ".mp4", H264, RecommendedDisplayFrameRate=10))
    assert clip.fps == pytest.approx(25.0)
    assert clip.times_from in {"time stamps", "frame rate"}
    assert read_all(clip)[-1].time_s == pytest.approx(0.04 * (COUNT - 1), abs=1e-3)


@pytest.mark.parametrize(
    ("suffix", "syntax"), [(".m2v", MPEG2), (".ts", MPEG2), (".mpg", MPEG2), (".mp4", H264)]
)
def test_a_vector_of_frame_times_is_used_if_the_number_of_frames_is_missing(
    tmp_path: Path, suffix: str, syntax: UID
) -> None:
    vector = [0.0] + [20.0] * 5 + [60.0] * 6
    clip = open_clip(make_video(tmp_path, suffix, syntax, NumberOfFrames=None, FrameTimeVector=vector))
    assert (clip.times_from, clip.likely_frames) == ("FrameTimeVector", COUNT)
    assert [read_all(clip)[index].time_s for index in (1, 5, 11)] == pytest.approx([0.02, 0.1, 0.46])
    assert clip.warnings == ()


def test_the_rate_of_the_user_wins(tmp_path: Path) -> None:
    path = make_video(tmp_path, ".mp4", H264, FrameTime=20)
    clip = open_clip(path, fps=100.0)
    assert (clip.times_from, clip.fps) == ("--fps", 100.0)
    assert read_all(clip)[-1].time_s == pytest.approx(0.11)


def test_some_frames_are_read_alone(tmp_path: Path) -> None:
    clip = open_clip(make_video(tmp_path, ".m2v", MPEG2, FrameTime=20))
    assert [frame.index for frame in clip.read([1, 5])] == [1, 5]
    assert clip.sample(4).shape == (4, 48, 64)


def test_the_temporary_file_is_deleted_if_reading_stops_early(tmp_path: Path, temporary: Path) -> None:
    frames = open_clip(make_video(tmp_path, ".m2v", MPEG2)).read()
    next(iter(frames))
    assert list(temporary.iterdir()) != []
    frames.close()  # type: ignore[attr-defined]
    assert list(temporary.iterdir()) == []


def test_a_stream_that_was_cut_off_gives_its_frames(tmp_path: Path) -> None:
    path = make_video(tmp_path, ".ts", MPEG2, NumberOfFrames=COUNT + 8)
    clip = open_clip(path)
    assert (clip.stated_frames, len(read_all(clip))) == (COUNT + 8, COUNT)


def test_a_stream_that_does_not_decode_is_told(tmp_path: Path, temporary: Path) -> None:
    dataset = make_dicom(np.zeros((COUNT, 48, 64), dtype=np.uint8))
    put_fragments(dataset, HEVC, [b"no stream of any kind"], table=False)
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    with pytest.raises(
        DataError, match=r"clip\.dcm: video in transfer syntax 'HEVC.+' does not decode; .+export"
    ):
        open_clip(path)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("start", [b"\0\0\0\1\x67", b"\0\0\1\x40", b""])
def test_streams_without_a_container_state_no_times(start: bytes) -> None:
    assert _find_suffix(start) == ".bin"
