"""Opens DICOM files whose pixel data is a stream of MPEG-2, H.264 or HEVC.

The stream is copied into a temporary file, piece by piece, and read like any other video.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from lvzoo.data.clips.clip import Clip, DamagedFrame, Frame
from lvzoo.data.clips.dicom.fragments import Place, list_fragments
from lvzoo.data.clips.dicom.header import CHUNK_BYTES, DicomHeader
from lvzoo.data.clips.dicom.regions import read_regions
from lvzoo.data.clips.dicom.syntaxes import name_syntax
from lvzoo.data.clips.dicom.times import FrameTimes, read_times
from lvzoo.data.clips.video.capture import count_frames
from lvzoo.data.clips.video.containers import (
    HEAD_BYTES,
    PROGRAM_STREAM,
    is_mp4,
    is_transport_stream,
)
from lvzoo.data.clips.video.reader import open_video
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced

ELEMENTARY: Final = ".bin"
"""The suffix of a stream without a container. It states no times; FFmpeg would invent 25 frames per second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A video stream in a DICOM file.

    `times` are those that the file states beside it; they are None if the stream's own times are used.
    """

    header: DicomHeader
    places: Sequence[Place]
    suffix: str
    times: FrameTimes | None = None


def open_stream(header: DicomHeader, stated: int | None, *, fps: float | None) -> Clip:
    """Open a video stream. Its times are those of the DICOM file; if that has none, those of the stream's container.

    Args:
        header: the header of the file.
        stated: the number of frames that the header states.
        fps: the frame rate to use instead of the file's times.

    Raises:
        DataError: OpenCV does not decode the stream.
    """
    stream = _find_stream(header)
    is_bare = stream.suffix == ELEMENTARY
    with _copy_stream(stream) as copy:
        known = stated or _count_for_vector(copy, header)
        times = read_times(header.elements, known or 1, fps=fps, display_rate=is_bare)
        if times.source is not None or is_bare:
            stream = replace(stream, times=times)
        video = _open_copy(copy, stream)
    likely = known or video.likely_frames
    return Clip(
        path=header.path,
        way="dicom-video",
        size_HW=video.size_HW,
        stated_frames=stated or video.stated_frames,
        likely_frames=likely,
        times_from=stream.times.source if stream.times else video.times_from,
        fps=stream.times.fps if stream.times else video.fps,
        read_frames=partial(_read_frames, stream),
        sample_frames=partial(_sample_frames, stream, likely),
        regions=read_regions(header.elements, video.size_HW),
        warnings=(*header.elements.warnings, *video.warnings),
    )


def _count_for_vector(copy: Path, header: DicomHeader) -> int | None:
    """Return the number of frames if a `FrameTimeVector` must be compared with it.

    If the container states no number, the frames are decoded to count them, because OpenCV only guesses the number in
    an MPEG program stream.
    """
    if "FrameTimeVector" not in header.elements:
        return None
    return open_video(copy, fps=1.0).stated_frames or count_frames(copy)


def _find_stream(header: DicomHeader) -> Stream:
    with header.open() as file:
        places, _ = list_fragments(file, header)
        if places:
            file.seek(places[0][0])
        return Stream(
            header=header, places=places, suffix=_find_suffix(file.read(HEAD_BYTES) if places else b"")
        )


def _find_suffix(head: bytes) -> str:
    r"""Return the suffix of the container that a stream begins with, or else that of a bare stream.

    >>> _find_suffix(b"\0\0\0\x18ftypmp42"), _find_suffix(b"\0\0\0\1g")
    ('.mp4', '.bin')
    """
    if is_mp4(head):
        return ".mp4"
    if is_transport_stream(head):
        return ".ts"
    return ".mpg" if head.startswith(PROGRAM_STREAM) else ELEMENTARY


@contextmanager
def _copy_stream(stream: Stream) -> Iterator[Path]:
    """Copy a stream into a temporary file, and delete it in the end.

    Raises:
        DataError: an error in the `with` block is raised again with the name of the DICOM file.
    """
    path = stream.header.path
    with tempfile.TemporaryDirectory(prefix="lvzoo-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / f"stream{stream.suffix}"
        with stream.header.open() as file, copy.open("wb") as target:
            for place in stream.places:
                _copy_fragment(file, target, place)
        try:
            yield copy
        except DataError as error:
            raise DataError(
                f"{path}: video in transfer syntax {name_syntax(stream.header.syntax)} does not decode; check that "
                "the file is complete, or export the clip as JPEG baseline"
            ) from error


def _copy_fragment(file: BinaryIO, target: BinaryIO, place: Place) -> None:
    start, length = place
    file.seek(start)
    while length > 0 and (piece := file.read(min(length, CHUNK_BYTES))):
        target.write(piece)
        length -= len(piece)


def _open_copy(copy: Path, stream: Stream) -> Clip:
    """Open the copy of a stream. If its own times are not used, a rate is given, so that no warning is about them."""
    return open_video(copy, fps=1.0 if stream.times else None)


def _read_frames(stream: Stream, indices: Sequence[int] | None) -> Iterator[Frame | DamagedFrame]:
    with _copy_stream(stream) as copy:
        for frame in _open_copy(copy, stream).read_frames(indices):
            if stream.times is None or isinstance(frame, DamagedFrame):
                yield frame
            else:
                yield replace(frame, time_s=stream.times.at(frame.index))


def _sample_frames(stream: Stream, likely: int, most: int) -> Iterator[Frame | DamagedFrame]:
    with _copy_stream(stream) as copy:
        video = _open_copy(copy, stream)
        if video.sample_frames is not None:
            yield from video.sample_frames(most)
        else:
            yield from video.read_frames(evenly_spaced(likely, most))
