"""NIfTI segmentations: the label of every pixel, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.data.clips.nifti.labels import read_labels
from lvzoo.errors import DataError

nibabel = pytest.importorskip("nibabel")

LABELS_NHW = np.random.default_rng(0).integers(0, 4, (3, 12, 20), dtype=np.uint8)


def write_nifti(path: Path, values: NDArray[Any], **fields: object) -> Path:
    image = nibabel.Nifti1Image(values, np.eye(4), dtype=values.dtype)
    for name, value in fields.items():
        image.header[name] = value
    path.write_bytes(gzip.compress(image.to_bytes()) if path.suffix == ".gz" else image.to_bytes())
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["labels.nii", "labels.nii.gz"])
def test_labels_are_read_frame_by_frame(tmp_path: Path, name: str, dtype: type[np.generic]) -> None:
    path = write_nifti(tmp_path / name, LABELS_NHW.transpose(2, 1, 0).astype(dtype))
    assert np.array_equal(np.stack(read_labels(path)), LABELS_NHW)
    path = write_nifti(tmp_path / name, LABELS_NHW[0].T.astype(dtype), intent_code=1002)
    assert np.array_equal(np.stack(read_labels(path)), LABELS_NHW[:1]), (
        "the header may say that they are labels"
    )


def test_labels_are_scaled_as_the_header_says(tmp_path: Path) -> None:
    values = (LABELS_NHW[0].T * 2 + 10).astype(np.int16)
    path = write_nifti(tmp_path / "labels.nii", values, scl_slope=0.5, scl_inter=-5)
    assert np.array_equal(read_labels(path)[0], LABELS_NHW[0])


@pytest.mark.parametrize("value", [0.5, -1, 256, np.nan])
def test_other_values_than_labels_are_refused(tmp_path: Path, value: float) -> None:
    values = LABELS_NHW.transpose(2, 1, 0).astype(np.float32)
    values[3, 4, 1] = value
    with pytest.raises(
        DataError, match=r"frame 1 has other values than labels from 0 to 255; is it a picture\?"
    ):
        read_labels(write_nifti(tmp_path / "labels.nii", values))


def test_complex_values_and_volumes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"values of type complex64, which are no labels"):
        read_labels(write_nifti(tmp_path / "labels.nii", LABELS_NHW[0].T.astype(np.complex64)))
    volume = np.zeros((4, 5, 6, 2), dtype=np.uint8)
    with pytest.raises(DataError, match=r"is a volume of 6 slices"):
        read_labels(write_nifti(tmp_path / "labels.nii", volume))


@pytest.mark.parametrize("name", ["labels.nii", "labels.nii.gz"])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, name: str) -> None:
    path = write_nifti(tmp_path / name, LABELS_NHW.transpose(2, 1, 0))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 240 if path.suffix == ".nii" else len(whole) - 100])
    with pytest.raises(DataError, match=r"ends after [012] of 3 frames; copy it again from its source"):
        read_labels(path)
