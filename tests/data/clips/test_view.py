"""The part of a picture that is shown: the sector, and no text beside it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lvzoo.data.clips.view import find_view
from lvzoo.data.crop import find_crop
from lvzoo.geometry.sector import scan_mask
from tests.made_videos import sector_frames

SIZE_HW = (240, 320)


def test_the_sector_alone_is_shown_with_a_rim() -> None:
    frames_NHW = sector_frames(4, SIZE_HW)
    crop = find_crop(frames_NHW)
    assert crop is not None
    assert crop.sector.fitted
    view = find_view(SIZE_HW, crop, whole_picture=False)
    assert view.shown_HW is not None
    scanned_HW = scan_mask(crop.sector, SIZE_HW)
    assert view.shown_HW[scanned_HW].all()
    beside_HW = view.shown_HW & ~scanned_HW
    assert 0 < beside_HW.sum() < 0.1 * scanned_HW.sum()
    assert cv2.dilate(scanned_HW.astype(np.uint8), np.ones((7, 7)))[beside_HW].all()
    shown = view.show(frames_NHW[0])
    assert shown.shape == (view.height, view.width) < SIZE_HW
    assert (shown > 0).sum() > 0.95 * scanned_HW.sum()
    rows, columns = np.nonzero(view.shown_HW)
    assert (view.left, view.top) == (columns.min(), rows.min())
    assert (view.left + view.width - 1, view.top + view.height - 1) == (columns.max(), rows.max())


@pytest.mark.parametrize("colour", [False, True])
def test_text_beside_the_sector_is_black(colour: bool) -> None:  # noqa: FBT001 - a case of the table
    frames_NHW = sector_frames(4, SIZE_HW)
    view = find_view(SIZE_HW, find_crop(frames_NHW), whole_picture=False)
    picture = np.full((*SIZE_HW, 3) if colour else SIZE_HW, 255, dtype=np.uint8)
    shown = view.show(picture)
    assert view.shown_HW is not None
    assert (shown > 0).sum() == view.shown_HW.sum() * (3 if colour else 1)
    assert (picture == 255).all()
    assert not view.shown_HW[:45, :60].any()  # where the text stands


def test_the_whole_picture_is_shown_if_asked_for() -> None:
    frames_NHW = sector_frames(4, SIZE_HW)
    view = find_view(SIZE_HW, find_crop(frames_NHW), whole_picture=True)
    assert (view.left, view.top, view.width, view.height, view.shown_HW) == (0, 0, 320, 240, None)
    assert (view.show(frames_NHW[0]) == frames_NHW[0]).all()


def test_a_clip_of_the_models_size_is_shown_whole() -> None:
    view = find_view((112, 112), None, whole_picture=False)
    assert (view.width, view.height, view.shown_HW) == (112, 112, None)


def test_where_no_sector_is_found_text_in_the_corners_is_not_shown() -> None:
    frames_NHW = np.full((2, *SIZE_HW), 120, dtype=np.uint8)
    for frame in frames_NHW:
        cv2.putText(frame, "DOE", (2, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
    crop = find_crop(frames_NHW)
    assert crop is not None
    assert not crop.sector.fitted
    for each in (crop, None):
        view = find_view(SIZE_HW, each, whole_picture=False)
        assert view.shown_HW is not None
        assert not view.shown_HW[:24, :60].any()
        assert view.shown_HW[120, 160]
