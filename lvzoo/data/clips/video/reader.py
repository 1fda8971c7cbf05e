"""Opens video files: AVI with MJPG frames by their places in the file, and whatever else OpenCV decodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import Clip, Frame, TimeSource
from lvzoo.data.clips.video.avi import open_mjpg, read_layout
from lvzoo.data.clips.video.capture import Clock, count_frames, read_stream, sample_stream, seek_frames
from lvzoo.data.clips.video.codec import USUAL_CODECS, name_codec, show_conversion
from lvzoo.data.clips.video.matroska import read_matroska
from lvzoo.data.clips.video.mp4 import Mp4, read_mp4
from lvzoo.data.clips.video.probe import Probe, probe_video
from lvzoo.data.clips.video.rate import check_rate
from lvzoo.data.clips.video.riff import Avi
from lvzoo.errors import DataError, name_option
from lvzoo.geometry.sector import evenly_spaced

FAR_FRAMES: Final = 500
"""A sample of frames that lie further apart is found by seeking, which may be off by a few frames."""
CUT_OFF: Final = (
    "the file is shorter than its header says, so its end is missing; copy it again from its source"
)
NO_TIMES: Final = (
    "its frames have no usable time stamps, and no usable rate is stated, so their times are not known"
)

GUESSED_RATE: Final = (
    "its frames have no usable time stamps, so their times follow from a rate of {fps:g} frames per second, which "
    f"may be a guess; state the true one with {name_option('fps')}"
)


def open_video(path: Path, *, fps: float | None) -> Clip:
    """Open a video. Its frames are read one at a time.

    Raises:
        DataError: the file is no video, none of its frames decodes, or OpenCV does not decode its codec.
    """
    avi = read_layout(path)
    if avi is not None and avi.codec == "MJPG" and len(avi.spans_N2):
        return open_mjpg(path, avi, fps=fps)
    mp4, matroska = read_mp4(path), read_matroska(path)
    probe = probe_video(path)
    if probe is None:
        raise DataError(_explain(path, avi, mp4))
    timing = _find_times(fps, avi, probe)
    stated = _count_stated(avi, mp4)
    likely = stated or probe.likely_frames or count_frames(path)
    cut_off = (CUT_OFF,) if matroska and matroska.is_cut else ()
    return Clip(
        path=path,
        way="opencv",
        size_HW=probe.size_HW,
        stated_frames=stated,
        likely_frames=likely,
        times_from=timing.source,
        fps=timing.clock.fps,
        read_frames=partial(read_stream, path, timing.clock, probe.size_HW),
        sample_frames=partial(_sample, path, probe.size_HW, likely),
        stated_s=matroska.stated_s if matroska and not matroska.is_cut else None,
        warnings=(*timing.warnings, *cut_off),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Timing:
    """How the times of a video's frames are found, where they come from, and what is odd about them."""

    clock: Clock
    source: TimeSource | None
    warnings: tuple[str, ...] = ()


def _find_times(given_fps: float | None, avi: Avi | None, probe: Probe) -> _Timing:
    """Choose the first usable of the user's rate, the rate in an AVI's header, the time stamps, and FFmpeg's rate."""
    if given_fps is not None:
        return _Timing(clock=Clock(use_stamps=False, fps=given_fps), source="--fps")
    header_fps, warnings = check_rate(avi.fps if avi else None)
    if header_fps is not None:
        # The stamps of an AVI follow from its rate; they leave a gap where a frame is shown for longer.
        return _Timing(clock=Clock(use_stamps=True, fps=header_fps), source="frame rate")
    fps, more = check_rate(probe.fps)
    warnings = warnings or more  # for an AVI, FFmpeg states the rate in the header once more
    clock = Clock(use_stamps=probe.has_stamps, fps=fps)
    if probe.has_stamps:
        return _Timing(clock=clock, source="time stamps", warnings=warnings)
    if fps is None:
        return _Timing(clock=clock, source=None, warnings=(*warnings, NO_TIMES))
    return _Timing(clock=clock, source="frame rate", warnings=(*warnings, GUESSED_RATE.format(fps=fps)))


def _count_stated(avi: Avi | None, mp4: Mp4 | None) -> int | None:
    """Return the number of frames that a file's header promises; other containers than AVI and MP4 promise none."""
    if avi is not None and avi.stated_frames:
        # A frame without bytes means that the one before it is shown for longer; OpenCV leaves it out.
        return avi.stated_frames - avi.empty_frames or None
    return mp4.stated_frames if mp4 else None


def _explain(path: Path, avi: Avi | None, mp4: Mp4 | None) -> str:
    """Return an error's message for a file of which no frame decodes."""
    if avi and avi.stated_frames and not len(avi.spans_N2):
        return f"{path}: the file ends before its first frame is complete; copy it again from its source"
    if mp4 and mp4.has_other_tracks:
        return f"{path}: holds no video, only other streams such as sound; name a file with a video"
    if mp4 and not mp4.has_index:
        return (
            f"{path}: its index (moov) is missing: the recorder was interrupted, or the file was cut off; "
            "copy it again from its source"
        )
    codec = name_codec(path)
    if codec is None or codec in USUAL_CODECS:
        named = f" ({codec})" if codec else ""
        return f"{path}: does not decode as a video{named}; check that the file is complete"
    return f"{path}: this OpenCV decodes none of its {codec} frames; convert it: {show_conversion(path)}"


def _sample(path: Path, size_HW: tuple[int, int], likely: int, most: int) -> Iterator[Frame]:
    """Yield at most `most` frames spread over the clip, also if it has fewer frames than its header says."""
    if likely > FAR_FRAMES * most:
        found = _sample_far(path, evenly_spaced(likely, most), size_HW)
        if len(found) >= most / 2:
            yield from found
            return
    yield from sample_stream(path, size_HW, most)


def _sample_far(path: Path, wanted: Sequence[int], size_HW: tuple[int, int]) -> list[Frame]:
    """Return frames that lie far apart; if the file is cut off, spread them over what is there."""
    found = seek_frames(path, wanted, size_HW)
    if found and len(found) < len(wanted):
        found = seek_frames(path, evenly_spaced(found[-1].index + 1, len(wanted)), size_HW)
    return found
