"""Checks a data set: what is read from it, what is unusual in its files, and what is odd in its frames.

`lvzoo.check_data` is the same as the command `lvzoo data check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.arguments import check_options, check_path
from lvzoo.clinic.batch import measure_contour_volumes
from lvzoo.data.audit import audit
from lvzoo.data.summary import load_splits, summarise
from lvzoo.interfaces import Dataset
from lvzoo.registry import open_zoo
from lvzoo.types import APEX_INDEX, FrameSet, OptionValue
from lvzoo.types.audit import Audit

CHUNK: Final = 2048
"""How many contours are measured at a time."""


def check_data(
    data: str | Path,
    *,
    data_options: Mapping[str, OptionValue] | None = None,
    page: str | Path | None = None,
) -> Audit:
    """Return what is read from a folder of data, and everything that is unusual or odd in it.

    `data_options` are options of the folder's layout, such as {"camus.view": "2CH"}. `page` is a file into which the
    findings are written as a page, with pictures of the strangest frames.

    Raises:
        DataError: there is no such folder, no layout fits, files are missing or do not parse, there is no test split,
            or no split has a usable frame.
        UsageError: an option or its value is unknown.
    """
    check_path(data, "data")
    if data_options is not None:
        check_options(data_options, "data_options")
    if page is not None:
        check_path(page, "page")
    return check_dataset(open_zoo().open_dataset(Path(data), data_options), page=page)


def check_dataset(dataset: Dataset, *, page: str | Path | None = None) -> Audit:
    """Return the same for any `Dataset`, such as one that no plugin has declared yet.

    Raises:
        DataError: as for `check_data`.
    """
    loaded = load_splits(dataset)
    volumes = {split: measure_volumes(frames) for split, frames in loaded.frames.items()}
    found = audit(summarise(loaded), loaded.frames, volumes)
    if page is not None:
        from lvzoo.report.audit_page import write_audit_page

        write_audit_page(found, loaded.frames, Path(page))
    return found


def measure_volumes(frames: FrameSet) -> NDArray[np.float64]:
    """Return the volume (N) inside each reference contour about its annulus and apex, px³; NaN where it has none."""
    chunks = [frames.contours_NP2[start : start + CHUNK] for start in range(0, len(frames), CHUNK)]
    return np.concatenate([measure_contour_volumes(list(each), each[:, APEX_INDEX]) for each in chunks])
