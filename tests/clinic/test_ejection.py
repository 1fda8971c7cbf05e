from __future__ import annotations

import numpy as np
import pytest

from lvzoo.clinic.beats import Moment, find_beats
from lvzoo.clinic.ejection import Ejection, measure_ejection, read_near
from lvzoo.clinic.volume import measure_contour, measure_mask
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.ventricle import ejection_fraction
from lvzoo.phantom.clip import draw_scene
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.reader import disks_volume_px
from tests.clinic.figures_beats import CURVES, clips
from tests.clinic.made_curves import MadeClip, make_clip


def measure(clip: MadeClip, mm_per_px: float | None = None) -> Ejection:
    return measure_ejection(
        areas_px2_N=clip.measured ** (2 / 3),
        volumes_px3_N=clip.measured,
        times_s_N=clip.times_s,
        mm_per_px=mm_per_px,
    )


@pytest.mark.parametrize("ef", [15.0, 35.0, 58.0, 75.0])
@pytest.mark.parametrize(("fps", "bpm"), [(50, 45), (50, 70), (50, 120), (100, 150), (30, 70)])
def test_a_quiet_clip_has_its_ejection_fraction(ef: float, fps: float, bpm: float) -> None:
    clip = make_clip(np.random.default_rng(0), ef=ef, fps=fps, bpm=bpm, start=0.9)
    found = measure(clip)
    assert found.ef_percent == pytest.approx(ef, abs=0.3)
    assert found.fac_percent == pytest.approx(100 * (1 - (1 - ef / 100) ** (2 / 3)), abs=0.3)
    assert found.heart_rate_bpm == pytest.approx(bpm, rel=0.02)
    assert found.ef_sd_percent == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(
    ("curve", "bias", "error"),
    [
        ("2 % noise", 0.4, 0.6),
        ("3 % noise, 3 % outlier frames", 0.6, 0.9),
        ("the same, 40 beats/min", 1.2, 1.6),
        ("the same, 130 beats/min", 0.6, 0.9),
        ("the same, 25 frames/s", 0.8, 1.2),
        ("the same, 130 frames/s", 0.4, 0.6),
        ("the same, uneven times (SD 30 %)", 0.6, 0.9),
        ("the same, EF 25 %", 1.7, 1.8),
    ],
)
def test_the_mean_over_beats_is_right_in_noise(curve: str, bias: float, error: float) -> None:
    """The bounds exclude a reading from single frames, and one from the strongly smoothed curve."""
    errors = []
    for clip in clips(CURVES[curve], 60, area=False):
        found = measure(clip)
        assert found.ef_percent is not None
        errors.append(found.ef_percent - clip.ef)
    assert abs(np.mean(errors)) < bias
    assert np.mean(np.abs(errors)) < error


def test_a_size_is_read_from_the_frames_within_30_ms() -> None:
    clip = make_clip(np.random.default_rng(0), fps=50, start=0.9)
    beats = find_beats(clip.measured, clip.times_s)
    assert beats.curve
    sizes = np.square(np.arange(len(clip.times_s), dtype=np.float64))
    between = Moment(frame=20, time_s=0.409)  # frames 19, 20 and 21 are at 0.38, 0.40 and 0.42 s
    assert read_near(sizes, beats.curve, between) == pytest.approx((19**2 + 20**2 + 21**2) / 3)
    coarse = make_clip(np.random.default_rng(0), fps=20, start=0.9)
    curve = find_beats(coarse.measured, coarse.times_s).curve
    assert curve
    assert read_near(sizes[: len(coarse.times_s)], curve, Moment(frame=8, time_s=0.4)) == 64


def test_fast_beats_are_not_overshot() -> None:
    found = measure(make_clip(np.random.default_rng(0), ef=60, bpm=140, start=0.9))
    assert found.ef_percent == pytest.approx(60, abs=0.4)  # the smoothed curve's own would be 62


