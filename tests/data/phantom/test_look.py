"""The look of the frames, in the ranges measured on real ones (nine public demonstration clips)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lvzoo.data.phantom.clip import Clip, simulate

REAL = {
    "mean": (20, 46),
    "sd": (45, 68),
    "share below 8": (0.48, 0.71),
    "p95": (128, 206),
    "p99": (183, 248),
    "frame to frame": (0.966, 0.982),
    "lag x": (0.81, 0.91),
    "lag y": (0.75, 0.90),
}


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [simulate(seed=0, split="train", index=index) for index in range(20)]


def statistics_of(clip: Clip) -> dict[str, float]:
    frames = clip.frames_NHW.astype(np.float64)
    frame = frames[clip.beat.ed_frame]
    lit = frames.mean(axis=0) > 15
    return {
        "mean": frame.mean(),
        "sd": frame.std(),
        "share below 8": (frame < 8).mean(),
        "p95": np.percentile(frame, 95),
        "p99": np.percentile(frame, 99),
        "frame to frame": np.mean(
            [np.corrcoef(before[lit], after[lit])[0, 1] for before, after in pairwise(frames)]
        ),
        "lag x": np.corrcoef(frame[:, :-1].ravel(), frame[:, 1:].ravel())[0, 1],
        "lag y": np.corrcoef(frame[:-1].ravel(), frame[1:].ravel())[0, 1],
    }


@pytest.mark.parametrize("statistic", REAL)
def test_the_mean_of_a_statistic_lies_in_the_real_range(clips: list[Clip], statistic: str) -> None:
    least, most = REAL[statistic]
    assert least <= np.mean([statistics_of(clip)[statistic] for clip in clips]) <= most


def test_the_cavity_is_darker_than_its_wall(clips: list[Clip]) -> None:
    contrasts = []
    for clip in clips:
        frame = clip.frames_NHW[clip.beat.ed_frame].astype(np.float64)
        contour_P2 = clip.contours_NP2[clip.beat.ed_frame]
        centre_2 = contour_P2.mean(axis=0)
        inside, wall = (
            np.rint(centre_2 + share * (contour_P2 - centre_2)).astype(int).clip(0, 111)
            for share in (0.6, 1.12)
        )
        contrasts.append(frame[wall[:, 1], wall[:, 0]].mean() - frame[inside[:, 1], inside[:, 0]].mean())
    assert np.mean(contrasts) > 30
    assert np.mean(np.array(contrasts) > 5) >= 0.85


def test_outside_the_sector_there_is_black(clips: list[Clip]) -> None:
    y, x = np.mgrid[:112, :112]
    for clip in clips:
        right, down = x - clip.scan.apex_px[0], y - clip.scan.apex_px[1]
        outside = np.abs(np.arctan2(right, down)) > clip.scan.half_angle_rad + 0.05
        outside &= (np.hypot(right, down) > 15) & (x < 104)  # the probe's marker and the depth marks
        assert (clip.frames_NHW[:, outside] == 0).all()
