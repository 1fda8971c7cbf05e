"""Says which patient and image a DICOM report refers to: the real ones if the user asked for it, or made-up ones."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lvzoo.data.clips.dicom.identity import COPIED, Identity

ROOT: Final = "2.25."
"""The root of UIDs that are made from UUIDs (DICOM PS3.5 B.2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The image, series and study that a report refers to, and the elements of its patient and study."""

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    study_uid: str
    patient: Mapping[str, str]


def make_reference(identity: Identity, *, digest: str, keep_identifiers: bool) -> Reference:
    """Return what a report on a DICOM file refers to.

    With `keep_identifiers`, these are the UIDs of the file and the data of its patient. Otherwise the patient is
    empty, and each UID is replaced by one that is made from it in one way: clips of one study keep a study in common,
    and nobody who does not have the original UID can tell it. A UID that the file lacks is made from its content.

    Args:
        identity: who and what the file shows.
        digest: SHA-256 of the file's content.
        keep_identifiers: whether the user asked for it.
    """

    def choose(keyword: str) -> str:
        uid = identity.uids[keyword]
        return uid if uid and keep_identifiers else hide_uid(keyword, uid or digest)

    return Reference(
        sop_class_uid=identity.sop_class_uid,
        sop_instance_uid=choose("SOPInstanceUID"),
        series_uid=choose("SeriesInstanceUID"),
        study_uid=choose("StudyInstanceUID"),
        patient=identity.patient if keep_identifiers else dict.fromkeys(COPIED, ""),
    )


def hide_uid(keyword: str, text: str) -> str:
    """Return a UID that is made from another UID, or from any text, by a hash.

    >>> hide_uid("StudyInstanceUID", "1.2.840.1") == hide_uid("StudyInstanceUID", "1.2.840.1")
    True
    >>> hide_uid("StudyInstanceUID", "1.2.840.1") == hide_uid("SeriesInstanceUID", "1.2.840.1")
    False
    """
    return f"{ROOT}{uuid.uuid5(uuid.NAMESPACE_OID, f'lvzoo {keyword} {text}').int}"
