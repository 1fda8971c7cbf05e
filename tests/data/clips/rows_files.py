"""The rows of the matrix for pictures, GIF, and files that are no clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvzoo.data.clips.clip import ClipFile
from tests.data.clips.row import (
    BGR_NHW3,
    DURATIONS_S,
    FPS,
    GREY_NHW,
    UNEVEN_S,
    PALETTE_256x3,
    Read,
    Refused,
    Row,
)

Maker = Callable[[Path], Path | ClipFile]

# --- Pictures ---------------------------------------------------------------------------------------------------


def write_pictures(suffix: str, frames: NDArray[Any]) -> Maker:
    """Return a maker that writes numbered pictures with OpenCV."""

    def make(folder: Path) -> ClipFile:
        images = tuple(folder / f"{index:03d}{suffix}" for index in range(len(frames)))
        for image, frame in zip(images, frames, strict=True):
            image.write_bytes(cv2.imencode(suffix, frame)[1].tobytes())
        return ClipFile(path=folder, images=images)

    return make


def make_palette_pictures() -> list[Image.Image]:
    pictures = []
    for frame in GREY_NHW:
        picture = Image.fromarray(frame)
        picture.putpalette(PALETTE_256x3.tobytes())
        pictures.append(picture)
    return pictures


def write_palette_pictures(suffix: str) -> Maker:
    def make(folder: Path) -> ClipFile:
        images = tuple(folder / f"{index:03d}{suffix}" for index in range(len(GREY_NHW)))
        for image, picture in zip(images, make_palette_pictures(), strict=True):
            picture.save(image)
        return ClipFile(path=folder, images=images)

    return make


OPAQUE_NHW1: Final = np.full((*GREY_NHW.shape, 1), 255, dtype=np.uint8)
PICTURES: Final = Read(way="images", times_from=None, states_count=True, exact=True)
JPEGS: Final = Read(way="images", times_from=None, states_count=True)
TIMED: Final = Read(way="images", times_from="--fps", states_count=True, exact=True)
PICTURE_ROWS: Final = (
    Row(
        format="pictures",
        codec="PNG",
        colour="grey",
        make=write_pictures(".png", GREY_NHW),
        expected=PICTURES,
    ),
    Row(
        format="pictures",
        codec="PNG",
        colour="16-bit grey",
        make=write_pictures(".png", GREY_NHW.astype(np.uint16) * 257),
        expected=PICTURES,
    ),
    Row(
        format="pictures", codec="PNG", colour="RGB", make=write_pictures(".png", BGR_NHW3), expected=PICTURES
    ),
    Row(
        format="pictures",
        codec="PNG",
        colour="16-bit RGB",
        make=write_pictures(".png", BGR_NHW3.astype(np.uint16) * 257),
        expected=PICTURES,
    ),
    Row(
        format="pictures",
        codec="PNG",
        colour="RGBA",
        make=write_pictures(".png", np.concatenate([BGR_NHW3, OPAQUE_NHW1], axis=-1)),
        expected=PICTURES,
    ),
    Row(
        format="pictures",
        codec="PNG",
        colour="palette",
        make=write_palette_pictures(".png"),
        expected=PICTURES,
    ),
    Row(
        format="pictures",
        codec="BMP",
        colour="grey",
        make=write_pictures(".bmp", GREY_NHW),
        expected=PICTURES,
    ),
    Row(
        format="pictures", codec="BMP", colour="RGB", make=write_pictures(".bmp", BGR_NHW3), expected=PICTURES
    ),
    Row(
        format="pictures",
        codec="BMP",
        colour="palette",
        make=write_palette_pictures(".bmp"),
        expected=PICTURES,
    ),
    Row(
        format="pictures", codec="JPEG", colour="grey", make=write_pictures(".jpg", GREY_NHW), expected=JPEGS
    ),
    Row(format="pictures", codec="JPEG", colour="RGB", make=write_pictures(".jpg", BGR_NHW3), expected=JPEGS),
    Row(
        format="pictures with `--fps`",
        codec="PNG",
        colour="grey",
        make=write_pictures(".png", GREY_NHW),
        expected=TIMED,
        fps=FPS,
    ),
)

# --- GIF --------------------------------------------------------------------------------------------------------


def write_gif(pictures: Sequence[Image.Image], durations_s: Sequence[float] | None) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "clip.gif"
        timing: dict[str, Any] = {}
        if durations_s is not None:
            timing = {"duration": [round(each * 1000) for each in durations_s]}
        pictures[0].save(path, save_all=True, append_images=pictures[1:], **timing)
        return path

    return make


GREY_PICTURES: Final = [Image.fromarray(frame) for frame in GREY_NHW]
GIF: Final = Read(way="gif", times_from="frame durations", states_count=False, exact=True)
GIF_ROWS: Final = (
    Row(
        format="GIF",
        colour="grey",
        make=write_gif(GREY_PICTURES, DURATIONS_S),
        expected=GIF,
        times_s=UNEVEN_S,
    ),
    Row(
        format="GIF",
        colour="palette",
        make=write_gif(make_palette_pictures(), DURATIONS_S),
        expected=GIF,
        times_s=UNEVEN_S,
    ),
    Row(
        format="GIF without durations",
        colour="grey",
        make=write_gif(GREY_PICTURES, None),
        expected=Read(
            way="gif",
            times_from=None,
            states_count=False,
            exact=True,
            warned="states no duration for some frames",
        ),
    ),
)

# --- No clips ---------------------------------------------------------------------------------------------------


def write_content(content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "clip.mp4"
        path.write_bytes(content)
        return path

    return make


OTHER_ROWS: Final = (
    Row(
        format="text",
        make=write_content(b"This is no clip.\n" * 50),
        expected=Refused(message="is a text file, not a clip"),
    ),
    Row(format="empty file", make=write_content(b""), expected=Refused(message="is empty")),
    Row(
        format="folder without clips",
        make=lambda folder: folder,
        expected=Refused(message="is a folder without clips"),
    ),
    Row(
        format="missing file",
        make=lambda folder: folder / "none.mp4",
        expected=Refused(message="cannot be read (No such file or directory)"),
    ),
)
