"""Which formats of other programs the user asked for, and the step that writes them for one clip."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import Clip
from lvzoo.data.clips.dicom.identity import read_identity
from lvzoo.data.crop import Crop
from lvzoo.errors import DataError, UsageError
from lvzoo.exports.coco import write_coco
from lvzoo.exports.echonet import add_to_echonet, explain_left_out, find_added
from lvzoo.exports.reference import make_reference
from lvzoo.types.answer import ClipAnswer

SR: Final = "report.dcm"
"""The DICOM report in a folder of results."""
DICOM_WAYS: Final = ("dicom", "dicom-video")


@dataclass(frozen=True, kw_only=True, slots=True)
class Exports:
    """The formats that a clip's answer is written in, besides lvzoo's own."""

    sr: bool = False
    """A DICOM report in the clip's folder of results."""
    echonet: Path | None = None
    """A folder in EchoNet-Dynamic's layout, to which the clip is added."""
    coco: bool = False
    """COCO polygons and pictures in the clip's folder of results."""
    keep_identifiers: bool = False
    """Whether the report names the patient and the real UIDs."""

    @property
    def written(self) -> tuple[str, ...]:
        """The names of the files and folders that are written into a folder of results."""
        return (*((SR,) if self.sr else ()), *(("coco.json", "pictures") if self.coco else ()))

    def check(self) -> None:
        """Check that the libraries are installed.

        Raises:
            UsageError: highdicom is missing.
        """
        if self.sr and find_spec("highdicom") is None:
            raise UsageError("--sr needs highdicom; pip install 'lvzoo[dicom]'")

    def are_done(self, digest: str) -> bool:
        """Return whether a clip with this SHA-256 is in the folder of `echonet` already, if one was named."""
        return self.echonet is None or find_added(self.echonet, digest) is not None

    def explain_left_out(self, answer: ClipAnswer) -> str | None:
        """Return why a clip is not added to the folder of `echonet`; None if it is, or no folder was named."""
        return None if self.echonet is None else explain_left_out(answer)

    def check_clip(self, clip: Clip) -> None:
        """Check that a clip can be exported, before it is predicted.

        Raises:
            DataError: a DICOM report is asked for, but the clip is no DICOM file.
        """
        if self.sr and clip.way not in DICOM_WAYS:
            raise DataError(
                f"{clip.path}: is not a DICOM file, so --sr can write no DICOM report that refers to it; leave out "
                "--sr for this clip, or give the DICOM file that it was made from"
            )

    def write(
        self, folder: Path, answer: ClipAnswer, clip: Clip, crop: Crop | None, *, name: str, digest: str
    ) -> None:
        """Write the formats that were asked for.

        Args:
            folder: the clip's folder of results.
            answer: what is known of the clip.
            clip: the open clip, whose frames are read again where pictures are written.
            crop: the square that the model saw.
            name: what the clip is called in the folder of `echonet`.
            digest: SHA-256 of the clip's content.

        Raises:
            DataError: a file cannot be written, or the clip cannot be read again.
        """
        if self.sr:
            from lvzoo.exports.sr import write_sr

            identity = read_identity(clip.path)
            reference = make_reference(identity, digest=digest, keep_identifiers=self.keep_identifiers)
            write_sr(folder / SR, answer, reference)
        if self.coco:
            write_coco(folder, answer, clip)
        if self.echonet is not None:
            add_to_echonet(self.echonet, answer, clip, crop, name=name, digest=digest)
