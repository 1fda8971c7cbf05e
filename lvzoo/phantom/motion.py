"""The beat: how far the ventricle has contracted at every frame, and the pose of the heart that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.phantom.anatomy import Heart, Pose

if TYPE_CHECKING:
    from numpy.random import Generator

    from lvzoo.phantom.ranges import Ranges

CLIP_FRAMES = 28
FRAMES_BEFORE_ED = 4
FRAMES_AFTER_ES = 4
USUAL_FPS = 50.0
SYSTOLE_SHARES = (0.25, 0.5)
EARLY_FILLING = 0.72
APEX_SHARE = 0.12
THICKENING = 0.35


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """One patient's heart beat and breathing, as the clip samples them."""

    heart_rate_bpm: float
    fps: float
    systole: float
    """Share of the cycle from end-diastole to end-systole."""
    sway_px: float
    sway_hz: float
    sway_angle_rad: float

    @property
    def frames(self) -> int:
        """Length of the clip: 28 frames, more where systole needs them."""
        return max(CLIP_FRAMES, self.es_frame + 1 + FRAMES_AFTER_ES)

    @property
    def ed_frame(self) -> int:
        """The frame of the greatest volume."""
        return FRAMES_BEFORE_ED

    @property
    def es_frame(self) -> int:
        """The frame nearest to end-systole.

        In 9 % of patients a neighbour is smaller, by 2.5 % of the stroke at most.
        """
        return FRAMES_BEFORE_ED + round(self.systole * self.fps * 60 / self.heart_rate_bpm)

    def cycle(self, frame: int) -> float:
        """Return the position 0..1 in the cycle that starts at end-diastole."""
        return ((frame - FRAMES_BEFORE_ED) / self.fps * self.heart_rate_bpm / 60) % 1.0

    def contraction(self, frame: int) -> float:
        """Return 0 at end-diastole .. 1 at end-systole: ejection, early filling, and the atrial kick."""
        position = self.cycle(frame)
        if position < self.systole:
            return float((1 - np.cos(np.pi * position / self.systole)) / 2)
        early, kick = self._filling(position)
        return 1 - EARLY_FILLING * _smoothstep(early) - (1 - EARLY_FILLING) * _smoothstep(kick)

    def opening(self, frame: int) -> float:
        """Return how far the mitral valve stands open, 0..1: with the flow of early filling and of the kick."""
        position = self.cycle(frame)
        if position < self.systole:
            return 0.0
        early, kick = (float(np.clip(part, 0, 1)) for part in self._filling(position))
        flows = (np.sin(np.pi * early) ** 0.6, 0.7 * np.sin(np.pi * kick) ** 0.8)
        floating = 0.3 if kick < 1 else 0.0
        return float(max(*flows, floating))

    def _filling(self, position: float) -> tuple[float, float]:
        early_s = min(0.22, 0.4 * (1 - self.systole))
        kick_s = min(0.16, 0.25 * (1 - self.systole))
        return (position - self.systole) / early_s, (position - 1 + kick_s) / kick_s


def draw_beat(rng: Generator, ranges: Ranges) -> Beat:
    """Draw a heart rate, a frame rate (50 in four of five clips) and a slow sway of the heart."""
    heart_rate = ranges.heart_rate_bpm.draw(rng)
    usual, other_fps = ranges.usual_fps.draw(rng), ranges.other_fps.draw(rng)
    return Beat(
        heart_rate_bpm=heart_rate,
        fps=USUAL_FPS if usual else float(np.round(other_fps)),
        systole=float(np.clip(ranges.systole.draw(rng) * heart_rate / 60, *SYSTOLE_SHARES)),
        sway_px=ranges.sway_px.draw(rng),
        sway_hz=ranges.sway_hz.draw(rng),
        sway_angle_rad=float(np.deg2rad(ranges.sway_angle_deg.draw(rng))),
    )


def pose_at(heart: Heart, beat: Beat, frame: int) -> Pose:
    """Return the pose at a frame: the volume follows the contraction, the length shortens, the width fits both."""
    contraction = beat.contraction(frame)
    volume = 1 - heart.ejection_fraction / 100 * contraction
    length = 1 - heart.shortening * contraction
    lift_px = APEX_SHARE * (1 - length) * heart.length_px
    phase = 2 * np.pi * beat.sway_hz * frame / beat.fps + beat.sway_angle_rad
    sway = beat.sway_px * np.sin(phase) * np.array([np.cos(beat.sway_angle_rad), np.sin(beat.sway_angle_rad)])
    return Pose(
        apex_px=np.array(heart.apex_px) + sway + lift_px * heart.axis_2,
        length_px=heart.length_px * length,
        half_width_px=heart.half_width_px * float(np.sqrt(volume / length)),
        thickness_mm=heart.thickness_mm * (1 + THICKENING * contraction * heart.ejection_fraction / 60),
        contraction=contraction,
        opening=beat.opening(frame),
        base_at_rest_px=heart.length_px - lift_px,
    )


def _smoothstep(position: float) -> float:
    clipped = float(np.clip(position, 0, 1))
    return clipped * clipped * (3 - 2 * clipped)
