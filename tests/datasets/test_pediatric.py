"""EchoNet-Pediatric: its views, folds and polygons, and each quirk of its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lvzoo.data import picture_quirks
from lvzoo.data import quirks as common_quirks
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.quirks import Quirk
from lvzoo.errors import DataError, NoSplitError, UsageError
from lvzoo.geometry.raster import rasterise
from lvzoo.interfaces import Dataset
from lvzoo_datasets import pediatric_quirks as quirks
from lvzoo_datasets.pediatric import EchoNetPediatric
from tests.datasets.findings import find
from tests.datasets.pediatric_files import FRAMES, PediatricFolder, make_clip, trace

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
QUIRKS = [value for value in vars(quirks).values() if isinstance(value, Quirk)]
GOOD = "CR32a0001-CR32a0002-000001"
OTHER = "CR32b0001-CR32b0002-000001"


@pytest.fixture
def folder(tmp_path: Path) -> PediatricFolder:
    return PediatricFolder(path=tmp_path / "pediatric_echo_avi")


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.text)
def test_every_quirk_and_its_cost_is_in_the_docs(quirk: Quirk) -> None:
    row = f"| {quirk.text} | {'excluded' if quirk.excludes else 'noted'} |"
    assert row in PAGE.read_text(encoding="utf-8")


# --- What is read -----------------------------------------------------------------------------------------------


def test_a_folder_without_quirks_has_no_findings(folder: PediatricFolder) -> None:
    folder.add()
    frames = folder.load()
    assert isinstance(EchoNetPediatric(folder.path), Dataset)
    assert find(frames) == {}
    assert (frames.source.name, frames.source.synthetic) == ("echonet-pediatric", False)
    assert (frames.phases, frames.frame_indices) == (("ED", "ES"), (0, 11))
    assert frames.videos == (GOOD,) * 2
    assert frames.patients == ("CR32a0001",) * 2
    assert frames.views == ("A4C",) * 2
    assert frames.listed_efs == (61.5,) * 2
    assert frames.spacing_mm is None
    assert frames.qualities is None
    frames_NHW = make_clip()[0][[0, 11]].astype(int)
    assert abs(frames.frames_NHW - frames_NHW).mean() < 5, "as far as JPEG keeps them"


def test_the_mask_is_the_polygon_in_the_rows_order(folder: PediatricFolder) -> None:
    folder.add()
    expected_HW = rasterise(np.array(trace(0), dtype=np.float64), (112, 112))
    assert np.array_equal(folder.load().masks_NHW[0], expected_HW)
    # the same points in another order are another polygon
    ed, es = folder.traced[:30], folder.traced[30:]
    folder.traced = [*ed[::2], *ed[1::2], *es]
    assert not np.array_equal(folder.load().masks_NHW[0], expected_HW)


def test_the_contour_follows_the_mask_from_annulus_to_annulus(folder: PediatricFolder) -> None:
    folder.add()
    contour_P2, true_P2 = folder.load().contours_NP2[0], make_clip()[1][0]
    assert np.linalg.norm(contour_P2[[0, -1]] - true_P2[[0, -1]], axis=1).max() < 2, "the annulus"
    to_true_PP = np.linalg.norm(contour_P2[:, None] - true_P2[None], axis=-1)
    assert to_true_PP.min(axis=1).max() < 1.5


@pytest.mark.parametrize(
    ("fold", "split"), [(0, "train"), (7, "train"), ("3.0", "train"), (8, "val"), (9, "test")]
)
def test_a_fold_belongs_to_a_split(folder: PediatricFolder, fold: object, split: str) -> None:
    folder.add(fold=fold)
    found = []
    for each in ("train", "val", "test"):
        try:
            found.append((each, len(folder.load(each))))
        except NoSplitError as error:
            assert f"is {each.upper()}; add one" in str(error)  # noqa: PT017 - two splits of three have none
    assert found == [(split, 2)]


def test_the_view_is_an_option(folder: PediatricFolder) -> None:
    folder.add()
    folder.write()
    other = PediatricFolder(path=folder.path, view="PSAX")
    other.add(OTHER, index=1)
    assert other.load().views == ("PSAX",) * 2
    assert other.load().source.name == "echonet-pediatric-PSAX"
    assert other.load().videos == (OTHER,) * 2
    assert folder.load().videos == (GOOD,) * 2
    with pytest.raises(UsageError, match=r"unknown view 'A2C' of EchoNet-Pediatric; use one of A4C, PSAX"):
        EchoNetPediatric(folder.path, view="A2C")


def test_the_order_of_the_tracings_does_not_decide_the_phase(folder: PediatricFolder) -> None:
    folder.add(traced=[(11, trace(11)), (0, trace(0))])
    frames = folder.load()
    assert (frames.phases, frames.frame_indices) == (("ED", "ES"), (0, 11))


def test_videos_of_one_patient_share_it(folder: PediatricFolder) -> None:
    folder.add()
    folder.add("CR32a0001-CR32c0002-000007", index=1)
    folder.add("any other-name")
    frames = folder.load()
    assert frames.patients == ("CR32a0001",) * 4 + ("any other-name",) * 2
    assert find(frames) == {}


def test_a_second_load_decodes_nothing(folder: PediatricFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.add()
    first = folder.load()
    monkeypatch.setattr(EchoNetPediatric, "_read", lambda *_: pytest.fail("the frames are read again"))
    again = folder.load()
    assert (again.source, again.views, again.listed_efs) == (first.source, first.views, first.listed_efs)


# --- The folder and its tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["FileList.csv", "VolumeTracings.csv", "Videos"])
def test_a_missing_part_is_named(folder: PediatricFolder, part: str) -> None:
    folder.add()
    path = folder.write() / "A4C" / part
    path.rename(path.with_name("elsewhere"))
    told = rf"{part}: missing; give the folder with A4C and PSAX, each of which holds FileList\.csv, "
    with pytest.raises(DataError, match=told):
        EchoNetPediatric(folder.path)


def test_the_folder_of_one_view_is_recognised(folder: PediatricFolder) -> None:
    folder.add()
    with pytest.raises(DataError, match=r"give the folder above this one, which holds A4C and PSAX"):
        EchoNetDynamic(folder.write() / "A4C").load("train")


def test_a_row_that_does_not_parse_is_named(folder: PediatricFolder) -> None:
    folder.add()
    folder.traced[3] = (f"{GOOD}.avi", 50, "", 0)
    with pytest.raises(DataError, match=r"VolumeTracings\.csv: line 5: Y is '', not a number; .*tracing$"):
        folder.load()
    folder.traced[3] = (f"{GOOD}.avi", 50, 20, "last")
    with pytest.raises(DataError, match=r"VolumeTracings\.csv: line 5: Frame is 'last', not a whole number"):
        folder.load()


def test_the_tables_of_echonet_dynamic_are_told(folder: PediatricFolder) -> None:
    folder.add()
    path = folder.write() / "A4C" / "VolumeTracings.csv"
    path.write_text("FileName,X1,Y1,X2,Y2,Frame\n")
    with pytest.raises(DataError, match=r"VolumeTracings\.csv: line 1: no column 'X' "):
        EchoNetPediatric(folder.path).load("train")


def test_a_video_in_two_splits_is_an_error(folder: PediatricFolder) -> None:
    folder.add()
    folder.listed.append([*folder.listed[0][:-1], 9])
    told = rf"FileList\.csv: line 3: {GOOD} is in another split than on line 2; remove one of the rows"
    with pytest.raises(DataError, match=told):
        folder.load()


def test_quirks_of_the_lists_are_named(folder: PediatricFolder) -> None:
    folder.add()
    folder.listed.append([*folder.listed[0][:-1], 4])  # another fold of the same split
    folder.add("0XNOFOLD", fold="")
    folder.add("0XFOLD", fold=10)
    folder.add("0XNAME")
    folder.listed[-1][0] = "0XNAME"
    folder.listed[-1][1] = "normal"
    folder.traced.append(("0XUNLISTED", 50, 50, 3))
    frames = folder.load()
    assert set(frames.videos) == {GOOD, "0XNAME"}
    assert find(frames) == {
        common_quirks.LISTED_TWICE.text: [f"{GOOD}: lines 2 and 3"],
        quirks.NO_FOLD.text: ["0XNOFOLD: line 4", "0XFOLD: line 5"],
        quirks.NO_SUFFIX.text: ["0XNAME: line 6"],
        common_quirks.NO_EF.text: ["0XNAME: line 6"],
        common_quirks.NOT_LISTED.text: ["0XUNLISTED"],
    }
    assert frames.listed_efs == (61.5, 61.5, None, None)


def test_names_that_begin_alike_in_two_splits_are_told(folder: PediatricFolder) -> None:
    folder.add()
    folder.add("CR32a0001-CR32c0002-000007", fold=9)
    folder.add(OTHER, fold=8)
    assert find(folder.load()) == {quirks.PATIENT_IN_SPLITS.text: [f"{GOOD}: also in test"]}
    assert find(folder.load("val")) == {}


# --- Tracings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "phase", "frame"), [("No Systolic", "ED", 0), ("no diastolic", "ES", 11)])
def test_a_phase_that_is_marked_as_missing_leaves_the_other(
    folder: PediatricFolder, words: str, phase: str, frame: int
) -> None:
    folder.add(traced=[(frame, trace(frame))])
    folder.mark(GOOD, words)
    frames = folder.load()
    assert (frames.phases, frames.frame_indices) == ((phase,), (frame,))
    assert find(frames) == {quirks.PHASE_MISSING.text: [f"{GOOD}: no {'ES' if phase == 'ED' else 'ED'}"]}
    assert not frames.source.exclusions


def test_a_single_tracing_without_a_mark_has_no_phase(folder: PediatricFolder) -> None:
    folder.add()
    folder.add(OTHER, traced=[(4, trace(4))])
    folder.add("0XBOTH", traced=[])
    folder.mark("0XBOTH", "No Systolic")
    folder.mark("0XBOTH", "No Diastolic")
    folder.add("0XNONE", traced=[])
    frames = folder.load()
    assert set(frames.videos) == {GOOD}
    assert find(frames) == {
        common_quirks.ONE_FRAME.text: [f"{OTHER}: frame 4"],
        common_quirks.NOT_TRACED.text: ["0XBOTH", "0XNONE"],
    }
    assert len(frames.source.exclusions) == 3


def test_a_mark_beside_two_tracings_is_not_used(folder: PediatricFolder) -> None:
    folder.add()
    folder.mark(GOOD, "No Systolic")
    frames = folder.load()
    assert frames.phases == ("ED", "ES")
    assert find(frames) == {quirks.ODD_MARK.text: [GOOD]}


def test_of_more_tracings_the_largest_and_the_smallest_are_used(folder: PediatricFolder) -> None:
    folder.add(traced=[(frame, trace(frame)) for frame in (5, 0, 11)])
    frames = folder.load()
    assert frames.frame_indices == (0, 11)
    assert find(frames) == {common_quirks.MORE_FRAMES.text: [f"{GOOD}: not used: frame 5"]}


def test_a_frame_one_past_the_end_is_the_last_one(folder: PediatricFolder) -> None:
    folder.add()
    expected = folder.load()
    folder.traced = [(*row[:3], FRAMES if row[3] == FRAMES - 1 else row[3]) for row in folder.traced]
    frames = folder.load()
    assert find(frames) == {quirks.PAST_END.text: [f"{GOOD}: ES, frame 12 of 12"]}
    assert frames.source.fingerprint == expected.source.fingerprint
    assert not frames.source.exclusions


def test_the_last_frame_is_not_used_twice(folder: PediatricFolder) -> None:
    folder.add(traced=[(FRAMES - 1, trace(0)), (FRAMES, trace(11))])
    frames = folder.load()
    assert (frames.phases, frames.frame_indices) == (("ED",), (11,))
    assert find(frames) == {quirks.LAST_FRAME_TWICE.text: [f"{GOOD}: ES, frame 12 of 12"]}


def test_a_frame_further_past_the_end_is_left_out(folder: PediatricFolder) -> None:
    folder.add(traced=[(0, trace(0)), (FRAMES + 1, trace(11))])
    frames = folder.load()
    assert frames.phases == ("ED",)
    assert find(frames) == {common_quirks.VIDEO_SHORT.text: [f"{GOOD}: ES, frame 13 of 12"]}


def test_unusable_polygons_are_named(folder: PediatricFolder) -> None:
    folder.add(traced=[(0, trace(0)), (11, trace(11)[:2])])
    moved = [(x + 40, y) for x, y in trace(0)]
    folder.add(OTHER, traced=[(0, moved), (11, trace(11))])
    frames = folder.load()
    found = find(frames)
    assert found[picture_quirks.NO_MASK.text] == [f"{GOOD}: ES, frame 11"]
    assert found[common_quirks.OUTSIDE_FRAME.text] == [f"{OTHER}: frame 0"]
    assert frames.videos == (GOOD, OTHER, OTHER)


def test_a_round_ventricle_can_be_scored(folder: PediatricFolder) -> None:
    folder.view = "PSAX"
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    circles = {
        frame: [(round(60 + radius * np.cos(a)), round(55 + radius * np.sin(a))) for a in angles]
        for frame, radius in ((0, 20), (11, 14))
    }
    folder.add(traced=list(circles.items()))
    frames = folder.load()
    assert find(frames) == {}
    assert frames.masks_NHW.sum(axis=(1, 2)) == pytest.approx([np.pi * 20**2, np.pi * 14**2], rel=0.05)
    assert np.isfinite(frames.contours_NP2).all()


# --- Videos -----------------------------------------------------------------------------------------------------


def test_unusable_videos_are_named(folder: PediatricFolder) -> None:
    folder.add()
    folder.add("0XMISSING").unlink()
    folder.add("0XDAMAGED").write_bytes(b"RIFF damaged")
    folder.add("0XLARGE", video=np.repeat(np.repeat(make_clip()[0], 2, axis=1), 2, axis=2))
    frames = folder.load()
    assert set(frames.videos) == {GOOD}
    found = find(frames)
    assert found[common_quirks.VIDEO_MISSING.text] == ["0XMISSING"]
    assert found[common_quirks.VIDEO_DAMAGED.text][0].startswith("0XDAMAGED: ")
    assert found[common_quirks.OTHER_SIZE.text] == ["0XLARGE: 224 x 224"]
    assert len(frames.source.exclusions) == 3


def test_a_split_without_a_usable_frame_tells_the_reasons(folder: PediatricFolder) -> None:
    folder.add().unlink()
    told = rf"A4C: split TRAIN: echonet-pediatric: no picture can be used: {GOOD}: video file missing"
    with pytest.raises(DataError, match=told):
        folder.load()
