"""The statistics of the frames lie in the ranges measured on real ones (nine public demonstration clips)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lvzoo.data.statistics import REAL_RANGES, measure_appearance
from lvzoo.geometry.contour import find_normals
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


def mean_grey(clip: Clip, part: slice, outwards_px: tuple[float, float]) -> float:
    """Return the mean grey level at ED of a band outside of a part of the contour; NaN if little of it is shown."""
    frame_HW = clip.frames_NHW[clip.beat.ed_frame].astype(np.float64)
    contour_P2 = clip.contours_NP2[clip.beat.ed_frame].astype(np.float64)
    normals_P2 = find_normals(contour_P2)
    lines = [(contour_P2 + step * normals_P2)[part] for step in np.linspace(*outwards_px, 8)]
    points_P2 = np.concatenate(lines)
    x, y = np.rint(points_P2[clip.scan.shows(points_P2)]).astype(int).T
    return float(frame_HW[y, x].mean()) if len(x) > 20 else np.nan


@pytest.mark.slow
@pytest.mark.parametrize("part", [slice(72, 108), slice(50, 71)], ids=["lateral wall", "apex"])
def test_some_walls_are_no_brighter_than_what_lies_outside_of_them(part: slice) -> None:
    """As in many real clips: clutter, lung and pericardium are as bright. `part` is a range of contour points."""
    ratios = []
    for index in range(60):
        clip = simulate(seed=7, split="train", index=index)
        wall_px = clip.heart.px(clip.heart.thickness_mm)
        outside = mean_grey(clip, part, (wall_px + 2, wall_px + 7))
        ratios.append(outside / mean_grey(clip, part, (1, wall_px)))
    measured = np.array(ratios)[~np.isnan(ratios)]
    assert len(measured) > 30
    assert 0.2 < np.mean(measured > 0.95) < 0.8
