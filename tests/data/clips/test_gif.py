"""Animated GIFs: frames as a viewer shows them, and times by their durations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError


def write_gif(path: Path, levels: list[int], durations_ms: list[int] | int | None = 40) -> None:
    """Write a GIF of uniform frames; a square at the top left is white in all of them."""
    frames = []
    for level in levels:
        picture_HW = np.full((24, 32), level, np.uint8)
        picture_HW[:4, :4] = 255
        frames.append(Image.fromarray(picture_HW))
    timing = {} if durations_ms is None else {"duration": durations_ms}
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], **timing)


def read_frames(path: Path, fps: float | None = None) -> list[Frame]:
    return [frame for frame in open_clip(path, fps=fps).read() if isinstance(frame, Frame)]


def test_frames_and_their_own_times_are_read(tmp_path: Path) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30, 40], [30, 50, 20, 90])
    clip = open_clip(tmp_path / "clip.gif")
    assert [(frame.index, frame.time_s) for frame in read_frames(tmp_path / "clip.gif")] == [
        *((0, 0.0), (1, 0.03), (2, 0.08), (3, 0.1))
    ]
    assert [int(frame.grey_HW[20, 20]) for frame in read_frames(tmp_path / "clip.gif")] == [10, 20, 30, 40]
    assert (clip.way, clip.times_from, clip.size_HW) == ("gif", "frame durations", (24, 32))
    assert (clip.stated_frames, clip.likely_frames, clip.warnings) == (None, 4, ())
    assert clip.fps == pytest.approx(30)


def test_a_frame_shows_what_the_frames_before_it_left(tmp_path: Path) -> None:
    """Pillow stores only the pixels that changed; the white square is in the first frame alone."""
    write_gif(tmp_path / "clip.gif", [10, 20])
    assert read_frames(tmp_path / "clip.gif")[1].grey_HW[2, 2] == 255


def test_colours_become_grey(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (32, 24), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    red.save(tmp_path / "clip.gif", "GIF", save_all=True, append_images=[blue], duration=40)
    assert [int(frame.grey_HW[0, 0]) for frame in read_frames(tmp_path / "clip.gif")] == [76, 29]


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    picture = Image.new("P", (32, 24), 1)
    picture.putpalette([200, 200, 200, 90, 90, 90])
    picture.paste(0, (0, 0, 16, 24))
    picture.save(tmp_path / "clip.gif", "GIF", transparency=0)
    (frame,) = read_frames(tmp_path / "clip.gif")
    assert (frame.grey_HW[0, 0], frame.grey_HW[0, 20]) == (0, 90)


@pytest.mark.parametrize("durations_ms", [None, [40, 0, 40]], ids=["none", "one is 0"])
def test_unknown_durations_give_no_times(tmp_path: Path, durations_ms: list[int] | None) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30], durations_ms)
    clip = open_clip(tmp_path / "clip.gif")
    assert [frame.time_s for frame in read_frames(tmp_path / "clip.gif")] == [None] * 3
    assert (clip.fps, clip.times_from) == (None, None)
    assert clip.warnings == (
        "states no duration for some frames, so no frame has a time; give --fps (fps= in Python)",
    )


def test_a_stated_rate_wins(tmp_path: Path) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30], [40, 0, 40])
    clip = open_clip(tmp_path / "clip.gif", fps=50)
    assert [frame.time_s for frame in read_frames(tmp_path / "clip.gif", fps=50)] == [0, 0.02, 0.04]
    assert (clip.fps, clip.times_from, clip.warnings) == (50, "--fps", ())


def test_a_still_gif_is_one_frame(tmp_path: Path) -> None:
    write_gif(tmp_path / "clip.gif", [10])
    clip = open_clip(tmp_path / "clip.gif")
    assert (clip.likely_frames, clip.times_from, clip.warnings) == (1, None, ())


def test_only_the_wanted_frames_are_yielded(tmp_path: Path) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30, 40])
    frames = [frame for frame in open_clip(tmp_path / "clip.gif").read([1, 3, 9]) if isinstance(frame, Frame)]
    assert [(frame.index, int(frame.grey_HW[20, 20])) for frame in frames] == [(1, 20), (3, 40)]


def test_a_cut_gif_gives_what_it_has(tmp_path: Path) -> None:
    """Noise does not compress, so that the cut is within the data of a frame."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 96, 128), dtype=np.uint8)
    frames = [Image.fromarray(each_HW) for each_HW in noise]
    frames[0].save(tmp_path / "whole.gif", save_all=True, append_images=frames[1:], duration=40)
    content = (tmp_path / "whole.gif").read_bytes()
    (tmp_path / "cut.gif").write_bytes(content[: len(content) * 7 // 12])
    clip = open_clip(tmp_path / "cut.gif")
    assert [frame.index for frame in read_frames(tmp_path / "cut.gif")] == [0, 1, 2]
    assert np.array_equal(read_frames(tmp_path / "cut.gif")[2].grey_HW, noise[2])
    (warning,) = clip.warnings
    assert warning.startswith("frame 3 does not decode (")
    assert "the clip ends before it" in warning


def test_durations_of_many_minutes_give_no_times(tmp_path: Path) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30], 600_000)
    clip = open_clip(tmp_path / "clip.gif")
    assert (clip.fps, clip.times_from) == (None, None)
    assert [frame.time_s for frame in read_frames(tmp_path / "clip.gif")] == [None] * 3
    (warning,) = clip.warnings
    assert warning.startswith("its durations give 0.0017 frames per second, which cannot be true, ")


def test_a_lack_of_memory_is_not_taken_for_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_gif(tmp_path / "clip.gif", [10, 20, 30, 40])
    seek = GifImageFile.seek

    def fail(image: GifImageFile, frame: int) -> None:
        if frame == 2:
            raise MemoryError
        seek(image, frame)

    monkeypatch.setattr(GifImageFile, "seek", fail)
    with pytest.raises(DataError, match=r"clip\.gif: does not fit into memory"):
        open_clip(tmp_path / "clip.gif")


def test_a_gif_without_a_frame_is_told(tmp_path: Path) -> None:
    (tmp_path / "clip.gif").write_bytes(b"GIF89a\x20\x00\x18\x00\x00\x00\x00;")
    with pytest.raises(DataError, match=r"clip\.gif: "):
        open_clip(tmp_path / "clip.gif")
