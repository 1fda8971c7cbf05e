"""Each quirk of CAMUS's files: of its Info_*.cfg, its half sequences, its pictures and labels."""

from __future__ import annotations

import builtins
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.data import picture_quirks
from lvzoo.data import quirks as common_quirks
from lvzoo.data.quirks import Quirk
from lvzoo.errors import DataError
from lvzoo_datasets import camus_quirks as quirks
from tests.datasets.camus_files import CamusFolder, compute_dice, write_nifti
from tests.datasets.findings import find
from tests.datasets.phantom_hearts import make_heart

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
QUIRKS = [value for value in vars(quirks).values() if isinstance(value, Quirk)]
VIDEO = "patient0001_4CH"


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.text)
def test_every_quirk_and_its_cost_is_in_the_docs(quirk: Quirk) -> None:
    row = f"| {quirk.text} | {'excluded' if quirk.excludes else 'noted'} |"
    assert row in PAGE.read_text(encoding="utf-8")


# --- Info_4CH.cfg and Info_2CH.cfg ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (
            "ED: 1\nES: 4\nNbFrame: 4\nImageQuality: Excellent\nEF: 50\n",
            {quirks.OTHER_QUALITY: [f"{VIDEO}: 'Excellent'"]},
        ),
        ("ED: 1\nES: 4\nNbFrame: 4\nEF: 50\n", {quirks.NO_QUALITY: [VIDEO]}),
        ("ED: 1\nES: 4\nNbFrame: 4\nImageQuality: Poor\n", {quirks.NO_EF: [f"{VIDEO}: Info_4CH.cfg"]}),
        (
            "ED: 1\nES: 4\nNbFrame: 4\nImageQuality: Poor\nEF: normal\n",
            {quirks.NO_EF: [f"{VIDEO}: Info_4CH.cfg"]},
        ),
        (
            "ED: 1\nES: 4\nNbFrame: 9\nImageQuality: Poor\nEF: 50\n",
            {quirks.OTHER_LENGTH: [f"{VIDEO}: NbFrame is 9, the file has 4 frames"]},
        ),
        (
            "ED: 1\nES: 4\nNbFrame: 4\nImageQuality: Poor\nEF: 50\nPoor picture\n",
            {quirks.ODD_LINE: [f"{VIDEO}: Info_4CH.cfg, line 6"]},
        ),
        (
            "ED: 2\nES: 4\nNbFrame: 4\nImageQuality: Poor\nEF: 50\n",
            {quirks.OTHER_PLACE: [f"{VIDEO}: ED: number 2, place 1"]},
        ),
        (
            "ED: 4\nES: 1\nNbFrame: 4\nImageQuality: Poor\nEF: 50\n",
            {
                quirks.ES_BEFORE_ED: [f"{VIDEO}: ED is frame 4, ES is frame 1"],
                quirks.OTHER_PLACE: [f"{VIDEO}: ED: number 4, place 1", f"{VIDEO}: ES: number 1, place 4"],
            },
        ),
        (
            "ED: 0\nES: 4\nNbFrame: 4\nImageQuality: Poor\nEF: 50\n",
            {quirks.NO_NUMBERS: [f"{VIDEO}: Info_4CH.cfg"]},
        ),
    ],
)
def test_quirks_of_the_info_are_named(
    camus: CamusFolder, info: str, expected: dict[Quirk, list[str]]
) -> None:
    camus.add(info=info)
    frames = camus.load()
    assert find(frames) == {quirk.text: details for quirk, details in expected.items()}
    assert not frames.source.exclusions
    assert dict(zip(frames.phases[:2], frames.frame_indices[:2], strict=True)) == {"ED": 0, "ES": 3}
    assert len(frames) == 4


def test_the_info_is_read_as_it_is_written(camus: CamusFolder) -> None:
    camus.add(info="ed: 1\r\nES : 4\r\nNBFRAME:4\r\nimagequality: POOR\r\nEF: 38.25\r\n\r\n")
    frames = camus.load()
    assert find(frames) == {}
    assert (frames.qualities, frames.listed_efs) == (("Poor",) * 4, (38.25,) * 4)


def test_other_words_for_the_quality_are_kept(camus: CamusFolder) -> None:
    camus.add(info="ED: 1\nES: 4\nImageQuality: Excellent\nEF: 50\n")
    assert camus.load().qualities == ("Excellent",) * 4


