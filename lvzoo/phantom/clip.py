"""One synthetic video, from its seed to its frames, its true contours and its tracings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.geometry.ventricle import MM3_PER_ML
from lvzoo.phantom.anatomy import Heart, ventricle_contour
from lvzoo.phantom.beats import as_seen, further_frames
from lvzoo.phantom.imaging import Scanner
from lvzoo.phantom.motion import Beat, draw_beat, pose_at
from lvzoo.phantom.patient import draw_heart
from lvzoo.phantom.ranges import RANGES, Ranges
from lvzoo.phantom.reader import disks_volume_px, draw_reader, trace, tracing
from lvzoo.phantom.rng import stream, video_name
from lvzoo.phantom.scan import Scan, draw_scan
from lvzoo.phantom.tissue import Tissue
from lvzoo.phantom.warp import Warp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.geometry.contour import Tracing
    from lvzoo.types import Split

WARM_UP_FRAMES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """One video with all that is known of it; volumes in ml are those of the true contour by 20 disks."""

    name: str
    split: Split
    frames_NHW: NDArray[np.uint8]
    contours_NP2: NDArray[np.float32]
    ed: Tracing
    es: Tracing
    further: Mapping[int, Tracing]
    """By frame: further ones beside ED and ES, where they were asked for."""
    beat: Beat
    heart: Heart
    scan: Scan
    edv_ml: float
    esv_ml: float
    quality: int
    """Of the JPEGs in its file, 1..100."""


def simulate(*, seed: int, split: Split, index: int, ranges: Ranges = RANGES, further: int = 0) -> Clip:
    """Simulate one video: the same for the same arguments, whoever asks.

    Beside ED and ES, as many `further` frames are traced; nothing else depends on how many.

    A few pixels may differ by some grey levels between processors of different instruction sets, for NumPy and
    OpenCV compute by other ones there; contours and tracings do not. With other ranges it is the same patient,
    drawn with the same random numbers.
    """

    def part(name: str) -> Generator:
        return stream(seed=seed, split=split, index=index, part=name)

    scan = draw_scan(part("scan"), ranges)
    warp = Warp(part("warp"), ranges)
    heart = draw_heart(part("anatomy"), scan, warp, ranges)
    beat = draw_beat(part("motion"), ranges)
    tissue = Tissue(part("tissue"), heart, scan, warp, ranges)
    scanner = Scanner(part("imaging"), scan, ranges)

    poses = [pose_at(heart, beat, frame) for frame in range(-WARM_UP_FRAMES, beat.frames)]
    frames_NHW = np.stack([scanner.frame(*tissue.echo(pose)) for pose in poses])[WARM_UP_FRAMES:]
    whole_NP2 = np.stack([warp.move(ventricle_contour(heart, pose)) for pose in poses])
    contours_NP2, seen_NP2 = (
        each[WARM_UP_FRAMES:] for each in (whole_NP2, as_seen(whole_NP2, scanner.persistence))
    )

    readings = part("reader")
    reader = draw_reader(readings)
    ed, es = (
        tracing(trace(contours_NP2[frame], reader, readings, mm_per_px=heart.mm_per_px))
        for frame in (beat.ed_frame, beat.es_frame)
    )
    readings = part("further")
    others = {
        frame: tracing(trace(seen_NP2[frame], reader, readings, mm_per_px=heart.mm_per_px))
        for frame in further_frames(readings, beat, further)
    }
    edv_ml, esv_ml = (
        disks_volume_px(contours_NP2[frame]) * heart.mm_per_px**3 / MM3_PER_ML
        for frame in (beat.ed_frame, beat.es_frame)
    )
    return Clip(
        name=video_name(seed=seed, split=split, index=index),
        split=split,
        frames_NHW=frames_NHW,
        contours_NP2=contours_NP2.astype(np.float32),
        ed=ed,
        es=es,
        further=others,
        beat=beat,
        heart=heart,
        scan=scan,
        edv_ml=edv_ml,
        esv_ml=esv_ml,
        quality=round(ranges.mjpg_quality.draw(part("file"))),
    )
