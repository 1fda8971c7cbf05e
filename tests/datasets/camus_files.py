"""Writes folders in CAMUS's layout."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from lvzoo_datasets.camus import Camus
from tests.datasets.phantom_hearts import Heart, make_heart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import FrameSet, Split

nibabel: Any = pytest.importorskip("nibabel")

LISTS: Final[Mapping[str, Split]] = {"training": "train", "validation": "val", "testing": "test"}


def write_nifti(
    path: Path, frames_NHW: NDArray[Any], *, spacing: tuple[float, float] = (0.3, 0.3), unit: str = "mm"
) -> Path:
    """Write frames as CAMUS stores them: x first, then y, then time if there are several; sizes in mm."""
    values = frames_NHW.transpose(2, 1, 0)
    image = nibabel.Nifti1Image(
        values[..., 0] if len(frames_NHW) == 1 else values, np.eye(4), dtype=values.dtype
    )
    image.header.set_xyzt_units(unit, "sec")
    image.header["pixdim"][1:3] = spacing
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(image.to_bytes(), 1))
    return path


@dataclass(frozen=True)
class CamusFolder:
    """A folder in CAMUS's layout; the files of a patient are written when it is added."""

    path: Path
    lists: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in LISTS})

    def add(
        self,
        patient: str = "patient0001",
        *,
        listed: str | None = "training",
        views: tuple[str, ...] = ("4CH",),
        heart: Heart | None = None,
        spacing: tuple[float, float] = (0.3, 0.3),
        unit: str = "mm",
        info: str | None = None,
    ) -> Path:
        """Add a patient and return its folder."""
        heart = heart or make_heart()
        folder = self.path / "database_nifti" / patient
        for view in views:
            for name, frames in (
                ("ED", slice(0, 1)),
                ("ES", slice(-1, None)),
                ("half_sequence", slice(None)),
            ):
                for end, stack_NHW in (("", heart.grey_NHW), ("_gt", heart.labels_NHW)):
                    path = folder / f"{patient}_{view}_{name}{end}.nii.gz"
                    write_nifti(path, stack_NHW[frames], spacing=spacing, unit=unit)
            (folder / f"Info_{view}.cfg").write_text(
                f"ED: 1\nES: {len(heart.grey_NHW)}\nNbFrame: {len(heart.grey_NHW)}\nSex: F\nAge: 56\n"
                "ImageQuality: Good\nEF: 53.5\nFrameRate: 52.7\n"
                if info is None
                else info
            )
        if listed is not None:
            self.lists[listed].append(patient)
        self.write_lists()
        return folder

    def write_lists(self) -> None:
        """Write the lists of patients."""
        folder = self.path / "database_split"
        folder.mkdir(parents=True, exist_ok=True)
        for name, patients in self.lists.items():
            (folder / f"subgroup_{name}.txt").write_text("".join(f"{each}\n" for each in patients))

    def load(self, split: Split = "train", *, view: str = "4CH", half_sequences: bool = True) -> FrameSet:
        """Load the frames of a split."""
        return Camus(self.path, view=view, half_sequences=half_sequences).load(split)


def compute_dice(one_HW: NDArray[np.bool_], other_HW: NDArray[np.bool_]) -> float:
    return float(2 * (one_HW & other_HW).sum() / (one_HW.sum() + other_HW.sum()))
