"""Names the codec of a video file without decoding it, and says how to convert what OpenCV does not decode."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from lvzoo.data.clips.video.avi import read_layout
from lvzoo.data.clips.video.matroska import read_matroska
from lvzoo.data.clips.video.mp4 import read_mp4
from lvzoo.errors import show_name

CODECS: Final = {
    "AV1": ("av01", "v_av1"),
    "H.264": ("avc1", "avc2", "avc3", "h264", "x264", "v_mpeg4/iso/avc"),
    "HEVC": ("hvc1", "hev1", "hevc", "h265", "x265", "dvh1", "dvhe", "v_mpegh/iso/hevc"),
    "VVC": ("vvc1", "vvi1"),
    "MPEG-4": ("mp4v", "xvid", "divx", "dx50", "fmp4", "v_mpeg4/iso/asp", "v_mpeg4/iso/sp"),
    "VP8": ("vp08", "vp80", "v_vp8"),
    "VP9": ("vp09", "vp90", "v_vp9"),
    "MJPG": ("mjpg", "jpeg", "mjpa", "mjpb", "v_mjpeg"),
    "ProRes": ("apch", "apcn", "apcs", "apco", "ap4h", "ap4x", "v_prores"),
    "Theora": ("theo", "v_theora"),
    "MPEG-2": ("mpg2", "m2v1", "v_mpeg2"),
}
"""The name of each codec, and its codes in MP4, AVI and Matroska, in lower case."""
NAMES: Final = {code: name for name, codes in CODECS.items() for code in codes}
USUAL_CODECS: Final = ("H.264", "HEVC", "MJPG", "MPEG-2", "MPEG-4", "VP8", "VP9")
"""What every build of OpenCV with FFmpeg decodes: if such a file does not decode, the file is damaged."""


def name_codec(path: Path) -> str | None:
    """Return the name of the codec of a file's video, or its code if it is rare; None if it is not found.

    MP4, MOV, AVI, Matroska and WebM are recognised.
    """
    found = read_mp4(path) or read_matroska(path) or read_layout(path)
    code = found.codec if found else None
    return NAMES.get(code.lower(), show_name(code).strip() or None) if code else None


def show_conversion(path: Path) -> str:
    """Return a line of ffmpeg that converts a video to JPEG frames, which every OpenCV decodes, with their times.

    The container is Matroska, because ffmpeg repeats frames of a variable rate for some others.

    >>> show_conversion(Path("my clip.mp4"))
    "ffmpeg -i 'my clip.mp4' -an -c:v mjpeg -q:v 2 'my clip-mjpeg.mkv'"
    >>> show_conversion(Path("22:57:44.webm"))
    'ffmpeg -i ./22:57:44.webm -an -c:v mjpeg -q:v 2 ./22:57:44-mjpeg.mkv'
    """
    # ffmpeg takes a name with a colon for a URL, and one with a dash for an option.
    source, target = (
        f"./{each}"
        if not each.is_absolute() and (":" in str(each) or str(each).startswith("-"))
        else str(each)
        for each in (path, path.with_name(f"{path.stem}-mjpeg.mkv"))
    )
    return f"ffmpeg -i {shlex.quote(source)} -an -c:v mjpeg -q:v 2 {shlex.quote(target)}"
