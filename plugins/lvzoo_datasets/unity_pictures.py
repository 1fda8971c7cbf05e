"""Finds which pictures and curves of UnityLV-MultiX belong together, reads them, and names what is odd about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.images import open_images
from lvzoo.data.quirks import VIDEO_UNREAD, Quirk
from lvzoo.data.reading import note_failure
from lvzoo.errors import DataError
from lvzoo.geometry.ventricle import polygon_area
from lvzoo.types import Finding, Phase
from lvzoo_datasets import unity_quirks as quirks
from lvzoo_datasets.unity_curves import Outline, read_outline
from lvzoo_datasets.unity_files import (
    IMAGES,
    SUFFIX,
    Curve,
    PictureName,
    read_annotations,
    read_consensus,
    read_name,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture that can be used, with the consensus as its reference and the outlines of the experts."""

    name: PictureName
    phase: Phase
    grey_HW: NDArray[np.uint8]
    consensus: Outline
    experts: Mapping[str, Outline]


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """All pictures, those of a video one after the other, and the findings."""

    pictures: Sequence[Picture]
    findings: Sequence[Finding]

    @property
    def complete(self) -> bool:
        """False if a picture could not be read this time, such as for lack of memory: the next run may read it."""
        return all(finding.quirk != VIDEO_UNREAD.text for finding in self.findings)


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures, sorted by name."""
    paths = (folder / IMAGES).iterdir()
    return sorted(path for path in paths if path.suffix.lower() == SUFFIX and path.name[0] != ".")


def read_all(folder: Path) -> Readings:
    """Read the files of a folder, decode the pictures, and collect the findings.

    Raises:
        DataError: a file of curves is missing or does not parse.
    """
    curves, consensus = read_annotations(folder), read_consensus(folder)
    paths = {path.name: path for path in list_pictures(folder)}
    findings: list[Finding] = []
    names = _match(paths, curves, consensus, findings)
    _note_fewer_experts(names, curves, findings)
    found = [
        picture
        for name in names
        if (picture := _read_picture(name, paths[name.file], curves, consensus, findings)) is not None
    ]
    by_video: dict[str, list[Picture]] = {}
    for picture in found:
        by_video.setdefault(picture.name.video, []).append(picture)
    pictures = [each for video in by_video.values() for each in _decide_phases(video, findings)]
    return Readings(pictures=pictures, findings=findings)


# --- What belongs together --------------------------------------------------------------------------------------


def _match(
    paths: Mapping[str, Path],
    curves: Mapping[str, Mapping[str, Curve]],
    consensus: Mapping[str, Curve],
    findings: list[Finding],
) -> list[PictureName]:
    """Return the names of the pictures that have a consensus, in the order in which the files list them."""
    listed = dict.fromkeys([*consensus, *(file for file, users in curves.items() if users)])
    names: list[PictureName] = []
    for file in [*listed, *(file for file in paths if file not in listed)]:
        name = read_name(file)
        if name is None:
            findings.append(quirks.ODD_NAME.finding(file))
        elif file not in paths:
            findings.append(quirks.NO_PICTURE.finding(name.video, f"frame {name.frame}"))
        elif file in consensus:
            names.append(name)
        else:
            quirk = quirks.NO_CONSENSUS if curves.get(file) else quirks.NO_CURVES
            findings.append(quirk.finding(name.video, f"frame {name.frame}"))
    return names


def _note_fewer_experts(
    names: Sequence[PictureName], curves: Mapping[str, Mapping[str, Curve]], findings: list[Finding]
) -> None:
    counts = {name: len(curves.get(name.file, {})) for name in names}
    usual = max(Counter(counts.values()).items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
    for name, count in counts.items():
        where = f"frame {name.frame}"
        if not count:
            findings.append(quirks.NO_EXPERTS.finding(name.video, where))
        elif count < usual:
            findings.append(quirks.FEWER_EXPERTS.finding(name.video, f"{where}: {count} of {usual}"))


# --- One picture ------------------------------------------------------------------------------------------------


def _read_picture(
    name: PictureName,
    path: Path,
    curves: Mapping[str, Mapping[str, Curve]],
    consensus: Mapping[str, Curve],
    findings: list[Finding],
) -> Picture | None:
    """Return a picture with its references; None if it does not decode or its consensus cannot be used."""
    where = f"frame {name.frame}"
    grey_HW = _decode(path, name)
    if isinstance(grey_HW, Finding):
        findings.append(grey_HW)
        return None
    size_HW = (grey_HW.shape[0], grey_HW.shape[1])
    reference = read_outline(consensus[name.file], size_HW)
    if isinstance(reference, Quirk):
        findings.append(quirks.BAD_CONSENSUS.finding(name.video, f"{where}: {reference.text}"))
        return None
    experts, odd = {}, {quirk: ["consensus"] for quirk in reference.quirks}
    for user, curve in curves.get(name.file, {}).items():
        outline = read_outline(curve, size_HW)
        if isinstance(outline, Outline):
            experts[user] = outline
        for quirk in outline.quirks if isinstance(outline, Outline) else (outline,):
            odd.setdefault(quirk, []).append(user)
    findings += [quirk.finding(name.video, f"{where}: {', '.join(users)}") for quirk, users in odd.items()]
    return Picture(name=name, phase="other", grey_HW=grey_HW, consensus=reference, experts=experts)


def _decode(path: Path, name: PictureName) -> NDArray[np.uint8] | Finding:
    """Return a picture in grey, or the finding that says why it does not decode."""
    where = f"frame {name.frame}"
    try:
        frame = next(open_images(path, (path,), fps=None).read([0]))
    except DataError as error:
        failure = note_failure(error, name.video, path)
        quirk = VIDEO_UNREAD if failure.quirk == VIDEO_UNREAD.text else quirks.DAMAGED
        return quirk.finding(name.video, f"{where}: {failure.detail}")
    if isinstance(frame, Frame):
        return frame.grey_HW
    return quirks.DAMAGED.finding(name.video, f"{where}: {frame.reason}")


def _decide_phases(video: Sequence[Picture], findings: list[Finding]) -> list[Picture]:
    """Return a video's pictures with their phases, in the order of the file: the largest is ED, the smallest ES."""
    name = video[0].name.video
    if len(video) == 1:
        findings.append(quirks.ONE_PICTURE.finding(name, f"frame {video[0].name.frame}"))
        return list(video)
    areas_px2 = [_measure_area(picture.consensus) for picture in video]
    # If the areas are equal, the one that is listed first is ED.
    ed = int(np.argmax(areas_px2))
    es = min((place for place in range(len(video)) if place != ed), key=lambda place: areas_px2[place])
    if len(video) > len((ed, es)):
        findings.append(quirks.MORE_PICTURES.finding(name, f"{len(video)} pictures"))
    if es < ed:
        frames = f"ED is frame {video[ed].name.frame}, ES is frame {video[es].name.frame}"
        findings.append(quirks.ES_FIRST.finding(name, frames))
    phases: dict[int, Phase] = {ed: "ED", es: "ES"}
    return [replace(each, phase=phases.get(place, "other")) for place, each in enumerate(video)]


def _measure_area(outline: Outline) -> float:
    return float(outline.mask_HW.sum()) if outline.contour_P2 is None else polygon_area(outline.contour_P2)
