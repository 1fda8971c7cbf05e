"""What files, folders and patterns on the command line stand for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pydicom.examples
import pytest
from pydicom.uid import ComprehensiveSRStorage, GeneralECGWaveformStorage

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.find import find_clips
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError
from tests.data.clips.made_dicom import make_dicom, save_dicom
from tests.data.echonet_folders import EchoNetFolder

FOUR_CHAMBERS = Path(str(pydicom.examples.get_path("ybr_color")))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def work_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str, content: bytes = PNG) -> list[Path]:
    paths = [Path(name) for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return paths


def find(*arguments: str) -> list[str]:
    """Return the clips as their path, with the pictures after a colon."""
    return [
        f"{clip.path}: {' '.join(image.name for image in clip.images)}" if clip.images else str(clip.path)
        for clip in find_clips([Path(argument) for argument in arguments])
    ]


# --- Files ------------------------------------------------------------------------------------------------------


def test_a_file_is_a_clip_whatever_its_name() -> None:
    touch("b.txt", "a.avi", ".hidden.mp4", "DICOMDIR")
    assert find("b.txt", "a.avi", ".hidden.mp4", "DICOMDIR") == ["b.txt", "a.avi", ".hidden.mp4", "DICOMDIR"]


def test_a_missing_file_is_told_when_it_is_opened() -> None:
    touch("a.avi")
    assert find("missing.avi", "a.avi", "missing.png") == ["missing.avi", "a.avi", "missing.png"]
    with pytest.raises(DataError, match=r"missing\.png: cannot be read \(No such file"):
        open_clip(find_clips([Path("missing.png")])[0])


def test_a_file_named_twice_is_one_clip(tmp_path: Path) -> None:
    touch("a.avi", "1.png")
    Path("link.avi").symlink_to("a.avi")
    assert find("a.avi", "link.avi", "./a.avi", str(tmp_path / "a.avi"), "1.png", "1.png") == [
        "a.avi",
        "1.png",
    ]
    assert find("a.avi", ".") == ["a.avi", "1.png"]


# --- Numbered pictures ------------------------------------------------------------------------------------------


def test_pictures_of_one_folder_are_one_clip() -> None:
    touch("x/f10.png", "x/f9.png", "x/f1.png", "y/f1.png", "y/f2.png", "c.avi")
    assert find("x/f10.png", "x/f1.png", "c.avi", "x/f9.png", "y/f2.png", "y/f1.png") == [
        *("x: f1.png f9.png f10.png", "c.avi", "y: f1.png f2.png")
    ]


def test_only_the_named_pictures_belong_to_the_clip() -> None:
    touch("x/f1.png", "x/f2.png", "x/f3.png")
    assert find("x/f1.png", "x/f3.png") == ["x: f1.png f3.png"]


def test_a_single_picture_is_a_clip() -> None:
    touch("x/f1.png", "x/f2.png")
    assert find("x/f1.png") == ["x/f1.png"]


def test_several_sequences_of_one_folder_are_several_clips() -> None:
    touch("x/a_1.png", "x/a_2.png", "x/b_1.png", "x/b_2.png", "x/logo.png", "x/1.jpg", "x/2.jpg")
    assert find("x") == [
        *("x/*.jpg: 1.jpg 2.jpg", "x/a_*.png: a_1.png a_2.png", "x/b_*.png: b_1.png b_2.png", "x/logo.png")
    ]


def test_stills_of_several_patients_and_views_are_several_clips() -> None:
    stills = ["patient0001_2CH_ED.png", "patient0001_4CH_ED.png", "patient0002_4CH_ED.png"]
    touch(*(f"x/{name}" for name in stills))
    assert find("x") == [f"x/{name}" for name in stills]


def test_pictures_that_are_read_as_one_clip_are_told(caplog: pytest.LogCaptureFixture) -> None:
    touch("x/pat1_1.png", "x/pat1_2.png", "x/pat1_3.png", "x/pat2_1.png")
    find("x")
    assert [record.getMessage() for record in caplog.records] == ["x: 3 pictures are read as one clip"]


def test_labels_are_left_out_of_a_folder_of_pictures() -> None:
    touch("x/patient1_2CH_ED.png", "x/patient1_2CH_ED_gt.png", "x/patient1_2CH_ED_GT.PNG")
    assert find("x") == ["x/patient1_2CH_ED.png"]


def test_the_working_folder_has_its_name(tmp_path: Path) -> None:
    touch("1.png", "2.png")
    assert find(".") == [f"{tmp_path}: 1.png 2.png"]


def test_a_picture_may_be_linked_several_times_in_a_sequence() -> None:
    """Whoever repeats a frame in a sequence may link its picture."""
    touch("x/1.png")
    Path("x/2.png").symlink_to("1.png")
    assert find("x") == ["x: 1.png 2.png"]
    Path("y").symlink_to("x")
    assert find("x", "y") == ["x: 1.png 2.png"]


# --- Folders ----------------------------------------------------------------------------------------------------


def test_a_folder_is_searched_in_natural_order() -> None:
    touch("x/clip10.avi", "x/clip9.MP4", "x/b/c.dcm", "x/a2/d.nii.gz", "x/a10/e.gif")
    assert find("x") == ["x/clip9.MP4", "x/clip10.avi", "x/a2/d.nii.gz", "x/a10/e.gif", "x/b/c.dcm"]


def test_what_is_no_clip_is_left_out_of_a_folder() -> None:
    touch(
        "x/a.avi",
        "x/.b.avi",
        "x/.c/d.avi",
        "x/e.csv",
        "x/f.txt",
        "x/g.json",
        "x/DICOMDIR",
        "x/h",
        content=b"h",
    )
    touch("x/patient1_2CH_gt.nii.gz", "x/Thumbs.db", "x/plot.pdf")
    os.mkfifo("x/i.avi")
    assert find("x") == ["x/a.avi"]


def test_results_are_left_out_of_a_folder() -> None:
    touch("x/a.avi", "x/predictions/a/overlay.avi")
    touch("x/predictions/a/summary.json", "x/predictions/a/frames.csv")
    touch("x/predictions/a/masks/00000.png", "x/predictions/a/masks/00001.png")
    assert find("x") == ["x/a.avi"]


@pytest.mark.parametrize(
    ("head", "is_clip"),
    [
        (FOUR_CHAMBERS.read_bytes()[:1000], True),
        (b"RIFF\x00\x00\x00\x00AVI LIST", True),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", False),
        (b"\x00\x00\x00\x18ftypmp42", True),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", True),
        (b"\x00\x01\x00\x00moov", True),
        (b"2\x01\x00\x00mdat", True),
        (b"the free text", False),
        (b"\x1aE\xdf\xa3", True),
        (b"0&\xb2u\x8ef\xcf\x11", True),
        (b"OggS\x00\x02", True),
        (b"FLV\x01\x05", True),
        (b"\x00\x00\x01\xba", True),
        (b"\x00\x00\x01\xb3", True),
        ((b"G\x40\x00\x10" + bytes(184)) * 2, True),
        ((bytes(4) + b"G\x40\x00\x10" + bytes(184)) * 2, True),
        ((b"G\x40\x00\x10" + bytes(200)) * 2, True),
        (b"G\x40\x00\x10" + bytes(400), False),
        (b"Good morning. " * 30, False),
        (b"G" * 400, False),
        (b"GIF89a", True),
        (PNG, True),
        (b"\x7fELF", False),
        (b"a text", False),
        (b"", False),
    ],
)
def test_without_a_suffix_the_content_decides(head: bytes, is_clip: bool) -> None:  # noqa: FBT001
    touch("x/a.avi")
    touch("x/1.2.840.113619.2.391.5047.1", content=head)
    assert ("x/1.2.840.113619.2.391.5047.1" in find("x")) is is_clip


def test_a_name_that_only_begins_like_that_of_a_list_of_dicom_files_is_a_clip() -> None:
    touch("x/DICOMDIR", "x/dicomdir.dcm", "x/DICOMDIR_export.avi", "x/dicomdir2")
    assert find("x") == ["x/dicomdir2", "x/DICOMDIR_export.avi"]


@pytest.mark.parametrize("name", ["clip.ts", "clip.m2v"])
def test_streams_are_found_by_their_suffix(name: str) -> None:
    touch(f"x/{name}", content=b"damaged")
    assert find("x") == [f"x/{name}"]


def test_a_list_of_dicom_files_is_no_clip() -> None:
    meta = bytes(128) + b"DICM" + b"\x02\x00\x02\x00UI\x14\x001.2.840.10008.1.3.10\x00"
    touch("x/index", content=meta)
    touch("x/a.avi")
    assert find("x") == ["x/a.avi"]


def write_report(name: str, **elements: object) -> None:
    report = make_dicom(np.zeros((1, 4, 4), np.uint8))
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = ComprehensiveSRStorage
    del report.PixelData, report.Rows, report.Columns
    for keyword, value in elements.items():
        setattr(report, keyword, value)
    save_dicom(report, Path(name))


def test_dicom_files_without_pictures_are_left_out_of_a_folder(caplog: pytest.LogCaptureFixture) -> None:
    Path("x").mkdir()
    save_dicom(make_dicom(np.zeros((1, 4, 4), np.uint8)), Path("x/IM_0001"))
    write_report("x/SR_0001")
    assert find("x") == ["x/IM_0001"]
    write_report("x/wave.dcm", SOPClassUID=GeneralECGWaveformStorage)
    assert find("x") == ["x/IM_0001"]
    assert [record.getMessage() for record in caplog.records] == [
        "x: 1 DICOM file without pictures is left out",
        "x: 2 DICOM files without pictures are left out",
    ]
    assert find("x/SR_0001") == ["x/SR_0001"]
    with pytest.raises(DataError, match="SR_0001: is a DICOM file without pixel data"):
        open_clip(Path("x/SR_0001"))


def test_a_folder_of_reports_holds_no_clips() -> None:
    Path("x").mkdir()
    write_report("x/SR_0001")
    with pytest.raises(DataError, match=r"^x: holds no clips"):
        find("x")


def test_a_dicom_clip_that_was_cut_off_is_no_report() -> None:
    Path("x").mkdir()
    dataset = make_dicom(np.zeros((1, 4, 4), np.uint8))
    del dataset.PixelData
    save_dicom(dataset, Path("x/IM_0001"))
    touch("x/IM_0002", content=FOUR_CHAMBERS.read_bytes()[:600])
    # Files of a class that lvzoo does not know, with and without pictures.
    write_report("x/IM_0003", SOPClassUID="1.2.3", Rows=4)
    assert find("x") == ["x/IM_0001", "x/IM_0002", "x/IM_0003"]


def test_a_data_set_is_searched(folder: EchoNetFolder) -> None:
    folder.add("0XMORE")
    folder.write()
    videos = folder.path / "Videos"
    assert find(str(folder.path)) == [str(videos / "0XGOOD.avi"), str(videos / "0XMORE.avi")]


def test_links_are_followed_and_loops_end() -> None:
    touch("x/a.avi", "elsewhere/b.avi")
    Path("x/more").symlink_to(Path("elsewhere").absolute())
    Path("x/loop").symlink_to(Path("x").absolute())
    assert find("x") == ["x/a.avi", "x/more/b.avi"]


def test_a_broken_link_is_told_when_it_is_opened() -> None:
    Path("x").mkdir()
    Path("x/a.avi").symlink_to("nowhere.avi")
    assert find("x") == ["x/a.avi"]
    with pytest.raises(DataError, match=r"a\.avi: cannot be read \(No such file"):
        open_clip(Path("x/a.avi"))


def test_a_folder_without_clips_is_told() -> None:
    touch("x/a.txt")
    with pytest.raises(
        DataError, match=r"^x: holds no clips; give a clip, or a folder of clips or of numbered pic"
    ):
        find("x")


def test_a_folder_without_clips_costs_itself_alone() -> None:
    touch("x/a.txt", "b.avi")
    clips = find_clips([Path("x"), Path("b.avi")])
    assert clips == [ClipFile(path=Path("x")), ClipFile(path=Path("b.avi"))]
    with pytest.raises(DataError, match="x: is a folder without clips"):
        open_clip(clips[0])


def test_a_folder_that_cannot_be_read_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    touch("x/a.avi", "x/locked/b.avi")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find("x") == ["x/a.avi"]
    assert "x/locked: is left out, because it cannot be read (Permission denied)" in caplog.text


# --- Patterns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("x/*.png", ["x/f*.png: f1.png f2.png f10.png", "x/g1.png"]),
        ("x/f%d.png", ["x: f1.png f2.png f10.png"]),
        ("x/f%02d.png", ["x/f10.png"]),
        ("?/*.avi", ["x/a.avi"]),
        ("**/*.avi", ["x/a.avi", "x/y/b.avi"]),
        ("[x]", ["x/a.avi", "x/f*.png: f1.png f2.png f10.png", "x/g1.png", "x/y/b.avi"]),
    ],
)
def test_a_pattern_stands_for_the_files_that_match(pattern: str, expected: list[str]) -> None:
    touch("x/f1.png", "x/f2.png", "x/f10.png", "x/g1.png", "x/a.avi", "x/y/b.avi")
    assert find(pattern) == [each.replace("x/f*.png", "x") for each in expected]


def test_a_pattern_that_is_the_name_of_a_file_is_that_file() -> None:
    touch("f[1].avi", "f1.avi", "%d.avi")
    assert find("f[1].avi", "%d.avi") == ["f[1].avi", "%d.avi"]


@pytest.mark.parametrize("pattern", ["x/*.png", "x/%03d.png"])
def test_a_pattern_without_a_file_is_told(pattern: str) -> None:
    with pytest.raises(
        DataError, match=r"^x/.+\.png: no file matches this pattern; check the folder and the pattern"
    ):
        find(pattern)
