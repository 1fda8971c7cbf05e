"""DICOM reports, read back with highdicom and pydicom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from highdicom import sr
from pydicom.uid import UltrasoundMultiFrameImageStorage

from lvzoo.data.clips.dicom.identity import Identity, read_identity
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError, UsageError
from lvzoo.exports.reference import make_reference
from lvzoo.exports.request import Exports
from lvzoo.exports.sr import write_sr
from lvzoo.types.answer import NO_MEDICAL_DEVICE, ClipAnswer
from tests.data.clips.made_dicom import make_dicom, save_dicom, smooth_frames
from tests.exports.made_answers import make_answer, make_clip, make_masks

UIDS = {"SOPInstanceUID": "1.2.3.4", "SeriesInstanceUID": "1.2.3.5", "StudyInstanceUID": "1.2.3.6"}
PATIENT = {
    "PatientName": "Müller^Jänna",
    "PatientID": "4711-0815",
    "PatientBirthDate": "19500131",
    "PatientSex": "F",
    "StudyID": "S77",
    "StudyDate": "20240229",
    "StudyTime": "101112",
    "AccessionNumber": "ACC-99",
    "ReferringPhysicianName": "Weiß^Ärztin",
}


@pytest.fixture(scope="module")
def answer() -> ClipAnswer:
    return make_answer(make_masks(frames=130), None)


def write(answer: ClipAnswer, folder: Path, *, keep: bool = False) -> Any:  # noqa: ANN401 - highdicom's class
    identity = Identity(
        sop_class_uid=UltrasoundMultiFrameImageStorage, uids=UIDS, patient=PATIENT, identifiers=()
    )
    write_sr(folder / "report.dcm", answer, make_reference(identity, digest="ab", keep_identifiers=keep))
    return sr.srread(folder / "report.dcm")


def list_values(group: Any) -> dict[str, tuple[float, str]]:  # noqa: ANN401
    """Return the values and units of a group, by the code of the measurement and of its derivation."""
    return {
        f"{each.name.value} {each.derivation.value if each.derivation else ''}".strip(): (
            each.value,
            each.unit.value,
        )
        for each in group.get_measurements()
    }


def test_contours_are_those_of_ed_and_es_of_each_whole_beat(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(answer, tmp_path)
    groups = report.content.get_planar_roi_measurement_groups()
    beats = [beat for beat in answer.beats if beat.reason is None]
    assert len(groups) == 2 * len(beats) > 0
    places = [place for beat in beats for place in (beat.ed, beat.es)]
    for group, place in zip(groups, places, strict=True):
        region = group.roi
        assert region.graphic_type == sr.GraphicTypeValues.POLYLINE
        outline_P2 = answer.outlines[place or 0]
        assert outline_P2 is not None
        # The origin of DICOM is the corner of the first pixel. A polyline is closed by its first point.
        assert region.value == pytest.approx(np.vstack([outline_P2, outline_P2[:1]]) + 0.5, abs=1e-4)
        assert 0 <= region.value.min() <= region.value.max() <= 112
        (image,) = [each for each in region.ContentSequence if each.ValueType == "IMAGE"]
        reference = image.ReferencedSOPSequence[0]
        assert int(reference.ReferencedFrameNumber) == (place or 0) + 1
        assert report.get_evidence()[0][2] == reference.ReferencedSOPInstanceUID
    phases = [each.value.value for group in groups for each in group.get_qualitative_evaluations()]
    assert phases == ["416190007", "416430001"] * len(beats)


def test_the_ejection_fraction_needs_no_size_of_a_pixel(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(answer, tmp_path)
    *beats, clip = report.content.get_image_measurement_groups()
    used = [beat for beat in answer.beats if beat.reason is None]
    for group, beat in zip(beats, used, strict=True):
        assert list_values(group) == {
            "18043-0": (round(beat.ef_percent or 0, 2), "%"),
            "399287000": (round(beat.fac_percent or 0, 2), "%"),
        }
    values = list_values(clip)
    assert values["18043-0 373098007"] == (round(answer.ef_percent or 0, 2), "%")
    assert values["18043-0 386136009"] == (round(answer.ef_sd_percent or 0, 2), "%")
    assert values["8867-4"] == (round(answer.heart_rate_bpm or 0, 2), "{H.B.}/min")
    assert not any(group.get_measurements() for group in report.content.get_planar_roi_measurement_groups())


def test_a_trusted_pixel_size_gives_ml_and_cm(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(replace(answer, mm_per_px=1.5, no_ml_reason=None), tmp_path)
    beat = next(beat for beat in answer.beats if beat.reason is None)
    assert beat.ed is not None
    assert beat.edv_px3 is not None
    values = list_values(report.content.get_image_measurement_groups()[0])
    volume_ml, unit = values["18026-5"]
    assert (volume_ml, unit) == (round(beat.edv_px3 * 1.5**3 / 1000, 2), "mL")
    assert "18148-7" in values
    frame = list_values(report.content.get_planar_roi_measurement_groups()[0])
    assert frame["18077-8"] == (round(answer.lengths_px_N[beat.ed] * 0.15, 2), "cm")
    assert frame["399109006"] == (round(answer.areas_px2_N[beat.ed] * 0.15**2, 2), "cm2")


def test_comments_say_what_is_missing_and_what_it_is_not_for(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(replace(answer, synthetic=True), tmp_path)
    comments = [
        item.TextValue
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "121106"
    ]
    assert comments[0] == NO_MEDICAL_DEVICE
    assert "the clip is synthetic" in comments
    assert answer.verdict.text in comments
    assert "no lengths, areas and volumes: the file states no pixel size" in comments
    assert report.SeriesDescription == "lvzoo: research only, no medical device"
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    data = (tmp_path / "report.dcm").read_bytes()
    assert b"answer by unet-made, weights abab" in data
    assert b"trained on made shapes" in data
    assert b"0.1.0" in data


def test_a_clip_without_a_beat_has_a_report_with_the_reason(tmp_path: Path) -> None:
    answer = make_answer(make_masks(frames=10), None)
    report = write(answer, tmp_path)
    (clip,) = report.content.get_image_measurement_groups()
    assert not clip.get_measurements()
    assert f"no ejection fraction: {answer.ef_reason}".encode() in (tmp_path / "report.dcm").read_bytes()


def test_nothing_of_the_patient_is_in_a_report(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(answer, tmp_path)
    data = (tmp_path / "report.dcm").read_bytes()
    for value in (*UIDS.values(), *PATIENT.values()):
        assert value == "F" or value.encode() not in data
    assert {str(report[keyword].value or "") for keyword in PATIENT} == {""}
    first, second = (write(answer, tmp_path).get_evidence()[0] for _ in range(2))
    assert first == second  # the same original gives the same UIDs
    assert all(uid.startswith("2.25.") for uid in first[:3])


def test_identifiers_are_kept_if_asked_for(tmp_path: Path, answer: ClipAnswer) -> None:
    report = write(answer, tmp_path, keep=True)
    assert {keyword: str(report[keyword].value) for keyword in PATIENT} == PATIENT
    assert report.StudyInstanceUID == UIDS["StudyInstanceUID"]
    assert report.get_evidence()[0][:3] == (
        UIDS["StudyInstanceUID"],
        UIDS["SeriesInstanceUID"],
        UIDS["SOPInstanceUID"],
    )
    assert report.SeriesInstanceUID not in UIDS.values()


def test_uids_that_the_file_lacks_are_made_from_its_content() -> None:
    empty = dict.fromkeys(UIDS, "")
    identity = Identity(sop_class_uid="1.2", uids=empty, patient={}, identifiers=())
    first, second, other = (
        make_reference(identity, digest=digest, keep_identifiers=True) for digest in ("ab", "ab", "cd")
    )
    assert first == second
    assert len({first.study_uid, first.series_uid, first.sop_instance_uid, other.study_uid}) == 4


def test_the_identity_of_a_file(tmp_path: Path) -> None:
    elements = {**PATIENT, **UIDS, "InstitutionName": "St. Anna", "SpecificCharacterSet": "ISO_IR 192"}
    path = save_dicom(make_dicom(smooth_frames(2), **elements), tmp_path / "clip.dcm")
    identity = read_identity(path)
    assert (identity.uids, identity.patient) == (UIDS, PATIENT)
    assert {"Müller", "Jänna", "4711-0815", "19500131", "ACC-99", "St. Anna", "1.2.3.4"} <= set(
        identity.identifiers
    )


def test_only_dicom_files_can_have_a_report(tmp_path: Path) -> None:
    made = make_clip(tmp_path, masks_N=make_masks(frames=2))
    with pytest.raises(DataError, match="is not a DICOM file, so --sr can write no DICOM report"):
        Exports(sr=True).check_clip(made.clip)
    Exports().check_clip(made.clip)
    path = save_dicom(make_dicom(smooth_frames(2), FrameTime=20.0), tmp_path / "clip.dcm")
    Exports(sr=True).check_clip(open_clip(path))


def test_highdicom_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.exports.request.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"needs highdicom; pip install 'lvzoo\[dicom\]'"):
        Exports(sr=True).check()
    Exports(coco=True).check()


def test_pydicom_reads_the_report_too(tmp_path: Path, answer: ClipAnswer) -> None:
    write(answer, tmp_path)
    report = pydicom.dcmread(tmp_path / "report.dcm")
    assert report.SOPClassUID.name == "Comprehensive SR Storage"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
