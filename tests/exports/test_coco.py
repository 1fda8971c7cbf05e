"""COCO polygons: what standard tools read of them, and what the pictures show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from lvzoo.exports.coco import write_coco
from lvzoo.types.answer import NO_MEDICAL_DEVICE
from tests.exports.made_answers import MadeClip, make_clip, make_masks

FEW = make_masks(frames=4)


def write(made: MadeClip, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    write_coco(folder, made.answer, made.clip)
    written: dict[str, Any] = json.loads((folder / "coco.json").read_text())
    return written


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools with numpy 2
@pytest.mark.parametrize("size_HW", [(112, 112), (240, 320)])
def test_pycocotools_reads_the_masks(tmp_path: Path, size_HW: tuple[int, int]) -> None:
    made = make_clip(tmp_path, size_HW=size_HW, masks_N=FEW)
    write(made, tmp_path / "out")
    coco = COCO(tmp_path / "out/coco.json")
    assert len(coco.getImgIds()) == len(FEW)
    for number in coco.getImgIds():
        (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[number]))
        picture = cv2.imread(
            str(tmp_path / "out" / coco.loadImgs([number])[0]["file_name"]), cv2.IMREAD_GRAYSCALE
        )
        mask_HW = coco.annToMask(annotation).astype(bool)
        assert picture is not None
        assert picture.shape == mask_HW.shape
        # The ventricle was drawn dark in a bright sector.
        assert picture[mask_HW].mean() < 35
        assert mask_HW.sum() == pytest.approx(annotation["area"], rel=0.05)
        assert picture[cv2.dilate(mask_HW.astype(np.uint8), np.ones((9, 9))) > mask_HW].mean() > 60


def test_every_number_of_an_annotation(tmp_path: Path) -> None:
    made = make_clip(tmp_path, size_HW=(240, 320), masks_N=FEW)
    written = write(made, tmp_path / "out")
    view = made.answer.view
    assert (view.width, view.height) < (320, 240)
    first, annotation = written["images"][0], written["annotations"][0]
    assert first == {
        "id": 1,
        "file_name": "pictures/00000.png",
        "frame": 0,
        "time_s": 0.0,
        "width": view.width,
        "height": view.height,
    }
    outline_P2 = made.answer.outlines[0]
    assert outline_P2 is not None
    expected = (outline_P2 - (view.left, view.top) + 0.5).ravel()
    assert annotation["segmentation"][0] == pytest.approx(expected, abs=0.006)
    left, top, width, height = annotation["bbox"]
    points_P2 = np.reshape(annotation["segmentation"][0], (-1, 2))
    assert (left, top) == pytest.approx(points_P2.min(axis=0))
    assert (left + width, top + height) == pytest.approx(points_P2.max(axis=0))
    assert annotation["score"] == 0.93
    assert annotation["category_id"] == written["categories"][0]["id"]
    assert NO_MEDICAL_DEVICE in written["info"]["description"]


def test_a_frame_without_a_mask_is_a_picture_without_annotation(tmp_path: Path) -> None:
    masks_N = FEW.copy()
    masks_N[1] = False
    written = write(make_clip(tmp_path, masks_N=masks_N), tmp_path / "out")
    assert [each["image_id"] for each in written["annotations"]] == [1, 3, 4]
    assert len(written["images"]) == len(list((tmp_path / "out/pictures").iterdir())) == 4


def test_an_unknown_dice_is_no_score(tmp_path: Path) -> None:
    made = make_clip(tmp_path, masks_N=FEW)
    unknown = np.full(len(FEW), np.nan)
    trust = replace(made.answer.trust, dice_N=unknown)
    written = write(replace(made, answer=replace(made.answer, trust=trust)), tmp_path / "out")
    assert all("score" not in each for each in written["annotations"])


def test_pictures_show_the_sector_alone_unless_all_is_asked_for(tmp_path: Path) -> None:
    for whole in (False, True):
        made = make_clip(tmp_path / str(whole), size_HW=(240, 320), masks_N=FEW, whole_picture=whole)
        write(made, tmp_path / str(whole) / "out")
        picture = cv2.imread(str(tmp_path / str(whole) / "out/pictures/00000.png"), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        text_shows = bool((picture[:35, :60] > 200).sum() > 50)
        assert text_shows is whole
