"""Keeps labelled frames in the cache, so that the videos of a data set are decoded only once.

An entry is one uncompressed `.npz` file, named by a key: a hash of everything that decides the frames. A zip file
has a checksum for each of its members, so a damaged entry is noticed, and the frames are read from the videos again.

The frames and masks of a large entry are not read into memory. They are mapped from the file: the system reads what
is used, drops it again when memory is short, and keeps it once for all processes that have mapped the same file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import json
import logging
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import CacheError, explain_exception
from lvzoo.files import atomic_file, cache_folder, warn_of_cache
from lvzoo.locks import made_by_one
from lvzoo.types import Finding, FrameSet, Sector, Source

LOG = logging.getLogger("lvzoo.data")

FINGERPRINT_DIGITS: Final = 16
FORMAT: Final = "2"
"""The end of an entry's name. Raise it when the members change, so that no version reads the entries of another."""
MAPPED: Final = ("frames_NHW", "masks_NHW")
"""The members of an entry that are mapped if it is large."""
ARRAYS: Final = (*MAPPED, "contours_NP2", "hulls_2V", "meta")
"""The members of an entry. The V vertices of all hulls are one after the other; `meta` is the rest of the FrameSet as
JSON."""
MAPPED_BYTES: Final = 64 * 2**20
"""The frames of an entry are mapped if they take at least this much, which is that of 5,350 frames."""
CHUNK_BYTES: Final = 2**20
LOCAL_HEADER: Final = struct.Struct("<26xHH")
"""What stands before a member in a zip file. Its last numbers are the lengths of a name and of further fields. These
follow, and then the member (APPNOTE.TXT, 4.3.7)."""
LISTS: Final = ("patients", "videos", "frame_indices", "phases")
"""The fields of a FrameSet that are lists in `meta`."""
OPTIONAL_LISTS: Final = ("spacing_mm", "listed_efs", "views", "qualities")
"""Those that are lists or None. An entry of an earlier version has only the first."""
DAMAGE: Final = (
    *(ArithmeticError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What zipfile, numpy and json raise when they read a damaged file."""


def _keep_always(_frames: FrameSet) -> bool:
    return True


def load_or_make(
    key: str, make: Callable[[], FrameSet], *, keep: Callable[[FrameSet], bool] = _keep_always
) -> FrameSet:
    """Return the frames that the cache keeps under a key; if there are none, or damaged ones, make them.

    The frames that were made are kept in the cache if `keep` says so and the cache can be written. Arrays of frames
    out of the cache can be written to, which does not change the entry.
    """
    try:
        path = cache_folder("frames") / f"{key}-{FORMAT}.npz"
    except CacheError as error:
        warn_of_cache(error)
        return make()
    was_there = path.is_file()
    if was_there and (kept := _load_kept(path)) is not None:
        return kept
    with made_by_one(path.parent.parent / "locks" / f"frames-{key}.lock", "the labelled frames"):
        if not was_there and path.is_file() and (kept := _load_kept(path)) is not None:
            return kept  # another process has made it meanwhile
        frames = make()
        if keep(frames):
            try:
                with atomic_file(path) as temporary:
                    _save(temporary, frames)
            except OSError as error:
                warn_of_cache(error)
            else:
                if frames.frames_NHW.nbytes >= MAPPED_BYTES:
                    return _load_kept(path) or frames  # those in memory are freed
    return frames


def _load_kept(path: Path) -> FrameSet | None:
    """Return the frames of an entry, or None if it is damaged."""
    try:
        return _load(path)
    except DAMAGE as error:
        LOG.warning("%s: damaged cache entry (%s); the frames are read again", path, explain_exception(error))
        return None


def fingerprint(frames: FrameSet) -> str:
    """Return the hash of decoded frames and references, in 16 hexadecimal digits.

    It depends only on pixels, masks, contours, sectors, phases, names and frame numbers; on views and qualities where
    a data set has them; and on the patients where they are not named like their videos. The same files and the same
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
    labels = {"views": frames.views, "qualities": frames.qualities}
    if given := {name: each for name, each in labels.items() if each is not None}:
        digest.update(json.dumps(given).encode())
    if frames.patients != frames.videos:  # whose frames they are decides the means and the intervals
        digest.update(json.dumps(frames.patients).encode())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _save(path: Path, frames: FrameSet) -> None:
    # The frames of a video share their sector, so each distinct sector is written once.
    number = {sector: index for index, sector in enumerate(dict.fromkeys(frames.sectors))}
    meta = {
        **{name: getattr(frames, name) for name in (*LISTS, *OPTIONAL_LISTS)},
        "source": dataclasses.asdict(frames.source),
        "sectors": [
            (sector.apex_px, sector.half_angle_deg, sector.radius_px, sector.fitted, len(sector.hull_px))
            for sector in number
        ],
        "sector_of_N": [number[sector] for sector in frames.sectors],
    }
    vertices = [vertex for sector in number for vertex in sector.hull_px]
    np.savez(
        path,
        frames_NHW=frames.frames_NHW,
        masks_NHW=frames.masks_NHW,
        contours_NP2=frames.contours_NP2,
        hulls_2V=np.array(vertices, dtype=np.float64).reshape(-1, 2).T,
        meta=np.array(json.dumps(meta).encode()),
    )


def _read_array(entry: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return an array of an entry, in memory.

    `read` compares the checksum. `np.load` of the file itself would not when a damaged header says that an array is
    shorter, because the checksum is compared at the end of a member.
    """
    array: NDArray[Any] = np.load(io.BytesIO(entry.read(f"{name}.npy")), allow_pickle=False)
    return array


def _map_array(path: Path, entry: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return an array of an entry, mapped from its file after its checksum was compared.

    What is written into the array stays in this process.
    """
    info = entry.getinfo(f"{name}.npy")
    with entry.open(info) as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        header_bytes = member.tell()
        while member.read(CHUNK_BYTES):
            pass  # at the end of the member, the checksum is compared
    if math.prod(shape) * dtype.itemsize != info.file_size - header_bytes:
        raise ValueError(f"{name} is not of the size that its header says")
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name_bytes, further_bytes = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    start = info.header_offset + LOCAL_HEADER.size + name_bytes + further_bytes + header_bytes
    return np.asarray(np.memmap(path, dtype, mode="c", offset=start, shape=shape))


def _load(path: Path) -> FrameSet:
    with zipfile.ZipFile(path) as entry:
        large = entry.getinfo(f"{MAPPED[0]}.npy").file_size >= MAPPED_BYTES
        frames_NHW, masks_NHW, contours_NP2, hulls_2V, meta_json = (
            _map_array(path, entry, name) if large and name in MAPPED else _read_array(entry, name)
            for name in ARRAYS
        )
    meta = json.loads(meta_json.item())
    xs, ys = hulls_2V.tolist()
    vertices = zip(xs, ys, strict=True)
    sectors = [
        Sector(
            apex_px=(x, y),
            half_angle_deg=half_angle_deg,
            radius_px=radius_px,
            hull_px=tuple(itertools.islice(vertices, hull_length)),
            fitted=fitted,
        )
        for (x, y), half_angle_deg, radius_px, fitted, hull_length in meta["sectors"]
    ]
    fields: dict[str, Any] = {name: tuple(meta[name]) for name in LISTS}
    fields |= {name: None if meta.get(name) is None else tuple(meta[name]) for name in OPTIONAL_LISTS}
    source = meta["source"]
    findings = tuple(Finding(**finding) for finding in source.pop("findings"))
    return FrameSet(
        frames_NHW=frames_NHW,
        masks_NHW=masks_NHW,
        contours_NP2=contours_NP2,
        sectors=tuple(sectors[index] for index in meta["sector_of_N"]),
        **fields,
        source=Source(**source, findings=findings),
    )
