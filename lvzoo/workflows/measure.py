"""Measures clips, data folders and results of `lvzoo predict`: how frames look, and which shape ventricles have.

The shape is that of the tracings, where a folder is a data set, and that of the masks, where it holds results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import Crop, crop_mask
from lvzoo.data.opencv import cv2
from lvzoo.data.reading import reason_of
from lvzoo.data.shapes import Shapes, measure_tracings, summarise_shapes
from lvzoo.data.statistics import Statistics, statistics_of_files
from lvzoo.errors import DataError, explain_exception, show_name
from lvzoo.files import PREDICTION
from lvzoo.geometry.shape import measure_shape
from lvzoo.interfaces import Dataset
from lvzoo.plugins import resolve
from lvzoo.registry import open_zoo
from lvzoo.report.clip_files import AREAS, UNREADABLE, name_mask
from lvzoo.types import Finding, Sector

WINDOW: Final = 5
"""ED and ES are the largest and the smallest median of the areas of so many frames: one bad mask is neither."""
UNREAD: Final = "results that cannot be read"
STILL: Final = "the area of the masks does not change"


def measure_clips(
    paths: Sequence[Path], *, most: int = 100, on_clip: Callable[[int, int], None] | None = None
) -> Statistics:
    """Return the appearance of clips and folders of clips, and the shape of the ventricles in folders with masks.

    The appearance is measured on at most `most` clips per folder, the shape on all tracings of a data set and on all
    results of `lvzoo predict` in a folder: its own, or those of its subfolders. A folder with masks need not hold
    clips.

    Raises:
        UsageError: `most` is less than 1.
        DataError: a single clip cannot be read, or a folder holds nothing that can be measured.
    """
    shapes = {path: found for path in paths if path.is_dir() and (found := _measure_shapes(path))}
    return statistics_of_files(paths, most=most, shapes=shapes, on_clip=on_clip)


def _measure_shapes(folder: Path) -> list[Shapes]:
    """Return the shapes of the tracings and those of the predicted masks in a folder, where there are any."""
    name = show_name(folder.name or folder)
    dataset = _open_dataset(folder)
    tracings = None if dataset is None else measure_tracings(dataset, name)
    results = [path.parent for depth in ("", "[!.]*/") for path in sorted(folder.glob(depth + PREDICTION))]
    masks = measure_results(results, name) if results else None
    return [each for each in (tracings, masks) if each is not None]


def _open_dataset(folder: Path) -> Dataset | None:
    """Return the data set in a folder; None if no layout fits, so that the folder holds clips alone."""
    try:
        source = open_zoo().dataset_for(folder)
    except DataError:
        return None
    dataset: Dataset = resolve(source.factory)(folder)
    return dataset


def measure_results(folders: Sequence[Path], source: str) -> Shapes:
    """Return the shapes in folders of results, one per clip. Results that cannot be read are noted and left out."""
    measured: dict[str, Mapping[str, float] | None] = {}
    synthetic: set[str] = set()
    findings: list[Finding] = []
    for folder in folders:
        name = show_name(folder.name or folder)
        try:
            result = _read_result(folder)
        except DataError as error:
            reason = reason_of(error, folder)
            findings.append(Finding(name=name, quirk=UNREAD, excluded=True, detail=reason))
            continue
        if result.pair is None:
            findings.append(Finding(name=name, quirk=STILL, excluded=True))
            continue
        measured[name] = measure_shape(*result.pair)
        if result.synthetic:
            synthetic.add(name)
    return summarise_shapes(
        measured, source=source, origin="predicted masks", synthetic=synthetic, findings=findings
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    """Whether the clip of one folder of results is from a phantom, and its ED and ES masks as the model saw them.

    The masks are (112, 112). There is no pair if the area of the masks does not change.
    """

    synthetic: bool
    pair: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None


def _read_result(folder: Path) -> _Result:
    """Read what the shape needs of a folder of results.

    Raises:
        DataError: a file is missing or damaged, or of an older version of lvzoo.
    """
    try:
        about = json.loads((folder / PREDICTION).read_text(encoding="utf-8"))
        crop, synthetic = _read_crop(about["crop"]), _read_synthetic(about)
        table = pd.read_csv(folder / AREAS)
        rows = find_phases(table["area_px"].to_numpy(dtype=np.float64))
        if rows is None:
            return _Result(synthetic=synthetic, pair=None)
        numbers = table["frame"].iloc[list(rows)].astype(int)
        ed_HW, es_HW = (crop_mask(_read_mask(folder / "masks" / name_mask(each)), crop) for each in numbers)
        return _Result(synthetic=synthetic, pair=(ed_HW, es_HW))
    except UNREADABLE as error:
        raise DataError(
            f"{folder}: {explain_exception(error)}; predict the clip again into another --out"
        ) from error


def find_phases(areas_px_N: NDArray[np.float64]) -> tuple[int, int] | None:
    """Return the positions of ED and ES in the areas of a clip's masks; None if the area does not change.

    The areas are smoothed by a median of five. ED is where the result is largest, and ES where it is smallest: the
    first such place, and there the frame of the five whose own area is closest to the median.
    """
    if not len(areas_px_N):
        return None
    # "mirror" does not repeat the frame at the border, so that one bad mask there is no majority.
    smooth_N = ndimage.median_filter(areas_px_N, size=WINDOW, mode="mirror")
    if np.ptp(smooth_N) == 0:
        return None
    ed, es = (
        _find_typical(areas_px_N, smooth_N, int(place)) for place in (smooth_N.argmax(), smooth_N.argmin())
    )
    return ed, es


def _find_typical(areas_px_N: NDArray[np.float64], smooth_N: NDArray[np.float64], place: int) -> int:
    """Return the frame around a place whose area is closest to the median."""
    reach = WINDOW // 2
    around = range(max(place - reach, 0), min(place + reach + 1, len(areas_px_N)))
    return min(around, key=lambda each: (abs(areas_px_N[each] - smooth_N[place]), abs(each - place)))


def _read_synthetic(about: Mapping[str, Any]) -> bool:
    """Return whether a clip is from a phantom. Earlier versions did not write it; then the clip's folder tells."""
    return bool(about["synthetic"]) if "synthetic" in about else is_synthetic(Path(about["clip"]))


def _read_crop(about: Mapping[str, Any] | None) -> Crop | None:
    """Return the crop that prediction.json describes."""
    return None if about is None else Crop(**{**about, "sector": Sector(**about["sector"])})


def _read_mask(path: Path) -> NDArray[np.bool_]:
    mask_HW = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask_HW is None:
        raise ValueError(f"no picture {path.name}")
    return np.asarray(mask_HW > 0, dtype=np.bool_)