def test_without_info_places_are_found_by_the_pictures(camus: CamusFolder) -> None:
    patient = camus.add()
    (patient / "Info_4CH.cfg").unlink()
    frames = camus.load()
    assert find(frames) == {quirks.NO_INFO.text: [f"{VIDEO}: Info_4CH.cfg"]}
    assert frames.frame_indices == (0, 3, 1, 2)
    assert (frames.qualities, frames.listed_efs) == (None, None)
    assert camus.load(half_sequences=False).frame_indices == (0, 1), "their places are not known"


# --- Phases and half sequences ----------------------------------------------------------------------------------


def test_a_sequence_from_es_to_ed_is_read_in_its_order(camus: CamusFolder) -> None:
    heart = make_heart()
    turned = replace(heart, grey_NHW=heart.grey_NHW[::-1].copy(), labels_NHW=heart.labels_NHW[::-1].copy())
    patient = camus.add(heart=turned, info="ED: 4\nES: 1\nNbFrame: 4\nImageQuality: Good\nEF: 50\n")
    swap_names(patient)
    frames = camus.load()
    assert find(frames) == {quirks.ES_BEFORE_ED.text: [f"{VIDEO}: ED is frame 4, ES is frame 1"]}
    assert (frames.phases, frames.frame_indices) == (("ED", "ES", "other", "other"), (3, 0, 1, 2))
    assert frames.masks_NHW[0].sum() > frames.masks_NHW[1].sum()


def swap_names(patient: Path) -> None:
    """Exchange the files named ED and ES."""
    for end in ("", "_gt"):
        one, other = (patient / f"{VIDEO}_{name}{end}.nii.gz" for name in ("ED", "ES"))
        one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
        one.write_bytes(other_bytes)
        other.write_bytes(one_bytes)


def test_phases_are_decided_by_area(camus: CamusFolder) -> None:
    patient = camus.add()
    swap_names(patient)
    frames = camus.load(half_sequences=False)
    areas = [int((labels_HW == 1).sum()) for labels_HW in make_heart().labels_NHW[[3, 0]]]
    assert find(frames) == {quirks.SMALLER_ED.text: [f"{VIDEO}: ED has {areas[0]} px, ES has {areas[1]} px"]}
    assert frames.phases == ("ED", "ES")
    assert frames.masks_NHW[0].sum() > frames.masks_NHW[1].sum()


