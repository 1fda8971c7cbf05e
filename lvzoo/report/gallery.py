"""The frames of the report: each a picture in the page itself, with the contours of model and reference on it."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from skimage.measure import find_contours

from lvzoo.report.drawing import Drawing
from lvzoo.report.formats import decimals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lvzoo.types import Condition
    from lvzoo.types.results import Specimen


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One frame as the page shows it: an image, the contours over it, and what stands below."""

    image: str
    contours: Drawing
    place: str
    condition: str
    dice: str
    where: str

    @property
    def alt(self) -> str:
        """What somebody hears who cannot see it."""
        return f"{self.where}, {self.condition}: {self.place} frame, Dice {self.dice}"


def pictures(specimens: Sequence[Specimen]) -> dict[str, list[Picture]]:
    """Return each model's pictures, in the order in which they come."""
    found: dict[str, list[Picture]] = {}
    for specimen in specimens:
        found.setdefault(specimen.model, []).append(_picture(specimen))
    return found


def condition_words(condition: Condition) -> str:
    """Write a condition: `clean`, or `haze, severity 5`."""
    return f"{condition.corruption}, severity {condition.severity}" if condition.severity else "clean"


def _picture(specimen: Specimen) -> Picture:
    height, width = specimen.frame_HW.shape
    contours = Drawing(width, height, css="contours")
    contours.path(outline(specimen.reference_HW), "reference-contour")
    contours.path(outline(specimen.predicted_HW), "model-contour")
    return Picture(
        image=png_uri(specimen.frame_HW),
        contours=contours,
        place=specimen.place,
        condition=condition_words(specimen.condition),
        dice=decimals(specimen.dice),
        where=f"{specimen.video}, frame {specimen.frame}, {specimen.phase}",
    )


def png_uri(frame_HW: NDArray[np.uint8]) -> str:
    """Return a frame as the address of a PNG that holds its own bytes."""
    file = io.BytesIO()
    Image.fromarray(frame_HW).save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def outline(mask_HW: NDArray[np.bool_]) -> str:
    """Return the boundary of a mask as SVG path commands, in a picture whose pixels are 1 x 1 squares.

    It runs half-way between the centres of pixels inside and outside; a mask that touches the edge is closed along
    it. An empty mask has no outline.
    """
    padded_HW = np.pad(mask_HW, 1).astype(np.float64)
    commands = []
    for path_P2 in find_contours(padded_HW, 0.5):  # type: ignore[no-untyped-call] # untyped there
        # (row, column) of the padded mask to (x, y): less 1 for the padding, and half a pixel to its centre
        points = " ".join(f"{column - 0.5:g},{row - 0.5:g}" for row, column in path_P2[:-1])
        commands.append(f"M{points}Z")
    return "".join(commands)
