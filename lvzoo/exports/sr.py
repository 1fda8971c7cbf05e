"""Writes the answer for a DICOM clip as a structured report: contours of ED and ES, and measurements.

The document is a Comprehensive SR by template TID 1500 (DICOM PS3.16), made with highdicom. Ultrasound clips have no
frame of reference, so DICOM segmentations do not exist for them, but reports with contours do. The codes are those
of TID 5200 for echocardiography and its context groups (PS3.16: CID 12201 lengths, 12202 volumes and ejection
fraction, 12227 methods, 12233 phases, 12240 areas).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from highdicom import sr
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from lvzoo.exports.reference import Reference, hide_uid
from lvzoo.types.answer import NO_MEDICAL_DEVICE, ClipAnswer, ClipBeat

Phase: TypeAlias = Literal["ED", "ES"]

REPORT: Final = Code("126000", "DCM", "Imaging Measurement Report")
ECHOCARDIOGRAPHY: Final = Code("40701008", "SCT", "Echocardiography")
DEVICE: Final = Code("121007", "DCM", "Device")
COMMENT: Final = Code("121106", "DCM", "Comment")
LEFT_VENTRICLE: Final = Code("87878005", "SCT", "Left ventricle")
CYCLE_PHASE: Final = Code("246092007", "SCT", "Cardiac cycle phase")
DISKS: Final = Code("125208", "DCM", "Method of Disks, Single Plane")
MEAN: Final = Code("373098007", "SCT", "Mean")
MEDIAN: Final = Code("373099004", "SCT", "Median")
SD: Final = Code("386136009", "SCT", "Standard Deviation")

PHASES: Final[dict[Phase, Code]] = {
    "ED": Code("416190007", "SCT", "End diastole"),
    "ES": Code("416430001", "SCT", "End Systole"),
}
AREAS: Final[dict[Phase, Code]] = {
    "ED": Code("399109006", "SCT", "Left Ventricular Diastolic Area"),
    "ES": Code("399030000", "SCT", "Left Ventricular Systolic Area"),
}
LENGTHS: Final[dict[Phase, Code]] = {
    "ED": Code("18077-8", "LN", "Left Ventricle diastolic major axis"),
    "ES": Code("18076-0", "LN", "Left Ventricle systolic major axis"),
}
VOLUMES: Final[dict[Phase, Code]] = {
    "ED": Code("18026-5", "LN", "Left Ventricular End Diastolic Volume"),
    "ES": Code("18148-7", "LN", "Left Ventricular End Systolic Volume"),
}
EJECTION_FRACTION: Final = Code("18043-0", "LN", "Left Ventricular Ejection Fraction by US")
AREA_CHANGE: Final = Code("399287000", "SCT", "Left Ventricular Fractional Area Change")
HEART_RATE: Final = Code("8867-4", "LN", "Heart rate")

PERCENT: Final = Code("%", "UCUM", "Percent")
PER_MINUTE: Final = Code("{H.B.}/min", "UCUM", "BPM")
CM: Final = Code("cm", "UCUM", "centimeter")
CM2: Final = Code("cm2", "UCUM", "Centimeter**2")
ML: Final = Code("mL", "UCUM", "mL")

PLACES: Final = 2
MM_PER_CM: Final = 10.0


def write_sr(path: Path, answer: ClipAnswer, reference: Reference) -> None:
    """Write the report. Coordinates are those of the image: (0, 0) is the top left corner of its top left pixel.

    It holds the contour at ED and ES of each beat that is used; lengths, areas and volumes if the size of a pixel is
    trusted; the ejection fraction of each beat and of the clip; the heart rate; and as comments the verdict, the
    reasons for what is missing, and that lvzoo is not a medical device.
    """
    document = sr.ComprehensiveSR(
        evidence=[_describe_image(reference)],
        content=_make_content(answer, reference),
        series_instance_uid=generate_uid(prefix=None),
        series_number=1,
        series_description="lvzoo: research only, no medical device",
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer="lvzoo",
        manufacturer_model_name="lvzoo",
        software_versions=answer.lvzoo,
        is_complete=True,
    )
    document.save_as(path)


def _describe_image(reference: Reference) -> Dataset:
    """Return the elements of the image that a report takes over: its UIDs, its patient and its study."""
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID, image.SOPInstanceUID = reference.sop_class_uid, reference.sop_instance_uid
    image.SeriesInstanceUID, image.StudyInstanceUID = reference.series_uid, reference.study_uid
    for keyword, value in reference.patient.items():
        setattr(image, keyword, value)
    return image


def _make_content(answer: ClipAnswer, reference: Reference) -> sr.MeasurementReport:
    observer = sr.DeviceObserverIdentifyingAttributes(
        uid=hide_uid("DeviceObserverUID", answer.lvzoo), name="lvzoo", model_name=f"lvzoo {answer.lvzoo}"
    )
    context = sr.ObserverContext(
        observer_type=sr.CodedConcept.from_code(DEVICE), observer_identifying_attributes=observer
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=context),
        procedure_reported=ECHOCARDIOGRAPHY,
        imaging_measurements=list(_list_groups(answer, reference)),
        title=REPORT,
    )
    contains = sr.RelationshipTypeValues.CONTAINS
    for text in _list_comments(answer):
        report[0].ContentSequence.append(
            sr.TextContentItem(name=COMMENT, value=text, relationship_type=contains)
        )
    return report


def _list_comments(answer: ClipAnswer) -> Iterator[str]:
    yield NO_MEDICAL_DEVICE
    if answer.synthetic:
        yield "the clip is synthetic"
    yield " ".join([answer.verdict.text, *answer.verdict.reasons])
    if answer.ef_reason is not None:
        yield f"no ejection fraction: {answer.ef_reason}"
    if answer.mm_per_px is None:
        yield f"no lengths, areas and volumes: {answer.no_ml_reason or 'the size of a pixel is not known'}"


# --- Groups of measurements -------------------------------------------------------------------------------------


def _list_groups(answer: ClipAnswer, reference: Reference) -> Iterator[Any]:
    """Yield a group for ED, for ES, and for each whole beat; then one for the clip."""
    algorithm = _name_algorithm(answer)
    for beat in answer.beats:
        if beat.reason is None:
            places: tuple[tuple[Phase, int | None], ...] = (("ED", beat.ed), ("ES", beat.es))
            for phase, place in places:
                if place is not None and answer.outlines[place] is not None:
                    yield _make_contour_group(answer, reference, algorithm, beat, phase, place)
            yield _make_group(f"beat {beat.number}", reference, algorithm, list(_measure_beat(answer, beat)))
    yield _make_group("clip", reference, algorithm, list(_measure_clip(answer)))


def _name_algorithm(answer: ClipAnswer) -> sr.AlgorithmIdentification:
    models = [
        f"{each.role} by {each.name}, weights {each.weights}, trained on {each.trained_on}"
        for each in answer.models
    ]
    return sr.AlgorithmIdentification(name="lvzoo", version=answer.lvzoo, parameters=models)


def _make_group(
    name: str,
    reference: Reference,
    algorithm: sr.AlgorithmIdentification,
    measurements: list[sr.Measurement],
) -> sr.MeasurementsAndQualitativeEvaluations:
    """Return a group of measurements of the whole image. It may be empty, but a report needs one."""
    image = sr.SourceImageForMeasurementGroup(reference.sop_class_uid, reference.sop_instance_uid)
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(identifier=name, uid=generate_uid(prefix=None)),
        finding_type=LEFT_VENTRICLE,
        algorithm_id=algorithm,
        measurements=measurements,
        source_images=[image],
    )


def _make_contour_group(
    answer: ClipAnswer,
    reference: Reference,
    algorithm: sr.AlgorithmIdentification,
    beat: ClipBeat,
    phase: Phase,
    place: int,
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """Return the group of one contour, with the sizes of the ventricle in this frame."""
    image = sr.SourceImageForRegion(
        reference.sop_class_uid,
        reference.sop_instance_uid,
        [int(answer.frame_numbers_N[place]) + 1],  # DICOM counts frames from 1
    )
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=_close(answer, place),
        source_image=image,
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            identifier=f"beat {beat.number}, {phase}", uid=generate_uid(prefix=None)
        ),
        referenced_region=region,
        finding_type=LEFT_VENTRICLE,
        algorithm_id=algorithm,
        measurements=list(_measure_frame(answer, phase, place)),
        qualitative_evaluations=[sr.QualitativeEvaluation(name=CYCLE_PHASE, value=PHASES[phase])],
    )


def _close(answer: ClipAnswer, place: int) -> NDArray[np.float64]:
    """Return an outline as a closed polygon in the coordinates of DICOM, within the image."""
    height, width = answer.size_HW
    points_P2 = np.asarray(answer.outlines[place], dtype=np.float64) + 0.5
    inside_P2 = np.clip(points_P2, 0.0, (width, height))
    return np.vstack([inside_P2, inside_P2[:1]])


# --- Measurements -----------------------------------------------------------------------------------------------


def _measure_frame(answer: ClipAnswer, phase: Phase, place: int) -> Iterator[sr.Measurement]:
    """Yield the length and the area in one frame, if the size of a pixel is trusted."""
    if answer.mm_per_px is None:
        return
    cm_per_px = answer.mm_per_px / MM_PER_CM
    for name, value, unit in (
        (LENGTHS[phase], answer.lengths_px_N[place] * cm_per_px, CM),
        (AREAS[phase], answer.areas_px2_N[place] * cm_per_px**2, CM2),
    ):
        if np.isfinite(value):
            yield _make_measurement(name, float(value), unit)


def _measure_beat(answer: ClipAnswer, beat: ClipBeat) -> Iterator[sr.Measurement]:
    """Yield the ejection fraction and area change of one beat, and its volumes if the size of a pixel is trusted."""
    factor = answer.ml_per_px3
    volumes: tuple[tuple[Phase, float | None], ...] = (("ED", beat.edv_px3), ("ES", beat.esv_px3))
    for phase, px3 in volumes:
        if px3 is not None and factor is not None:
            yield _make_measurement(VOLUMES[phase], px3 * factor, ML, method=DISKS)
    if beat.ef_percent is not None:
        yield _make_measurement(EJECTION_FRACTION, beat.ef_percent, PERCENT, method=DISKS)
    if beat.fac_percent is not None:
        yield _make_measurement(AREA_CHANGE, beat.fac_percent, PERCENT)


def _measure_clip(answer: ClipAnswer) -> Iterator[sr.Measurement]:
    """Yield what is known of the whole clip."""
    for derivation, percent in (
        (MEAN, answer.ef_percent),
        (SD, answer.ef_sd_percent),
        (MEDIAN, answer.ef_median_percent),
    ):
        if percent is not None:
            yield _make_measurement(EJECTION_FRACTION, percent, PERCENT, method=DISKS, derivation=derivation)
    if answer.fac_percent is not None:
        yield _make_measurement(AREA_CHANGE, answer.fac_percent, PERCENT, derivation=MEAN)
    if answer.heart_rate_bpm is not None:
        yield _make_measurement(HEART_RATE, answer.heart_rate_bpm, PER_MINUTE)


def _make_measurement(
    name: Code, value: float, unit: Code, *, method: Code | None = None, derivation: Code | None = None
) -> sr.Measurement:
    return sr.Measurement(
        name=name, value=round(value, PLACES), unit=unit, method=method, derivation=derivation
    )
