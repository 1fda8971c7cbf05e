from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from lvzoo.clinic.beats import Beats, find_beats
from tests.clinic.figures_beats import CURVES, find_by_lvzoo, tally
from tests.clinic.made_curves import MadeClip, make_clip


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def find(clip: MadeClip) -> Beats:
    return find_beats(clip.measured, clip.times_s)


@pytest.mark.parametrize("bpm", [40, 55, 70, 100, 130, 150])
@pytest.mark.parametrize("fps", [25, 50, 130])
@pytest.mark.parametrize("start", [0.0, 0.2, 0.4, 0.6, 0.8])
def test_every_whole_beat_of_a_quiet_clip_is_found(bpm: float, fps: float, start: float) -> None:
    clip = make_clip(rng(), bpm=bpm, fps=fps, start=start, area=True, seconds=5.0)
    beats = find(clip)
    inside_s = [each for each in clip.es_s if 0.25 < each < clip.times_s[-1] - 0.25]
    found_s = [beat.es.time_s for beat in beats.beats if beat.es]
    assert len(inside_s) <= len(found_s) <= len(clip.es_s)
    assert max(min(abs(each - one) for one in found_s) for each in inside_s) < 0.05
    assert beats.heart_rate_bpm == pytest.approx(bpm, rel=0.02)
    assert beats.heart_rate_from_ed_bpm == pytest.approx(bpm, rel=0.03)
    for beat in beats.whole:
        assert beat.ed
        assert beat.es
        assert min(abs(beat.ed.time_s - clip.ed_s)) < 0.07
        assert 0 < beat.es.time_s - beat.ed.time_s < clip.cycle_s
        assert abs(clip.times_s[beat.es.frame] - beat.es.time_s) <= 0.51 / fps


@pytest.mark.parametrize(
    ("curve", "inside", "false", "error_ms"),
    [
        ("2 % noise", 0.0, 0.5, 13),
        ("3 % noise, 3 % outlier frames", 0.5, 1.5, 17),
        ("the same, 40 beats/min", 1.0, 4.0, 24),
        ("the same, 130 beats/min", 0.5, 0.5, 13),
        ("the same, 150 beats/min", 0.5, 0.5, 13),
        ("the same, 25 frames/s", 0.5, 1.5, 18),
        ("the same, 25 frames/s, 130 beats/min", 0.5, 0.5, 17),
        ("the same, 130 frames/s", 0.5, 0.5, 14),
        ("the same, uneven times (SD 30 %)", 0.5, 1.5, 17),
    ],
)
def test_es_are_found_in_noise(curve: str, inside: float, false: float, error_ms: float) -> None:
    """Bounds in percent of all ES: missed inside of the clip, and made up."""
    _, es = tally(find_by_lvzoo, CURVES[curve], 60)
    assert 100 * es.missed_inside / es.there <= inside
    assert 100 * es.false / es.there <= false
    assert 1000 * np.mean(np.abs(es.errors_s)) < error_ms
    assert 100 * es.missed / es.there < 18  # at the clip's ends


def test_times_count_and_not_frame_numbers() -> None:
    """The same beats at a rate that doubles in the middle of the clip."""
    clip = make_clip(rng(), bpm=60, fps=100, seconds=6, start=0.9, area=True)
    kept = np.concatenate([np.arange(0, 300, 4), np.arange(300, 600)])
    beats = find_beats(clip.measured[kept], clip.times_s[kept])
    assert len(beats.whole) == 6
    assert beats.heart_rate_bpm == pytest.approx(60, rel=0.02)
    assert all(min(abs(beat.es.time_s - clip.es_s)) < 0.05 for beat in beats.beats if beat.es)


def test_a_single_wild_frame_is_no_beat() -> None:
    clip = make_clip(rng(), start=0.9, area=True)
    quiet = find(clip)
    for frame in (0, 40, 90, len(clip.times_s) - 1):
        wild = clip.measured.copy()
        wild[frame] *= 0.3
        beats = find_beats(wild, clip.times_s)
        assert len(beats.beats) == len(quiet.beats)
        for before, after in zip(quiet.whole, beats.whole, strict=True):
            assert before.es
            assert after.es
            assert abs(before.es.time_s - after.es.time_s) < 0.04


