"""Makes a data set of any number of patients out of the videos of a phantom, in EchoNet-Dynamic's layout.

Videos are linked, not copied. If more patients are wanted than the phantom has, its videos are repeated under new
names, so that they are other patients for everything that reads them.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from lvzoo.data.tables import FILE_LIST, TRACINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SHARES: Final = {"TEST": 1277 / 10030, "VAL": 1288 / 10030}
"""The shares of EchoNet-Dynamic's patients in two of its splits; the others are for training."""

Row = list[str]


def link_patients(folder: Path, source: Path, patients: int) -> Path:
    """Make a folder of some number of patients, each of whom has one video, from the folder of a phantom."""
    (folder / "Videos").mkdir(parents=True)
    (head, *listed), (tracing_head, *traced) = (read_rows(source / name) for name in (FILE_LIST, TRACINGS))
    rows_of = defaultdict(list)
    for name, *cells in traced:
        rows_of[name.removesuffix(".avi")].append(cells)
    with (
        (folder / FILE_LIST).open("w", newline="") as file_list,
        (folder / TRACINGS).open("w", newline="") as tracings,
    ):
        lists, rows = csv.writer(file_list), csv.writer(tracings)
        lists.writerow(head)
        rows.writerow(tracing_head)
        for name, new, cells in name_patients(listed, patients):
            os.link(source / "Videos" / f"{name}.avi", folder / "Videos" / f"{new}.avi")
            lists.writerow([new, *cells])
            rows.writerows([f"{new}.avi", *each] for each in rows_of[name])
    return folder


def name_patients(listed: Sequence[Row], patients: int) -> Iterator[tuple[str, str, Row]]:
    """Yield the phantom's name of each patient, the new name, and the other cells of FileList.csv, split by split."""
    counts = {split: max(1, round(share * patients)) for split, share in SHARES.items()}
    counts["TRAIN"] = patients - sum(counts.values())
    for split, count in counts.items():
        of_split = [row for row in listed if row[-1] == split]
        for number in range(count):
            copy, place = divmod(number, len(of_split))
            name, *cells = of_split[place]
            yield name, f"{name}-{copy}" if copy else name, cells


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV file, the header included."""
    with path.open(newline="") as file:
        return list(csv.reader(file))
