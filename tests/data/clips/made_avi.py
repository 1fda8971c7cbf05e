"""Makes AVI files from the format's description, with or without an index, sound, records and further segments."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


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
    size: int | tuple[int, int] = 112,
) -> bytes:
    """Return an AVI of 25 frames per second, written from the format's description.

    `index` says where the offsets of `idx1` count from, "movi" or "file"; with "none" there is no index. `size` is
    the height and width.
    """
    video = b"01" if audio else b"00"
    head = (
        struct.pack("<4s4sIHHIIII", b"vids", codec, 0, 0, 0, 0, 1, 25, 0)
        + struct.pack("<I", len(frames))
        + bytes(20)
    )
    height, width = size if isinstance(size, tuple) else (size, size)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", form))
    if audio:
        sound = struct.pack("<4s4sIHHIIIII", b"auds", bytes(4), 0, 0, 0, 0, 1, 8000, 0, 0) + bytes(20)
        streams = chunk(b"LIST", b"strl" + chunk(b"strh", sound) + chunk(b"strf", bytes(16))) + streams
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + streams)
    movie, entries = bytearray(b"movi"), []
    for frame in frames:
        pieces = [(b"00wb", bytes(7))] * audio + [(video + b"dc", frame)]
        opened = len(movie) + 12 * records
        body = b""
        for name, content in pieces:
            entries.append((name, opened + len(body), len(content)))
            body += chunk(name, content)
        movie += chunk(b"LIST", b"rec " + body) if records else body
    base = 12 + len(header) + 8 if index == "file" else 0
    listed = b"".join(struct.pack("<4sIII", name, 16, base + at, length) for name, at, length in entries)
    body = header + chunk(b"LIST", bytes(movie)) + (chunk(b"idx1", listed) if index != "none" else b"")
    avi = chunk(b"RIFF", b"AVI " + body)
    if second_segment:
        more = b"movi" + b"".join(chunk(video + b"dc", frame) for frame in second_segment)
        avi += chunk(b"RIFF", b"AVIX" + chunk(b"LIST", more))
    return avi


def set_rate(avi: bytes, fps: float) -> bytes:
    """Return the file with another frame rate in the header of its first stream: a whole number, or one of 1/N."""
    scale, rate = (round(1 / fps), 1) if 0 < fps < 1 else (1, round(fps))
    start = avi.index(b"vids") + 20
    return avi[:start] + struct.pack("<II", scale, rate) + avi[start + 8 :]


def decoded(frames: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return JPEGs in grey as OpenCV decodes them, as (N, H, W)."""
    colour = (cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR) for frame in frames)
    return np.stack(
        [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in colour if frame is not None]
    ).astype(np.uint8)
