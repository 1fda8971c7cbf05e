"""Opens video files: AVI with MJPG frames by their places in the file, and whatever else OpenCV decodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import Clip, DamagedFrame, Frame, TimeSource
from lvzoo.data.clips.video.avi import open_mjpg, read_layout
from lvzoo.data.clips.video.capture import Clock, count_frames, read_stream, seek_frames
from lvzoo.data.clips.video.codec import USUAL_CODECS, name_codec, show_conversion
from lvzoo.data.clips.video.matroska import read_matroska
from lvzoo.data.clips.video.mp4 import Mp4, read_mp4
from lvzoo.data.clips.video.probe import probe_video
from lvzoo.data.clips.video.riff import Avi
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced

FAR_FRAMES: Final = 500
"""A sample of frames that lie further apart is found by seeking, which may miss a frame by some numbers."""
CUT_OFF: Final = (
    "the file is shorter than its header says, so its end is missing; copy it again from its source"
)
NO_TIMES: Final = "its frames have no usable time stamps, and no rate is stated, so their times are not known"


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
        raise DataError(_explain(path, mp4))
    nominal_fps = avi.fps if avi and avi.fps else probe.fps
    # The stamps of an AVI follow from its rate; they leave a gap where a frame is shown for longer.
    use_stamps = probe.has_stamps or avi is not None
    clock = Clock(given_fps=fps or (None if use_stamps else nominal_fps), nominal_fps=nominal_fps)
    stated = _count_stated(avi, mp4)
    likely = stated or probe.likely_frames or count_frames(path)
    times_from, warning = _find_times(fps, nominal_fps, is_avi=avi is not None, has_stamps=probe.has_stamps)
    cut_off = CUT_OFF if matroska and matroska.is_cut else ""
    return Clip(
        path=path,
        way="opencv",
        size_HW=probe.size_HW,
        stated_frames=stated,
        likely_frames=likely,
        times_from=times_from,
        fps=fps or nominal_fps,
        read_frames=partial(read_stream, path, clock, probe.size_HW),
        sample_frames=partial(_sample, path, clock, probe.size_HW, likely),
        warnings=tuple(each for each in (warning, cut_off) if each),
    )


def _find_times(
    given_fps: float | None, nominal_fps: float | None, *, is_avi: bool, has_stamps: bool
) -> tuple[TimeSource | None, str]:
    """Return where the times of the frames come from, and a warning or an empty text."""
    if given_fps:
        return "--fps", ""
    if is_avi and nominal_fps:
        return "frame rate", ""
    if has_stamps:
        return "time stamps", ""
    if nominal_fps is None:
        return None, NO_TIMES
    return "frame rate", (
        "its frames have no usable time stamps, so their times follow from a rate of "
        f"{nominal_fps:g} frames per second, which may be a guess; state the true one with --fps"
    )


def _count_stated(avi: Avi | None, mp4: Mp4 | None) -> int | None:
    """Return the number of frames that a file's header promises; other containers than AVI and MP4 promise none."""
    if avi is not None and avi.stated_frames:
        # A frame without bytes means that the one before it is shown for longer; OpenCV leaves it out.
        return avi.stated_frames - avi.empty_frames or None
    return mp4.stated_frames if mp4 else None


def _explain(path: Path, mp4: Mp4 | None) -> str:
    """Return an error's message for a file of which no frame decodes."""
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


def _sample(
    path: Path, clock: Clock, size_HW: tuple[int, int], likely: int, most: int
) -> Iterator[Frame | DamagedFrame]:
    """Yield at most `most` frames spread over the clip, also if it has fewer frames than its header says."""
    wanted = evenly_spaced(likely, most)
    if likely > FAR_FRAMES * most:
        found = _sample_far(path, wanted, size_HW)
        if len(found) >= most / 2:
            yield from found
            return
    frames = list(read_stream(path, clock, size_HW, wanted))
    if len(frames) < len(wanted):
        frames = list(read_stream(path, clock, size_HW, evenly_spaced(count_frames(path), most)))
    yield from frames


def _sample_far(path: Path, wanted: Sequence[int], size_HW: tuple[int, int]) -> list[Frame]:
    """Return frames that lie far apart; if the file is cut off, spread them over what is there."""
    found = seek_frames(path, wanted, size_HW)
    if found and len(found) < len(wanted):
        found = seek_frames(path, evenly_spaced(found[-1].index + 1, len(wanted)), size_HW)
    return found
