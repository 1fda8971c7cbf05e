"""CAMUS: its views, phases, half sequences and splits, and the layout of its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lvzoo.data.crop import crop_mask, crop_points, find_crop
from lvzoo.errors import DataError, NoSplitError, UsageError
from lvzoo.interfaces import Dataset
from lvzoo_datasets import camus_quirks as quirks
from lvzoo_datasets.camus import Camus
from lvzoo_datasets.camus_files import find_valve
from tests.datasets.camus_files import CamusFolder, compute_dice, write_nifti
from tests.datasets.findings import find
from tests.datasets.phantom_hearts import SIZE_HW, make_heart

VIDEO = "patient0001_4CH"


# --- What is read -----------------------------------------------------------------------------------------------


def test_a_folder_without_quirks_has_no_findings(camus: CamusFolder) -> None:
    camus.add()
    frames = camus.load()
    assert isinstance(Camus(camus.path), Dataset)
    assert find(frames) == {}
    assert (frames.source.name, frames.source.synthetic) == ("camus", False)
    assert frames.patients == ("patient0001",) * 4
    assert frames.videos == (VIDEO,) * 4
    assert frames.views == ("4CH",) * 4
    assert frames.qualities == ("Good",) * 4
    assert frames.listed_efs == (53.5,) * 4


def test_the_half_sequence_gives_the_frames_between_ed_and_es(camus: CamusFolder) -> None:
    camus.add()
    frames = camus.load()
    assert frames.phases == ("ED", "ES", "other", "other")
    assert frames.frame_indices == (0, 3, 1, 2), "ED and ES appear once"
    areas = frames.masks_NHW.sum(axis=(1, 2))
    assert areas[0] > areas[2] > areas[3] > areas[1]


def test_without_half_sequences_ed_and_es_alone_are_read(camus: CamusFolder) -> None:
    patient = camus.add()
    for path in patient.glob("*half_sequence*"):
        path.write_bytes(b"not read")
    frames = camus.load(half_sequences=False)
    assert (frames.phases, frames.frame_indices, find(frames)) == (("ED", "ES"), (0, 3), {})
    assert frames.source.name == "camus-ED-ES"


def test_pictures_and_references_are_not_transposed(camus: CamusFolder) -> None:
    heart = make_heart()
    assert heart.grey_NHW.shape[1:] == SIZE_HW
    assert len(set(SIZE_HW)) == 2
    camus.add()
    frames = camus.load()
    crop = find_crop(heart.grey_NHW[[0, 3, 1, 2]])
    assert crop is not None
    assert compute_dice(frames.masks_NHW[0], crop_mask(heart.labels_NHW[0] == 1, crop)) > 0.99
    apex_2, (left_2, right_2) = frames.contours_NP2[0][60], frames.contours_NP2[0][[0, -1]]
    assert apex_2[1] < min(left_2[1], right_2[1]), "the apex is at the top"
    assert left_2[0] < right_2[0]
    # the blood is darker than what is around it, and not so on a transposed picture
    inside = frames.masks_NHW[0]
    assert frames.frames_NHW[0][inside].mean() < 0.7 * frames.frames_NHW[0][inside.T].mean()


def test_landmarks_begin_and_end_where_the_cavity_touches_the_atrium(camus: CamusFolder) -> None:
    heart = make_heart()
    # the atrium is labelled below the right half of the cavity's base alone, so the mask does not show the annulus
    middle = round(heart.contours_NP2[0][[0, -1], 0].mean())
    labels_NHW = heart.labels_NHW.copy()
    labels_NHW[:, :, :middle][labels_NHW[:, :, :middle] == 3] = 0
    camus.add(heart=replace(heart, labels_NHW=labels_NHW))
    ends_22 = camus.load(half_sequences=False).contours_NP2[0][[0, -1]]
    valve_22 = find_valve(labels_NHW[0])
    crop = find_crop(heart.grey_NHW[[0, 3]])
    assert valve_22 is not None
    assert abs(valve_22[0, 0] - middle) < 2
    assert np.linalg.norm(valve_22[1] - heart.contours_NP2[0][-1]) < 2
    assert np.linalg.norm(ends_22 - crop_points(valve_22, crop), axis=1).max() < 1.5


def test_the_valve_is_where_the_cavity_touches_the_atrium() -> None:
    labels_HW = np.zeros((12, 20), dtype=np.uint8)
    labels_HW[2:8, 4:14], labels_HW[8:11, 3:11] = 1, 3
    ends_22 = find_valve(labels_HW)
    assert ends_22 is not None
    assert ends_22.tolist() == [[4.0, 7.0], [11.0, 7.0]], "diagonal neighbours touch"
    mirrored_22 = find_valve(labels_HW[:, ::-1])
    assert mirrored_22 is not None
    assert mirrored_22.tolist() == [[8.0, 7.0], [15.0, 7.0]], "the left end is the first"


@pytest.mark.parametrize("slope", [-2, -1, 0, 1, 2])
def test_the_left_end_of_the_valve_is_the_first(slope: int) -> None:
    rows, columns = np.indices((80, 60))
    below_HW = rows > 40 + slope * (columns - 30)
    labels_HW = np.where(below_HW, 3, 1).astype(np.uint8)
    labels_HW[:, :20] = labels_HW[:, 40:] = 0
    ends_22 = find_valve(labels_HW)
    assert ends_22 is not None
    assert ends_22[:, 0].tolist() == [20.0, 39.0]
    assert ends_22[1, 1] - ends_22[0, 1] == pytest.approx(19 * slope, abs=3)


@pytest.mark.parametrize("atrium", [(slice(9, 11), slice(3, 14)), (slice(8, 11), slice(13, 14))])
def test_an_atrium_apart_or_at_a_corner_shows_no_valve(atrium: tuple[slice, slice]) -> None:
    labels_HW = np.zeros((12, 20), dtype=np.uint8)
    labels_HW[2:8, 4:14] = 1
    labels_HW[atrium] = 3
    assert find_valve(labels_HW) is None


def test_the_view_is_an_option(camus: CamusFolder) -> None:
    patient = camus.add(views=("4CH", "2CH"))
    heart = make_heart(1)
    write_nifti(patient / "patient0001_2CH_ED.nii.gz", heart.grey_NHW[:1])
    write_nifti(patient / "patient0001_2CH_ED_gt.nii.gz", heart.labels_NHW[:1])
    four, two = camus.load(half_sequences=False), camus.load(view="2CH", half_sequences=False)
    assert two.videos == ("patient0001_2CH",) * 2
    assert two.views == ("2CH",) * 2
    assert two.source.name == "camus-2CH-ED-ES"
    assert two.patients == four.patients
    assert not np.array_equal(two.frames_NHW[0], four.frames_NHW[0])
    with pytest.raises(UsageError, match=r"unknown view '3CH' of CAMUS; use one of 4CH, 2CH"):
        Camus(camus.path, view="3CH")


def test_pictures_of_other_sizes_are_read_together(camus: CamusFolder) -> None:
    camus.add()
    heart = make_heart(1)
    smaller = replace(heart, grey_NHW=heart.grey_NHW[:, :, 40:290], labels_NHW=heart.labels_NHW[:, :, 40:290])
    camus.add("patient0002", heart=smaller, spacing=(0.4, 0.4))
    frames = camus.load(half_sequences=False)
    assert frames.frames_NHW.shape == (4, 112, 112)
    assert frames.spacing_mm is not None
    assert len(set(frames.spacing_mm)) == 2


def test_the_size_of_a_pixel_comes_from_the_header(camus: CamusFolder) -> None:
    camus.add(spacing=(0.3, 0.3))
    frames = camus.load(half_sequences=False)
    heart = make_heart()
    assert frames.spacing_mm is not None
    areas_mm2 = frames.masks_NHW.sum(axis=(1, 2)) * np.square(frames.spacing_mm)
    expected_mm2 = (heart.labels_NHW[[0, 3]] == 1).sum(axis=(1, 2)) * 0.3**2
    assert areas_mm2 == pytest.approx(expected_mm2, rel=0.02)


def test_splits_are_those_of_the_subgroups(camus: CamusFolder) -> None:
    for patient, listed in (
        ("patient0001", "training"),
        ("patient0002", "validation"),
        ("patient0003", "testing"),
    ):
        camus.add(patient, listed=listed)
    found = [camus.load(split, half_sequences=False).patients for split in ("train", "val", "test")]
    assert found == [("patient0001",) * 2, ("patient0002",) * 2, ("patient0003",) * 2]


def test_the_cache_is_used_until_a_file_an_option_or_a_list_changes(
    camus: CamusFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = Camus._read

    def count(self: Camus, split: Any, *rest: Any) -> Any:  # noqa: ANN401 - passed on as they are
        reads.append(split)
        return read(self, split, *rest)

    monkeypatch.setattr(Camus, "_read", count)
    patient = camus.add(views=("4CH", "2CH"))
    first, again = camus.load(), camus.load()
    assert len(reads) == 1
    assert first.source == again.source
    assert (again.views, again.qualities, again.listed_efs) == (
        first.views,
        first.qualities,
        first.listed_efs,
    )
    camus.load(half_sequences=False)
    camus.load(view="2CH")
    (patient / "Info_4CH.cfg").write_text("ED: 1\nES: 4\nNbFrame: 4\nImageQuality: Poor\nEF: 40\n")
    assert camus.load().qualities == ("Poor",) * 4
    camus.add("patient0002", listed=None)
    assert len(find(camus.load())) == 1
    camus.lists["testing"].append("patient0002")
    camus.write_lists()
    assert find(camus.load()) == {}
    assert len(reads) == 6
    monkeypatch.setattr(
        "lvzoo_datasets.camus.decoder_identity", lambda: "cv2-0"
    )  # another one may round otherwise
    camus.load()
    assert len(reads) == 7


# --- Lists and folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["database_nifti", "database_split"])
def test_a_missing_part_is_named(camus: CamusFolder, part: str) -> None:
    camus.add()
    (camus.path / part).rename(camus.path / "elsewhere")
    with pytest.raises(DataError, match=rf"{part}: missing; CAMUS has database_nifti/ and database_split/"):
        Camus(camus.path)


def test_the_inner_folder_is_recognised(camus: CamusFolder) -> None:
    camus.add()
    with pytest.raises(
        DataError, match=r"database_nifti: give the folder above it, which holds database_nifti/"
    ):
        Camus(camus.path / "database_nifti")


def test_a_split_without_a_list_is_named(camus: CamusFolder) -> None:
    camus.add()
    (camus.path / "database_split" / "subgroup_validation.txt").unlink()
    assert len(camus.load()) == 4
    with pytest.raises(NoSplitError, match=r"subgroup_validation\.txt: missing; .*split VAL, one per line"):
        camus.load("val")
    with pytest.raises(
        NoSplitError, match=r"subgroup_testing\.txt: lists no patient; .* such as patient0001"
    ):
        camus.load("test")


def test_a_folder_without_any_list_is_named(camus: CamusFolder) -> None:
    camus.add()
    for path in (camus.path / "database_split").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"database_split: holds none of subgroup_training\.txt, ") as caught:
        camus.load()
    assert not isinstance(caught.value, NoSplitError)


def test_a_patient_in_two_splits_is_an_error(camus: CamusFolder) -> None:
    camus.add()
    camus.lists["testing"].append("patient0001")
    camus.write_lists()
    told = r"subgroup_testing\.txt: patient0001 is listed in subgroup_training\.txt, too; .* remove one of the lines"
    with pytest.raises(DataError, match=told):
        camus.load()


def test_quirks_of_the_lists_are_named(camus: CamusFolder) -> None:
    camus.add("patient0002", listed=None)
    camus.add()
    camus.lists["training"] += ["", "patient0001", "patient0009"]
    camus.write_lists()
    frames = camus.load(half_sequences=False)
    assert frames.patients == ("patient0001",) * 2
    assert find(frames) == {
        quirks.LISTED_TWICE.text: ["patient0001: subgroup_training.txt"],
        quirks.NOT_LISTED.text: ["patient0002"],
        quirks.NO_FOLDER.text: ["patient0009"],
    }


def test_a_split_without_a_usable_frame_tells_the_reasons(camus: CamusFolder) -> None:
    for path in camus.add(views=("4CH", "2CH")).glob("*_4CH_*"):
        path.unlink()
    told = (
        r"CAMUS: split TRAIN, view 4CH: camus: no picture can be used: patient0001_4CH: ED or ES without its"
    )
    with pytest.raises(DataError, match=told):
        camus.load()
    two = camus.load(view="2CH")
    assert (two.source.name, len(two)) == ("camus-2CH", 4)
