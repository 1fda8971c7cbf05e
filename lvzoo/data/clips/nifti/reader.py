"""Reads NIfTI files of a picture or a clip: two axes of space, and one of time.

The frames are read one after the other, so that a compressed file is decompressed once.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.nifti.grey import looks_like_labels, make_converter
from lvzoo.data.clips.nifti.header import (
    GZIP,
    HEADER_BYTES,
    Header,
    check_axes,
    check_is_clip,
    open_stream,
    read_header,
    read_region,
    read_step,
)
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced


def is_nifti(head: bytes, path: Path) -> bool:
    """Return whether a file is NIfTI: by its first bytes, also if they are compressed, or by its name."""
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return True
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEADER_BYTES)
        except zlib.error:
            return False
    return head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")


def open_nifti(path: Path, *, fps: float | None) -> Clip:
    """Open a NIfTI file with the axes (x, y), (x, y, t) or (x, y, 1, t).

    Axis x becomes the columns and y the rows. No axis is flipped by the affine, because files of clips store pictures
    as they are shown: CAMUS has the apex at the top. Times come from the time step, and the size of a pixel from
    `pixdim`, if the header states their units. `make_converter` tells how values become grey.

    Raises:
        DataError: nibabel is not installed; or the file holds a volume, a segmentation, or several values per pixel.
        Exception: the header is damaged; nibabel raises various classes.
    """
    header = read_header(path)
    check_axes(header, path)
    check_is_clip(header, path)
    count = math.prod(header.shape[2:])
    convert = make_converter(header, _sample(path, header, count), path)
    step_s, warnings = read_step(header) if fps is None else (1 / fps, [])

    def read_frames(indices: Sequence[int] | None) -> Iterator[Frame]:
        wanted = range(count) if indices is None else [each for each in indices if each < count]
        for index, raw_HW in read_raw(path, header, wanted):
            time_s = None if step_s is None else index * step_s
            yield Frame(index=index, time_s=time_s, grey_HW=convert(raw_HW))

    return Clip(
        path=path,
        way="nifti",
        size_HW=(header.shape[1], header.shape[0]),
        stated_frames=count,
        likely_frames=count,
        times_from="--fps" if fps is not None else ("time step" if step_s is not None else None),
        fps=fps if fps is not None else (1 / step_s if step_s is not None else None),
        read_frames=read_frames,
        regions=(read_region(header),),
        warnings=tuple(warnings),
    )


def read_raw(path: Path, header: Header, indices: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the stored frames (H, W) at ascending numbers; end where the file ends.

    The first axis of NIfTI is x, and it varies fastest. So the values of a frame are its rows, from the top.
    """
    width, height = header.shape[:2]
    length = width * height * header.dtype.itemsize
    with open_stream(path) as stream:
        for index in indices:
            try:
                stream.seek(header.offset + index * length)
                data = stream.read(length)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return  # nothing behind damage can be decompressed
            if len(data) < length:
                return
            yield index, np.frombuffer(data, dtype=header.dtype).reshape(height, width)


def _sample(path: Path, header: Header, count: int) -> list[NDArray[Any]]:
    """Return frames that show which values are used. One is enough for 8 bits, unless it looks like labels.

    Raises:
        DataError: the file has no frame, or is a segmentation.
    """
    samples = [raw_HW for _, raw_HW in read_raw(path, header, [0])]
    if not samples:
        raise DataError(f"{path}: none of its frames decodes; check that the file is complete")
    if header.dtype != np.uint8 or looks_like_labels(samples):
        samples = [raw_HW for _, raw_HW in read_raw(path, header, evenly_spaced(count))]
    if looks_like_labels(samples):
        raise DataError(f"{path}: has the few values of a segmentation; give the clip that it belongs to")
    return samples
