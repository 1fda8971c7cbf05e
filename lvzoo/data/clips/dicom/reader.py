"""Opens DICOM clips: uncompressed frames, compressed frames of every syntax that pydicom decodes, and video streams.

Only the header is held. Each frame is found in the file, decoded and converted to grey when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from numpy.typing import NDArray

from lvzoo.data.clips.clip import Clip, DamagedFrame, Frame, shorten
from lvzoo.data.clips.dicom.fragments import Place, group_fragments, read_fragments
from lvzoo.data.clips.dicom.grey import Converter, make_converter
from lvzoo.data.clips.dicom.header import DicomHeader, read_header
from lvzoo.data.clips.dicom.pixels import Layout, decode_compressed, decode_native, read_layout
from lvzoo.data.clips.dicom.regions import read_regions
from lvzoo.data.clips.dicom.signature import is_dicom
from lvzoo.data.clips.dicom.silence import silence_pydicom
from lvzoo.data.clips.dicom.syntaxes import EXPORT, advise, is_video, list_plugins, name_syntax
from lvzoo.data.clips.dicom.times import FrameTimes, read_times
from lvzoo.data.clips.dicom.video import open_stream
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced

__all__ = ["is_dicom", "open_dicom"]

MOST_TRIED: Final = 5
"""The number of frames that are tried with each plugin. If none of them decodes, the clip is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pixels:
    """The pixel data of a file: `places` are the fragments of compressed frames, which `plugin` decodes."""

    header: DicomHeader
    layout: Layout
    count: int
    places: Sequence[tuple[Place, ...]] = ()
    plugin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frames:
    """The frames of a file: their pixels, how these become grey, and their times."""

    pixels: Pixels
    convert: Converter
    times: FrameTimes


def open_dicom(path: Path, *, fps: float | None) -> Clip:
    """Open a DICOM clip. `fps` is used instead of the times in the file.

    JPEGs are decoded by Pillow where it can, because decoders differ slightly.

    Raises:
        DataError: the file is not a DICOM file, has no pixels, or its pixels do not decode.
    """
    silence_pydicom()
    header = read_header(path)
    elements = header.elements
    stated = elements.read_positive_count("NumberOfFrames")
    if header.compressed and is_video(header.syntax):
        return open_stream(header, stated, fps=fps)
    frames = _find_frames(header, stated, fps)
    size_HW = frames.pixels.layout.size_HW
    return Clip(
        path=path,
        way="dicom",
        size_HW=size_HW,
        stated_frames=stated,
        likely_frames=frames.pixels.count,
        times_from=frames.times.source,
        fps=frames.times.fps,
        read_frames=partial(_read_frames, frames),
        regions=read_regions(elements, size_HW),
        warnings=tuple(elements.warnings),
    )


# --- Finding ----------------------------------------------------------------------------------------------------


def _find_frames(header: DicomHeader, stated: int | None, fps: float | None) -> Frames:
    """Find the frames of a file, and a plugin that decodes them.

    Raises:
        DataError: none is complete, no plugin is installed, or none of the frames that are tried decodes.
    """
    layout = read_layout(header, stated)
    with header.open() as file:
        places = group_fragments(file, header, stated) if header.compressed else []
        found = len(places) if header.compressed else (header.end - header.start) // layout.frame_bytes
        if not found:
            raise _make_error(header, "none of its frames is complete", "give the complete clip")
        plugin = _choose_plugin(file, header, layout, places) if header.compressed else ""
        count = min(found, stated or found)
        pixels = Pixels(header=header, layout=layout, count=count, places=places, plugin=plugin)
        convert = _make_converter(file, pixels)
    if stated is not None and found > stated:
        header.elements.warn(
            f"holds {found} frames, but NumberOfFrames is {stated}; only the first ones are read"
        )
    times = read_times(header.elements, stated or found, fps=fps)
    return Frames(pixels=pixels, convert=convert, times=times)


def _choose_plugin(
    file: BinaryIO, header: DicomHeader, layout: Layout, places: Sequence[tuple[Place, ...]]
) -> str:
    """Return the first plugin that decodes one of a few frames. It then decodes every frame, so all are alike."""
    plugins = list_plugins(header.syntax)
    if not plugins:
        raise DataError(
            f"{header.path}: pixels in transfer syntax {name_syntax(header.syntax)} need a decoder that is not "
            f"installed; {advise(header.syntax)}"
        )
    reason = ""
    for plugin in plugins:
        for index in evenly_spaced(len(places), MOST_TRIED):
            frame = _try_to_decode(read_fragments(file, places[index]), header, layout, plugin)
            if not isinstance(frame, str):
                return plugin
            reason = reason or frame
    raise _make_error(header, reason, advise(header.syntax))


def _read_range(file: BinaryIO, pixels: Pixels) -> tuple[int, int] | None:
    """Return the lowest and highest pixel of a few frames spread over the clip; None if none of them decodes."""
    decoded = [_decode(file, pixels, index) for index in evenly_spaced(pixels.count, MOST_TRIED)]
    good = [frame_HW for frame_HW in decoded if not isinstance(frame_HW, str)]
    if not good:
        return None
    return min(int(frame_HW.min()) for frame_HW in good), max(int(frame_HW.max()) for frame_HW in good)


def _make_converter(file: BinaryIO, pixels: Pixels) -> Converter:
    header = pixels.header
    try:
        return make_converter(pixels.layout, header.elements, partial(_read_range, file, pixels))
    except MemoryError:
        raise
    except Exception as error:
        # The error's message may quote what stands in the file.
        raise _make_error(header, "its PaletteColorLookupTable is missing or malformed") from error


def _make_error(header: DicomHeader, reason: str, advice: str = EXPORT) -> DataError:
    return DataError(
        f"{header.path}: pixels in transfer syntax {name_syntax(header.syntax)} do not decode ({reason}); {advice}"
    )


# --- Reading ----------------------------------------------------------------------------------------------------


def _read_frames(frames: Frames, indices: Sequence[int] | None) -> Iterator[Frame | DamagedFrame]:
    """Yield frames one after the other. Only one is held at a time."""
    count = frames.pixels.count
    wanted = range(count) if indices is None else indices
    with frames.pixels.header.open() as file:
        for index in wanted:
            if index >= count:
                return
            silence_pydicom()  # the caller may have changed the filters since the last frame
            decoded = _decode(file, frames.pixels, index)
            if isinstance(decoded, str):
                yield DamagedFrame(index=index, reason=decoded)
            else:
                yield Frame(index=index, time_s=frames.times.at(index), grey_HW=frames.convert(decoded))


def _decode(file: BinaryIO, pixels: Pixels, index: int) -> NDArray[Any] | str:
    """Return the pixels of a frame, or why it does not decode."""
    if not pixels.header.compressed:
        return decode_native(file, pixels.header, pixels.layout, index)
    data = read_fragments(file, pixels.places[index])
    return _try_to_decode(data, pixels.header, pixels.layout, pixels.plugin)


def _try_to_decode(data: bytes, header: DicomHeader, layout: Layout, plugin: str) -> NDArray[Any] | str:
    """Return the pixels of a frame, or why it does not decode."""
    try:
        return decode_compressed(data, header, layout, plugin)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - each decoder raises something else
        # pydicom puts a line of its own before the decoder's. GDCM gives None instead of a reason.
        reason = shorten(error).rpartition(f"{plugin}: ")[2]
        return f"{plugin} finds no picture in it" if "NoneType" in reason else reason or shorten(error)
