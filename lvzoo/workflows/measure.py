"""Measures clips, data folders and results of `lvzoo predict`: how frames look, and which shape ventricles have.

The shape is that of the tracings, where a folder is a data set, and that of the masks, where it holds results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import Crop, crop_mask
from lvzoo.data.echonet import VIDEOS
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.data.reading import reason_of
from lvzoo.data.shapes import Shapes, measure_tracings, summarise_shapes
from lvzoo.data.statistics import LabelledPictures, Statistics, statistics_of_files
from lvzoo.errors import DataError, NoSplitError, name_option, show_name
from lvzoo.files import FRAMES, SUMMARY
from lvzoo.geometry.shape import measure_shape
from lvzoo.interfaces import Dataset
from lvzoo.registry import DataReader, open_zoo
from lvzoo.registry.data_options import check_layouts_are_used, read_data_options
from lvzoo.report.clip_files import MASKS, UNREADABLE, name_mask
from lvzoo.types import SPLITS, DatasetSource, Finding, OptionValue, Sector

WINDOW: Final = 5
"""ED and ES are the largest and the smallest median of the areas of so many frames: one bad mask is neither."""
UNREAD: Final = "results that cannot be read"
STILL: Final = "the area of the masks does not change"
AGAIN: Final = "further results of a clip that is counted already"
COLUMNS: Final = {"frame": np.int64, "mask_px": np.float64}
"""The columns of frames.csv that the shape needs."""


def measure_clips(
    paths: Sequence[Path],
    *,
    data_options: Mapping[str, OptionValue] | None = None,
    most: int = 100,
    on_clip: Callable[[int, int], None] | None = None,
) -> Statistics:
    """Return the appearance of clips and folders of clips, and the shape of the ventricles in folders with masks.

    The appearance is measured on at most `most` clips per folder, or on the labelled frames of so many videos, if a
    data set has no folder `Videos`. The shape is measured on all tracings of a data set, and on all results of
    `lvzoo predict` in a folder: its own, or those of its subfolders. A folder with masks need not hold clips.

    Raises:
        UsageError: `most` is less than 1, or a data option is unknown.
        DataError: a single clip cannot be read, or a folder holds nothing that can be measured.
    """
    sets = _open_datasets([path for path in paths if path.is_dir()], data_options)
    # Pictures come first: if none can be read, there is one error, and no warning about each split before it.
    pictures = {
        path: list(_group_pictures(dataset))
        for path, dataset in sets.items()
        if dataset is not None and not (path / VIDEOS).is_dir()
    }
    shapes = {path: found for path, dataset in sets.items() if (found := _measure_shapes(path, dataset))}
    return statistics_of_files(paths, most=most, shapes=shapes, pictures=pictures, on_clip=on_clip)


def _group_pictures(dataset: Dataset) -> Iterator[LabelledPictures]:
    """Yield the labelled frames of a data set by video.

    Raises:
        DataError: no split can be read.
    """
    errors: list[DataError] = []
    for split in SPLITS:
        try:
            frames = dataset.load(split)
        except DataError as error:  # a warning says why, unless no split can be read
            errors.append(error)
            continue
        places: dict[str, list[int]] = {}
        for place, video in enumerate(frames.videos):
            places.setdefault(video, []).append(place)
        for own in places.values():
            yield LabelledPictures(frames_NHW=frames.frames_NHW[own], synthetic=frames.source.synthetic)
    if len(errors) == len(SPLITS):
        raise next((each for each in errors if not isinstance(each, NoSplitError)), errors[-1])


def _measure_shapes(folder: Path, dataset: Dataset | None) -> list[Shapes]:
    """Return the shapes of the tracings and those of the predicted masks in a folder, where there are any."""
    name = show_name(folder.name or folder)
    tracings = None if dataset is None else measure_tracings(dataset, name)
    results = [path.parent for depth in ("", "[!.]*/") for path in sorted(folder.glob(depth + SUMMARY))]
    masks = measure_results(results, name) if results else None
    return [each for each in (tracings, masks) if each is not None]


def _open_datasets(
    folders: Sequence[Path], data_options: Mapping[str, OptionValue] | None
) -> dict[Path, Dataset | None]:
    """Return the data set in each folder; None if no layout fits, so that the folder holds clips alone."""
    zoo = open_zoo()
    given = read_data_options(zoo.datasets, data_options)
    layouts: dict[Path, DatasetSource | None] = {}
    for folder in folders:
        try:
            layouts[folder] = zoo.dataset_for(folder)
        except DataError:
            layouts[folder] = None
    check_layouts_are_used(given, {layout.name for layout in layouts.values() if layout is not None})
    return {
        folder: None if layout is None else DataReader.of(layout, given).open(folder)
        for folder, layout in layouts.items()
    }


def measure_results(folders: Sequence[Path], source: str) -> Shapes:
    """Return the shapes in folders of results, one per clip.

    Of several results of one clip, the first that can be measured counts. The others are noted and left out, and so
    are results that cannot be read.
    """
    measured: dict[str, Mapping[str, float] | None] = {}
    counted: dict[str, str] = {}
    """The results that count, by the content of their clip."""
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
        if (first := counted.setdefault(result.clip or name, name)) != name:
            detail = f"{first} counts"
            findings.append(Finding(name=name, quirk=AGAIN, excluded=True, detail=detail))
            continue
        measured[name] = measure_shape(*result.pair)
        if result.synthetic:
            synthetic.add(name)
    return summarise_shapes(
        measured, source=source, origin="predicted masks", synthetic=synthetic, findings=findings
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    """What the shape needs of the results of one clip.

    `clip` is the hash of the clip's content, or empty if it is not known. `pair` holds the ED and ES masks (112, 112)
    as the model saw them; it is None if the area of the masks does not change.
    """

    clip: str
    synthetic: bool
    pair: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None


def _read_result(folder: Path) -> _Result:
    """Read what the shape needs of a folder of results.

    Raises:
        DataError: a file is missing or damaged, or of another version of lvzoo; says which.
    """
    about, table = _read_summary(folder), _read_table(folder)
    rows = find_phases(table["mask_px"].to_numpy(dtype=np.float64))
    if rows is None:
        return _Result(clip=about.clip, synthetic=about.synthetic, pair=None)
    names = [f"{MASKS}/{name_mask(number)}" for number in table["frame"].iloc[list(rows)].tolist()]
    ed_HW, es_HW = (_read_mask(folder, name, about.crop) for name in names)
    return _Result(clip=about.clip, synthetic=about.synthetic, pair=(ed_HW, es_HW))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Summary:
    """What the shape needs of summary.json."""

    clip: str
    synthetic: bool
    crop: Crop | None


def _read_summary(folder: Path) -> _Summary:
    try:
        text = (folder / SUMMARY).read_text(encoding="utf-8")
        about = json.loads(text)
    except OSError as error:
        raise _make_error(folder, SUMMARY, _describe_loss(error)) from error
    except (ValueError, RecursionError) as error:
        raise _make_error(folder, SUMMARY, "is damaged") from error
    try:
        made = about.get("made_from", {})
        return _Summary(
            clip=made.get("clip", ""), synthetic=_read_synthetic(about), crop=_read_crop(about["crop"])
        )
    except UNREADABLE as error:
        raise _make_error(folder, SUMMARY, "is damaged, or of another version of lvzoo") from error


def _read_table(folder: Path) -> pd.DataFrame:
    """Return the numbers of the frames and the areas of their masks."""
    try:
        table = pd.read_csv(folder / FRAMES, usecols=list(COLUMNS))
        return table.astype(COLUMNS)
    except OSError as error:
        raise _make_error(folder, FRAMES, _describe_loss(error)) from error
    except (ValueError, OverflowError) as error:
        columns = " and ".join(COLUMNS)
        raise _make_error(folder, FRAMES, f"is damaged, or has no numbers in {columns}") from error


def _read_mask(folder: Path, name: str, crop: Crop | None) -> NDArray[np.bool_]:
    """Return a mask as the model saw it."""
    silence_opencv()
    mask_HW = cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)
    if mask_HW is None:
        raise _make_error(folder, name, "is missing or damaged")
    try:
        return crop_mask(np.asarray(mask_HW > 0, dtype=np.bool_), crop)
    except ValueError as error:
        height, width = mask_HW.shape
        raise _make_error(folder, name, f"is {width} x {height}, which {SUMMARY} does not explain") from error


def _describe_loss(error: OSError) -> str:
    return (
        "is missing"
        if isinstance(error, FileNotFoundError)
        else f"cannot be read ({error.strerror or error})"
    )


def _make_error(folder: Path, file: str, what: str) -> DataError:
    return DataError(f"{folder}: {file} {what}; predict the clip again into another {name_option('out')}")


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
    """Return the crop that summary.json describes."""
    return None if about is None else Crop(**{**about, "sector": Sector(**about["sector"])})
