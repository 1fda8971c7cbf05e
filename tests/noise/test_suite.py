"""noise-v1: what each corruption does to a frame, and that it does the same to it anywhere and always."""

from __future__ import annotations

import hashlib
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from scipy import ndimage

from lvzoo.errors import UsageError
from lvzoo.geometry.sector import fit_sector, scan_mask, standard_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.acoustic import speckle_field
from lvzoo.noise.digital import quantisation_steps
from lvzoo.noise.display import amplitude, display, from_db
from lvzoo.noise.scene import Scene
from lvzoo.noise.suite import NOISE_V1, NoiseV1
from lvzoo.types import CLEAN, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import FrameSet

GOLDEN = Path(__file__).with_name("noise_v1_golden.json")
SIZE_HW = (112, 112)
NAMES = [corruption.name for corruption in NOISE_V1]


def noisy(
    frame_HW: NDArray[np.uint8], corruption: str, severity: int, *, video: str = "0XA", frame: int = 4
) -> NDArray[np.uint8]:
    sector = fit_sector(frame_HW[None])
    condition = Condition(corruption=corruption, severity=severity)
    return NoiseV1().corrupt(frame_HW, condition, video=video, frame=frame, sector=sector)


def difference(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.abs(one_HW.astype(np.float64) - other_HW)


def test_the_suite_has_one_corruption_a_family_at_five_severities() -> None:
    suite = NoiseV1()
    assert isinstance(suite, NoiseSuite)
    assert suite.name == "noise-v1"
    assert suite.severities == (1, 2, 3, 4, 5)
    assert suite.families == {
        "acoustic": ("haze",),
        "electronic": ("dropout",),
        "resolution": ("blur",),
        "digital": ("jpeg",),
    }


def test_the_bytes_of_every_corruption_are_golden(frames_NHW: NDArray[np.uint8]) -> None:
    """They may change only together with the suite's name."""
    made = {
        f"{name}-{severity} frame {n}": hashlib.sha256(
            noisy(frame_HW, name, severity, frame=n).data
        ).hexdigest()[:16]
        for name in NAMES
        for severity in range(1, 6)
        for n, frame_HW in enumerate(frames_NHW)
    }
    assert made == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_graver_severity_damages_more(name: str, frames_NHW: NDArray[np.uint8]) -> None:
    damage = [
        np.mean([difference(noisy(frame_HW, name, severity), frame_HW) for frame_HW in frames_NHW])
        for severity in range(1, 6)
    ]
    assert damage[0] > 1
    assert all(graver > 1.02 * milder for milder, graver in pairwise(damage))


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_calls_changes_nothing_and_the_frame_stays_as_it_was(
    name: str, frames_NHW: NDArray[np.uint8]
) -> None:
    before = frames_NHW.copy()
    calls = [(n, severity) for n in range(3) for severity in range(1, 6)]
    forwards = {call: noisy(frames_NHW[call[0]], name, call[1], frame=call[0]).tobytes() for call in calls}
    backwards = {
        call: noisy(frames_NHW[call[0]], name, call[1], frame=call[0]).tobytes() for call in calls[::-1]
    }
    assert forwards == backwards
    assert np.array_equal(frames_NHW, before)


@pytest.mark.parametrize("name", ["haze", "dropout"])
def test_every_frame_and_every_video_meets_noise_of_its_own(name: str, frames_NHW: NDArray[np.uint8]) -> None:
    one = noisy(frames_NHW[0], name, 3)
    assert not np.array_equal(one, noisy(frames_NHW[0], name, 3, frame=5))
    assert not np.array_equal(one, noisy(frames_NHW[0], name, 3, video="0XB"))


def test_a_clean_frame_is_the_frame(frame_set: FrameSet) -> None:
    frame_HW = frame_set.frames_NHW[0]
    clean_HW = NoiseV1().corrupt(frame_HW, CLEAN, video="0XA", frame=4, sector=frame_set.sectors[0])
    assert np.array_equal(clean_HW, frame_HW)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition(corruption="hase", severity=1), r"unknown corruption 'hase' \(did you mean 'haze'\?\)"),
        (Condition(corruption="haze", severity=6), r"haze has no severity 6; use 1 to 5"),
        (Condition(corruption="haze", severity=0), r"haze has no severity 0; use 1 to 5"),
    ],
)
def test_an_unknown_condition_is_refused(condition: Condition, message: str) -> None:
    frame_HW = np.zeros(SIZE_HW, np.uint8)
    with pytest.raises(UsageError, match=message):
        NoiseV1().corrupt(frame_HW, condition, video="v", frame=0, sector=standard_sector(SIZE_HW))


