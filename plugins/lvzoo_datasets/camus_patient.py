"""Reads one patient of CAMUS: ED, ES and the frames of the half sequence in one view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from lvzoo.data.labelled import LabelledFrame
from lvzoo.data.reading import note_failure
from lvzoo.types import Finding, Phase
from lvzoo_datasets import camus_quirks as quirks
from lvzoo_datasets.camus_files import Labelled, find_file, read_labelled
from lvzoo_datasets.camus_info import NAMED, Info, Named, read_info

SEQUENCE: Final = "half_sequence"
FALLBACK: Final[Mapping[Named, int]] = {"ED": 0, "ES": 1}
"""The frame numbers of pictures whose place in the half sequence is not known."""


def read_patient(
    folder: Path, view: str, *, half_sequences: bool, findings: list[Finding]
) -> Iterator[LabelledFrame]:
    """Yield the labelled frames of a patient: ED, ES, and then the others of the half sequence in its order.

    What is missing or odd is added to the findings. A file that cannot be read costs its own frames alone.

    Raises:
        DataError: nibabel is not installed, or Info_*.cfg cannot be read.
    """
    patient = _Patient(folder, view, findings)
    patient.note_files_without_view()
    info = read_info(folder / f"Info_{view}.cfg", patient.video)
    findings += info.findings
    named = {name: found for name in NAMED if (found := patient.read_named(name)) is not None}
    sequence = patient.read_sequence(info) if half_sequences else None
    places = None if sequence is None else patient.find_places(named, sequence, info)
    numbers = {**FALLBACK, **(places or info.numbers)}
    for phase, name in patient.decide_phases(named).items():
        yield patient.label(named[name], 0, numbers[name], phase, info)
    if sequence is not None and places is not None:
        for frame in range(len(sequence.grey)):
            if frame not in places.values():
                yield patient.label(sequence, frame, frame, "other", info)


class _Patient:
    """The files of one patient in one view, and the list to which findings on them are added."""

    def __init__(self, folder: Path, view: str, findings: list[Finding]) -> None:
        self.folder = folder
        self.view = view
        self.video = f"{folder.name}_{view}"
        self.findings = findings

    def note_files_without_view(self) -> None:
        """Note pictures such as patient0001_ED.nii.gz, which could be of either view."""
        paths = [find_file(self.folder, f"{self.folder.name}_{name}") for name in (*NAMED, SEQUENCE)]
        self.findings += [quirks.NO_VIEW.finding(self.video, path.name) for path in paths if path is not None]

    def read_named(self, name: Named) -> Labelled | None:
        """Return the picture of ED or ES; None if it is missing or cannot be read."""
        missing = self._list_missing(name)
        if missing:
            self.findings.append(quirks.NO_FILE.finding(self.video, f"{name}: no {' and no '.join(missing)}"))
            return None
        found = self._read(name)
        if found is not None and max(found.lengths) > 1:
            self.findings.append(
                quirks.MORE_FRAMES.finding(self.video, f"{name}: {max(found.lengths)} frames")
            )
        return found

    def read_sequence(self, info: Info) -> Labelled | None:
        """Return the half sequence; None if it is missing or cannot be used."""
        missing = self._list_missing(SEQUENCE)
        if missing:
            self.findings.append(quirks.NO_SEQUENCE.finding(self.video, f"no {' and no '.join(missing)}"))
            return None
        sequence = self._read(SEQUENCE)
        if sequence is None:
            return None
        pictures, labels = sequence.lengths
        if pictures != labels:
            detail = f"{pictures} frames, {labels} with labels"
            self.findings.append(quirks.UNEQUAL_LENGTHS.finding(self.video, detail))
            return None
        if info.length not in (None, pictures):
            detail = f"NbFrame is {info.length}, the file has {pictures} frames"
            self.findings.append(quirks.OTHER_LENGTH.finding(self.video, detail))
        return sequence

    def find_places(
        self, named: Mapping[Named, Labelled], sequence: Labelled, info: Info
    ) -> Mapping[Named, int] | None:
        """Return the frame numbers of ED and ES in the half sequence; None if they are not known."""
        places = {name: self._find_place(name, named.get(name), sequence, info) for name in NAMED}
        known = {name: place for name, place in places.items() if place is not None}
        if len(set(known.values())) == len(NAMED):
            return known
        lost = [name for name in NAMED if name not in known]
        detail = f"not found: {', '.join(lost)}" if lost else "ED and ES are the same picture"
        self.findings.append(quirks.NOT_PLACED.finding(self.video, detail))
        return None

    def _find_place(
        self, name: Named, picture: Labelled | None, sequence: Labelled, info: Info
    ) -> int | None:
        """Return where a picture is in the half sequence: where its pixels are, or else where Info_*.cfg says."""
        stated = info.numbers.get(name)
        if stated is not None and stated >= len(sequence.grey):
            stated = None
        if picture is None:
            return stated
        same = [
            place for place, grey_HW in enumerate(sequence.grey) if np.array_equal(grey_HW, picture.grey[0])
        ]
        if stated in same:
            return stated
        if same and name in info.numbers:
            detail = f"{name}: number {info.numbers[name] + 1}, place {same[0] + 1}"
            self.findings.append(quirks.OTHER_PLACE.finding(self.video, detail))
        elif not same and stated is not None:
            self.findings.append(quirks.NO_PLACE.finding(self.video, f"{name}: frame {stated + 1}"))
        return same[0] if same else stated

    def decide_phases(self, named: Mapping[Named, Labelled]) -> Mapping[Phase, Named]:
        """Return the name of the picture that is ED, and of that which is ES: the larger cavity is ED."""
        phases: dict[Phase, Named] = {name: name for name in NAMED if name in named}
        areas = {name: int(each.cavities[0].sum()) for name, each in named.items()}
        if len(areas) == len(NAMED) and min(areas.values()) > 0 and areas["ED"] < areas["ES"]:
            detail = f"ED has {areas['ED']} px, ES has {areas['ES']} px"
            self.findings.append(quirks.SMALLER_ED.finding(self.video, detail))
            phases = {"ED": "ES", "ES": "ED"}
        return phases

    def label(self, file: Labelled, place: int, frame: int, phase: Phase, info: Info) -> LabelledFrame:
        """Return one frame of a file as the labelled frame `frame` of this video."""
        annulus_22 = file.annuli[place]
        if annulus_22 is None and file.cavities[place].any():
            self.findings.append(quirks.NO_VALVE.finding(self.video, f"{phase}, frame {frame}"))
        return LabelledFrame(
            patient=self.folder.name,
            video=self.video,
            frame=frame,
            phase=phase,
            grey_HW=file.grey[place],
            mask_HW=file.cavities[place],
            annulus_22=annulus_22,
            spacing_mm=file.spacing_mm,
            ef=info.ef,
            view=self.view,
            quality=info.quality,
        )

    def _list_missing(self, name: str) -> list[str]:
        stems = (f"{self.video}_{name}", f"{self.video}_{name}_gt")
        return [f"{stem}.nii.gz" for stem in stems if find_file(self.folder, stem) is None]

    def _read(self, name: str) -> Labelled | None:
        """Return a file that is there, with its labels; None if one of both cannot be read."""
        picture, labels = (find_file(self.folder, f"{self.video}_{name}{end}") for end in ("", "_gt"))
        assert picture is not None and labels is not None, "their absence was noted before"  # noqa: S101, PT018
        try:
            found = read_labelled(picture, labels)
        except Exception as error:
            if isinstance(error.__cause__, ImportError):
                raise
            self.findings.append(_note_failure(error, self.video, picture, labels))
            return None
        if found.other_labels:
            detail = f"{name}: {', '.join(map(str, found.other_labels))}"
            self.findings.append(quirks.OTHER_LABELS.finding(self.video, detail))
        if found.oblong:
            self.findings.append(quirks.OBLONG_PIXELS.finding(self.video, f"{name}: {found.oblong}"))
        return found


def _note_failure(error: Exception, video: str, picture: Path, labels: Path) -> Finding:
    """Return the finding on files that could not be read; it names the file that the error is about."""
    path = labels if str(labels) in str(error) else picture
    finding = note_failure(error, video, path)
    return replace(finding, detail=f"{path.name}: {finding.detail}")
