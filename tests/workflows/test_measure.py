"""The shape of predicted masks is read from what `lvzoo predict` wrote, and comparable with that of tracings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

import lvzoo
from lvzoo.data.crop import Crop, uncrop
from lvzoo.data.shapes import NO_SHAPE
from lvzoo.errors import DataError
from lvzoo.geometry.shape import measure_shape
from lvzoo.phantom.write import PhantomSize, write_phantom
from lvzoo.types import Sector
from lvzoo.workflows.measure import AGAIN, STILL, UNREAD, find_phases, measure_clips, measure_results
from tests.data.echonet_folders import EchoNetFolder
from tests.made_results import draw_beat, write_results
from tests.made_videos import sector_frames, write_video

if TYPE_CHECKING:
    from pathlib import Path


STEADY = (
    *("ES length by ED length", "tilt of the axis, degrees", "centre x, px", "centre y, px"),
    *("ED area, px", "ES area, px", "fractional area change"),
)
"""The figures that hardly change from one frame to the next; a width near the tip may change by a tenth."""


def take_steady(shape: dict[str, float] | None) -> dict[str, float]:
    assert shape is not None
    return {name: shape[name] for name in STEADY}


def means(folder: Path) -> dict[str, float]:
    [shapes] = measure_clips([folder]).shapes
    return {each.name: each.mean for each in shapes.statistics}


def test_the_largest_and_the_smallest_mask_are_ed_and_es(tmp_path: Path) -> None:
    masks_NHW = draw_beat()
    folder = write_results(tmp_path / "clip", masks_NHW)
    # The median takes off the very tip of the curve.
    expected = take_steady(measure_shape(masks_NHW[0], masks_NHW[12]))
    assert take_steady(means(folder)) == pytest.approx(expected, rel=0.03, abs=0.02)


def test_one_folder_and_a_folder_of_folders_are_read(tmp_path: Path) -> None:
    for name, scale in (("a", 1.0), ("b", 0.8)):
        write_results(tmp_path / name, draw_beat(scale=scale))
    one = means(tmp_path / "a")
    both = measure_clips([tmp_path])
    [shapes] = both.shapes
    assert (both.clips, both.statistics) == (0, ()), "results hold no clips"
    assert shapes.title == f"{tmp_path.name}: shape in the predicted masks of 2 videos"
    name = "ED area, px"
    [area] = [each for each in shapes.statistics if each.name == name]
    assert area.mean == pytest.approx((one[name] + means(tmp_path / "b")[name]) / 2)


def test_a_bad_mask_is_neither_ed_nor_es(tmp_path: Path) -> None:
    masks_NHW = draw_beat()
    spoiled_NHW = masks_NHW.copy()
    spoiled_NHW[0] = True  # where ED is looked for
    spoiled_NHW[5] = False
    folder = write_results(tmp_path / "clip", spoiled_NHW)
    expected = take_steady(measure_shape(masks_NHW[1], masks_NHW[12]))
    assert take_steady(means(folder)) == pytest.approx(expected, rel=0.03, abs=0.02)


def test_ed_is_a_frame_with_the_smooth_area() -> None:
    areas_px_N = np.array([900, 1000, 5000, 980, 970, 700, 10, 690, 695, 800], dtype=np.float64)
    phases = find_phases(areas_px_N)
    assert phases is not None
    assert [areas_px_N[each] for each in phases] == [1000, 695]


def test_masks_of_a_cropped_clip_are_measured_on_the_grid_of_the_model(tmp_path: Path) -> None:
    masks_NHW = draw_beat()
    sector = Sector(
        apex_px=(300, 10), half_angle_deg=45, radius_px=400, hull_px=((300, 10), (100, 400), (500, 400))
    )
    crop = Crop(left=100, top=5, side=400, sector=sector)
    large_NHW = np.stack([uncrop(mask_HW, crop, (420, 560)) for mask_HW in masks_NHW])
    small, large = (
        means(write_results(tmp_path / name, each_NHW, crop=each_crop))
        for name, each_NHW, each_crop in (("small", masks_NHW, None), ("large", large_NHW, crop))
    )
    assert large == pytest.approx(small, rel=0.03, abs=0.03)


def test_masks_are_found_by_the_numbers_of_their_frames(tmp_path: Path) -> None:
    """Damaged frames have no mask and no row in frames.csv."""
    masks_NHW = draw_beat()
    whole = means(write_results(tmp_path / "whole", masks_NHW))
    numbers = [*range(3, 15), *range(20, 32)]
    assert means(write_results(tmp_path / "gap", masks_NHW, numbers=numbers)) == whole


def test_results_that_cannot_be_measured_are_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    masks_NHW = draw_beat()
    write_results(tmp_path / "good", masks_NHW)
    write_results(tmp_path / "still", masks_NHW[:1])
    write_results(tmp_path / "empty", np.zeros_like(masks_NHW))
    (write_results(tmp_path / "cut", masks_NHW) / "frames.csv").unlink()
    for mask in (write_results(tmp_path / "maskless", masks_NHW) / "masks").iterdir():
        mask.unlink()
    (write_results(tmp_path / "old", masks_NHW) / "summary.json").write_text("{}")
    write_results(tmp_path / "large", np.zeros((24, 200, 200), dtype=np.bool_) | masks_NHW.any())
    [shapes] = measure_clips([tmp_path]).shapes
    assert shapes.videos == 1
    assert shapes.title.endswith("of 1 video (6 more left out)")
    assert {finding.name: finding.quirk for finding in shapes.findings} == {
        **dict.fromkeys(["still", "empty", "large"], STILL),
        **dict.fromkeys(["cut", "maskless", "old"], UNREAD),
    }
    assert f"left out of the shape: {STILL}: empty, large, still" in caplog.text
    assert str(tmp_path) not in json.dumps(shapes.as_json()), "findings may be shared"


def test_damaged_results_are_told_in_words_with_what_to_do_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    masks_NHW = draw_beat()
    columns = "frames.csv is damaged, or has no numbers in frame and mask_px"
    damage: tuple[tuple[str, bytes | None, str], ...] = (
        ("summary.json", None, "summary.json is missing"),
        ("summary.json", b"{", "summary.json is damaged"),
        ("summary.json", b"[]", "summary.json is damaged, or of another version of lvzoo"),
        ("frames.csv", None, "frames.csv is missing"),
        ("frames.csv", b"frame,area\n1,2\n", columns),
        ("frames.csv", b"frame,mask_px\n1,x\n", columns),
        ("frames.csv", b"\xff\0", columns),
        ("frames.csv", b"frame,mask_px\n99999999999999999999,2\n", columns),
    )
    folders = []
    for number, (file, content, _) in enumerate(damage):
        folders.append(write_results(tmp_path / str(number), masks_NHW))
        (folders[-1] / file).unlink() if content is None else (folders[-1] / file).write_bytes(content)
    folders.append(write_results(tmp_path / "mask", masks_NHW))
    for mask in (folders[-1] / "masks").iterdir():
        mask.write_bytes(mask.read_bytes()[:40])
    folders.append(write_results(tmp_path / "size", np.pad(masks_NHW, ((0, 0), (0, 8), (0, 0)))))
    details = [each.detail for each in measure_results(folders, "out").findings]
    again = "; predict the clip again into another --out (out= in Python)"
    assert details == [
        *(f"{told}{again}" for *_, told in damage),
        f"masks/00001.png is missing or damaged{again}",
        f"masks/00001.png is 112 x 120, which summary.json does not explain{again}",
    ]
    assert "Error" not in caplog.text


def test_several_results_of_one_clip_count_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As those of two models. The first that can be measured counts."""
    write_results(tmp_path / "a", np.zeros((24, 112, 112), dtype=np.bool_), content="one")
    for name, content in (("a-2", "one"), ("a-3", "one"), ("b", "other"), ("renamed", "one")):
        write_results(tmp_path / name, draw_beat(), content=content)
    [shapes] = measure_clips([tmp_path]).shapes
    assert shapes.videos == 2
    assert f"left out of the shape: {AGAIN}: a-3 (a-2 counts), renamed (a-2 counts)" in caplog.text
    assert [each.name for each in shapes.findings if each.quirk == AGAIN] == ["a-3", "renamed"]


