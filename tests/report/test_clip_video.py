"""The overlay video has both contours on the shown part of the clip, and browsers play it if there is an encoder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from lvzoo.data.clips.recognise import read_whole
from lvzoo.report import clip_video
from lvzoo.report.clip_video import OverlayVideo, draw_overlay
from lvzoo.types.answer import View

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WHOLE = View(left=0, top=0, width=112, height=112)
SQUARE = np.array([[40, 30], [69, 30], [69, 59], [40, 59]], np.float32)


def grey(size_HW: tuple[int, int] = (112, 112)) -> NDArray[np.uint8]:
    return np.full(size_HW, 100, dtype=np.uint8)


def find_coloured(picture: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.nonzero(np.ptp(picture.astype(int), axis=2))
    return rows, columns


def test_the_outline_is_drawn_where_it_is_and_the_rest_is_left() -> None:
    picture = draw_overlay(grey(), WHOLE, SQUARE, None, zoom=4)
    assert picture.shape == (448, 448, 3)
    rows, columns = find_coloured(picture)
    assert (rows.min() / 4, rows.max() / 4) == pytest.approx((30.4, 59.4), abs=0.7)
    assert (columns.min() / 4, columns.max() / 4) == pytest.approx((40.4, 69.4), abs=0.7)
    assert (picture[170:190, 210:230] == 100).all()
    assert (draw_overlay(grey(), WHOLE, None, None) == 100).all(), "an empty mask has no outline"


def test_the_second_opinion_has_another_colour() -> None:
    picture = draw_overlay(grey(), WHOLE, SQUARE, SQUARE + 20)
    answer, check = picture[45, 40], picture[65, 60]
    assert answer.argmax() == 1, "the answer is green"
    assert check.argmax() == 0, "the check is blue"


def test_only_the_view_is_shown() -> None:
    """The name of a patient stands beside the sector."""
    frame_HW = grey((100, 200))
    cv2.putText(frame_HW, "DOE", (5, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    shown_HW = np.zeros((100, 200), np.bool_)
    shown_HW[:, 120:180] = True
    view = View(left=110, top=0, width=80, height=100, shown_HW=shown_HW)
    picture = draw_overlay(frame_HW, view, np.array([[130, 20], [160, 20], [150, 70]]), None)
    assert picture.shape == (100, 80, 3)
    assert not picture[:, :10].any()
    assert picture.max() < 255
    _, columns = find_coloured(picture)
    assert (columns.min(), columns.max()) == pytest.approx((20, 50), abs=2)


def write_overlay(folder: Path, *, frames: int = 6, fps: float | None = 50.0) -> OverlayVideo:
    view = View(left=3, top=5, width=91, height=77)
    video = OverlayVideo(folder, view, fps=fps)
    for number in range(frames):
        video.add(grey((120, 120)) + np.uint8(10 * number), SQUARE, None)
    video.close()
    return video


@pytest.fixture
def no_h264(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(clip_video, "_opencv_writes_h264", lambda: False)


@pytest.mark.usefixtures("no_h264")
def test_without_an_encoder_it_is_motion_jpeg(tmp_path: Path) -> None:
    video = write_overlay(tmp_path)
    assert (video.name, video.plays_in_browsers) == ("overlay.avi", False)
    frames_NHW = np.asarray(read_whole(tmp_path / "overlay.avi"))
    assert frames_NHW.shape == (6, 462, 546), "enlarged six times"
    assert frames_NHW[:, :20, :20].mean(axis=(1, 2)) == pytest.approx([100, 110, 120, 130, 140, 150], abs=2)


@pytest.mark.usefixtures("no_h264")
@pytest.mark.parametrize("fps", [None, 0.02, 9_000])
def test_an_odd_frame_rate_gives_a_video_too(tmp_path: Path, fps: float | None) -> None:
    write_overlay(tmp_path, fps=fps)
    assert len(read_whole(tmp_path / "overlay.avi")) == 6


def test_with_pyav_it_is_h264_in_mp4(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    video = write_overlay(tmp_path)
    assert (video.name, video.plays_in_browsers) == ("overlay.mp4", True)
    with av.open(str(tmp_path / "overlay.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(frames) == 6
    assert [frame[:20, :20].mean() for frame in frames] == pytest.approx(
        [100, 110, 120, 130, 140, 150], abs=4
    )
