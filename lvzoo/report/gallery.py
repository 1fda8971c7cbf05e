"""Makes the pictures of the report: frames embedded in the page, with the contours of model and reference."""

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

    from lvzoo.types.results import Specimen


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One frame as the page shows it: an image, the contours over it, and the text below."""

    image: str
    contours: Drawing
    place: str
    condition: str
    dice: str
    where: str

    @property
    def alt(self) -> str:
        """The text that a screen reader reads."""
        return f"{self.where}, {self.condition}: {self.place} frame, Dice {self.dice}"


def make_pictures(specimens: Sequence[Specimen]) -> dict[str, list[Picture]]:
    """Return the pictures by model, in the order of the specimens."""
    found: dict[str, list[Picture]] = {}
    for specimen in specimens:
        found.setdefault(specimen.model, []).append(_picture(specimen))
    return found


def _picture(specimen: Specimen) -> Picture:
    height, width = specimen.frame_HW.shape
    corruption, severity = specimen.condition.corruption, specimen.condition.severity
    contours = Drawing(width, height, css="contours")
    contours.path(outline(specimen.reference_HW), "reference-contour")
    contours.path(outline(specimen.predicted_HW), "model-contour")
    return Picture(
        image=png_uri(specimen.frame_HW),
        contours=contours,
        place=specimen.place,
        condition=f"{corruption}, severity {severity}" if severity else "clean",
        dice=decimals(specimen.dice),
        where=f"{specimen.video}, frame {specimen.frame}, {specimen.phase}",
    )


def png_uri(frame_HW: NDArray[np.uint8]) -> str:
    """Return a frame as a data URI of a PNG."""
    file = io.BytesIO()
    Image.fromarray(frame_HW).save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def outline(mask_HW: NDArray[np.bool_]) -> str:
    """Return the boundary of a mask as SVG path commands; a pixel of the mask is a 1 x 1 square of the picture.

    The boundary runs half-way between the centres of pixels inside and outside. Where a mask touches the edge of
    the frame, it follows the edge. An empty mask has no outline.
    """
    padded_HW = np.pad(mask_HW, 1).astype(np.float64)
    commands = []
    for path_P2 in find_contours(padded_HW, 0.5):  # type: ignore[no-untyped-call] # untyped there
        # from (row, column) of the padded mask to (x, y): minus 1 for the padding, plus 0.5 for the pixel's centre
        points = " ".join(f"{column - 0.5:g},{row - 0.5:g}" for row, column in path_P2[:-1])
        commands.append(f"M{points}Z")
    return "".join(commands)