def test_frames_without_a_value_are_skipped() -> None:
    clip = make_clip(rng(), start=0.9, area=True)
    scattered = clip.measured.copy()
    scattered[rng().random(len(scattered)) < 0.2] = np.nan
    beats = find_beats(scattered, clip.times_s)
    assert len(beats.whole) == len(find(clip).whole) == 4
    assert all(
        np.isfinite(scattered[each.frame]) for beat in beats.whole for each in (beat.ed, beat.es) if each
    )


def test_a_beat_with_a_long_gap_is_left_out_and_costs_only_itself() -> None:
    clip = make_clip(rng(), bpm=60, start=0.9, seconds=5, area=True)
    gap = clip.measured.copy()
    gap[(clip.times_s > 2.15) & (clip.times_s < 2.4)] = np.nan  # in the third systole
    before, after = find(clip), find_beats(gap, clip.times_s)
    assert len(after.whole) == len(before.whole) - 1
    assert [beat.reason for beat in after.beats if beat.reason] == ["no frame could be measured for 0.26 s"]
    # Times from ES to ES that cross the gap are not used, so the rate is right.
    assert after.heart_rate_bpm == pytest.approx(60, rel=0.02)
    assert len(after.es_intervals_s) < len(before.es_intervals_s)


@pytest.mark.parametrize(
    ("start", "seconds", "first_whole", "reason"),
    [
        (0.90, 3.5, True, None),  # while the atrium contracts
        (0.60, 3.5, True, None),  # between the fillings
        (0.12, 3.5, False, "starts"),  # in systole
        (0.25, 3.5, False, "starts"),  # at the end of systole
    ],
)
def test_the_first_beat_counts_if_its_ed_is_seen(
    start: float, seconds: float, *, first_whole: bool, reason: str | None
) -> None:
    clip = make_clip(rng(), start=start, seconds=seconds, area=True, bpm=70)
    first = find(clip).beats[0]
    assert (first.reason is None) is first_whole
    if reason:
        assert first.ed is None
        assert first.reason
        assert reason in first.reason


def test_a_beat_that_the_clips_end_cuts_is_partial() -> None:
    clip = make_clip(rng(), start=0.9, bpm=60, seconds=2.3, area=True)  # the third systole has begun
    beats = find(clip)
    assert len(beats.whole) == 2
    last = beats.beats[-1]
    assert last.ed
    assert last.es is None
    assert last.reason
    assert "ends" in last.reason


def test_next_es_belongs_to_the_next_beat() -> None:
    beats = find(make_clip(rng(), start=0.9, area=True)).beats
    for beat, following in pairwise(beats):
        assert beat.next_es == following.es


def still(fps: float) -> Beats:
    count = round(3.5 * fps)
    return find_beats(100 * (1 + 0.03 * rng().standard_normal(count)), np.arange(count) / fps)


@pytest.mark.parametrize(
    "beats",
    [
        find_beats([], []),
        find_beats([1.0], [0.0]),
        find_beats(np.full(100, np.nan), np.arange(100) / 50),
        find_beats(np.ones(100), np.arange(100) / 50),
        find_beats(np.ones(10), np.arange(10) / 50),
        find_beats(np.arange(50.0), np.arange(50) / 5),
        find_beats(np.arange(100.0), np.zeros(100)),
        find_beats(np.arange(100.0), np.full(100, np.nan)),
        find_beats(np.arange(100.0), np.arange(100) / 50),
        find_beats(np.r_[1.0, np.full(98, np.nan), 2.0], np.arange(100) / 50),
        find_beats(np.r_[1.0, 2.0, np.full(97, np.nan), 2.0], np.arange(100) / 50),
        still(50),
        still(100),
    ],
    ids=[
        "nothing", "one frame", "nan", "flat", "short", "slow", "one time", "no times", "ramp", "two frames",
        "three frames", "still", "still 100",
    ],
)  # fmt: skip
def test_without_a_whole_beat_there_is_a_reason(beats: Beats) -> None:
    assert beats.reason
    assert beats.whole == ()
    assert beats.heart_rate_bpm is None


@pytest.mark.parametrize("settings", [{"ef": 12.0, "noise": 0.02}, {"ef": 80.0}, {"kick": 0.0}], ids=str)
def test_weak_strong_and_fibrillating_hearts_have_beats(settings: dict[str, Any]) -> None:
    clip = make_clip(rng(), start=0.9, area=True, **settings)
    assert len(find(clip).whole) == 4


def test_a_photograph_has_too_few_frames_rather_than_no_times() -> None:
    assert find_beats([900.0], [np.nan]).reason == (
        "the clip has too few frames that could be measured: 1, fewer than 6"
    )
