"""Reads who and what a DICOM file says it shows: the only place where lvzoo reads the patient's data.

Nothing of it is written anywhere, unless the user asked for it by `--keep-identifiers`. Without that, it only serves
to notice that a file's name tells it (`lvzoo.data.clips.private`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvzoo.data.clips.dicom.header import read_elements
from lvzoo.data.clips.dicom.silence import silence_pydicom

UIDS: Final = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
COPIED: Final = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"),
)
"""The patient and the study, as a report of the same study must state them."""
NAMES: Final = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    *("ReferringPhysicianName", "PerformingPhysicianName", "PhysiciansOfRecord", "OperatorsName"),
    *("RequestingPhysician", "NameOfPhysiciansReadingStudy"),
)
"""The elements that hold names of people. Each word of a name is an identifier."""
NUMBERS: Final = (
    *("PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "StudyID"),
    *("InstitutionName", "InstitutionalDepartmentName", *UIDS),
)
"""The elements that hold one other identifier."""
NEEDED: Final = ("SOPClassUID", "Rows", "Columns")
WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who and what a DICOM file says it shows. Texts that the file lacks are empty."""

    sop_class_uid: str
    uids: Mapping[str, str]
    """By keyword: those of the file, its series and its study."""
    patient: Mapping[str, str]
    """The elements of `COPIED`, by keyword."""
    identifiers: tuple[str, ...]
    """Everything that tells the patient from others, and the people and the place, in pieces that names may hold."""


def read_identity(path: Path) -> Identity:
    """Read the identity of a DICOM file.

    Raises:
        DataError: the file is not a DICOM file.
    """
    silence_pydicom()
    elements, _ = read_elements(path, (*NEEDED, *COPIED, *NAMES, *NUMBERS))
    words = [word for keyword in NAMES for word in WORD.findall(elements.read_text(keyword))]
    numbers = [elements.read_text(keyword) for keyword in NUMBERS]
    return Identity(
        sop_class_uid=elements.read_text("SOPClassUID"),
        uids={keyword: elements.read_text(keyword) for keyword in UIDS},
        patient={keyword: elements.read_text(keyword) for keyword in COPIED},
        identifiers=tuple(dict.fromkeys(each for each in (*words, *numbers) if each)),
    )
