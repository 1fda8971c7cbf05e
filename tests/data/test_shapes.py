"""The shapes of tracings are measured on every video that has ED and ES, and the others are named."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lvzoo.data import quirks
from lvzoo.data.crop import Crop, crop_mask, uncrop
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.shapes import NO_PAIR, NO_SHAPE, REAL_SHAPES, measure_tracings, summarise_shapes
from lvzoo.errors import NoSplitError
from lvzoo.geometry.shape import measure_shape
from lvzoo.types import FrameSet, Sector, Split
from tests.data.echonet_folders import EchoNetFolder, load, ventricle


def test_the_real_figures_are_figures_that_are_measured() -> None:
    mask_HW = np.zeros((112, 112), dtype=np.bool_)
    mask_HW[30:80, 40:60] = True
    shape = measure_shape(mask_HW, mask_HW)
    assert shape is not None
    assert REAL_SHAPES.keys() < shape.keys()
    assert shape.keys() - REAL_SHAPES.keys() == {"ES width at 50%", "ES width at 75%"}, (
        "not known of real clips"
    )


def test_mean_and_sd_are_those_of_the_videos() -> None:
    name = "ED width at 10%"
    shapes = summarise_shapes(
        {"a": {name: 0.5, "other": 1}, "b": {name: 0.7, "other": 1}, "c": None},
        source="here",
        origin="tracings",
        synthetic={"a"},
    )
    known, other = shapes.statistics
    assert known.mean == pytest.approx(0.6)
    assert known.sd == pytest.approx(0.1 * np.sqrt(2))
    assert (known.as_real, other.as_real) == (True, None), "real: 0.55 ± 0.09"
    assert [finding.quirk for finding in shapes.findings] == [NO_SHAPE]
    assert shapes.title == (
        "here, partly synthetic (1 of the videos): shape in the tracings of 2 videos (1 more left out)"
    )


def test_one_video_has_no_sd() -> None:
    shapes = summarise_shapes(
        {"a": {"ED width at 10%": 0.65}}, source="here", origin="tracings", synthetic=()
    )
    said = json.loads(json.dumps(shapes.as_json()))
    assert said["statistics"]["ED width at 10%"] == {
        "mean": 0.65,
        "sd": None,
        "real": {"mean": 0.55, "sd": 0.09},
        "as_real": False,
    }


def test_tracings_of_all_splits_are_measured(echonet_folder: EchoNetFolder) -> None:
    for name, split in (("0XA", "TRAIN"), ("0XB", "TRAIN"), ("0XC", "TEST")):
        echonet_folder.add(name, split)
    frames = load(echonet_folder)
    shapes = measure_tracings(EchoNetDynamic(echonet_folder.path), "here")
    assert shapes is not None
    assert shapes.title == "here: shape in the tracings of 3 videos"
    es_HW, ed_HW = (
        next(mask_HW for mask_HW, each in zip(frames.masks_NHW, frames.phases, strict=True) if each == phase)
        for phase in ("ES", "ED")
    )
    measured = measure_shape(ed_HW, es_HW)
    assert measured is not None
    assert {each.name: each.mean for each in shapes.statistics} == pytest.approx(measured)
    assert shapes.statistics[0].sd == pytest.approx(0), "the three videos have one tracing"


def test_videos_without_ed_and_es_are_counted_and_named(
    echonet_folder: EchoNetFolder, caplog: pytest.LogCaptureFixture
) -> None:
    echonet_folder.add("0XGOOD")
    echonet_folder.add("0XHALF", traced=((3, ventricle(scale=0.8)), (99, ventricle())))  # has only 12 frames
    echonet_folder.add("0XONE", traced=((3, ventricle()),))
    echonet_folder.add("0XNONE", traced=())
    echonet_folder.write()
    shapes = measure_tracings(EchoNetDynamic(echonet_folder.path), "here")
    assert shapes is not None
    assert shapes.videos == 1
    assert shapes.title.endswith("of 1 video (3 more left out)")
    assert {finding.name: finding.quirk for finding in shapes.findings} == {
        "0XHALF": NO_PAIR,
        "0XONE": quirks.ONE_FRAME.text,
        "0XNONE": quirks.NOT_TRACED.text,
    }
    assert f"here: left out of the shape: {NO_PAIR}: 0XHALF (only ES)" in caplog.text


def test_a_video_with_more_than_two_tracings_is_measured(echonet_folder: EchoNetFolder) -> None:
    """The reader reports the frame in between as left out, but the video has ED and ES."""
    three = ((3, ventricle(scale=0.8)), (5, ventricle(scale=0.9)), (9, ventricle()))
    echonet_folder.add("0XTHREE", traced=three)
    echonet_folder.write()
    shapes = measure_tracings(EchoNetDynamic(echonet_folder.path), "here")
    assert shapes is not None
    assert (shapes.videos, shapes.findings) == (1, ())


def test_a_split_that_cannot_be_read_is_told(
    echonet_folder: EchoNetFolder, caplog: pytest.LogCaptureFixture
) -> None:
    echonet_folder.add("0XNONE", "TEST", traced=())
    echonet_folder.write()
    assert measure_tracings(EchoNetDynamic(echonet_folder.path), "here") is None
    assert "here: no shapes of the split 'test': " in caplog.text
    assert "'train'" not in caplog.text, "a split that does not exist is no fault"


class Beats:
    """A data set of another reader: one video with several traced beats, and frames in between."""

    def __init__(self, frames: FrameSet) -> None:
        self.frames = frames

    def load(self, split: Split) -> FrameSet:
        if split != "test":
            raise NoSplitError(split)
        return self.frames


def test_any_reader_will_do_and_the_first_beat_is_measured(folder: EchoNetFolder) -> None:
    frames = load(folder)
    order = [0, 1, 0, 1, 0]
    empty_HW = np.zeros((112, 112), dtype=np.bool_)
    masks_NHW = np.stack([frames.masks_NHW[0], frames.masks_NHW[1], empty_HW, empty_HW, empty_HW])
    beats = replace(
        frames,
        frames_NHW=frames.frames_NHW[order],
        masks_NHW=masks_NHW,
        contours_NP2=frames.contours_NP2[order],
        sectors=frames.sectors[:1] * 5,
        patients=("patient",) * 5,
        videos=("video",) * 5,
        frame_indices=(0, 3, 6, 9, 11),
        phases=("ED", "ES", "ED", "ES", "other"),
        source=replace(frames.source, synthetic=True),
    )
    shapes = measure_tracings(Beats(beats), "here")
    assert shapes is not None
    assert shapes.title == "here, synthetic: shape in the tracings of 1 video"
    assert {each.name: each.mean for each in shapes.statistics} == measure_shape(*frames.masks_NHW[:2])


def test_a_mask_is_brought_back_to_the_grid_of_the_model() -> None:
    y, x = np.mgrid[:112, :112]
    seen_HW = ((x - 60) / 18) ** 2 + ((y - 52) / 30) ** 2 <= 1
    sector = Sector(apex_px=(300, 10), half_angle_deg=45, radius_px=400, hull_px=())
    for side in (90, 112, 400):  # the square ends beyond the frame
        crop = Crop(left=-30, top=5, side=side, sector=sector)
        back_HW = crop_mask(uncrop(seen_HW, crop, (390, 500)), crop)
        assert back_HW.shape == (112, 112)
        assert (back_HW ^ seen_HW).sum() < 0.03 * seen_HW.sum(), side
    assert crop_mask(seen_HW, None) is seen_HW
