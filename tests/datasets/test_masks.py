"""A folder of pictures and masks: pairs, patients, splits, videos and phases, and each quirk."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lvzoo.cli import main
from lvzoo.data.labelled import split_patients
from lvzoo.data.quirks import Quirk
from lvzoo.errors import DataError, NoSplitError, UsageError
from lvzoo.interfaces import Dataset
from lvzoo_datasets import masks_quirks as quirks
from lvzoo_datasets.masks import MaskFolder
from tests.datasets.findings import find
from tests.datasets.masks_folders import Masks
from tests.datasets.phantom_hearts import make_heart, recall_sector

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
QUIRKS = [value for value in vars(quirks).values() if isinstance(value, Quirk)]
PATTERN = "^([^_]+)_"
PATIENTS = ("anna", "ben", "finn")
"""One of each split, by the hash of the name."""


@pytest.fixture
def folder(tmp_path: Path) -> Masks:
    return Masks(tmp_path / "ours")


@pytest.fixture(autouse=True)
def _remember_sectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.data.crop.fit_sector", recall_sector)


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.text)
def test_every_quirk_and_its_cost_is_in_the_docs(quirk: Quirk) -> None:
    row = f"| {quirk.text} | {'excluded' if quirk.excludes else 'noted'} |"
    assert row in PAGE.read_text(encoding="utf-8")


# --- Patients and splits ----------------------------------------------------------------------------------------


def test_pattern_gives_patients_and_their_hash_the_splits(folder: Masks) -> None:
    folder.add_patients(*PATIENTS)
    assert isinstance(MaskFolder(folder.path), Dataset)
    for patient, split in split_patients(PATIENTS).items():
        frames = folder.load(split, patient_pattern=PATTERN)
        assert set(frames.patients) == {patient}
        assert frames.frame_indices == (0, 1)
        assert frames.phases == ("ED", "ES")
        assert find(frames) == {quirks.BY_AREA.text: [patient]}


def test_without_patients_the_error_says_both_ways_to_name_them(folder: Masks) -> None:
    folder.add_patients("anna")
    with pytest.raises(
        DataError, match=r"of which patient.*frames\.csv.*name and patient.*--patient-pattern"
    ):
        folder.load()
    with pytest.raises(
        DataError,
        match=r"pattern '\^\(nobody\)' matches none of 2 names, for example anna_1; correct the pattern",
    ):
        folder.load(patient_pattern="^(nobody)")
    with pytest.raises(NoSplitError, match=r"no patient is in the split val; write splits into frames\.csv"):
        folder.load("val", patient_pattern=PATTERN)


def test_table_gives_patients_splits_and_phases(folder: Masks) -> None:
    folder.add_patients("a", "b")
    folder.list("a_1.png,p1,TRAIN,es", "a_2,p1,train,ED", "b_1,p2,test,ED", "b_2,p2,test,other")
    train, test = folder.load("train"), folder.load("test")
    assert train.patients == ("p1", "p1")
    assert train.phases == ("ES", "ED")
    assert test.phases == ("ED", "other")
    assert not train.source.findings
    with pytest.raises(NoSplitError, match=r"no patient is in the split val; no row of frames\.csv has it"):
        folder.load("val")


def test_table_gives_everything_else_that_is_known(folder: Masks) -> None:
    folder.add_patients("a")
    header = "name,patient,split,video,frame,view,quality,ef,spacing_mm"
    folder.list(
        "a_2,p1,train,clip 1,3,2CH,Good,55.5,0.2", "a_1,p1,train,clip 1,17,2CH,Poor,55.5,0.2", header=header
    )
    frames = folder.load("train")
    assert frames.videos == ("clip 1", "clip 1")
    assert frames.frame_indices == (3, 17)
    assert frames.phases == ("ES", "ED")
    assert frames.views == ("2CH", "2CH")
    assert frames.qualities == ("Good", "Poor")
    assert frames.listed_efs == (55.5, 55.5)
    assert frames.spacing_mm is not None
    assert frames.spacing_mm[0] == pytest.approx(0.2 * 224 / 112, rel=0.1)


def test_patient_in_two_splits_is_an_error_that_names_both_rows(folder: Masks) -> None:
    folder.add_patients("a")
    folder.list("a_1,p1,train,", "a_2,p1,test,")
    with pytest.raises(
        DataError, match=r"frames\.csv: line 3: patient 'p1' is in split test, but in train by line 2"
    ):
        folder.load("train")


def test_patient_without_a_split_is_left_out_where_others_have_one(folder: Masks) -> None:
    folder.add_patients("a", "b")
    folder.list("a_1,p1,train,", "a_2,p1,,", "b_1,p2,,", "b_2,p2,,")
    frames = folder.load("train")
    assert frames.patients == ("p1", "p1")
    assert find(frames)[quirks.NO_SPLIT.text] == ["images/b_1.png", "images/b_2.png"]


def test_picture_without_a_patient_is_left_out_and_named(folder: Masks) -> None:
    folder.add_patients("anna")
    folder.add("stranger")
    frames = folder.load(patient_pattern=PATTERN)
    assert set(frames.patients) == {"anna"}
    assert find(frames)[quirks.NO_PATIENT.text] == ["images/stranger.png"]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a_1;p1"], "name;patient", "line 1: the cells are separated by semicolons; save it with commas"),
        (["a_1,p1,training,"], None, r"line 2: split is 'training'; write one of train, val, test"),
        (["a_1,p1,,diastole"], None, r"line 2: phase is 'diastole'; write one of ED, ES, other"),
        (["a_1,p1,,", "a_1.png,p1,,"], None, "line 3: 'a_1' stands in line 2 already"),
        (["a_1,p1,x"], "name,patient,ef", "line 2: ef is 'x', not a number up to 100"),
        (["a_1,p1,0"], "name,patient,spacing_mm", "line 2: spacing_mm is '0', not a number above 0"),
        (["a_1,p1,-1"], "name,patient,frame", "line 2: Frame is '-1'"),
        (
            ["a_1,p1,ED"],
            "name,pateint,phase",
            r"line 1: unknown column 'pateint' \(did you mean 'patient'\?\)",
        ),
        (
            ["a_1,p1,c", "a_2,p2,c"],
            "name,patient,video",
            "line 3: video 'c' is of patient 'p2', but of 'p1' by line 2",
        ),
        (
            ["a_1,p1,p2", "a_2,p2,"],
            "name,patient,video",
            "line 2: video 'p2' has the name of another patient; give it another name",
        ),
        (
            ["a_1,p1,c,4", "a_2,p1,c,4"],
            "name,patient,video,frame",
            "line 3: frame 4 of video 'c' stands in line 2 already",
        ),
    ],
)
def test_mistake_in_the_table_is_named_with_its_line(
    folder: Masks, rows: list[str], header: str | None, message: str
) -> None:
    folder.add_patients("a")
    folder.list(*rows, header=header or "name,patient,split,phase")
    with pytest.raises(DataError, match=message):
        folder.load()


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "is no regular expression"), ("p[0-9]", r"has no group; .*: \(p\[0-9\]\)")]
)
def test_pattern_must_be_a_regular_expression_with_a_group(folder: Masks, pattern: str, message: str) -> None:
    folder.add_patients("anna")
    with pytest.raises(UsageError, match=message):
        folder.load(patient_pattern=pattern)


# --- Pictures and masks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["_gt", "_mask"])
def test_mask_may_have_an_ending(folder: Masks, ending: str) -> None:
    folder.add("anna_1", ending=ending)
    assert len(folder.load(patient_pattern=PATTERN)) == 1


def test_any_value_above_0_is_inside_and_a_label_chooses_one(folder: Masks) -> None:
    folder.add("anna_1", values=(0, 1, 2, 3))
    folder.add("anna_2", values=(0, 1, 0, 0))
    whole, cavity = folder.load(patient_pattern=PATTERN), folder.load(patient_pattern=PATTERN, label=1)
    assert whole.masks_NHW[0].sum() > 1.5 * cavity.masks_NHW[0].sum()
    assert np.array_equal(cavity.masks_NHW[0], cavity.masks_NHW[1])
    assert np.array_equal(whole.masks_NHW[1], cavity.masks_NHW[1])
    assert find(whole)[quirks.LABEL_VALUES.text] == ["masks/anna_1.png: 1, 2, 3"]
    assert quirks.LABEL_VALUES.text not in find(cavity)


def test_mask_in_jpeg_is_cut_at_half_and_has_no_labels(folder: Masks) -> None:
    folder.add("anna_1", suffix=".jpg")
    folder.add("anna_2")
    frames = folder.load(patient_pattern=PATTERN)
    assert (frames.masks_NHW[0] != frames.masks_NHW[1]).sum() <= 0.01 * frames.masks_NHW[1].sum()
    assert find(frames)[quirks.JPEG_MASK.text] == ["masks/anna_1.jpg"]
    assert find(folder.load(patient_pattern=PATTERN, label=255))[quirks.NO_LABELS.text] == [
        "masks/anna_1.jpg"
    ]


def test_label_that_no_mask_has_is_an_error_with_the_values_found(folder: Masks) -> None:
    folder.add_patients("anna")
    with pytest.raises(
        DataError, match=r"no mask has the value 7; values found: 0, 255; correct masks\.label"
    ):
        folder.load(patient_pattern=PATTERN, label=7)
    folder.add("anna_2", values=(0, 7, 0, 0))
    assert find(folder.load(patient_pattern=PATTERN, label=7))["empty mask"] == ["anna: images/anna_1.png"]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("colours", [1, 3])
def test_picture_in_place_of_a_mask_is_left_out(folder: Masks, suffix: str, colours: int) -> None:
    folder.add_patients("anna")
    (folder.path / "masks/anna_2.png").unlink()
    picture_HWC = np.repeat(make_heart().grey_NHW[0][..., None], colours, axis=2)
    if colours > 1:
        picture_HWC[..., 0] //= 2
    folder.write(f"masks/anna_2{suffix}", picture_HWC)
    frames = folder.load(patient_pattern=PATTERN)
    assert len(frames) == 1
    assert find(frames)[quirks.PICTURE_AS_MASK.text] == [f"masks/anna_2{suffix}"]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_mask_with_a_smooth_border_is_used(folder: Masks, suffix: str) -> None:
    folder.add("anna_1", suffix=suffix)
    mask_HW = (make_heart().labels_NHW[0] == 1) * np.uint8(255)
    folder.write(f"masks/anna_1{suffix}", cv2.GaussianBlur(mask_HW, (0, 0), 3))
    frames = folder.load(patient_pattern=PATTERN)
    assert quirks.PICTURE_AS_MASK.text not in find(frames)


def test_outline_and_inverted_mask_are_left_out(folder: Masks) -> None:
    folder.add_patients("anna", "karl")
    inside_HW = (make_heart().labels_NHW[0] == 1).astype(np.uint8)
    outline_HW = inside_HW - cv2.erode(inside_HW, np.ones((5, 5), np.uint8))
    folder.write("masks/anna_2.png", outline_HW * 255)
    folder.write("masks/karl_2.png", (1 - inside_HW) * 255)
    frames = folder.load(patient_pattern="(.)")
    assert len(frames) == 2
    found = find(frames)
    [outline], [inverted] = found[quirks.OUTLINE.text], found[quirks.INVERTED.text]
    assert outline.startswith("masks/anna_2.png: it encloses ")
    assert inverted.startswith("masks/karl_2.png: 9")
    assert inverted.endswith("% of the picture")


def test_mask_in_colours_is_inside_where_it_is_not_black_or_transparent(folder: Masks) -> None:
    folder.add("anna_1")
    folder.add("anna_2")
    labels_HW = make_heart().labels_NHW[0]
    painted_HW4 = np.full((*labels_HW.shape, 4), (40, 0, 200, 0), dtype=np.uint8)
    painted_HW4[labels_HW == 1, 3] = 255
    folder.write("masks/anna_2.png", painted_HW4)
    frames = folder.load(patient_pattern=PATTERN)
    assert np.array_equal(*frames.masks_NHW)


def test_nifti_is_read_as_a_picture_and_as_a_sequence(folder: Masks) -> None:
    from tests.datasets.camus_files import write_nifti

    heart = make_heart()
    labels_NHW = heart.labels_NHW.copy()
    labels_NHW[1] = 0
    for name, frames in (("anna_still", slice(0, 1)), ("anna_clip", slice(None))):
        write_nifti(folder.path / f"images/{name}.nii.gz", heart.grey_NHW[frames])
        write_nifti(folder.path / f"masks/{name}_gt.nii.gz", labels_NHW[frames])
    frames_of = folder.load(patient_pattern=PATTERN, label=1)
    assert frames_of.videos == ("anna_clip", "anna_clip", "anna_clip", "anna")
    assert frames_of.frame_indices == (0, 2, 3, 0)
    assert find(frames_of)[quirks.NOT_LABELLED.text] == ["masks/anna_clip_gt.nii.gz: 1 of 4"]
    folder.write("images/anna_still.png", heart.grey_NHW[0])
    assert find(folder.load(patient_pattern=PATTERN, label=1))[quirks.SAME_NAME.text] == [
        "images/anna_still.nii.gz: used, and not anna_still.png"
    ]
    write_nifti(folder.path / "masks/anna_clip_gt.nii.gz", labels_NHW[:2])
    assert find(folder.load(patient_pattern=PATTERN, label=1))[quirks.LENGTHS.text] == [
        "images/anna_clip.nii.gz: 4 and 2"
    ]


def test_stills_stay_apart_from_a_sequence_that_is_named_like_the_patient(folder: Masks) -> None:
    from tests.datasets.camus_files import write_nifti

    heart = make_heart()
    write_nifti(folder.path / "images/anna.nii.gz", heart.grey_NHW)
    write_nifti(folder.path / "masks/anna.nii.gz", heart.labels_NHW)
    folder.add_patients("anna")
    frames = folder.load(patient_pattern="^([^_]+)")
    assert frames.videos == ("anna",) * 4 + ("anna stills",) * 2
    assert frames.phases == ("other",) * 4 + ("ED", "ES")
    assert set(frames.patients) == {"anna"}


def test_two_patients_cannot_share_a_video(folder: Masks) -> None:
    for name in ("a", "b", "c"):
        folder.add(name)
    rows = ("a,p 4CH,train,", "b,q,train,", "c,p,train,4CH")
    folder.list(*rows, header="name,patient,split,view")
    with pytest.raises(
        DataError, match=r"patients 'p 4CH' and 'p' would both have a video 'p 4CH'; .* column video"
    ):
        folder.load("train")


def test_without_nibabel_the_error_says_what_to_install(
    folder: Masks, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add_patients("anna")
    for part in ("images", "masks"):
        (folder.path / part / "anna_3.nii.gz").write_bytes(b"any")
    monkeypatch.setitem(sys.modules, "nibabel.nifti1", None)
    with pytest.raises(
        DataError, match=r"anna_3\.nii\.gz: reading NIfTI needs nibabel; pip install 'lvzoo\[nifti\]'"
    ):
        folder.load(patient_pattern=PATTERN)


def test_files_that_do_not_fit_together_are_named(folder: Masks) -> None:
    folder.add_patients("anna")
    (folder.path / "masks/anna_2.png").rename(folder.path / "masks/ben_9.png")
    (folder.path / "images/notes.txt").write_text("")
    folder.add("anna_1", ending="_mask")
    folder.list("anna_1,anna,train,", "anna_7,anna,train,")
    found = find(folder.load("train"))
    assert found[quirks.NO_MASK_FILE.text] == ["images/anna_2.png"]
    assert found[quirks.NO_PICTURE.text] == ["masks/ben_9.png"]
    assert found[quirks.OTHER_FILE.text] == ["images/notes.txt"]
    assert found[quirks.SAME_NAME.text] == ["masks/anna_1.png: used, and not anna_1_mask.png"]
    assert found[quirks.NO_FILE.text] == ["images/anna_7"]


def test_of_two_pictures_of_one_name_the_jpeg_is_not_used(folder: Masks) -> None:
    folder.add_patients("anna")
    folder.write("images/anna_1.jpg", make_heart().grey_NHW[0])
    frames = folder.load(patient_pattern=PATTERN)
    assert find(frames)[quirks.SAME_NAME.text] == ["images/anna_1.png: used, and not anna_1.jpg"]


def test_findings_on_masks_name_the_file(folder: Masks) -> None:
    folder.add_patients("anna")
    folder.add("anna_2", values=(0, 0, 0, 0))
    assert find(folder.load(patient_pattern=PATTERN))["empty mask"] == ["anna: images/anna_2.png"]


@pytest.mark.parametrize("part", ["images", "masks"])
def test_damaged_file_costs_its_picture_alone_and_is_named_without_the_folders_path(
    folder: Masks, part: str
) -> None:
    folder.add_patients("anna")
    (folder.path / part / "anna_2.png").write_bytes(b"no picture")
    frames = folder.load(patient_pattern=PATTERN)
    assert len(frames) == 1
    [told] = find(frames)["video that does not decode"]
    assert told.startswith(f"{part}/anna_2.png: ")
    assert str(folder.path) not in told
    assert find(frames)[quirks.NO_PHASE.text] == ["anna: 1 picture"]


def test_pictures_of_several_sizes_are_several_videos(folder: Masks) -> None:
    folder.add_patients("anna")
    heart = make_heart()
    for part, picture_HW in (
        ("images", heart.grey_NHW[0]),
        ("masks", (heart.labels_NHW[0] == 1) * np.uint8(255)),
    ):
        folder.write(
            f"{part}/anna_3.png", cv2.resize(picture_HW, (600, 496), interpolation=cv2.INTER_NEAREST)
        )
    frames = folder.load(patient_pattern=PATTERN)
    assert frames.videos == ("anna 300 x 248", "anna 300 x 248", "anna 600 x 496")
    assert find(frames)[quirks.SIZES.text] == ["anna: 300 x 248, 600 x 496"]


def test_frames_are_kept_until_a_file_changes(folder: Masks, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.add_patients("anna")
    before = folder.load(patient_pattern=PATTERN)
    with monkeypatch.context() as patch:
        patch.setattr("lvzoo_datasets.masks.decode", None)
        assert folder.load(patient_pattern=PATTERN).source == before.source
    folder.add("anna_2", values=(0, 1, 1, 0))
    assert folder.load(patient_pattern=PATTERN).source.fingerprint != before.source.fingerprint


def test_folder_names_the_set_also_if_the_cache_has_a_copy_of_it(folder: Masks) -> None:
    folder.add_patients("anna")
    here = folder.load(patient_pattern=PATTERN)
    copy = Masks(path=shutil.copytree(folder.path, folder.path.with_name("Ward 3 (new)")))
    there = copy.load(patient_pattern=PATTERN)
    assert (here.source.name, there.source.name) == ("ours", "Ward-3-new")
    assert here.source.fingerprint == there.source.fingerprint


# --- Commands ---------------------------------------------------------------------------------------------------


def test_commands_read_it_with_the_pattern(folder: Masks, capsys: pytest.CaptureFixture[str]) -> None:
    folder.add_patients(*PATIENTS)
    assert main(["data", "check", str(folder.path)]) == 4
    assert "--patient-pattern" in capsys.readouterr().err
    assert main(["data", "check", str(folder.path), "--patient-pattern", PATTERN]) == 0
    assert capsys.readouterr().out.startswith("ours (masks-reader-")
    assert main(["data", "statistics", str(folder.path), "--patient-pattern", PATTERN]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("ours: 3 clips\n")  # and not the masks
    assert "correlation of neighbours" in printed
    assert "correlation of successive frames" not in printed
    assert "ED length by width" in printed


def test_statistics_without_patients_are_one_error(folder: Masks, capsys: pytest.CaptureFixture[str]) -> None:
    folder.add_patients("anna")
    assert main(["data", "statistics", str(folder.path)]) == 4
    assert capsys.readouterr().err.count("of which patient a picture is") == 1


def test_statistics_count_files_apart_from_videos(folder: Masks, capsys: pytest.CaptureFixture[str]) -> None:
    folder.add_patients(*PATIENTS)
    (folder.path / "masks/ben_2.png").unlink()
    assert main(["data", "statistics", str(folder.path), "--patient-pattern", PATTERN]) == 0
    assert "tracings of 2 videos (1 more and 1 file left out)" in capsys.readouterr().out


def test_check_prints_where_the_page_is(
    folder: Masks, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder.add_patients(*PATIENTS)
    page = tmp_path / "page.html"
    command = ["data", "check", str(folder.path), "--patient-pattern", PATTERN, "--html", str(page)]
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"\npage: {page}\n")


@pytest.mark.slow
def test_models_are_trained_and_tested_on_it_and_the_run_names_the_options(
    folder: Masks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = {"ben": "train", "karl": "train", "mia": "val", "otto": "test"}
    for patient in patients:
        for place in (0, -1):
            folder.add(f"{patient}_{place + 2}", heart=len(patient) % 2, place=place, values=(0, 1, 2, 3))
    rows = [f"{patient}_{place},{split}" for patient, split in patients.items() for place in (1, 2)]
    folder.list(*rows, header="name,split")
    data = ["--data", str(folder.path), "--patient-pattern", PATTERN, "--data-option", "masks.label=1"]
    trained, tested = tmp_path / "trained", tmp_path / "tested"
    assert main(["train", "unet-fast", *data, "--epochs", "1", "--jobs", "1", "--out", str(trained)]) == 0
    assert (
        main(["eval", "unet-fast", *data, "--corruptions", "none", "--jobs", "1", "--out", str(tested)]) == 0
    )
    assert "1 patients, 2 frames" in capsys.readouterr().out.replace("1 patient,", "1 patients,")
    for run in (trained, tested):
        facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
        assert facts["data_options"] == {"masks.label": 1, "masks.patient_pattern": PATTERN}
    command = json.loads((trained / "run.json").read_text(encoding="utf-8"))["command"]
    assert f"--data-option masks.label=1 --data-option 'masks.patient-pattern={PATTERN}'" in command
