"""Frames of a split are built from labelled pictures of any size, and their references move with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from lvzoo.data import picture_quirks
from lvzoo.data.crop import find_crop, find_scale, uncrop, uncrop_points
from lvzoo.data.labelled import LabelledFrame, assemble_frames, split_patients
from lvzoo.errors import DataError
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import fit_sector
from lvzoo.types import APEX_INDEX, CONTOUR_POINTS
from tests.datasets.findings import find
from tests.datasets.phantom_hearts import SIZE_HW, make_heart, recall_sector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import FrameSet

HEARTS = range(6)


@pytest.fixture(autouse=True)
def _remember_sectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.data.crop.fit_sector", recall_sector)


def make_picture(**changes: Any) -> LabelledFrame:  # noqa: ANN401 - the fields have various types
    """Return the first picture of the phantom's first heart, with some fields changed."""
    heart = make_heart()
    given: dict[str, Any] = {
        "patient": "p1",
        "video": "p1",
        "frame": 0,
        "phase": "ED",
        "grey_HW": heart.grey_NHW[0],
        "mask_HW": heart.labels_NHW[0] == 1,
    }
    return LabelledFrame(**{**given, **changes})


def assemble(*pictures: LabelledFrame) -> FrameSet:
    return assemble_frames(pictures, name="made", version="1")


# --- The way there and back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", HEARTS)
@pytest.mark.parametrize(
    ("factor", "most"), [(1.0, 0.03), (1.3, 0.015)], ids=["about twice 112 px", "larger"]
)
def test_area_and_contour_of_a_reference_survive_the_way_there_and_back(
    index: int, factor: float, most: float
) -> None:
    # At exactly twice the size, many pixels are covered by half, and count as inside: hence the wider bound.
    heart = make_heart(index)
    size_HW = (round(SIZE_HW[0] * factor), round(SIZE_HW[1] * factor))
    grey_HW = cv2.resize(heart.grey_NHW[0], size_HW[::-1], interpolation=cv2.INTER_LINEAR)
    contour_P2 = (heart.contours_NP2[0] + 0.5) * factor - 0.5
    mask_HW = rasterise(contour_P2, size_HW)
    crop = find_crop(grey_HW[None])
    frames = assemble(make_picture(grey_HW=grey_HW, mask_HW=mask_HW, contour_P2=contour_P2, spacing_mm=0.5))
    back_HW = uncrop(frames.masks_NHW[0], crop, size_HW)
    assert back_HW.sum() == pytest.approx(mask_HW.sum(), rel=most)
    assert 2 * (back_HW & mask_HW).sum() / (back_HW.sum() + mask_HW.sum()) > 0.98
    back_P2 = uncrop_points(frames.contours_NP2[0], crop)
    # The 121 points are set anew at equal arc lengths, so a point of one lies between two points of the other.
    distances_PP = np.linalg.norm(back_P2[:, None] - contour_P2[None], axis=2)
    spacing_px = np.linalg.norm(np.diff(contour_P2, axis=0), axis=1).max()
    assert distances_PP.min(axis=1).max() <= spacing_px / 2 + 0.05
    for end in (0, -1):
        np.testing.assert_allclose(back_P2[end], contour_P2[end], atol=0.001)
    # The area in mm² stays as well
    assert frames.spacing_mm == (0.5 * find_scale(crop),)
    assert frames.masks_NHW[0].sum() * frames.spacing_mm[0] ** 2 == pytest.approx(
        mask_HW.sum() * 0.25, rel=most
    )


def test_pictures_of_112_px_stay_as_they_are() -> None:
    heart = make_heart()
    small_HW = cv2.resize(heart.grey_NHW[0], (112, 112), interpolation=cv2.INTER_AREA)
    mask_HW = cv2.resize(heart.labels_NHW[0], (112, 112), interpolation=cv2.INTER_NEAREST) == 1
    frames = assemble(make_picture(grey_HW=small_HW, mask_HW=mask_HW, spacing_mm=0.7))
    assert np.array_equal(frames.frames_NHW[0], small_HW)
    assert np.array_equal(frames.masks_NHW[0], mask_HW)
    assert frames.spacing_mm == (0.7,)
    assert frames.sectors == (fit_sector(small_HW[None]),)


def test_contour_has_121_points_whatever_was_given() -> None:
    contour_P2 = make_heart().contours_NP2[0]
    given = [
        assemble(make_picture(contour_P2=points_P2)).contours_NP2[0]
        for points_P2 in (contour_P2, contour_P2[::-1], contour_P2[::2])
    ]
    assert all(points_P2.shape == (CONTOUR_POINTS, 2) for points_P2 in given)
    np.testing.assert_allclose(given[1], given[0], atol=0.001)
    np.testing.assert_allclose(given[2], given[0], atol=0.3)
    assert given[0][0, 0] < given[0][-1, 0]
    steps_P = np.linalg.norm(np.diff(given[0], axis=0), axis=1)
    for wall_P in (steps_P[:APEX_INDEX], steps_P[APEX_INDEX:]):
        assert wall_P.max() < 1.1 * wall_P.min()


def test_contour_is_traced_from_the_mask_where_none_is_given() -> None:
    contour_P2 = make_heart().contours_NP2[0]
    given = assemble(make_picture(contour_P2=contour_P2)).contours_NP2[0]
    traced = assemble(make_picture()).contours_NP2[0]
    with_valve = assemble(make_picture(annulus_22=contour_P2[[0, -1]])).contours_NP2[0]
    for found_P2 in (traced, with_valve):
        assert np.linalg.norm(found_P2 - given, axis=1).mean() < 1.5


