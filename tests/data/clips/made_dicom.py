"""Writes small DICOM clips, and frames that are easy to tell apart."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from lvzoo.data.clips.clip import DamagedFrame, Frame
from lvzoo.data.clips.dicom.reader import open_dicom

FOUR_CHAMBERS = Path(str(pydicom.examples.get_path("ybr_color")))
"""A real apical four-chamber clip of 30 frames that pydicom ships: JPEG baseline, YBR_FULL_422."""


def smooth_frames(count: int, size_HW: tuple[int, int] = (24, 32), *, channels: int = 1) -> NDArray[np.uint8]:
    """Return frames (N, H, W) or (N, H, W, 3), each brighter than the one before."""
    rows, columns = np.mgrid[: size_HW[0], : size_HW[1]]
    frames = [(rows + 2 * columns + 10 * number) % 200 + 20 for number in range(count)]
    grey = np.stack(frames).astype(np.uint8)
    return grey if channels == 1 else np.stack([grey, grey // 2, 255 - grey], axis=-1)


def make_dicom(frames: NDArray[Any], **elements: object) -> Dataset:
    """Return an uncompressed clip of frames (N, H, W) or (N, H, W, 3)."""
    dataset = Dataset()
    dataset.file_meta, dataset.preamble = FileMetaDataset(), bytes(128)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundMultiFrameImageStorage, UID("1.2.3.4")
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape[:3]
    dataset.SamplesPerPixel = 3 if frames.ndim == 4 else 1
    dataset.PhotometricInterpretation = "RGB" if frames.ndim == 4 else "MONOCHROME2"
    if frames.ndim == 4:
        dataset.PlanarConfiguration = 0
    bits = 8 * frames.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(frames.dtype.kind == "i")
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def put_fragments(dataset: Dataset, syntax: UID, frames: list[bytes], *, table: bool = True) -> None:
    """Replace the pixels of a data set by compressed frames."""
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames, has_bot=table)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


def put_raw(dataset: Dataset, keyword: str, vr: str, value: bytes) -> None:
    """Set an element to bytes that need not be valid."""
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


def save_dicom(dataset: Dataset, path: Path) -> Path:
    """Write a data set, whatever pydicom warns of, and return its path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path)
    return path


def read_frames(path: Path) -> NDArray[np.uint8]:
    """Return the frames of a DICOM clip that decode."""
    return np.stack([each.grey_HW for each in open_dicom(path, fps=None).read() if isinstance(each, Frame)])


def list_damaged(path: Path) -> list[DamagedFrame]:
    """Return the frames of a DICOM clip that do not decode."""
    return [each for each in open_dicom(path, fps=None).read() if isinstance(each, DamagedFrame)]
