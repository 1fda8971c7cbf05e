"""Makes the figures of noisy clips of a phantom, to fit the estimate of a clip's noise and to test it.

Letters: M clips, each under one condition; K frames per clip; F figures.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.recognise import open_clip
from lvzoo.geometry.sector import fit_sector, scan_mask
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.statistics import find_place, measure_frame
from lvzoo.noise.suite import NoiseV1
from lvzoo.types import CLEAN, FRAME_SIZE_HW, Condition, Sector

FRAMES: Final = 3
STORED: Final = (80, 96)
"""The range of the quality at which a clip is stored again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoisyClips:
    """The figures of clips under known conditions."""

    figures_MKF: NDArray[np.float32]
    names: tuple[str, ...]
    """The names of the figures."""
    patients: tuple[str, ...]
    conditions: tuple[Condition, ...]

    @property
    def means_MF(self) -> NDArray[np.float64]:
        """The mean figures of each clip's frames."""
        return np.asarray(self.figures_MKF.mean(axis=1, dtype=np.float64))

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> NoisyClips:
        """Return some of the clips."""
        places = np.arange(len(self.patients))[chosen].tolist()
        return NoisyClips(
            figures_MKF=self.figures_MKF[places],
            names=self.names,
            patients=tuple(self.patients[place] for place in places),
            conditions=tuple(self.conditions[place] for place in places),
        )

    def write(self, path: Path) -> None:
        """Write the clips' figures to a file."""
        np.savez(
            path,
            figures_MKF=self.figures_MKF,
            names=self.names,
            patients=self.patients,
            corruptions=[each.corruption for each in self.conditions],
            severities=[each.severity for each in self.conditions],
        )

    @classmethod
    def read(cls, path: Path) -> NoisyClips:
        """Read what `write` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            pairs = zip(kept["corruptions"].tolist(), kept["severities"].tolist(), strict=True)
            return cls(
                figures_MKF=kept["figures_MKF"],
                names=tuple(kept["names"].tolist()),
                patients=tuple(kept["patients"].tolist()),
                conditions=tuple(Condition(corruption=name, severity=severity) for name, severity in pairs),
            )


def list_conditions(suite: NoiseSuite) -> list[Condition]:
    """Return every condition of a suite; the first one is clean."""
    names = [name for family in suite.families.values() for name in family]
    return [
        CLEAN,
        *(Condition(corruption=name, severity=each) for name in names for each in suite.severities),
    ]


def list_videos(folder: Path, split: str) -> list[Path]:
    """Return the videos of a split, in the order of the file list."""
    with (folder / "FileList.csv").open(encoding="utf-8") as file:
        names = [row["FileName"] for row in csv.DictReader(file) if row["Split"] == split.upper()]
    return [folder / "Videos" / f"{name}.avi" for name in names]


def make_noisy_clips(
    videos: Sequence[Path], *, conditions: int | None = None, changed: bool = False, seed: int = 0
) -> NoisyClips:
    """Return the figures of videos under conditions of noise-v1.

    Args:
        videos: the clips; each is of one patient.
        conditions: so many conditions are drawn for each video, beside clean; None stands for all.
        changed: whether some of the clips are changed as real ones may be: what lies outside of the sector is black
            as after cropping (4 in 10), and the noisy frames are stored as JPEG again (3 in 10).
        seed: of these draws.
    """
    suite, rng = NoiseV1(), np.random.default_rng(seed)
    clean, *others = list_conditions(suite)
    rows: list[tuple[NDArray[np.float32], str, Condition]] = []
    names: tuple[str, ...] = ()
    for video in videos:
        frames_KHW = open_clip(ClipFile(path=video)).sample(FRAMES)
        sector = fit_sector(frames_KHW)
        chosen = (
            others if conditions is None else [others[n] for n in rng.permutation(len(others))[:conditions]]
        )
        for condition in [clean, *chosen]:
            noisy_KHW = corrupt(frames_KHW, suite, condition, video.stem, sector)
            if changed:
                noisy_KHW = _change(noisy_KHW, sector, rng)
            place = find_place(fit_sector(noisy_KHW), FRAME_SIZE_HW)
            figures = [measure_frame(frame_HW, place) for frame_HW in noisy_KHW]
            names = tuple(figures[0])
            values_KF = np.array([list(each.values()) for each in figures], dtype=np.float32)
            rows.append((values_KF, video.stem, condition))
    figures_MKF, patients, used = zip(*rows, strict=True)
    return NoisyClips(figures_MKF=np.stack(figures_MKF), names=names, patients=patients, conditions=used)


def corrupt(
    frames_KHW: NDArray[np.uint8], suite: NoiseSuite, condition: Condition, video: str, sector: Sector
) -> NDArray[np.uint8]:
    """Return a clip's frames under a condition."""
    return np.stack(
        [
            suite.corrupt(frame_HW, condition, video=video, frame=number, sector=sector)
            for number, frame_HW in enumerate(frames_KHW)
        ]
    )


def _change(frames_KHW: NDArray[np.uint8], sector: Sector, rng: np.random.Generator) -> NDArray[np.uint8]:
    cropped, stored = rng.random() < 0.4, rng.random() < 0.3
    if cropped:
        frames_KHW = frames_KHW * scan_mask(sector, (frames_KHW.shape[1], frames_KHW.shape[2]))
    return np.stack(list(_store(frames_KHW, int(rng.integers(*STORED))))) if stored else frames_KHW


def _store(frames_KHW: NDArray[np.uint8], quality: int) -> Iterator[NDArray[np.uint8]]:
    for frame_HW in frames_KHW:
        _, coded = cv2.imencode(".jpg", frame_HW, [cv2.IMWRITE_JPEG_QUALITY, quality])
        yield np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