def test_masks_of_another_size_than_the_models_need_a_crop(tmp_path: Path) -> None:
    large_NHW = np.stack([cv2.resize(each.astype(np.uint8), (224, 224)) > 0 for each in draw_beat()])
    write_results(tmp_path / "large", large_NHW)
    with pytest.raises(DataError, match="masks of no video can be measured"):
        measure_clips([tmp_path])


def test_masks_of_a_phantoms_clips_are_labelled_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=0, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    videos = sorted((folder / "Videos").iterdir())
    for video in videos:
        write_results(tmp_path / "out" / video.stem, draw_beat(), clip=str(video))
    found = measure_clips([tmp_path / "out"])
    assert found.shapes[0].title == "out, synthetic: shape in the predicted masks of 2 videos"
    assert found.as_json()["synthetic"] is True


def test_predict_notes_that_a_clip_is_from_a_phantom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path in summary.json means nothing in another folder, nor when the phantom is gone."""
    (tmp_path / "phantom" / "Videos").mkdir(parents=True)
    note = tmp_path / "phantom" / "SYNTHETIC.json"
    note.write_text("{}")
    clips = [tmp_path / "phantom" / "Videos" / "simulated.avi", tmp_path / "other.avi"]
    for frames, clip in enumerate(clips, start=12):
        write_video(clip, sector_frames(frames, (240, 320)))
    monkeypatch.chdir(tmp_path)
    lvzoo.predict([clip.relative_to(tmp_path) for clip in clips], out="out")
    monkeypatch.chdir("/")
    note.unlink()
    [shapes] = measure_clips([tmp_path / "out"]).shapes
    assert shapes.title == "out, partly synthetic (1 of the videos): shape in the predicted masks of 2 videos"


def test_a_mask_in_two_pieces_is_left_out_and_the_others_are_measured(tmp_path: Path) -> None:
    pieces_NHW = np.zeros((24, 112, 112), dtype=np.bool_)
    pieces_NHW[:, 10:15, 40:44] = pieces_NHW[:, 105:110, 40:44] = True
    pieces_NHW[12:, 10:15, 40:44] = False
    pieces_NHW[12:, 10:14, 40:44] = True
    write_results(tmp_path / "pieces", pieces_NHW)
    write_results(tmp_path / "whole", draw_beat())
    [shapes] = measure_clips([tmp_path]).shapes
    assert shapes.videos == 1
    assert [(each.name, each.quirk) for each in shapes.findings] == [("pieces", NO_SHAPE)]


def test_a_data_folder_and_its_predicted_masks_stand_one_below_the_other(tmp_path: Path) -> None:
    data = EchoNetFolder(path=tmp_path / "data")
    data.add("0XGOOD")
    write_results(tmp_path / "out" / "clip", draw_beat())
    found = measure_clips([data.write(), tmp_path / "out"])
    assert found.clips == 1
    assert [each.origin for each in found.shapes] == ["tracings", "predicted masks"]


def test_clips_beside_results_are_measured_too(tmp_path: Path) -> None:
    write_video(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    write_results(tmp_path / "grey", draw_beat())
    found = measure_clips([tmp_path])
    assert (found.clips, len(found.shapes)) == (1, 1)


def test_a_folder_with_neither_is_an_error(tmp_path: Path) -> None:
    write_results(tmp_path / "out" / "good", draw_beat())
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: holds no clips"):
        measure_clips([tmp_path / "out", tmp_path / "empty"])


def test_what_predict_writes_is_read(tmp_path: Path) -> None:
    """With the weights in the box. They find something in any picture; what they find does not matter here."""
    clip = write_video(tmp_path / "clip.avi", sector_frames(12, (240, 320)))
    (result,) = lvzoo.predict(clip, out=tmp_path / "out")
    about: dict[str, Any] = json.loads((result.folder / "summary.json").read_text())
    assert about["crop"] is not None
    masks_NHW = result.masks_NHW
    assert np.ptp(masks_NHW.sum(axis=(1, 2))) > 0
    [shapes] = measure_clips([tmp_path / "out"]).shapes
    assert shapes.videos == 1
    ratio = (112 / about["crop"]["side"]) ** 2
    area = next(each.mean for each in shapes.statistics if each.name == "ED area, px")
    areas_px = masks_NHW.sum(axis=(1, 2)) * ratio
    assert areas_px.min() * 0.95 < area < areas_px.max() * 1.05
