"""Finds out whether the name of a DICOM file tells whom it shows, and gives a name that does not.

Many programs name DICOM files by their UID, or by the patient. The names of results come from the names of files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.dicom.identity import read_identity
from lvzoo.data.clips.dicom.signature import is_dicom
from lvzoo.data.clips.recognise import HEAD_BYTES
from lvzoo.errors import DataError

LEAST_LETTERS: Final = 4
"""An identifier of so many letters is found anywhere in a name. A shorter one must be a word of it."""
LEAST_WORD: Final = 2
"""A word of fewer letters, such as an initial, tells nobody."""
DIGEST_LETTERS: Final = 8


def find_neutral_name(clip: ClipFile, names: Iterable[str], *, digest: str) -> str | None:
    """Return a name for a clip that tells nobody, such as `clip-1a2b3c4d`, or None if none is needed.

    It is needed if the clip is a DICOM file, and one of the names holds the name, ID or birth date of its patient, a
    UID, or another of `Identity.identifiers`. Upper case, accents and separators make no difference.

    Args:
        clip: the clip's file.
        names: the names that results would show, such as those of the file and its folder.
        digest: SHA-256 of the clip's content, of which the name is made.
    """
    if clip.images or not _is_dicom(clip):
        return None
    try:
        identifiers = read_identity(clip.path).identifiers
    except DataError:
        return None  # opening the clip tells why
    if not any(tells(name, each) for name in names for each in identifiers):
        return None
    return f"clip-{digest[:DIGEST_LETTERS]}"


def tells(name: str, identifier: str) -> bool:
    """Return whether a name holds an identifier.

    >>> tells("IM-DOE_jane.dcm", "Doe"), tells("Müller1950-01-31", "19500131"), tells("exam_7", "7")
    (True, True, False)
    >>> tells("doerfler.dcm", "Doe"), tells("us_1_2_840.dcm", "1.2.840")
    (False, True)
    """
    plain = _make_plain(identifier)
    if len(plain) >= LEAST_LETTERS:
        return plain in _make_plain(name)
    return len(plain) >= LEAST_WORD and plain in {_make_plain(word) for word in _list_words(name)}


def _list_words(name: str) -> list[str]:
    """Return the runs of letters, of digits, and of both in a name."""
    return [*re.findall(r"[^\W\d_]+|\d+", name), *re.findall(r"[^\W_]+", name)]


def _make_plain(text: str) -> str:
    """Return the letters and digits of a text, without case and accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


def _is_dicom(clip: ClipFile) -> bool:
    try:
        with clip.path.open("rb") as file:
            return is_dicom(file.read(HEAD_BYTES), clip.path)
    except OSError:
        return False