def test_all_that_is_known_of_a_picture_is_kept() -> None:
    frames = assemble(
        make_picture(view="4CH", quality="Good", ef=55.0),
        make_picture(frame=9, phase="ES", view="4CH", quality="Poor", ef=55.0),
    )
    assert frames.views == ("4CH", "4CH")
    assert frames.qualities == ("Good", "Poor")
    assert frames.listed_efs == (55.0, 55.0)
    assert (frames.frame_indices, frames.phases) == ((0, 9), ("ED", "ES"))
    assert frames.source.fingerprint
    nothing = assemble(make_picture())
    assert (nothing.views, nothing.qualities, nothing.listed_efs, nothing.spacing_mm) == (None,) * 4


def test_sector_is_fitted_to_other_pictures_of_the_video_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []

    def find(sample_NHW: NDArray[np.uint8]) -> object:
        fitted.append(len(sample_NHW))
        return find_crop(sample_NHW)

    monkeypatch.setattr("lvzoo.data.crop.find_crop", find)
    assemble(make_picture(others_NHW=make_heart().grey_NHW))
    assert fitted == [1 + len(make_heart().grey_NHW)]


# --- Findings ---------------------------------------------------------------------------------------------------


def test_picture_with_an_empty_mask_is_left_out() -> None:
    frames = assemble(make_picture(), make_picture(frame=5, phase="ES", mask_HW=np.zeros(SIZE_HW, np.bool_)))
    assert frames.frame_indices == (0,)
    assert find(frames) == {picture_quirks.NO_MASK.text: ["p1: ES, frame 5"]}
    assert frames.source.exclusions


def test_mask_that_is_too_small_is_left_out() -> None:
    speck_HW = np.zeros(SIZE_HW, np.bool_)
    speck_HW[100:102, 150:152] = True
    frames = assemble(make_picture(), make_picture(frame=5, mask_HW=speck_HW))
    assert frames.frame_indices == (0,)
    assert find(frames) == {picture_quirks.SMALL_MASK.text: ["p1: ED, frame 5"]}


def test_mask_at_the_border_and_mask_in_pieces_are_used_and_named() -> None:
    mask_HW = make_heart().labels_NHW[0] == 1
    cut_HW, pieces_HW = mask_HW.copy(), mask_HW.copy()
    cut_HW[100:120, : SIZE_HW[1] // 2] = True
    pieces_HW[5:9, 140:146] = True
    frames = assemble(make_picture(mask_HW=cut_HW), make_picture(frame=1, mask_HW=pieces_HW))
    found = find(frames)
    assert found[picture_quirks.AT_BORDER.text] == ["p1: ED, frame 0"]
    assert found[picture_quirks.BEYOND_SECTOR.text] == ["p1: ED, frame 0", "p1: ED, frame 1"]
    assert found[picture_quirks.PIECES.text] == ["p1: ED, frame 1: 2 pieces"]
    whole = assemble(make_picture(mask_HW=mask_HW))
    np.testing.assert_allclose(frames.contours_NP2[1], whole.contours_NP2[0], atol=0.01)


def test_pictures_and_masks_of_other_sizes_are_left_out() -> None:
    grey_HW, mask_HW = make_heart().grey_NHW[0], make_heart().labels_NHW[0] == 1
    frames = assemble(
        make_picture(),
        make_picture(frame=1, mask_HW=mask_HW[:-1]),
        make_picture(frame=2, grey_HW=grey_HW[:-1], mask_HW=mask_HW[:-1]),
    )
    assert find(frames) == {
        picture_quirks.MASK_SIZE.text: ["p1: ED, frame 1: 300 x 247, picture 300 x 248"],
        picture_quirks.PICTURE_SIZE.text: ["p1: ED, frame 2: 300 x 247, the first 300 x 248"],
    }


def test_spacing_counts_only_if_every_picture_has_one() -> None:
    frames = assemble(make_picture(spacing_mm=0.3), make_picture(patient="p2", video="p2"))
    assert frames.spacing_mm is None
    assert find(frames) == {picture_quirks.NO_SPACING.text: ["p2"]}


def test_picture_without_a_sector_is_named() -> None:
    rng = np.random.default_rng(0)
    noise_HW = rng.integers(0, 255, SIZE_HW).astype(np.uint8)
    assert find(assemble(make_picture(grey_HW=noise_HW)))[picture_quirks.NO_SECTOR.text] == ["p1"]


def test_split_without_a_usable_picture_is_an_error_that_says_why() -> None:
    with pytest.raises(DataError, match=r"made: no picture can be used: p1: empty mask \(ED, frame 0\)"):
        assemble(make_picture(mask_HW=np.zeros(SIZE_HW, np.bool_)))
    with pytest.raises(DataError, match="it has no labelled picture"):
        assemble()


def test_videos_must_not_be_mixed() -> None:
    with pytest.raises(ValueError, match="'p1' do not follow one another"):
        assemble(make_picture(), make_picture(video="p2"), make_picture(frame=1))


# --- Splits -----------------------------------------------------------------------------------------------------


def test_split_of_a_patient_stays_when_others_are_added() -> None:
    few = split_patients(f"patient{number}" for number in range(50))
    many = split_patients(f"patient{number}" for number in range(2000))
    assert few.items() <= many.items()
    shares = {split: list(many.values()).count(split) / len(many) for split in ("train", "val", "test")}
    assert shares["train"] == pytest.approx(0.70, abs=0.03)
    assert shares["val"] == pytest.approx(0.15, abs=0.03)
    assert shares["test"] == pytest.approx(0.15, abs=0.03)
