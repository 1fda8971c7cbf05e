"""The rows of the matrix for video files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2

from lvzoo.data.clips.clip import TimeSource
from tests.data.clips.boxes import move_index_to_front, set_codec, set_times
from tests.data.clips.elements import set_block_times
from tests.data.clips.made_avi import build_avi
from tests.data.clips.row import (
    BGR_NHW3,
    COUNT,
    DURATIONS_S,
    EVEN_S,
    FPS,
    GREY_NHW,
    SIZE_HW,
    UNEVEN_S,
    Read,
    Refused,
    Row,
)
from tests.made_videos import write_video

Maker = Callable[[Path], Path]
Change = Callable[[bytes], bytes]

VOP: Final = b"\0\0\1\xb6"
"""The beginning of a frame in MPEG-4."""
JPEG: Final = b"\xff\xd8\xff"


def write(suffix: str, fourcc: str, change: Change | None = None) -> Maker:
    """Return a maker that writes a video with OpenCV and then changes its bytes."""

    def make(folder: Path) -> Path:
        path = write_video(folder / f"clip{suffix}", BGR_NHW3, codec=fourcc, fps=FPS)
        if change is not None:
            path.write_bytes(change(path.read_bytes()))
        return path

    return make


def write_grey_avi(folder: Path) -> Path:
    """Write an AVI of grey JPEGs, with 25 frames per second; OpenCV writes only colours."""
    path = folder / "clip.avi"
    coded = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in GREY_NHW]
    path.write_bytes(build_avi(coded, size=SIZE_HW))
    return path


def cut(content: bytes) -> bytes:
    """Cut a file off within its sixth frame."""
    mark = VOP if VOP in content else JPEG
    sixth = list(re.finditer(re.escape(mark), content))[5].start()
    return content[: sixth + len(mark) + 2]


def drop_avi_index(avi: bytes) -> bytes:
    return avi[: avi.rindex(b"idx1")]


def drop_mp4_index(mp4: bytes) -> bytes:
    return mp4[: mp4.rindex(b"moov") - 4]


def read(times_from: TimeSource, *, states_count: bool, whole: bool = True, warned: str = "") -> Read:
    return Read(way="opencv", times_from=times_from, states_count=states_count, whole=whole, warned=warned)


MJPG: Final = Read(way="mjpg-index", times_from="frame rate", states_count=True)
MJPG_SCANNED: Final = Read(way="mjpg-scan", times_from="frame rate", states_count=True)
MJPG_CUT: Final = Read(way="mjpg-scan", times_from="frame rate", states_count=True, whole=False)
AVI: Final = read("frame rate", states_count=True)
AVI_CUT: Final = read("frame rate", states_count=True, whole=False)
MP4: Final = read("time stamps", states_count=True)
MP4_CUT: Final = read("time stamps", states_count=True, whole=False)
STREAM: Final = read("time stamps", states_count=False)
STREAM_CUT: Final = read(
    "time stamps", states_count=False, whole=False, warned="the file is shorter than its header says"
)
BARE: Final = read("frame rate", states_count=False, warned="its frames have no usable time stamps")


def refuse(codec: str) -> Refused:
    return Refused(message=f"this OpenCV decodes none of its {codec} frames; convert it: ffmpeg -i")


def row(name: str, codec: str, make: Maker, expected: Read | Refused, *, uneven: bool = False) -> Row:
    times_s = None if expected is BARE else UNEVEN_S if uneven else EVEN_S
    return Row(format=name, codec=codec, colour="colour", make=make, expected=expected, times_s=times_s)


VIDEO_ROWS: Final = (
    row("AVI", "MJPG", write(".avi", "MJPG"), MJPG),
    Row(
        format="AVI",
        codec="MJPG",
        colour="grey",
        make=write_grey_avi,
        expected=MJPG,
        times_s=[index / 25 for index in range(COUNT)],
    ),
    row("AVI without index", "MJPG", write(".avi", "MJPG", drop_avi_index), MJPG_SCANNED),
    row("AVI (cut off)", "MJPG", write(".avi", "MJPG", cut), MJPG_CUT),
    row("AVI", "MPEG-4", write(".avi", "XVID"), AVI),
    row("AVI", "HuffYUV", write(".avi", "HFYU"), AVI),
    row("AVI", "uncompressed", write(".avi", "\0\0\0\0"), AVI),
    row("AVI (cut off)", "MPEG-4", write(".avi", "XVID", cut), AVI_CUT),
    row("MP4", "MPEG-4", write(".mp4", "mp4v"), MP4),
    row("M4V", "MPEG-4", write(".m4v", "mp4v"), MP4),
    row("MOV", "MPEG-4", write(".mov", "mp4v"), MP4),
    row("MOV", "MJPG", write(".mov", "MJPG"), MP4),
    row(
        "MP4 (variable rate)",
        "MPEG-4",
        write(".mp4", "mp4v", lambda mp4: set_times(mp4, DURATIONS_S)),
        MP4,
        uneven=True,
    ),
    row("MP4 (cut off)", "MPEG-4", write(".mp4", "mp4v", lambda mp4: cut(move_index_to_front(mp4))), MP4_CUT),
    row(
        "MP4 without index",
        "MPEG-4",
        write(".mp4", "mp4v", drop_mp4_index),
        Refused(message="its index (moov) is missing"),
    ),
    row("MKV", "MPEG-4", write(".mkv", "mp4v"), STREAM),
    row("WebM", "VP8", write(".webm", "VP80"), STREAM),
    row("WebM", "VP9", write(".webm", "VP90"), STREAM),
    row(
        "WebM (variable rate)",
        "VP8",
        write(".webm", "VP80", lambda webm: set_block_times(webm, UNEVEN_S)),
        STREAM,
        uneven=True,
    ),
    row("MKV (cut off)", "MPEG-4", write(".mkv", "mp4v", cut), STREAM_CUT),
    row("TS", "MPEG-2", write(".ts", "mp2v"), STREAM),
    row("MPG", "MPEG-2", write(".mpg", "MPG2"), STREAM),
    row("M2V", "MPEG-2", write(".m2v", "MPG2"), BARE),
    row("WMV", "WMV2", write(".wmv", "WMV2"), STREAM),
    row(
        "MP4",
        "AV1 (if OpenCV lacks it)",
        write(".mp4", "mp4v", lambda mp4: set_codec(mp4, b"av01")),
        refuse("AV1"),
    ),
    row(
        "MP4", "unknown (`XYZW`)", write(".mp4", "mp4v", lambda mp4: set_codec(mp4, b"XYZW")), refuse("XYZW")
    ),
    row(
        "AVI",
        "unknown (`XYZW`)",
        write(".avi", "XVID", lambda avi: avi.replace(b"XVID", b"XYZW")),
        refuse("XYZW"),
    ),
)
