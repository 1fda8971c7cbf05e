"""Compresses frames for DICOM files where pydicom has no encoder."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.uid import UID

from tests.data.clips.made_dicom import save_dicom


def encode_jpegs(frames: NDArray[np.uint8], *, rgb: bool = False) -> list[bytes]:
    """Return frames as JPEGs; with `rgb` their colours are not converted to YCbCr."""
    encoded = []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=95, keep_rgb=rgb)
        encoded.append(file.getvalue())
    return encoded


def save_as_lossless_jpeg(dataset: Dataset, syntax: UID, path: Path) -> Path:
    """Write an uncompressed clip with GDCM as lossless JPEG, and return its path."""
    gdcm: Any = importlib.import_module("gdcm")
    save_dicom(dataset, path)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    written = pydicom.dcmread(path)
    written.file_meta.TransferSyntaxUID = syntax
    written.pop("SequenceOfUltrasoundRegions", None)  # GDCM adds one without content
    return save_dicom(written, path)
