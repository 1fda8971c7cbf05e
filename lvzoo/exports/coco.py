"""Writes the contours of a clip as COCO polygons, with the pictures that they lie on.

Format: https://cocodataset.org/#format-data (object detection). In COCO, the top left corner of the top left pixel is
(0, 0), half a pixel from lvzoo's origin, its centre.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError
from lvzoo.geometry.ventricle import polygon_area
from lvzoo.types.answer import NO_MEDICAL_DEVICE, ClipAnswer

COCO: Final = "coco.json"
PICTURES: Final = "pictures"
LEFT_VENTRICLE: Final = {"id": 1, "name": "left ventricle", "supercategory": "heart"}
PLACES: Final = 2


def write_coco(folder: Path, answer: ClipAnswer, clip: Clip) -> None:
    """Write `coco.json` and `pictures/00000.png` ... into the folder of a clip's results.

    The pictures show what the answer's view shows, and are numbered like the frames of the file. Coordinates are
    those of the pictures. A frame without a mask has a picture and no annotation. `score` is the Dice that is
    expected of the mask.

    Raises:
        DataError: the clip cannot be read again, or a picture cannot be written.
    """
    (folder / PICTURES).mkdir()
    wanted = set(answer.frame_numbers_N.tolist())
    for frame in clip.read():
        if isinstance(frame, Frame) and frame.index in wanted:
            _write_picture(folder / _name_picture(frame.index), answer.view.show(frame.grey_HW))
    text = json.dumps(describe_coco(answer), ensure_ascii=False, allow_nan=False)
    (folder / COCO).write_text(text + "\n", encoding="utf-8")


def describe_coco(answer: ClipAnswer) -> dict[str, Any]:
    """Return the contents of coco.json."""
    return {
        "info": {
            "description": f"left ventricle in {answer.clip}, segmented by lvzoo; {NO_MEDICAL_DEVICE}",
            "version": answer.lvzoo,
            "clip": answer.clip,
            "synthetic": answer.synthetic,
            "models": [{"name": each.name, "weights": each.weights} for each in answer.models],
        },
        "licenses": [],
        "images": [_describe_picture(answer, place) for place in range(len(answer.outlines))],
        "categories": [LEFT_VENTRICLE],
        "annotations": list(_describe_outlines(answer)),
    }


def _describe_picture(answer: ClipAnswer, place: int) -> dict[str, Any]:
    number = int(answer.frame_numbers_N[place])
    picture: dict[str, Any] = {
        "id": place + 1,
        "file_name": _name_picture(number),
        "width": answer.view.width,
        "height": answer.view.height,
        "frame": number,
    }
    if answer.times_s_N is not None:
        picture["time_s"] = round(float(answer.times_s_N[place]), 6)
    return picture


def _describe_outlines(answer: ClipAnswer) -> Iterator[dict[str, Any]]:
    """Yield an annotation for each frame with a mask."""
    corner_2 = np.array([answer.view.left, answer.view.top]) - 0.5
    for place, outline_P2 in enumerate(answer.outlines):
        if outline_P2 is None:
            continue
        points_P2 = np.asarray(outline_P2, dtype=np.float64) - corner_2
        annotation: dict[str, Any] = {
            "id": place + 1,
            "image_id": place + 1,
            "category_id": LEFT_VENTRICLE["id"],
            "segmentation": [[round(value, PLACES) for value in points_P2.ravel().tolist()]],
            "area": round(polygon_area(points_P2), PLACES),
            "bbox": _find_box(points_P2),
            "iscrowd": 0,
        }
        if math.isfinite(answer.trust.dice_N[place]):
            annotation["score"] = round(float(answer.trust.dice_N[place]), 4)
        yield annotation


def _find_box(points_P2: NDArray[np.float64]) -> list[float]:
    """Return left, top, width and height."""
    low_2, high_2 = points_P2.min(axis=0), points_P2.max(axis=0)
    return [round(value, PLACES) for value in (*low_2.tolist(), *(high_2 - low_2).tolist())]


def _name_picture(number: int) -> str:
    return f"{PICTURES}/{number:05d}.png"


def _write_picture(path: Path, picture_HW: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), picture_HW):
        raise DataError(f"{path}: cannot be written; check that the disk is not full")