def test_median_and_sd_need_enough_beats() -> None:
    rng = np.random.default_rng(0)
    one, two, three = (
        measure(make_clip(rng, bpm=60, start=0.9, seconds=seconds, noise=0.01)) for seconds in (0.9, 1.9, 2.9)
    )
    assert [len(each.ejections) for each in (one, two, three)] == [1, 2, 3]
    assert one.ef_percent is not None
    assert (one.ef_sd_percent, one.ef_median_percent, one.fac_median_percent) == (None, None, None)
    assert two.ef_sd_percent
    assert two.ef_median_percent is None
    percents = sorted(each.ef_percent for each in three.ejections)
    assert three.ef_median_percent == percents[1]
    assert three.ef_percent == pytest.approx(np.mean(percents))
    assert three.ef_sd_percent == pytest.approx(np.std(percents, ddof=1))
    assert three.fac_median_percent
    assert three.fac_sd_percent


def test_less_than_a_beat_has_no_ejection_fraction_and_says_why() -> None:
    cut = measure(make_clip(np.random.default_rng(0), bpm=50, start=0.1, seconds=0.8))
    assert cut.ef_percent is None
    assert cut.reason == "the clip shows no whole beat"
    assert [beat.reason for beat in cut.left_out] == ["the clip starts after its end-diastole"]
    nothing = measure_ejection(areas_px2_N=[], volumes_px3_N=[], times_s_N=[])
    assert nothing.reason
    assert (nothing.ef_percent, nothing.fac_percent, nothing.edv_ml, nothing.heart_rate_bpm) == (None,) * 4


def test_beats_left_out_are_told_with_the_reason() -> None:
    clip = make_clip(np.random.default_rng(0), bpm=60, start=0.9, seconds=5.3)
    volumes = clip.measured.copy()
    volumes[(clip.times_s > 2.15) & (clip.times_s < 2.4)] = np.nan  # the volume alone is missing
    found = measure_ejection(
        areas_px2_N=clip.measured ** (2 / 3), volumes_px3_N=volumes, times_s_N=clip.times_s
    )
    assert found.ef_percent == pytest.approx(58, abs=0.3)
    assert len(found.ejections) == 4
    assert [beat.reason for beat in found.left_out] == [
        "no frame could be measured for 0.26 s",
        "the clip ends before or just after its end-systole",
    ]


def test_millilitres_need_the_size_of_a_pixel() -> None:
    clip = make_clip(np.random.default_rng(0), start=0.9)
    known, unknown = measure(clip, mm_per_px=2.0), measure(clip)
    assert known.edv_ml == pytest.approx(100 * 8 / 1000, rel=0.01)
    assert known.esv_ml == pytest.approx(42 * 8 / 1000, rel=0.01)
    assert (unknown.edv_ml, unknown.esv_ml) == (None, None)


@pytest.mark.parametrize("index", range(3))
def test_clips_of_simulated_patients_have_their_ejection_fraction(index: int) -> None:
    scene = draw_scene(seed=3, split="test", index=index)
    beat, frames = scene.beat, 90
    contours_NP2 = scene.contours_at([pose_at(scene.heart, beat, frame) for frame in range(frames)])
    truth = ejection_fraction(
        *(disks_volume_px(contours_NP2[frame]) for frame in (beat.ed_frame, beat.es_frame))
    )
    masks = [rasterise(contour_P2, (112, 112)) for contour_P2 in contours_NP2]
    for sizes, most in (
        ([measure_contour(contour_P2) for contour_P2 in contours_NP2], 0.6),
        ([measure_mask(mask_HW) for mask_HW in masks], 3.0),
    ):
        found = measure_ejection(
            areas_px2_N=[size.area_px2 for size in sizes],
            volumes_px3_N=[size.disks_px3 for size in sizes],
            times_s_N=np.arange(frames) / beat.fps,
        )
        assert found.ef_percent == pytest.approx(truth, abs=most)
        assert found.heart_rate_bpm is None or found.heart_rate_bpm == pytest.approx(
            beat.heart_rate_bpm, rel=0.05
        )
        ed, es = found.beats.whole[0].ed, found.beats.whole[0].es
        assert ed
        assert es
        # The volume stands still for some frames after the end of ejection.
        assert abs(ed.frame - beat.ed_frame) <= 3
        assert -1 <= es.frame - beat.es_frame <= 5
