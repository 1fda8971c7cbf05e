"""The beat: how far the ventricle has contracted in each frame, and the pose of the heart that follows from it.

Time within the beat is the position in the cycle, 0..1, which starts at end-diastole.

Besides ED and ES, further frames of a beat can be traced, for models that are to read whole clips. The mitral valve
is shut at ED and at ES. In the frames between, its leaflets reach far into the cavity. The ventricle
also moves so fast there that the picture, which still shows the frames before, lags behind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.phantom.anatomy import Heart, Pose
from lvzoo.phantom.ranges import Ranges

CLIP_FRAMES = 32
FRAMES_BEFORE_ED = 4
FRAMES_AFTER_ES = 8
USUAL_FPS = 50.0
SYSTOLE_SHARES = (0.25, 0.5)
"""Shortest and longest systole, as a share of the cycle."""
EARLY_FILLING = 0.72
"""Share of the stroke volume that early filling brings back; the atrial kick brings the rest."""
LEAST_OPENING = 0.3
"""Of the mitral valve in diastole: its leaflets float half open between the two inflows."""
THICKENING = 0.35
"""Relative thickening of the walls at end-systole at an ejection fraction of 60 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """One patient's heart beat and breathing, sampled at the clip's frame rate."""

    heart_rate_bpm: float
    fps: float
    systole: float
    """Share of the cycle from end-diastole to end-systole."""
    tension: float
    relaxation: float
    """Shares of the cycle in which all valves are shut and the volume stands still: after end-diastole, while the
    pressure rises, and after end-systole, while it falls."""
    sway_px: float
    sway_hz: float
    sway_angle_rad: float

    @property
    def frames(self) -> int:
        """Length of the clip: 32 frames, or more if systole is long."""
        return max(CLIP_FRAMES, self.es_frame + 1 + FRAMES_AFTER_ES)

    @property
    def ed_frame(self) -> int:
        """The frame of the greatest volume."""
        return FRAMES_BEFORE_ED

    @property
    def es_frame(self) -> int:
        """The first frame after the ejection: no frame has a smaller volume."""
        return FRAMES_BEFORE_ED + math.ceil(self.systole * self.fps * 60 / self.heart_rate_bpm)

    def cycle(self, frame: int) -> float:
        """Return the position 0..1 in the cycle that starts at end-diastole."""
        return ((frame - FRAMES_BEFORE_ED) / self.fps * self.heart_rate_bpm / 60) % 1.0

    def contraction(self, frame: int) -> float:
        """Return how far the ventricle has ejected, 0 at end-diastole .. 1 at end-systole.

        Half a cosine of ejection, then two smooth steps back: early filling and the atrial kick. Before and after the
        ejection the volume stands still.
        """
        position = self.cycle(frame)
        if position < self.systole:
            ejected = (position - self.tension) / (self.systole - self.tension)
            return float((1 - np.cos(np.pi * max(ejected, 0.0))) / 2)
        early, kick = self._filling_progress(position)
        return 1 - EARLY_FILLING * _smoothstep(early) - (1 - EARLY_FILLING) * _smoothstep(kick)

    def opening(self, frame: int) -> float:
        """Return how far the mitral valve is open, 0..1.

        It follows the flow of early filling (E wave) and, less far, that of the atrial kick (A wave). Between the two
        it does not close completely.
        """
        position = self.cycle(frame)
        if position < self.systole + self.relaxation:
            return 0.0
        early, kick = (min(max(part, 0.0), 1.0) for part in self._filling_progress(position))
        flows = (np.sin(np.pi * early) ** 0.6, 0.7 * np.sin(np.pi * kick) ** 0.8)
        return float(max(*flows, LEAST_OPENING))

    def _filling_progress(self, position: float) -> tuple[float, float]:
        """Return the progress of early filling and of the atrial kick: below 0 before it begins, above 1 after it."""
        begins = self.systole + self.relaxation
        early = min(0.22, 0.45 * (1 - begins))  # durations, as shares of the cycle
        kick = min(0.16, 0.3 * (1 - begins))
        return (position - begins) / early, (position - 1 + kick) / kick


def draw_beat(rng: Generator, ranges: Ranges) -> Beat:
    """Draw a heart rate, a frame rate (50 frames/s in four of five clips) and a slow sway of the heart."""
    heart_rate = ranges.heart_rate_bpm.draw(rng)
    usual, other_fps = ranges.usual_fps.draw(rng), ranges.other_fps.draw(rng)
    systole = float(np.clip(ranges.systole.draw(rng) * heart_rate / 60, *SYSTOLE_SHARES))
    return Beat(
        heart_rate_bpm=heart_rate,
        fps=USUAL_FPS if usual else float(np.round(other_fps)),
        systole=systole,
        tension=ranges.tension_s.draw(rng) * heart_rate / 60,
        relaxation=ranges.relaxation_s.draw(rng) * heart_rate / 60,
        sway_px=ranges.sway_px.draw(rng),
        sway_hz=ranges.sway_hz.draw(rng),
        sway_angle_rad=float(np.deg2rad(ranges.sway_angle_deg.draw(rng))),
    )


def pose_at(heart: Heart, beat: Beat, frame: int) -> Pose:
    """Return the pose at a frame, from the ejection fraction, the shortening and the beat.

    The volume falls in proportion to the contraction, and so does the length; the walls take the rest, each part as
    strongly as the patient's `regional_24` says.
    """
    contraction = beat.contraction(frame)
    volume = 1 - heart.ejection_fraction / 100 * contraction
    length = 1 - heart.shortening * contraction  # both as shares of their value at end-diastole
    lift_px = heart.apex_share * (1 - length) * heart.length_px
    # Breathing and the hand that holds the probe: a slow sine in one direction.
    phase = 2 * np.pi * beat.sway_hz * frame / beat.fps + beat.sway_angle_rad
    sway = beat.sway_px * np.sin(phase) * np.array([np.cos(beat.sway_angle_rad), np.sin(beat.sway_angle_rad)])
    return Pose(
        apex_px=np.array(heart.apex_px) + sway + lift_px * heart.axis_2,
        length_px=heart.length_px * length,
        narrowing_24=heart.narrow_to(volume=volume, length=length),
        thickness_mm=heart.thickness_mm * (1 + THICKENING * contraction * heart.ejection_fraction / 60),
        contraction=contraction,
        opening=beat.opening(frame),
        base_at_rest_px=heart.length_px - lift_px,
    )


def _smoothstep(position: float) -> float:
    clipped = min(max(position, 0.0), 1.0)
    return clipped * clipped * (3 - 2 * clipped)


def choose_further_frames(rng: Generator, beat: Beat, count: int) -> list[int]:
    """Choose `count` frames other than ED and ES: cut the clip into `count` parts and draw one frame from each."""
    others = [frame for frame in range(beat.frames) if frame not in (beat.ed_frame, beat.es_frame)]
    bounds = np.linspace(0, len(others), count + 1).round().astype(int).tolist()
    return [others[rng.integers(low, high)] for low, high in pairwise(bounds)]


def lag_contours(contours_NP2: NDArray[np.floating], persistence: float) -> NDArray[np.float64]:
    """Return the contours where the picture shows them: smoothed in time by the display's recursive mean.

    `seen[t] = (1 - persistence) true[t] + persistence seen[t - 1]`, which lags p / (1 - p) frames behind a steady
    motion.
    """
    seen_NP2 = np.array(contours_NP2, dtype=np.float64)
    for frame in range(1, len(seen_NP2)):
        seen_NP2[frame] += persistence * (seen_NP2[frame - 1] - seen_NP2[frame])
    return seen_NP2
