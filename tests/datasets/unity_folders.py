"""Writes folders in UnityLV-MultiX's layout: pictures of phantom patients, and contours of made-up experts."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from lvzoo.geometry.ventricle import polygon_area
from lvzoo.phantom.clip import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SCALE = 2
MARGIN_PX = 20
"""A picture is a phantom frame that is so many times larger, with a black margin on its left and right."""


def name_video(number: int) -> str:
    """Return a video's name of 64 hexadecimal digits."""
    return f"{number:064x}"


def name_picture(number: int, frame: int) -> str:
    return f"02-{name_video(number)}-{frame:04d}.png"


@functools.cache
def phantom_pictures(number: int) -> tuple[tuple[int, NDArray[np.uint8], NDArray[np.float64]], ...]:
    """Return a patient's ED and ES: frame index, picture in colour, and true contour in px of the picture."""
    clip = simulate(seed=0, split="test", index=number)
    areas = [polygon_area(contour_P2) for contour_P2 in clip.contours_NP2]
    return tuple(
        (frame, _enlarge(clip.frames_NHW[frame]), to_picture(clip.contours_NP2[frame]))
        for frame in (int(np.argmax(areas)), int(np.argmin(areas)))
    )


def _enlarge(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = cv2.resize(frame_HW, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, 0, 0, MARGIN_PX, MARGIN_PX, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def to_picture(points_P2: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return points of a phantom frame in px of its picture."""
    return (np.asarray(points_P2, dtype=np.float64) + 0.5) * SCALE - 0.5 + (MARGIN_PX, 0)


def trace_again(
    contour_P2: NDArray[np.float64], rng: np.random.Generator, *, sd: float
) -> NDArray[np.float64]:
    """Return a contour as another expert would trace it: shifted and stretched a little, with `sd` in px."""
    middle_2 = contour_P2.mean(axis=0)
    stretch_2 = 1 + rng.normal(0, sd / 30, 2)
    return np.asarray((contour_P2 - middle_2) * stretch_2 + middle_2 + rng.normal(0, sd, 2))


@dataclass(kw_only=True, slots=True)
class UnityFiles:
    """The contents of a folder, which a test may change before it writes them."""

    pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    annotations: dict[str, dict[str, Any]] = field(default_factory=dict)
    consensus: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the folder and return it."""
        (folder / "Images").mkdir(parents=True)
        for name, picture in self.pictures.items():
            cv2.imwrite(str(folder / "Images" / name), picture)
        for name, content in (
            ("UnityLV_multiX_annotations.json", self.annotations),
            ("UnityLV_multiX_consensus_curves.json", self.consensus),
        ):
            (folder / name).write_text(json.dumps(content))
        return folder


def two_lists(contour_P2: NDArray[np.float64]) -> list[list[float]]:
    """Return a contour as the files have it: X and Y."""
    return [contour_P2[:, 0].round(2).tolist(), contour_P2[:, 1].round(2).tolist()]


def make_files(*, videos: int = 2, experts: int = 4, sd_px: float = 3.0, seed: int = 0) -> UnityFiles:
    """Return a data set: two pictures of each video, ED first, with the contours of so many experts.

    The consensus is the mean of the experts' contours, whose points correspond.
    """
    files, rng = UnityFiles(), np.random.default_rng(seed)
    for number in range(videos):
        for frame, picture, true_P2 in phantom_pictures(number):
            name = name_picture(number, frame)
            traced = {f"user{n}": trace_again(true_P2, rng, sd=sd_px) for n in range(experts)}
            files.pictures[name] = picture
            files.annotations[name] = {user: two_lists(contour_P2) for user, contour_P2 in traced.items()}
            files.consensus[name] = two_lists(np.mean(list(traced.values()), axis=0))
    return files
