"""Finds the outline of a mask or of a map of probabilities or logits: a closed polygon of sub-pixel points.

A mask does not say where the border runs, only which pixels count as inside. There are two rules:

"border pixels inside": a pixel that the border passes belongs to the mask. This is EchoNet-Dynamic's rule and that of
`lvzoo.geometry.raster` (and of `cv2.fillPoly`). The border therefore runs through the centres of the mask's outermost
pixels, half a pixel inside their outer edges. For a closed chain of neighbouring pixels this is exact: by Pick's
theorem, a polygon through B lattice points with I lattice points inside has the area I + B/2 - 1, while its mask has
I + B pixels.

"centres inside": a pixel belongs to the mask if its centre lies inside the border. The border then runs halfway
between the outermost pixels of the mask and their neighbours outside.

A network that was trained on masks of the first rule gives a probability of one half where its training masks end:
outside of the border as well. So the rule is a question for maps too.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

RasterRule: TypeAlias = Literal["border pixels inside", "centres inside"]
"""Which pixels count as inside; see the module's docstring."""

MAP_INSET_PX: Final = 0.45
"""How far inside of the iso-line of a map the border runs under the rule "border pixels inside".

A border along the pixel grid lies 0.5 px inside the end of its mask, a diagonal one 0.35 px (half the distance of
neighbouring pixels across the border). The mean over all directions is 0.45 px.
"""
STRIDE_PX: Final = 1.0
"""Distance of the points of an iso-line that is moved inwards."""


def find_mask_outline(
    mask_HW: NDArray[np.bool_], rule: RasterRule = "border pixels inside"
) -> NDArray[np.float64] | None:
    """Return the outline of the largest piece of a mask as a closed polygon (P, 2), (x, y) px; None if it is empty.

    Holes are filled. Pixels that touch at a corner belong to the same piece. The frame's edge cuts the mask as if no
    pixel beyond it were inside. A piece that is one pixel wide has no area under the rule "border pixels inside".
    """
    if rule == "centres inside":
        return _largest(np.pad(np.asarray(mask_HW, dtype=np.float64), 1), 0.5)
    # OpenCV joins the centres of the outermost pixels, which is this rule, and is much faster than an iso-line.
    found, _ = cv2.findContours(np.asarray(mask_HW, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(found, key=cv2.contourArea) if len(found) > 1 else found[0] if found else None
    return None if outline is None else outline[:, 0].astype(np.float64)


def find_map_outline(
    map_HW: NDArray[np.floating[Any]], *, level: float = 0.5, rule: RasterRule = "border pixels inside"
) -> NDArray[np.float64] | None:
    """Return the outline of the largest piece of a map above a level as a closed polygon (P, 2), (x, y) px.

    The iso-line is found between the pixels by linear interpolation. Use the level 0.5 for probabilities and 0 for
    logits. Under the rule "border pixels inside" it is moved inwards by `MAP_INSET_PX`. At the frame's edge, the
    outline runs half a pixel outside of the outermost pixels' centres.

    Returns None if no pixel is above the level, if a value is not finite, or if nothing is left of the piece.
    """
    above_HW = np.asarray(map_HW, dtype=np.float64) - level
    if not np.isfinite(above_HW).all():
        return None
    padded = np.pad(above_HW, 1, mode="edge")
    edge = np.ones(padded.shape, dtype=np.bool_)
    edge[1:-1, 1:-1] = False
    padded[edge] = -np.abs(padded[edge])  # so that the iso-line crosses halfway
    outline_P2 = _largest(padded, 0.0)
    if outline_P2 is None or rule == "centres inside":
        return outline_P2
    return _move_inwards(outline_P2, MAP_INSET_PX)


def signed_area(outline_P2: NDArray[np.floating]) -> float:
    """Return the area of a closed polygon by the shoelace formula. The sign tells in which sense it runs."""
    x, y = (outline_P2 - outline_P2[0]).T
    return float((x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _largest(padded_HW: NDArray[np.float64], level: float) -> NDArray[np.float64] | None:
    """Return the largest closed iso-line of a map that was padded by one pixel, without the repeated last point."""
    found = find_contours(padded_HW, level, fully_connected="high")  # type: ignore[no-untyped-call] # untyped there
    outlines = [each[:-1, ::-1] - 1.0 for each in found]
    return max(outlines, key=lambda each: abs(signed_area(each)), default=None)


def _move_inwards(outline_P2: NDArray[np.float64], distance_px: float) -> NDArray[np.float64] | None:
    """Return an outline moved along its inward normals; None if it turns inside out, because it was too small."""
    closed_P2 = np.vstack([outline_P2, outline_P2[:1]])
    arc_P = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed_P2, axis=0), axis=1))])
    count = int(arc_P[-1] / STRIDE_PX)
    if count < 8:
        return None
    places = np.linspace(0, arc_P[-1], count, endpoint=False)
    even_P2 = np.stack([np.interp(places, arc_P, closed_P2[:, axis]) for axis in (0, 1)], axis=1)
    # The tangent over two points on either side: the steps of a nearly binary map do not turn the normals.
    tangent_P2 = np.roll(even_P2, -2, axis=0) - np.roll(even_P2, 2, axis=0)
    length_P = np.linalg.norm(tangent_P2, axis=1)
    tangent_P2 /= np.where(length_P > 0, length_P, 1.0)[:, None]
    area = signed_area(even_P2)
    moved_P2 = even_P2 + np.sign(area) * distance_px * np.stack([-tangent_P2[:, 1], tangent_P2[:, 0]], axis=1)
    return moved_P2 if signed_area(moved_P2) * area > 0 else None
