"""Measures how far contours that are traced from masks are from the true contours, of which the masks were drawn.

    python -m tests.data.figures_mask_contour

Prints a table for the phantom `quick`, ED and ES, on masks of 112 x 112 px and on four times finer ones. docs/data.md
quotes it. All distances are px of 112 x 112.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.mask_contour import trace_mask
from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.files import TRUE_CONTOURS, TRUTH
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import APEX_INDEX, FRAME_SIZE_HW

LANDMARKS: Final = (20, 40, 80, 100)
"""The points of the walls among seven landmarks."""
NAMES: Final = ("annulus", "apex", "wall points", "distance to the wall")


def measure(true_P2: NDArray[np.float64], scale: int, *, valve: bool = False) -> NDArray[np.float64] | None:
    """Return the four distances (px of 112 x 112) for one contour, whose mask is drawn `scale` times finer."""
    size_HW = (FRAME_SIZE_HW[0] * scale, FRAME_SIZE_HW[1] * scale)
    fine_P2 = (true_P2 + 0.5) * scale - 0.5
    found_P2 = trace_mask(rasterise(fine_P2, size_HW), fine_P2[[0, -1]] if valve else None)
    if found_P2 is None:
        return None
    traced_P2 = (found_P2 + 0.5) / scale - 0.5
    apart_P = np.linalg.norm(traced_P2 - true_P2, axis=1)
    to_wall_P = np.linalg.norm(traced_P2[:, None] - true_P2[None], axis=2).min(axis=1)
    walls = apart_P[list(LANDMARKS)].mean()
    return np.array([apart_P[[0, -1]].mean(), apart_P[APEX_INDEX], walls, to_wall_P.mean()])


def read_true_contours() -> list[NDArray[np.float64]]:
    """Return the true contours of ED and ES of every video of the phantom `quick`."""
    import pandas as pd

    folder = cached_phantom(size="quick", seed=0)
    truth = pd.read_csv(folder / TRUTH)
    with np.load(folder / TRUE_CONTOURS) as contours:
        return [
            contours[row.FileName][[row.EDFrame, row.ESFrame]].astype(np.float64)
            for row in truth.itertuples()
        ]


def main() -> None:
    """Print the table."""
    contours = [each for pair in read_true_contours() for each in pair]
    print(f"{len(contours)} masks of ED and ES; mean (95th percentile), px of 112 x 112; synthetic")
    print(f"| mask | {' | '.join(NAMES)} |")
    for scale, valve in ((1, False), (4, False), (1, True), (4, True)):
        found = [measure(each, scale, valve=valve) for each in contours]
        table = np.array([each for each in found if each is not None])
        cells = [
            f"{mean:.2f} ({high:.2f})"
            for mean, high in zip(table.mean(axis=0), np.percentile(table, 95, axis=0), strict=True)
        ]
        what = f"{FRAME_SIZE_HW[0] * scale} px{', valve known' * valve}"
        print(f"| {what} | {' | '.join(cells)} |  {len(found) - len(table)} not traced")


if __name__ == "__main__":
    main()
