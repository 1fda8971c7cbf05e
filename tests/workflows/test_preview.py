"""The picture of a suite: each tile shows the very bytes that the models are tested on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pydicom.examples
import pytest

from lvzoo.data.clip import read_clip
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError, UsageError
from lvzoo.noise.corrupt import conditions
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import Condition
from lvzoo.workflows.preview import ClipFrame, draw, preview_noise, read_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from tests.conftest import Install

OTHER_SUITE = """
from lvzoo import NoiseSource, hookimpl

@hookimpl
def lvzoo_noises():
    yield NoiseSource(name="ward", factory="ward_dist.suite:Ward", summary="white")
"""
WARD = """
import numpy as np

class Ward:
    name, severities, families = "ward", (1, 2), {"light": ("glare",)}

    def corrupt(self, frame_HW, condition, *, video, frame, sector):
        return np.full_like(frame_HW, 100 * condition.severity)
"""


@pytest.fixture(scope="module")
def clip(session_cache: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LVZOO_CACHE", str(session_cache))
        folder = cached_phantom(size="smoke", seed=0)
    return min((folder / "Videos").glob("*.avi"))


def tiles(figure: Figure) -> list[NDArray[np.uint8]]:
    """Return what is shown, row by row."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_a_tile_shows_the_bytes_of_the_suite(clip: Path) -> None:
    suite, frame = NoiseV1(), read_frame(clip, 5)
    shown = tiles(draw(frame, suite, conditions(suite, ["jpeg", "haze"], [1, 5])[1:]))
    expected = [
        frame.frame_HW if severity == 0 else suite.corrupt(frame.frame_HW, condition, **identity(frame))
        for name in ("haze", "jpeg")
        for severity in (0, 1, 5)
        for condition in [Condition(corruption=name, severity=severity)]
    ]
    assert len(shown) == 6
    for one, other in zip(shown, expected, strict=True):
        assert np.array_equal(one, other)


def identity(frame: ClipFrame) -> dict[str, Any]:
    return {"video": frame.video, "frame": frame.frame, "sector": frame.sector}


def test_a_test_frame_is_seen_as_the_benchmark_sees_it(clip: Path) -> None:
    """The same pixels, the same sector and the same name: so the same noise."""
    frames = EchoNetDynamic(clip.parent.parent).load("test")
    n = 0
    seen = read_frame(clip.parent / f"{frames.videos[n]}.avi", frames.frame_indices[n])
    assert np.array_equal(seen.frame_HW, frames.frames_NHW[n])
    assert (seen.video, seen.frame) == (frames.videos[n], frames.frame_indices[n])
    assert seen.sector == frames.sectors[n]


def test_rows_columns_levels_and_what_is_synthetic_are_named(clip: Path) -> None:
    suite = NoiseV1()
    written = words(draw(read_frame(clip, 0), suite, conditions(suite, None, [2])[1:]))
    assert written[0] == f"noise-v1 on {clip.stem}, frame 0, synthetic"
    for name in ("clean", "severity 2", "acoustic", "digital", "saltpepper", suite.table[1].describe(2)):
        assert name in written
    assert "severity 1" not in written


def test_a_phantom_is_known_by_a_relative_path_and_by_a_link(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "mine.avi"
    link.symlink_to(clip)
    monkeypatch.chdir(clip.parent)
    for path in (Path(clip.name), Path("..") / "Videos" / clip.name, link):
        assert read_frame(path, 0).synthetic, path


def test_names_and_severities_may_be_given_singly(clip: Path, tmp_path: Path) -> None:
    """As `bench` takes them."""
    one = preview_noise(clip, corruptions="haze, blur", severities=5, out=tmp_path / "one.png")
    other = preview_noise(clip, corruptions=["haze", "blur"], severities=[5], out=tmp_path / "other.png")
    assert one.read_bytes() == other.read_bytes()


def test_the_picture_is_a_png_that_shows_the_frames(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "noise.png"
    assert preview_noise(clip, frame=3, corruptions=["dropout"], severities=[5], out=out) == out
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape[1] > 300
    before = out.read_bytes()
    out.unlink()
    preview_noise(clip, frame=3, corruptions=["dropout"], severities=[5], out=out)
    assert out.read_bytes() == before


def test_a_clip_from_a_machine_is_cropped_to_its_sector(tmp_path: Path) -> None:
    clip = Path(pydicom.examples.get_path("ybr_color"))
    frame = read_frame(clip, 1)
    assert read_clip(clip).frames_NHW.shape[1:] != (112, 112)
    assert frame.frame_HW.shape == (112, 112)
    assert not frame.synthetic
    assert preview_noise(clip, corruptions=["haze"], severities=[1], out=tmp_path / "real.png").exists()


def test_a_clip_without_a_sector_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "flat.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (112, 112))
    writer.write(np.full((112, 112, 3), 90, np.uint8))
    writer.release()
    with caplog.at_level(logging.WARNING):
        assert not read_frame(path, 0).sector.fitted
    assert "no clear sector found" in caplog.text


def test_another_suite_is_shown_by_its_name(clip: Path, tmp_path: Path, install_plugin: Install) -> None:
    install_plugin("ward", OTHER_SUITE, files={"suite.py": WARD})
    assert preview_noise(clip, noise="ward", out=tmp_path / "ward.png").exists()


def test_mistakes_are_told_before_anything_is_written(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "noise.png"
    with pytest.raises(UsageError, match=r"has no frame 5000; it has 0 to \d+"):
        preview_noise(clip, frame=5000, out=out)
    with pytest.raises(UsageError, match=r"the picture is a PNG; name it noise\.png"):
        preview_noise(clip, out=tmp_path / "noise.jpg")
    with pytest.raises(UsageError, match=r"did you mean 'haze'"):
        preview_noise(clip, corruptions=["hase"], out=out)
    with pytest.raises(UsageError, match="nothing is selected"):
        preview_noise(clip, corruptions=[], out=out)
    with pytest.raises(DataError, match=r"nowhere\.avi: cannot be read"):
        preview_noise(tmp_path / "nowhere.avi", out=out)
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine")
    with pytest.raises(DataError, match=r"noise\.png: exists; remove it, or name another --out"):
        preview_noise(clip, out=out)
    assert out.read_text() == "mine"
