"""The statistics of the frames lie in the ranges measured on real ones (nine public demonstration clips)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lvzoo.data.statistics import REAL_RANGES, measure_appearance
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import evenly_spaced, fit_sector, scan_mask
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.draw import Chance, Uniform
from lvzoo.phantom.ranges import RANGES, ranges_of
from lvzoo.phantom.statistics import statistics_of_phantom


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [simulate(seed=0, split="train", index=index) for index in range(20)]


@pytest.mark.slow
def test_the_means_of_all_statistics_lie_in_the_real_ranges() -> None:
    """On the 100 patients of the command; the first 20 alone move a little faster than real ones."""
    found = statistics_of_phantom().statistics
    assert {each.name: each.mean for each in found if each.as_real is False} == {}
    assert {each.name for each in found if each.as_real} == set(REAL_RANGES)


def test_statistics_of_a_known_frame() -> None:
    halves = np.zeros((112, 112), np.uint8)
    halves[:, 56:] = 100
    frames_NHW = np.stack([halves + np.eye(112, dtype=np.uint8)] * 28)
    figures = measure_appearance(frames_NHW)
    assert figures["mean grey level"] == pytest.approx(50, abs=0.1)
    assert figures["share of pixels below 8"] == 0.5
    assert figures["median grey level"] == 50.5
    assert figures["correlation of successive frames"] == pytest.approx(1)
    assert figures["correlation of neighbours, y"] > figures["correlation of neighbours, x"]


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


def covered(clip: Clip) -> list[float]:
    """Return the shares of the ED and ES ventricle that lie in the sector fitted to the pixels."""
    frames_NHW = clip.frames_NHW[evenly_spaced(len(clip.frames_NHW))]
    scanned_HW = scan_mask(fit_sector(frames_NHW), (112, 112))
    masks = [
        rasterise(clip.contours_NP2[frame], (112, 112)) for frame in (clip.beat.ed_frame, clip.beat.es_frame)
    ]
    return [float((mask_HW & scanned_HW).sum() / mask_HW.sum()) for mask_HW in masks]


def test_the_fitted_sector_holds_the_ventricle(clips: list[Clip]) -> None:
    shares = np.array([covered(clip) for clip in clips])
    assert np.mean(shares < 0.9) <= 0.05


@pytest.mark.parametrize("shift", [None, "gain", "depth"])
def test_the_fitted_sector_holds_the_ventricle_of_torn_pictures(shift: str | None) -> None:
    """In these patients the largest bright region is only a part of the picture."""
    for index in (13, 15, 34):
        clip = simulate(seed=0, split="test", index=index, ranges=ranges_of(shift))
        assert min(covered(clip)) > 0.9, index


UNMARKED = replace(
    RANGES,
    marks=Chance(0),
    text=Chance(0),
    trace=Chance(0),
    outline=Chance(0),
    compressed=Chance(0),
    native_px=Uniform(112, 112),
)


def test_outside_the_sector_there_is_black() -> None:
    y, x = np.mgrid[:112, :112].astype(np.float64)
    for index in range(4):
        clip = simulate(seed=0, split="train", index=index, ranges=UNMARKED)
        *_, outside = clip.scan.beams_at(x, y)
        assert 0.1 < outside.mean() < 0.9
        assert (clip.frames_NHW[:, outside] == 0).all()
        assert (clip.frames_NHW[:, ~outside] > 0).mean() > 0.1
