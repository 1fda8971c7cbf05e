"""The picture of a suite: each tile shows the exact bytes that the models are tested on."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pydicom.examples
import pytest
from PIL import Image

from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError, UsageError
from lvzoo.noise.corrupt import select_conditions
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import Condition
from lvzoo.workflows.preview import ClipFrame, Sheet, draw, preview_noise, read_frame
from tests.made_plugins import NOISE_SOURCE, NOISE_SUITE
from tests.made_videos import write_video

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import Install


@pytest.fixture(scope="module")
def clip() -> Path:
    return min((cached_phantom(size="smoke", seed=0) / "Videos").glob("*.avi"))


def tiles(sheet: Sheet) -> list[NDArray[np.uint8]]:
    """Return the frames that the picture shows, row by row; each of their pixels must be a square of 2 x 2."""
    pixels_HW = np.asarray(sheet.image)
    shown = []
    for left, top, right, bottom in sheet.tiles:
        tile_HW = pixels_HW[top:bottom, left:right]
        frame_HW = tile_HW[::2, ::2]
        assert np.array_equal(tile_HW, np.kron(frame_HW, np.ones((2, 2), np.uint8)))
        shown.append(frame_HW)
    return shown


def words(sheet: Sheet) -> list[str]:
    return [text for text, _ in sheet.texts]


def test_a_tile_shows_the_bytes_of_the_suite(clip: Path) -> None:
    suite, frame = NoiseV1(), read_frame(clip, 5)
    shown = tiles(draw(frame, suite, select_conditions(suite, ["jpeg", "haze"], [1, 5])[1:]))
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


def test_a_test_frame_is_read_as_the_benchmark_reads_it(clip: Path) -> None:
    """Pixels, sector and names are the same, and so is the noise."""
    frames = EchoNetDynamic(clip.parent.parent).load("test")
    n = 0
    seen = read_frame(clip.parent / f"{frames.videos[n]}.avi", frames.frame_indices[n])
    assert np.array_equal(seen.frame_HW, frames.frames_NHW[n])
    assert (seen.video, seen.frame) == (frames.videos[n], frames.frame_indices[n])
    assert seen.sector == frames.sectors[n]


def test_title_rows_columns_and_levels_are_written(clip: Path) -> None:
    suite = NoiseV1()
    written = words(draw(read_frame(clip, 0), suite, select_conditions(suite, None, [2])[1:]))
    assert written[0] == f"noise-v1 on {clip.stem}, frame 0, synthetic"
    for name in ("clean", "severity 2", "acoustic", "digital", "saltpepper", suite.table[1].describe(2)):
        assert name in written
    assert "severity 1" not in written


@pytest.mark.parametrize(
    ("names", "severities"), [(None, None), (["blur"], [1]), (["shadow", "jpeg"], [2, 5])]
)
def test_nothing_overlaps_and_nothing_is_cut(
    clip: Path, names: list[str] | None, severities: list[int] | None
) -> None:
    suite = NoiseV1()
    sheet = draw(read_frame(clip, 0), suite, select_conditions(suite, names, severities)[1:])
    boxes = [*sheet.tiles, *(box for _, box in sheet.texts)]
    width, height = sheet.image.size
    for left, top, right, bottom in boxes:
        assert 0 < left < right < width
        assert 0 < top < bottom < height
    for one, other in itertools.combinations(boxes, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        above = one[3] <= other[1] or other[3] <= one[1]
        assert beside or above, (one, other)


def test_the_texts_can_be_read(clip: Path) -> None:
    """Each text has dark pixels in its box, and the sheet around texts and tiles is white."""
    suite = NoiseV1()
    sheet = draw(read_frame(clip, 0), suite, select_conditions(suite, ["gain", "jpeg"], None)[1:])
    pixels_HW = np.array(sheet.image)
    for _, (left, top, right, bottom) in sheet.texts:
        assert pixels_HW[top:bottom, left:right].min() < 110
    for left, top, right, bottom in [*sheet.tiles, *(box for _, box in sheet.texts)]:
        pixels_HW[top:bottom, left:right] = 255
    assert (pixels_HW == 255).all()


def test_each_level_stands_above_its_tile_and_each_name_beside_its_row(clip: Path) -> None:
    suite = NoiseV1()
    sheet = draw(read_frame(clip, 0), suite, select_conditions(suite, ["gain", "blur"], [2, 4])[1:])
    places = dict(sheet.texts)
    grid = {("gain", 2): 1, ("gain", 4): 2, ("blur", 2): 4, ("blur", 4): 5}  # 0 and 3 are the clean frames
    levels = {line.name: line for line in suite.table}
    for (name, severity), tile in grid.items():
        left, top, right, bottom = sheet.tiles[tile]
        word = places[levels[name].describe(severity)]
        assert (word[0] + word[2]) / 2 == pytest.approx((left + right) / 2, abs=2)
        assert 0 <= top - word[3] < 20
        label = places[name]
        assert top < label[1] < label[3] < bottom
        assert label[2] < sheet.tiles[0][0]
    heads = [places[head] for head in ("clean", "severity 2", "severity 4")]
    for head, (left, _, right, _) in zip(heads, sheet.tiles[:3], strict=True):
        assert (head[0] + head[2]) / 2 == pytest.approx((left + right) / 2, abs=2)


def test_a_phantom_is_known_by_a_relative_path_and_by_a_link(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "mine.avi"
    link.symlink_to(clip)
    monkeypatch.chdir(clip.parent)
    for path in (Path(clip.name), Path("..") / "Videos" / clip.name, link):
        assert read_frame(path, 0).synthetic, path


def test_names_and_severities_may_be_given_singly(clip: Path, tmp_path: Path) -> None:
    """As for `bench`."""
    one = preview_noise(clip, corruptions="haze, blur", severities=5, out=tmp_path / "one.png")
    other = preview_noise(clip, corruptions=["haze", "blur"], severities=[5], out=tmp_path / "other.png")
    assert one.read_bytes() == other.read_bytes()


def test_the_picture_is_a_png_that_shows_the_frames(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "noise.png"
    assert preview_noise(clip, frame=3, corruptions=["dropout"], severities=[5], out=out) == out
    suite, shown = NoiseV1(), read_frame(clip, 3)
    sheet = draw(shown, suite, [Condition(corruption="dropout", severity=5)])
    with Image.open(out) as picture:
        assert (picture.format, picture.size) == ("PNG", sheet.image.size)
        assert np.array_equal(np.asarray(picture), np.asarray(sheet.image))
    noisy_HW = suite.corrupt(shown.frame_HW, Condition(corruption="dropout", severity=5), **identity(shown))
    assert np.array_equal(tiles(sheet)[1], noisy_HW)
    before = out.read_bytes()
    out.unlink()
    preview_noise(clip, frame=3, corruptions=["dropout"], severities=[5], out=out)
    assert out.read_bytes() == before


def test_a_clip_of_a_scanner_is_cropped_to_its_sector(tmp_path: Path) -> None:
    clip = Path(pydicom.examples.get_path("ybr_color"))
    frame = read_frame(clip, 1)
    assert read_whole(clip).shape[1:] != (112, 112)
    assert frame.frame_HW.shape == (112, 112)
    assert not frame.synthetic
    assert preview_noise(clip, corruptions=["haze"], severities=[1], out=tmp_path / "real.png").exists()


def test_a_clip_without_a_sector_gives_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "flat.avi", np.full((1, 112, 112), 90, np.uint8))
    with caplog.at_level(logging.WARNING):
        assert not read_frame(path, 0).sector.fitted
    assert "flat.avi" in caplog.text
    assert "sector" in caplog.text


def test_another_suite_is_drawn_by_its_name(clip: Path, tmp_path: Path, install_plugin: Install) -> None:
    install_plugin("ward", NOISE_SOURCE, files={"suite.py": NOISE_SUITE})
    assert preview_noise(clip, noise="ward-noise", out=tmp_path / "ward.png").exists()


def test_mistakes_are_errors_before_anything_is_written(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "noise.png"
    with pytest.raises(UsageError, match=r"has no frame 5000\b.*\b0 to \d+"):
        preview_noise(clip, frame=5000, out=out)
    with pytest.raises(UsageError, match=r"noise\.jpg.*PNG.*noise\.png"):
        preview_noise(clip, out=tmp_path / "noise.jpg")
    with pytest.raises(UsageError, match=r"did you mean 'haze'"):
        preview_noise(clip, corruptions=["hase"], out=out)
    with pytest.raises(UsageError, match=r"nothing is selected.*corruption.*severity"):
        preview_noise(clip, corruptions=[], out=out)
    with pytest.raises(DataError, match=r"nowhere\.avi: cannot be read"):
        preview_noise(tmp_path / "nowhere.avi", out=out)
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine")
    with pytest.raises(DataError, match=r"noise\.png: exists.*--out"):
        preview_noise(clip, out=out)
    assert out.read_text() == "mine"


def test_a_clip_that_does_not_decode_is_an_error_of_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", np.zeros((3, 120, 160), dtype=np.uint8))

    def fail(*_: object) -> None:
        raise StopIteration

    monkeypatch.setattr(cv2, "imdecode", fail)
    assert main(["noise", "preview", str(clip), "--out", str(tmp_path / "noise.png")]) == 4
    told = capsys.readouterr().err
    assert "clip.avi: does not decode" in told
    assert "internal error" not in told
    assert not (tmp_path / "noise.png").exists()


def test_a_frame_of_a_dicom_that_states_too_many_is_shown(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(pydicom.examples.get_path("ybr_color"))
    dataset.NumberOfFrames = 40
    dataset.save_as(tmp_path / "short.dcm")
    assert read_frame(tmp_path / "short.dcm", 29).frame_HW.shape == (112, 112)
    for missing in (30, 39, -1):
        with pytest.raises(UsageError, match=r"short\.dcm: has no frame .+; it has 0 to 29"):
            read_frame(tmp_path / "short.dcm", missing)