# --- the display ----------------------------------------------------------------------------------------------


def test_grey_levels_survive_the_way_to_amplitudes_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8)
    assert display(amplitude(levels)).tolist() == levels.tolist()


def test_a_gain_is_a_step_on_the_display() -> None:
    louder = display(amplitude(np.array([100], np.uint8)) * from_db(10.0))
    assert louder.tolist() == [151]  # 10 of 50 dB are a fifth of 255


def test_silence_is_black_and_white_is_one() -> None:
    assert amplitude(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]
    assert display(np.array([0.0, 1e-9, 1.0, 7.0])).tolist() == [0, 0, 255, 255]


# --- haze -----------------------------------------------------------------------------------------------------


def test_haze_stays_inside_the_scan_mask(frames_NHW: NDArray[np.uint8]) -> None:
    frame_HW = np.maximum(frames_NHW[0], np.uint8(5))  # what lies outside is dark, but not black
    sector = fit_sector(frame_HW[None])
    hazy_HW = noisy(frame_HW, "haze", 5)
    inside_HW = scan_mask(sector, SIZE_HW)
    assert np.array_equal(hazy_HW[~inside_HW], frame_HW[~inside_HW])
    assert (hazy_HW != frame_HW)[inside_HW].mean() > 0.9


def test_haze_fills_a_black_frame_to_its_level_and_falls_with_depth() -> None:
    """Without tissue the display shows the haze alone: its mean power is the level, plus the map's spread."""
    sector = standard_sector(SIZE_HW)
    condition = Condition(corruption="haze", severity=5)
    videos_NHW = np.stack(
        [
            NoiseV1().corrupt(np.zeros(SIZE_HW, np.uint8), condition, video=f"v{n}", frame=0, sector=sector)
            for n in range(40)
        ]
    )
    assert not videos_NHW[:, ~scan_mask(sector, SIZE_HW)].any()
    level_db = 50 * (videos_NHW[:, :, 56].mean(axis=0) / 255 - 1)
    near, far = level_db[15:30].mean(), level_db[90:105].mean()
    assert near - far == pytest.approx(6 * 75 / 110, abs=1.5)
    # the mean of 20 log10 of a Rayleigh amplitude lies 2.5 dB below its power
    assert level_db[20:100].mean() == pytest.approx(-15 - 2.5 - 6 * 56 / 110, abs=1.5)


def test_the_haze_of_a_video_keeps_its_place_from_frame_to_frame() -> None:
    """The grain is new in every frame, the veil's thick and thin parts are not."""

    def veil(video: str, frame: int) -> NDArray[np.float64]:
        hazy_HW = noisy(np.full(SIZE_HW, 1, np.uint8), "haze", 5, video=video, frame=frame)
        return ndimage.uniform_filter(hazy_HW.astype(np.float64), 15)[55:95:8, 35:80:8].ravel()

    same = np.corrcoef(veil("v0", 0), veil("v0", 9))[0, 1]
    other = [np.corrcoef(veil("v0", 0), veil(f"v{n}", 0))[0, 1] for n in range(1, 9)]
    assert same > 0.9
    assert np.mean(other) < same - 0.3


def test_the_speckle_field_has_unit_variance_up_to_the_border() -> None:
    scene = Scene(
        suite="s", corruption="c", video="v", frame=0, sector=standard_sector(SIZE_HW), size_HW=(300, 300)
    )
    for part_HW in speckle_field(scene, 0.8):
        assert part_HW.shape == (300, 300)
        assert part_HW.std() == pytest.approx(1.0, abs=0.03)
        border = np.concatenate([part_HW[0], part_HW[-1], part_HW[:, 0], part_HW[:, -1]])
        assert border.std() == pytest.approx(1.0, abs=0.15)
        assert np.corrcoef(part_HW[:, :-1].ravel(), part_HW[:, 1:].ravel())[0, 1] == pytest.approx(
            math.exp(-1 / (4 * 0.8**2)), abs=0.05
        )


