"""Shadows, attenuation and gain: decibels on the display, the same over a video."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.sector import scan_mask, standard_sector
from tests.noise.making import SEVERITIES, SIZE_HW, level, noisy, video_uniforms, video_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECTOR = standard_sector(SIZE_HW)  # apex (56, 4), 45 degrees, 110 px
WHITE_HW = np.full(SIZE_HW, 255, np.uint8)


def lost_db(noisy_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the loss of a white frame in dB; 255 grey levels are 50 dB."""
    return (255.0 - noisy_HW) * 50 / 255


def expected_shadow_db(severity: int, video: str, x: int, y: int) -> float:
    """Return the loss of a pixel by the formula of docs/noise.md, term by term."""
    draws = video_uniforms("shadow", video, 8)
    shadows = level("shadow", severity)
    radius, angle = math.hypot(x - 56, y - 4), math.degrees(math.atan2(x - 56, y - 4))
    total = 0.0
    for n in range(shadows.number):
        middle = (2 * draws[n] - 1) * 0.75 * 45
        start = (0.05 + 0.25 * draws[4 + n]) * 110
        onset = min(max((radius - start) / 8, 0), 1)
        total += math.exp(-((angle - middle) ** 2) / (2 * shadows.width_deg**2)) * onset
    return float(min(shadows.loss_db * total, 50.0))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_shadows_take_the_decibels_of_the_formula(severity: int) -> None:
    for video in ("0XA", "0XB"):
        found_db = lost_db(noisy(WHITE_HW, "shadow", severity, video=video, sector=SECTOR))
        for x, y in [(56, 20), (40, 60), (56, 80), (75, 60), (90, 70), (20, 50), (56, 110), (100, 100)]:
            assert found_db[y, x] == pytest.approx(expected_shadow_db(severity, video, x, y), abs=0.1)


def test_shadows_stand_still_over_a_video() -> None:
    ed_HW, es_HW = (noisy(WHITE_HW, "shadow", 3, frame=frame, sector=SECTOR) for frame in (4, 19))
    assert np.array_equal(ed_HW, es_HW)


def test_a_shadow_of_higher_severity_is_nowhere_brighter() -> None:
    for video in (f"v{n}" for n in range(10)):
        by_severity = [noisy(WHITE_HW, "shadow", each, video=video, sector=SECTOR) for each in SEVERITIES]
        for lower_HW, higher_HW in pairwise(by_severity):
            assert (higher_HW <= lower_HW).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_attenuation_grows_evenly_with_depth(severity: int) -> None:
    loss_db = level("attenuation", severity)
    found_db = lost_db(noisy(WHITE_HW, "attenuation", severity, sector=SECTOR))
    for x, y in [(56, 4), (56, 59), (56, 100), (90, 70), (20, 50)]:
        expected = min(loss_db * math.hypot(x - 56, y - 4) / 110, 50)
        assert found_db[y, x] == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gain_is_one_step_inside_the_scan_mask_and_black_stays_black(severity: int) -> None:
    step = level("gain", severity) * 255 / 50
    frame_HW = np.tile(np.arange(112, dtype=np.uint8) * 2, (112, 1))
    inside_HW = scan_mask(SECTOR, SIZE_HW) & (frame_HW > 0)
    for video in ("v0", "v1", "v2", "v3"):
        sign = 1 if video_words("gain", video, 1)[0] & 1 else -1
        turned_HW = noisy(frame_HW, "gain", severity, video=video, sector=SECTOR)
        assert np.array_equal(turned_HW[~inside_HW], frame_HW[~inside_HW])
        for before, after in zip(frame_HW[inside_HW].tolist(), turned_HW[inside_HW].tolist(), strict=True):
            assert after == min(max(round(before + sign * step), 0), 255)


def test_a_video_is_turned_up_or_down_as_a_whole_and_both_happen() -> None:
    grey_HW = np.full(SIZE_HW, 128, np.uint8)

    def signs(video: str) -> set[int]:
        made = (
            noisy(grey_HW, "gain", each, video=video, frame=n, sector=SECTOR)[60, 56] for n, each in FRAMES
        )
        return {int(np.sign(int(grey) - 128)) for grey in made}

    every = [signs(f"v{n}") for n in range(40)]
    assert all(len(each) == 1 for each in every)
    assert 10 <= sum(each == {1} for each in every) <= 30


FRAMES = [(4, 1), (19, 3), (30, 5)]
"""Frame and severity of some of a video's frames."""
