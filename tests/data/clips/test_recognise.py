"""How a clip's format is recognised, and how errors of any library become one line about the file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.data.clips.clip import MOST_LETTERS, Clip, Frame, Way, report_damage, shorten
from lvzoo.data.clips.recognise import open_clip, read_whole, stack_frames
from lvzoo.errors import DataError, UsageError
from tests.data.clips.matrix import ROWS
from tests.data.clips.row import Read

ALL_WAYS: tuple[tuple[str, Way], ...] = (
    ("AVI, MJPG, colour", "mjpg-index"),
    ("MP4, MPEG-4, colour", "opencv"),
    ("WebM, VP8, colour", "opencv"),
    ("WMV, WMV2, colour", "opencv"),
    ("DICOM, explicit, grey", "dicom"),
    ("DICOM, MPEG-2 in TS, colour", "dicom-video"),
    ("GIF, grey", "gif"),
    ("NIfTI, gzip, grey", "nifti"),
    ("pictures, PNG, grey", "images"),
    ("pictures, JPEG, grey", "images"),
    ("pictures, BMP, grey", "images"),
)
NAMES = ("clip", "clip.avi", "clip.dcm", "clip.gif", "clip.mp4", "clip.nii", "clip.nii.gz", "clip.png")


def make_clip(row_name: str, folder: Path) -> Path:
    """Make the file of a row of the matrix, or its first picture."""
    (row,) = (row for row in ROWS if row.name == row_name)
    assert isinstance(row.expected, Read)
    if row.needs:
        pytest.importorskip(row.needs)
    made = row.make(folder)
    return made if isinstance(made, Path) else made.images[0]


# --- The content decides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row_name", "way"), ALL_WAYS)
def test_the_content_decides_whatever_the_name(tmp_path: Path, row_name: str, way: Way) -> None:
    made = make_clip(row_name, tmp_path)
    right = read_whole(made)
    for name in NAMES:
        path = tmp_path / "renamed" / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(made, path)
        assert open_clip(path).way == way
        assert np.array_equal(read_whole(path), right)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clip.dcm", "is not a DICOM file"),
        ("clip.nii", "is not a complete NIfTI file"),
        ("clip.avi", "does not decode as a video"),
        ("clip.png", "does not decode as a video"),
        ("clip.txt", "does not decode as a video"),
    ],
)
def test_the_name_decides_where_the_content_shows_nothing(tmp_path: Path, name: str, message: str) -> None:
    if name == "clip.nii":
        pytest.importorskip("nibabel")
    (tmp_path / name).write_bytes(b"\x02no clip\x03" * 50)
    with pytest.raises(DataError, match=message):
        open_clip(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["notes.txt", "notes.nfo", "notes", "a.avi", "a.mp4", "a.dcm", "a.nii", "a.png"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_text_is_refused_whatever_its_name(tmp_path: Path, name: str, encoding: str) -> None:
    (tmp_path / name).write_bytes(("Größe der Kammer:\t5 cm\r\n" * 500).encode(encoding))
    with pytest.raises(DataError, match=f"{name}: is a text file, not a clip; name a video"):
        open_clip(tmp_path / name)


def test_an_animated_webp_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.webp"
    path.write_bytes(b"RIFF\x7c\x65\1\0WEBPVP8X\x0a\0\0\0\x12" + bytes(300))
    with pytest.raises(DataError, match=r"clip\.webp: is a WebP picture, which lvzoo does not read; convert"):
        open_clip(path)


# --- Whole clips ------------------------------------------------------------------------------------------------


def test_a_clip_that_does_not_fit_into_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip("AVI, MJPG, colour", tmp_path)

    stack = np.stack

    def refuse(arrays: Sequence[NDArray[np.uint8]], axis: int = 0) -> NDArray[np.uint8]:
        if axis == 0:
            raise MemoryError
        return stack(arrays, axis=axis)

    monkeypatch.setattr(np, "stack", refuse)
    with pytest.raises(DataError, match=f"{path.name}: {NO_MEMORY}"):
        read_whole(path)


def test_frames_are_changed_one_by_one_and_reading_stops_early(tmp_path: Path) -> None:
    clip = open_clip(make_clip("AVI, MJPG, colour", tmp_path))
    whole_NHW = stack_frames(clip)
    some_NHW = stack_frames(clip, change=lambda frame_HW: frame_HW[::2, ::2], most=2)
    assert np.array_equal(some_NHW, whole_NHW[:2, ::2, ::2])


# --- What is no file --------------------------------------------------------------------------------------------


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"none\.avi: cannot be read \(No such file or directory\); check the"
    ):
        open_clip(tmp_path / "none.avi")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder without clips; name a clip, or a folder of numbered"):
        open_clip(tmp_path)


@pytest.mark.parametrize("name", ["clip", "clip.avi", "clip.dcm", "clip.nii", "clip.png"])
def test_an_empty_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"{name}: is empty; copy it again from its source"):
        open_clip(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes in folders")
@pytest.mark.timeout(20)
def test_a_pipe_is_told_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.avi")
    with pytest.raises(DataError, match=r"clip\.avi: is a pipe or a device; give a file"):
        open_clip(tmp_path / "clip.avi")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind the root user, so the error is raised by hand."""
    path = tmp_path / "clip.avi"
    path.write_bytes(b"RIFF")

    def refuse(self: Path, *_: object) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"clip\.avi: cannot be read \(Permission denied\); check the path"):
        open_clip(path)