# --- dropout --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "share"), [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4), (5, 0.5)])
def test_dropout_blackens_exactly_its_share(severity: int, share: float) -> None:
    for size_HW in (SIZE_HW, (30, 41)):
        holed_HW = noisy(np.full(size_HW, 255, np.uint8), "dropout", severity)
        assert (holed_HW == 0).sum() == round(share * size_HW[0] * size_HW[1])
        assert set(np.unique(holed_HW).tolist()) == {0, 255}


def test_the_holes_of_a_mild_dropout_stay_in_a_graver_one_and_lie_everywhere() -> None:
    white_HW = np.full(SIZE_HW, 255, np.uint8)
    mild, grave = (noisy(white_HW, "dropout", severity) == 0 for severity in (1, 5))
    assert (grave | ~mild).all()
    quarters = [grave[:56, :56], grave[:56, 56:], grave[56:, :56], grave[56:, 56:]]
    assert [quarter.mean() for quarter in quarters] == pytest.approx([0.5] * 4, abs=0.04)


# --- blur -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "sigma_px"), [(1, 0.8), (2, 1.4), (3, 2.0), (4, 2.8), (5, 3.8)])
def test_blur_is_scipys_gaussian(severity: int, sigma_px: float, frames_NHW: NDArray[np.uint8]) -> None:
    for frame_HW in (*frames_NHW, frames_NHW[0][:30, 20:61]):
        expected_HW = ndimage.gaussian_filter(frame_HW.astype(np.float64), sigma_px)
        assert np.abs(noisy(frame_HW, "blur", severity) - expected_HW).max() <= 0.5 + 1e-9


# --- jpeg -----------------------------------------------------------------------------------------------------


def test_the_table_scales_as_written() -> None:
    """Quality 50 is the standard's own table; at 4, 5000 / 4 = 1250 % of it, cut at 255."""
    assert quantisation_steps(50)[7, 7] == 99
    assert quantisation_steps(30)[0].tolist() == [27, 18, 17, 27, 40, 66, 85, 101]  # 166 %, rounded
    assert quantisation_steps(4)[0].tolist() == [200, 138, 125, 200, 255, 255, 255, 255]
    assert quantisation_steps(15)[7, 7] == 255


def test_jpeg_on_a_flat_block_rounds_its_mean_to_the_dc_step() -> None:
    """At quality 4 the mean's step is 200, that is 25 grey levels: 128 + 25 k is all there is."""
    flat_HW = np.full((16, 16), 100, np.uint8)
    assert np.unique(noisy(flat_HW, "jpeg", 5)).tolist() == [103]
    assert np.unique(noisy(np.zeros((16, 16), np.uint8), "jpeg", 5)).tolist() == [3]
    assert np.unique(noisy(np.full((16, 16), 128, np.uint8), "jpeg", 5)).tolist() == [128]


@pytest.mark.parametrize(("severity", "quality"), [(1, 30), (2, 15), (3, 10), (4, 7), (5, 4)])
def test_jpeg_looks_like_a_real_codecs(severity: int, quality: int, frames_NHW: NDArray[np.uint8]) -> None:
    for frame_HW in frames_NHW:
        _, file = cv2.imencode(".jpg", frame_HW, [cv2.IMWRITE_JPEG_QUALITY, quality])
        real_HW = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        assert difference(noisy(frame_HW, "jpeg", severity), real_HW).mean() < 0.5


def test_jpeg_takes_frames_whose_sides_are_no_multiples_of_eight(frames_NHW: NDArray[np.uint8]) -> None:
    odd_HW = frames_NHW[0][10:41, 30:75]
    assert noisy(odd_HW, "jpeg", 1).shape == odd_HW.shape
    assert difference(noisy(odd_HW, "jpeg", 1), odd_HW).mean() < 25


# --- black frames ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dropout", "blur"])
def test_a_black_frame_stays_black(name: str) -> None:
    assert not noisy(np.zeros(SIZE_HW, np.uint8), name, 5).any()


def test_jpeg_of_a_black_frame_is_flat_and_nearly_black() -> None:
    assert all(noisy(np.zeros(SIZE_HW, np.uint8), "jpeg", severity).max() <= 13 for severity in range(1, 6))
