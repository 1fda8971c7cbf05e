"""Pictures as frames: every colour becomes the right grey, and a damaged picture costs only itself."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lvzoo.data.clips.clip import ClipFile, DamagedFrame, Frame
from lvzoo.data.clips.images import is_image
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError

COLOURS_HW3 = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
GREY_HW = np.asarray(cv2.cvtColor(COLOURS_HW3, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - what Pillow takes
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def encode_png(picture: NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1].tobytes())


def write_pictures(folder: Path, names: list[str], *, start: int = 0) -> tuple[Path, ...]:
    """Write a picture per name; the grey level of the first is `start`, and each further one is 1 brighter."""
    for level, name in enumerate(names, start):
        (folder / name).write_bytes(encode_png(np.full((24, 32), level, np.uint8)))
    return tuple(folder / name for name in names)


def read_frames(clip: ClipFile | Path, fps: float | None = None) -> list[Frame]:
    frames = list(open_clip(clip, fps=fps).read())
    good = [frame for frame in frames if isinstance(frame, Frame)]
    assert len(good) == len(frames)
    return good


HARMED_PNG = encode(Image.fromarray(COLOURS_HW3), "PNG").replace(b"IHDR", b"IHxR")
PALETTE = Image.fromarray(COLOURS_HW3).quantize(16)


@pytest.mark.parametrize(
    ("content", "expected_HW"),
    [
        (encode(Image.fromarray(GREY_HW), "PNG"), GREY_HW),
        (encode(Image.fromarray(COLOURS_HW3), "PNG"), GREY_HW),
        (encode(Image.fromarray(COLOURS_HW3).convert("RGBA"), "PNG"), GREY_HW),
        (
            encode(PALETTE, "PNG"),
            np.asarray(cv2.cvtColor(np.asarray(PALETTE.convert("RGB")), cv2.COLOR_RGB2GRAY)),
        ),
        (encode(Image.fromarray(GREY_HW > 99), "PNG"), np.where(GREY_HW > 99, 255, 0)),
        (encode(Image.fromarray(GREY_HW).convert("LA"), "PNG"), GREY_HW),
        (encode(Image.fromarray(COLOURS_HW3), "BMP"), GREY_HW),
        (encode(Image.fromarray(GREY_HW), "BMP"), GREY_HW),
        (encode_png(GREY_HW.astype(np.uint16) * 257), GREY_HW),
        (encode_png(COLOURS_HW3[..., ::-1].astype(np.uint16) * 256), GREY_HW),
    ],
    ids=[
        "grey",
        "colour",
        "alpha",
        "palette",
        "1 bit",
        "grey alpha",
        "BMP",
        "BMP grey",
        "16 bits",
        "48 bits",
    ],
)
def test_every_kind_of_picture_becomes_grey(
    tmp_path: Path, content: bytes, expected_HW: NDArray[np.uint8]
) -> None:
    (tmp_path / "frame").write_bytes(content)
    (frame,) = read_frames(tmp_path / "frame")
    assert np.array_equal(frame.grey_HW, expected_HW)
    assert frame.grey_HW.dtype == np.uint8


@pytest.mark.parametrize(
    "picture", [Image.fromarray(COLOURS_HW3), Image.fromarray(GREY_HW)], ids=["colour", "grey"]
)
def test_a_jpeg_has_the_grey_of_its_colours(tmp_path: Path, picture: Image.Image) -> None:
    (tmp_path / "frame.jpg").write_bytes(encode(picture, "JPEG", quality=100, subsampling=0))
    (frame,) = read_frames(tmp_path / "frame.jpg")
    assert np.abs(frame.grey_HW.astype(int) - GREY_HW).max() <= 4


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    picture = np.dstack([np.full((24, 32, 3), 200, np.uint8), np.full((24, 32), 255, np.uint8)])
    picture[:, 16:, 3] = 0
    (tmp_path / "frame.png").write_bytes(encode_png(picture))
    (frame,) = read_frames(tmp_path / "frame.png")
    assert np.unique(frame.grey_HW[:, :16]).tolist() == [200]
    assert np.unique(frame.grey_HW[:, 16:]).tolist() == [0]


def test_a_picture_is_not_turned_by_its_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "frame.jpg").write_bytes(encode(Image.fromarray(COLOURS_HW3), "JPEG", exif=exif))
    assert open_clip(tmp_path / "frame.jpg").size_HW == (24, 32)


def test_pictures_are_frames_in_their_order(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png", "f3.png"], start=7)
    clip = open_clip(ClipFile(path=tmp_path, images=images))
    frames = read_frames(ClipFile(path=tmp_path, images=images))
    assert [(frame.index, frame.time_s, int(frame.grey_HW[0, 0])) for frame in frames] == [
        *((0, None, 7), (1, None, 8), (2, None, 9))
    ]
    assert (clip.way, clip.stated_frames, clip.likely_frames, clip.fps) == ("images", 3, 3, None)
    assert (clip.times_from, clip.warnings) == (None, ())


def test_only_the_wanted_pictures_are_read(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png", "f3.png"])
    images[0].write_bytes(b"")
    clip = open_clip(ClipFile(path=tmp_path, images=images))
    assert [frame.index for frame in clip.read([1, 2, 9])] == [1, 2]


def test_a_stated_rate_gives_times(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png", "f3.png"])
    assert [frame.time_s for frame in read_frames(ClipFile(path=tmp_path, images=images), fps=50)] == [
        0,
        0.02,
        0.04,
    ]
    clip = open_clip(ClipFile(path=tmp_path, images=images), fps=50)
    assert (clip.fps, clip.times_from) == (50, "--fps")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"f2\.png: is empty"),
        (b"no picture", r"f2\.png: is no PNG, JPEG or BMP picture"),
        (HARMED_PNG, r"f2\.png: its data is damaged"),
        (encode(Image.fromarray(COLOURS_HW3), "PNG")[:-200], r"f2\.png: is cut short"),
        (encode(Image.fromarray(COLOURS_HW3), "JPEG")[:-200], r"f2\.png: is cut short"),
        (encode(Image.fromarray(COLOURS_HW3[:20]), "PNG"), r"f2\.png: is 32 x 20, .* is 32 x 24"),
        (None, r"f2\.png: cannot be read \(No such file"),
    ],
    ids=["empty", "text", "harmed PNG", "cut PNG", "cut JPEG", "other size", "missing"],
)
def test_a_damaged_picture_costs_itself_alone(tmp_path: Path, content: bytes | None, reason: str) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png", "f3.png"])
    images[1].unlink()
    if content is not None:
        images[1].write_bytes(content)
    first, damaged, last = open_clip(ClipFile(path=tmp_path, images=images)).read()
    assert isinstance(damaged, DamagedFrame)
    assert re.search(reason, damaged.reason)
    assert (first.index, damaged.index, last.index) == (0, 1, 2)


def test_a_damaged_first_picture_does_not_decide_the_size(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png"])
    images[0].write_bytes(b"damaged")
    damaged, frame = open_clip(ClipFile(path=tmp_path, images=images)).read()
    assert isinstance(damaged, DamagedFrame)
    assert isinstance(frame, Frame)


def test_a_sequence_without_a_good_picture_is_told(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png"])
    for image in images:
        image.write_bytes(b"damaged")
    with pytest.raises(
        DataError, match=r"none of its 2 pictures decodes \(is no PNG, JPEG or BMP picture\); check"
    ):
        open_clip(ClipFile(path=tmp_path, images=images))


def test_a_single_cut_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "f.png").write_bytes(encode(Image.fromarray(COLOURS_HW3), "PNG")[:-200])
    with pytest.raises(
        DataError, match=r"f\.png: does not decode \(is cut short\); check that the file is comp"
    ):
        open_clip(tmp_path / "f.png")


def test_a_single_damaged_picture_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "f.png").write_bytes(HARMED_PNG)
    with pytest.raises(
        DataError, match=r"f\.png: does not decode \(its data is damaged\); check that the file is comp"
    ):
        open_clip(tmp_path / "f.png")


def test_missing_numbers_are_warned_of(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f1.png", "f2.png", "f5.png"])
    (warning,) = open_clip(ClipFile(path=tmp_path, images=images)).warnings
    assert warning == "2 of the numbers 1 to 5 are missing (3, 4); the frames are counted without them"


def test_times_leave_a_gap_for_missing_numbers(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, [f"img_{number}.png" for number in (1, 2, 3, 9, 10)])
    clip = ClipFile(path=tmp_path, images=images)
    frames = read_frames(clip, fps=50)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.time_s for frame in frames] == [0, 0.02, 0.04, 0.16, 0.18]
    (warning,) = open_clip(clip, fps=50).warnings
    assert warning.endswith("; the frames are counted without them, but the times leave a gap for them")


def test_times_rise_though_a_number_stands_twice(tmp_path: Path) -> None:
    images = write_pictures(tmp_path, ["f01.png", "f1.png", "f3.png"])
    assert [frame.time_s for frame in read_frames(ClipFile(path=tmp_path, images=images), fps=50)] == [
        *(0, 0.02, 0.04)
    ]


def test_few_bits_in_many_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "frame.png").write_bytes(encode_png(np.full((24, 32), 4095, np.uint16)))
    (warning,) = open_clip(tmp_path / "frame.png").warnings
    assert "4,095 of 65,535" in warning


def test_an_animated_png_is_warned_of(tmp_path: Path) -> None:
    frames = [Image.fromarray(GREY_HW), Image.fromarray(255 - GREY_HW)]
    (tmp_path / "clip.png").write_bytes(encode(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    clip = open_clip(tmp_path / "clip.png")
    assert clip.likely_frames == 1
    assert "animated PNG, of which only the first frame is read" in clip.warnings[0]


@pytest.mark.parametrize("name", ["%03d.png", "ü 1:2.png", os.fsdecode(b"\xff.png"), "[a]*.png"])
def test_a_picture_may_have_any_name(tmp_path: Path, name: str) -> None:
    write_pictures(tmp_path, [name], start=3)
    (frame,) = read_frames(tmp_path / name)
    assert frame.grey_HW.max() == 3


def test_a_text_is_no_bitmap() -> None:
    assert not is_image(b"BMI,age,weight\n24.1,77,70\n24.2,78,71\n")
    assert is_image(encode(Image.fromarray(GREY_HW), "BMP")[:348])
