"""The cache of labelled frames: decoded once, found again by a key of the files and of all that reads them.

An entry is a folder of plain arrays (`.npy`) and one `meta.json`. It is written whole or not at all, and a
checksum of every array tells when it has been damaged since: it is then made again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lvzoo.files import atomic_folder, cache_folder
from lvzoo.types import Finding, FrameSet, Sector, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LOG = logging.getLogger("lvzoo.data")

META: Final = "meta.json"
SECTOR_ARRAYS: Final = ("sector_of_N", "sectors_S5", "hulls_2V", "hull_lengths_S")
"""S distinct sectors: apex x, apex y, half angle, radius, fitted; and the V vertices of all their hulls."""
ARRAYS: Final = ("frames_NHW", "packed_masks", "contours_NP2", *SECTOR_ARRAYS)
"""Masks are kept as bits, in reading order: an eighth of the bytes to read and to check."""
FINGERPRINT_DIGITS: Final = 16


class _DamagedError(Exception):
    """A cache entry that is not what was written."""


def cached(key: str, make: Callable[[], FrameSet]) -> FrameSet:
    """Return the frames kept under a key; where there are none, or damaged ones, make and keep them."""
    folder = cache_folder("frames") / key
    if folder.is_dir():
        try:
            return _restore(folder)
        except _DamagedError as error:
            LOG.warning("%s: damaged cache entry (%s); it is made again", folder, error)
            shutil.rmtree(folder, ignore_errors=True)  # another process may be at it too
    frames = make()
    try:
        with atomic_folder(folder) as temporary:
            _store(temporary, frames)
    except OSError as error:
        LOG.warning("%s: decoded frames cannot be kept (%s); the next run decodes them again", folder, error)
    return frames


def fingerprint(frames: FrameSet) -> str:
    """Return the hash of decoded frames and references, in 16 hexadecimal digits.

    It depends on pixels, masks, contours, sectors, phases, names and indices alone: the same files and the same
    decoder give the same fingerprint on any machine, whatever the files' dates.
    """
    digest = hashlib.sha256()
    arrays: tuple[NDArray[Any], ...] = (frames.frames_NHW, frames.masks_NHW, frames.contours_NP2)
    for array in arrays:
        portable = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{portable.dtype.str}{portable.shape}".encode())
        digest.update(portable.data)
    sectors = [dataclasses.astuple(sector) for sector in frames.sectors]
    digest.update(json.dumps([frames.videos, frames.frame_indices, frames.phases, sectors]).encode())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _store(folder: Path, frames: FrameSet) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "frames_NHW": frames.frames_NHW,
        "packed_masks": np.packbits(frames.masks_NHW),
        "contours_NP2": frames.contours_NP2,
        **_pack_sectors(frames.sectors),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    meta = {
        "patients": frames.patients,
        "videos": frames.videos,
        "frame_indices": frames.frame_indices,
        "phases": frames.phases,
        "spacing_mm": frames.spacing_mm,
        "source": dataclasses.asdict(frames.source),
        "checksums": {name: _checksum(array) for name, array in arrays.items()},
    }
    (folder / META).write_text(json.dumps(meta), encoding="utf-8")


def _restore(folder: Path) -> FrameSet:
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
        damaged = [name for name, array in arrays.items() if _checksum(array) != meta["checksums"][name]]
        if damaged:
            raise _DamagedError(f"{damaged[0]}.npy is not what was written")
        frames_NHW, source = arrays["frames_NHW"], meta["source"]
        masks = np.unpackbits(arrays["packed_masks"], count=frames_NHW.size)
        findings = tuple(Finding(**finding) for finding in source.pop("findings"))
        return FrameSet(
            frames_NHW=frames_NHW,
            masks_NHW=masks.view(np.bool_).reshape(frames_NHW.shape),
            contours_NP2=arrays["contours_NP2"],
            sectors=_unpack_sectors(*(arrays[name] for name in SECTOR_ARRAYS)),
            patients=tuple(meta["patients"]),
            videos=tuple(meta["videos"]),
            frame_indices=tuple(meta["frame_indices"]),
            phases=tuple(meta["phases"]),
            spacing_mm=None if meta["spacing_mm"] is None else tuple(meta["spacing_mm"]),
            source=Source(**source, findings=findings),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise _DamagedError(str(error) or type(error).__name__) from error


def _checksum(array: NDArray[np.generic]) -> str:
    return f"{array.dtype.str}{array.shape}{zlib.crc32(np.ascontiguousarray(array).data):08x}"


def _pack_sectors(sectors: Sequence[Sector]) -> dict[str, NDArray[Any]]:
    """Write each distinct sector once: the frames of a video share theirs."""
    number = {sector: index for index, sector in enumerate(dict.fromkeys(sectors))}
    values = [
        (*sector.apex_px, sector.half_angle_deg, sector.radius_px, float(sector.fitted)) for sector in number
    ]
    vertices = [vertex for sector in number for vertex in sector.hull_px]
    return {
        "sector_of_N": np.array([number[sector] for sector in sectors], dtype=np.int64),
        "sectors_S5": np.array(values, dtype=np.float64).reshape(-1, 5),
        "hulls_2V": np.array(vertices, dtype=np.float64).reshape(-1, 2).T,
        "hull_lengths_S": np.array([len(sector.hull_px) for sector in number], dtype=np.int64),
    }


def _unpack_sectors(
    sector_of_N: NDArray[np.int64],
    sectors_S5: NDArray[np.float64],
    hulls_2V: NDArray[np.float64],
    hull_lengths_S: NDArray[np.int64],
) -> tuple[Sector, ...]:
    vertices = list(zip(*hulls_2V.tolist(), strict=True))
    sectors, start = [], 0
    for (x, y, half_angle, radius, fitted), length in zip(
        sectors_S5.tolist(), hull_lengths_S.tolist(), strict=True
    ):
        sectors.append(
            Sector(
                apex_px=(x, y),
                half_angle_deg=half_angle,
                radius_px=radius,
                hull_px=tuple(vertices[start : start + length]),
                fitted=bool(fitted),
            )
        )
        start += length
    return tuple(sectors[index] for index in sector_of_N.tolist())