# --- What libraries raise ---------------------------------------------------------------------------------------


class OtherError(Exception):
    """An exception of some library."""


def stop_early() -> Iterator[int]:
    yield next(iter(()))


def make_generator_error() -> RuntimeError:
    """Return what Python makes of a `StopIteration` that leaves a generator."""
    with pytest.raises(RuntimeError) as raised:
        next(stop_early())
    return raised.value


NO_MEMORY = "does not fit into memory; close other programs, or shrink the clip"
CASES = [
    (StopIteration(), "does not decode (StopIteration); check that the file is complete"),
    (make_generator_error(), "does not decode (StopIteration); check that the file is complete"),
    (
        OtherError("first\n  second"),
        "does not decode (OtherError: first second); check that the file is complete",
    ),
    (RuntimeError("no luck"), "does not decode (RuntimeError: no luck); check that the file is complete"),
    (cv2.error("bad argument"), "does not decode (error: bad argument); check that the file is complete"),
    (MemoryError(), NO_MEMORY),
    (cv2.error("(-4:Insufficient memory) Failed to allocate 9 bytes"), NO_MEMORY),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), NO_MEMORY),
    (
        OSError(errno.EIO, "Input/output error"),
        "cannot be read (Input/output error); check the path and the file",
    ),
    (
        OSError("image is truncated"),
        "cannot be read (OSError: image is truncated); check the path and the file",
    ),
]


def make_failing_clip(error: Exception) -> Clip:
    """Return a clip whose second frame cannot be read."""

    def read_frames(_: Sequence[int] | None) -> Iterator[Frame]:
        yield Frame(index=0, time_s=None, grey_HW=np.zeros((4, 4), dtype=np.uint8))
        raise error

    return Clip(
        path=Path("clip.dcm"),
        way="dicom",
        size_HW=(4, 4),
        stated_frames=2,
        likely_frames=2,
        times_from=None,
        fps=None,
        read_frames=read_frames,
    )


@pytest.mark.parametrize(("error", "message"), CASES)
def test_whatever_a_library_raises_becomes_a_line_about_the_file(error: Exception, message: str) -> None:
    with pytest.raises(DataError) as raised, report_damage(Path("clip.dcm")):
        raise error
    assert str(raised.value) == f"clip.dcm: {message}"
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(("error", "message"), CASES)
def test_the_same_holds_while_frames_are_read(error: Exception, message: str) -> None:
    clip = make_failing_clip(error)
    frames = clip.read()
    next(frames)
    with pytest.raises(DataError) as raised:
        next(frames)
    assert str(raised.value) == f"clip.dcm: {message}"
    with pytest.raises(DataError, match=r"clip\.dcm: "):
        clip.sample()


def test_a_long_message_is_shortened() -> None:
    text = shorten(ValueError("damaged " * 1000))
    assert len(text) <= MOST_LETTERS
    assert text.startswith("ValueError: damaged damaged")
    assert text.endswith(" ...")


@pytest.mark.parametrize("error", [DataError("a.dcm: is odd; look at it"), UsageError("unknown option")])
def test_errors_of_lvzoo_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, report_damage(Path("clip.dcm")):
        raise error
    assert raised.value is error


def test_what_the_reader_of_the_frames_raises_is_not_taken_for_damage() -> None:
    """A fault of lvzoo, such as one in a model, must keep its traceback."""
    frames = make_failing_clip(OtherError()).read()
    with pytest.raises(ZeroDivisionError):
        _ = [1 / (frame.index or 0) for frame in frames]


def test_an_interruption_is_not_taken_for_damage() -> None:
    with pytest.raises(KeyboardInterrupt), report_damage(Path("clip.dcm")):
        raise KeyboardInterrupt