def test_a_picture_that_is_not_in_the_sequence_is_where_the_info_says(camus: CamusFolder) -> None:
    patient = camus.add()
    write_nifti(patient / f"{VIDEO}_ED.nii.gz", make_heart().grey_NHW[:1] // 2 * 2 + 1)
    frames = camus.load()
    assert find(frames) == {quirks.NO_PLACE.text: [f"{VIDEO}: ED: frame 1"]}
    assert frames.frame_indices == (0, 3, 1, 2), "the sequence's own picture of ED is left out"


@pytest.mark.parametrize("end", ["", "_gt"])
def test_a_missing_half_sequence_is_named(camus: CamusFolder, end: str) -> None:
    patient = camus.add()
    (patient / f"{VIDEO}_half_sequence{end}.nii.gz").unlink()
    frames = camus.load()
    assert find(frames) == {quirks.NO_SEQUENCE.text: [f"{VIDEO}: no {VIDEO}_half_sequence{end}.nii.gz"]}
    assert frames.phases == ("ED", "ES")
    assert not frames.source.exclusions


def test_a_sequence_with_too_few_labels_is_not_used(camus: CamusFolder) -> None:
    patient = camus.add()
    write_nifti(patient / f"{VIDEO}_half_sequence_gt.nii.gz", make_heart().labels_NHW[:3])
    frames = camus.load()
    assert find(frames) == {quirks.UNEQUAL_LENGTHS.text: [f"{VIDEO}: 4 frames, 3 with labels"]}
    assert (frames.phases, len(frames.source.exclusions)) == (("ED", "ES"), 1)


def test_a_sequence_in_which_es_is_not_found_is_not_used(camus: CamusFolder) -> None:
    patient = camus.add(info="ED: 1\nES: 40\nNbFrame: 4\nImageQuality: Good\nEF: 50\n")
    write_nifti(patient / f"{VIDEO}_ES.nii.gz", make_heart().grey_NHW[3:] // 2 * 2 + 1)
    frames = camus.load()
    assert find(frames) == {quirks.NOT_PLACED.text: [f"{VIDEO}: not found: ES"]}
    assert (frames.phases, frames.frame_indices) == (("ED", "ES"), (0, 39))


# --- Pictures and labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"), [("ED", ("ES", "other", "other")), ("ES", ("ED", "other", "other"))]
)
@pytest.mark.parametrize("end", ["", "_gt"])
def test_a_missing_picture_costs_its_phase_alone(
    camus: CamusFolder, name: str, end: str, kept: tuple[str, ...]
) -> None:
    patient = camus.add()
    (patient / f"{VIDEO}_{name}{end}.nii.gz").unlink()
    frames = camus.load()
    assert find(frames) == {quirks.NO_FILE.text: [f"{VIDEO}: {name}: no {VIDEO}_{name}{end}.nii.gz"]}
    assert frames.phases == kept


def test_a_picture_without_a_view_in_its_name_is_not_taken_for_one(camus: CamusFolder) -> None:
    patient = camus.add()
    path = patient / f"{VIDEO}_ES.nii.gz"
    path.rename(patient / "patient0001_ES.nii.gz")
    assert find(camus.load(half_sequences=False)) == {
        quirks.NO_VIEW.text: [f"{VIDEO}: patient0001_ES.nii.gz"],
        quirks.NO_FILE.text: [f"{VIDEO}: ES: no {VIDEO}_ES.nii.gz"],
    }


def test_files_that_are_not_compressed_are_read(camus: CamusFolder) -> None:
    import gzip

    patient = camus.add()
    compressed = camus.load()
    for path in list(patient.glob("*.nii.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    frames = camus.load()
    assert frames.source.fingerprint == compressed.source.fingerprint
    assert find(frames) == {}


@pytest.mark.parametrize("end", ["", "_gt"])
def test_a_damaged_file_costs_its_frames_alone(camus: CamusFolder, end: str) -> None:
    patient = camus.add()
    (patient / f"{VIDEO}_ED{end}.nii.gz").write_bytes(b"\x1f\x8b damaged")
    frames = camus.load()
    [details] = find(frames).values()
    assert set(find(frames)) == {common_quirks.VIDEO_DAMAGED.text}
    assert details[0].startswith(f"{VIDEO}: {VIDEO}_ED{end}.nii.gz: ")
    assert str(camus.path) not in details[0], "findings are shared with the results"
    assert frames.phases == ("ES", "other", "other")


def test_labels_in_place_of_a_picture_are_told(camus: CamusFolder) -> None:
    patient = camus.add()
    labels = (patient / f"{VIDEO}_ED_gt.nii.gz").read_bytes()
    (patient / f"{VIDEO}_ED.nii.gz").write_bytes(labels)
    [detail] = find(camus.load())[common_quirks.VIDEO_DAMAGED.text]
    assert "has the few values of a segmentation" in detail


def test_a_picture_in_place_of_labels_is_told(camus: CamusFolder) -> None:
    patient = camus.add()
    write_nifti(patient / f"{VIDEO}_ED_gt.nii.gz", make_heart().grey_NHW[:1] + np.float32(0.5))
    [detail] = find(camus.load())[common_quirks.VIDEO_DAMAGED.text]
    assert f"{VIDEO}_ED_gt.nii.gz: frame 0 has other values than labels" in detail


def test_labels_that_are_stored_as_decimals_are_read(camus: CamusFolder) -> None:
    patient = camus.add()
    before = camus.load(half_sequences=False)
    write_nifti(patient / f"{VIDEO}_ED_gt.nii.gz", make_heart().labels_NHW[:1].astype(np.float32))
    assert camus.load(half_sequences=False).source.fingerprint == before.source.fingerprint


@pytest.mark.parametrize("name", ["ED", "half_sequence"])
def test_an_empty_cavity_is_named(camus: CamusFolder, name: str) -> None:
    patient = camus.add()
    labels_NHW = make_heart().labels_NHW.copy()
    labels_NHW[[0, 2]] = 0
    write_nifti(
        patient / f"{VIDEO}_{name}_gt.nii.gz", labels_NHW if name == "half_sequence" else labels_NHW[:1]
    )
    frames = camus.load()
    where = "ED, frame 0" if name == "ED" else "other, frame 2"
    assert find(frames) == {picture_quirks.NO_MASK.text: [f"{VIDEO}: {where}"]}
    assert len(frames.source.exclusions) == 1
    assert len(frames) == 3


def test_other_labels_are_background(camus: CamusFolder) -> None:
    patient = camus.add()
    before = camus.load(half_sequences=False)
    labels_NHW = make_heart().labels_NHW[:1].copy()
    labels_NHW[0, :5, :5] = 7
    write_nifti(patient / f"{VIDEO}_ED_gt.nii.gz", labels_NHW)
    frames = camus.load(half_sequences=False)
    assert find(frames) == {quirks.OTHER_LABELS.text: [f"{VIDEO}: ED: 7"]}
    assert frames.source.fingerprint == before.source.fingerprint


def test_without_an_atrium_the_mask_alone_gives_the_annulus(camus: CamusFolder) -> None:
    heart = make_heart()
    labels_NHW = np.where(heart.labels_NHW == 3, 0, heart.labels_NHW)
    camus.add(heart=replace(heart, labels_NHW=labels_NHW))
    frames = camus.load(half_sequences=False)
    assert find(frames) == {quirks.NO_VALVE.text: [f"{VIDEO}: ED, frame 0", f"{VIDEO}: ES, frame 3"]}
    assert frames.contours_NP2.shape == (2, 121, 2)


def test_of_a_picture_with_more_frames_the_first_is_used(camus: CamusFolder) -> None:
    patient = camus.add()
    before = camus.load(half_sequences=False)
    heart = make_heart()
    for end, stack_NHW in (("", heart.grey_NHW), ("_gt", heart.labels_NHW)):
        write_nifti(patient / f"{VIDEO}_ED{end}.nii.gz", stack_NHW[:2])
    frames = camus.load(half_sequences=False)
    assert find(frames) == {quirks.MORE_FRAMES.text: [f"{VIDEO}: ED: 2 frames"]}
    assert frames.source.fingerprint == before.source.fingerprint


def test_labels_of_another_size_are_named(camus: CamusFolder) -> None:
    patient = camus.add()
    write_nifti(patient / f"{VIDEO}_ED_gt.nii.gz", make_heart().labels_NHW[:1, :, :-1])
    frames = camus.load(half_sequences=False)
    assert frames.phases == ("ES",)
    assert list(find(frames)) == [picture_quirks.MASK_SIZE.text]


def test_oblong_pixels_are_made_square(camus: CamusFolder) -> None:
    heart = make_heart()
    camus.add()
    wide = camus.load(half_sequences=False)
    tall = replace(
        heart,
        grey_NHW=np.repeat(heart.grey_NHW, 2, axis=1),
        labels_NHW=np.repeat(heart.labels_NHW, 2, axis=1),
    )
    camus.add("patient0002", listed="testing", heart=tall, spacing=(0.3, 0.15))
    frames = camus.load("test", half_sequences=False)
    assert find(frames) == {
        quirks.OBLONG_PIXELS.text: ["patient0002_4CH: ED: 0.3 x 0.15", "patient0002_4CH: ES: 0.3 x 0.15"]
    }
    assert frames.spacing_mm == wide.spacing_mm
    for n in range(2):
        assert compute_dice(frames.masks_NHW[n], wide.masks_NHW[n]) > 0.98
        assert abs(frames.frames_NHW[n].astype(int) - wide.frames_NHW[n]).mean() < 2
        assert np.linalg.norm(frames.contours_NP2[n] - wide.contours_NP2[n], axis=1).max() < 1.5


def test_a_pixel_size_without_a_unit_is_not_used(camus: CamusFolder) -> None:
    camus.add(unit="unknown")
    camus.add("patient0002", listed="testing", unit="unknown", spacing=(0.3, 0.15))
    assert camus.load(half_sequences=False).spacing_mm is None
    oblong = camus.load("test", half_sequences=False)
    assert oblong.spacing_mm is None
    assert quirks.OBLONG_PIXELS.text in find(oblong), "the ratio needs no unit"


def test_without_nibabel_the_error_says_what_to_install(
    camus: CamusFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    camus.add()
    import_module = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:  # noqa: ANN401 - passed on as they are
        if name.startswith("nibabel"):
            raise ImportError(f"No module named {name!r}")
        return import_module(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(DataError, match=re.escape("reading NIfTI needs nibabel; pip install 'lvzoo[nifti]'")):
        camus.load()


@pytest.mark.parametrize("error", [MemoryError(), OSError(5, "Input/output error")])
def test_what_could_not_be_read_this_time_is_read_the_next_time(
    camus: CamusFolder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    camus.add()

    def fail(_path: Path) -> list[NDArray[np.uint8]]:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("lvzoo_datasets.camus_files.read_labels", fail)
        with pytest.raises(DataError, match="no picture can be used"):
            camus.load()
    assert len(camus.load()) == 4
