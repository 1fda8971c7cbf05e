"""One synthetic video, from its seed to its frames, its true contours and its tracings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.geometry.contour import Tracing
from lvzoo.geometry.ventricle import MM3_PER_ML
from lvzoo.phantom.anatomy import Heart, Pose, ventricle_contour
from lvzoo.phantom.imaging import Scanner
from lvzoo.phantom.motion import Beat, choose_further_frames, draw_beat, lag_contours, pose_at
from lvzoo.phantom.patient import draw_heart
from lvzoo.phantom.ranges import RANGES, Ranges
from lvzoo.phantom.reader import disks_volume_px, draw_reader, make_tracing, trace
from lvzoo.phantom.rng import stream, video_name
from lvzoo.phantom.scan import Scan, draw_scan
from lvzoo.phantom.tissue import Tissue
from lvzoo.phantom.warp import Warp
from lvzoo.types import Split

WARM_UP_FRAMES = 3
"""Simulated before the first frame, so that it already shows the persistence of frames before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """One video and the truth about it; volumes are those of the true contour by 20 disks."""

    name: str
    split: Split
    frames_NHW: NDArray[np.uint8]
    contours_NP2: NDArray[np.float32]
    ed: Tracing
    es: Tracing
    further: Mapping[int, Tracing]
    """Tracings of frames other than ED and ES, by frame index; empty unless they were asked for."""
    beat: Beat
    heart: Heart
    """As it lies on a display that is not mirrored."""
    scan: Scan
    edv_ml: float
    esv_ml: float
    quality: int
    """JPEG quality of the frames in its file, 1..100."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One patient before a scanner: everything that determines the contours, and nothing of the pictures."""

    scan: Scan
    warp: Warp
    heart: Heart
    beat: Beat

    def contours_at(self, poses: Sequence[Pose]) -> NDArray[np.float64]:
        """Return the true contour in each pose, as the frame shows it (N, 121, 2): from left to right annulus, px."""
        return self.show([ventricle_contour(self.heart, pose) for pose in poses])

    def show(self, contours: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return where the frame shows these contours (121, 2) of the regular heart, as `contours_at` does."""
        return self.scan.mirror_points(np.stack([self.warp.move(contour_P2) for contour_P2 in contours]))


def draw_scene(*, seed: int, split: Split, index: int, ranges: Ranges = RANGES) -> Scene:
    """Draw the patient of one video, as `simulate` does."""

    def part(name: str) -> Generator:
        return stream(seed=seed, split=split, index=index, part=name)

    scan = draw_scan(part("scan"), ranges)
    warp = Warp(part("warp"), ranges)
    return Scene(
        scan=scan,
        warp=warp,
        heart=draw_heart(part("anatomy"), scan, warp, ranges),
        beat=draw_beat(part("motion"), ranges),
    )


def simulate(*, seed: int, split: Split, index: int, ranges: Ranges = RANGES, further: int = 0) -> Clip:
    """Simulate one video; the same arguments always give the same video.

    `further` frames are traced in addition to ED and ES; nothing else depends on their number. Other ranges give
    the same patient, drawn with the same random numbers.

    NumPy and OpenCV choose their code by the processor's instruction set. A few pixels may therefore differ by some
    grey levels between processors; contours and tracings do not.
    """

    def part(name: str) -> Generator:
        return stream(seed=seed, split=split, index=index, part=name)

    scene = draw_scene(seed=seed, split=split, index=index, ranges=ranges)
    heart, beat = scene.heart, scene.beat
    tissue = Tissue(part("tissue"), heart, scene.scan, scene.warp, ranges)
    scanner = Scanner(part("imaging"), scene.scan, ranges)

    poses = [pose_at(heart, beat, frame) for frame in range(-WARM_UP_FRAMES, beat.frames)]
    regular = [ventricle_contour(heart, pose) for pose in poses]
    frames_NHW = np.stack(
        [
            scanner.make_frame(*tissue.echo(pose, contour_P2))
            for pose, contour_P2 in zip(poses, regular, strict=True)
        ]
    )[WARM_UP_FRAMES:]
    whole_NP2 = scene.show(regular)
    contours_NP2, seen_NP2 = (
        each[WARM_UP_FRAMES:] for each in (whole_NP2, lag_contours(whole_NP2, scanner.persistence))
    )

    # ED and ES are traced on the true contour; the further frames where the picture, which lags, shows the wall.
    readings = part("reader")
    reader = draw_reader(readings, ranges)

    def read(contour_P2: NDArray[np.floating], rng: Generator) -> Tracing:
        return make_tracing(trace(contour_P2, reader, rng, mm_per_px=heart.mm_per_px))

    ed, es = (read(contours_NP2[frame], readings) for frame in (beat.ed_frame, beat.es_frame))
    further_readings = part("further")
    others = {
        frame: read(seen_NP2[frame], further_readings)
        for frame in choose_further_frames(further_readings, beat, further)
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
        scan=scene.scan.as_displayed(),
        edv_ml=edv_ml,
        esv_ml=esv_ml,
        quality=round(ranges.mjpg_quality.draw(part("file"))),
    )
