"""Measures how well a clip in EchoNet-Dynamic's layout keeps its masks and its ejection fraction (docs/exports.md).

    python -m tests.exports.figures_echonet PHANTOM DIR

PHANTOM is a phantom whose true masks are traced and read again. DIR is what `lvzoo predict --echonet DIR` wrote.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lvzoo.clinic.outline import find_mask_outline
from lvzoo.data.tables import FILE_LIST, TRACINGS, read_file_list, read_tracings
from lvzoo.evaluate.dice import dice_N
from lvzoo.exports.echonet import trace_outline
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.ventricle import axis_length, disks_volume, ejection_fraction
from lvzoo.phantom.files import TRUE_CONTOURS, TRUTH
from lvzoo.types import FRAME_SIZE_HW


def measure_dice(phantom: Path) -> Iterator[float]:
    """Yield the Dice of each true mask at ED and ES with the mask of its tracing."""
    contours = np.load(phantom / TRUE_CONTOURS)
    with (phantom / TRUTH).open(newline="") as file:
        for row in csv.DictReader(file):
            for phase in ("EDFrame", "ESFrame"):
                mask_HW = rasterise(contours[row["FileName"]][int(row[phase])], FRAME_SIZE_HW)
                outline_P2 = find_mask_outline(mask_HW)
                assert outline_P2 is not None
                read_HW = rasterise(trace_outline(outline_P2).polygon_P2, FRAME_SIZE_HW)
                yield float(dice_N(read_HW[None], mask_HW[None])[0])


def compare_ef(folder: Path) -> Iterator[float]:
    """Yield how much the ejection fraction of each clip's tracings is higher than the listed one, in points."""
    listed = read_file_list(folder / FILE_LIST).efs
    for name, frames in read_tracings(folder / TRACINGS).rows.items():
        volumes = []
        for rows in frames.values():
            ends_R22 = np.reshape(rows, (-1, 2, 2))
            diameters_R = np.linalg.norm(ends_R22[1:, 1] - ends_R22[1:, 0], axis=1)
            volumes.append(disks_volume(diameters_R, axis_length(ends_R22[0])))
        yield ejection_fraction(max(volumes), min(volumes)) - listed[name]


def main(phantom: Path, folder: Path) -> None:
    """Print the figures."""
    dice = np.array(list(measure_dice(phantom)))
    print(f"Dice of {len(dice)} masks: mean {dice.mean():.3f}, least {dice.min():.3f}")
    points = np.array(list(compare_ef(folder)))
    print(
        f"EF of the tracings of {len(points)} clips minus the listed one: mean {points.mean():+.1f}, "
        f"mean absolute {np.abs(points).mean():.1f}, greatest {np.abs(points).max():.1f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
