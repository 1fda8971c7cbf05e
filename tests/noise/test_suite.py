"""noise-v1 as a whole: its table, and that the same arguments always give the same bytes."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.errors import UsageError
from lvzoo.geometry.sector import standard_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.suite import NOISE_V1, NoiseV1
from lvzoo.types import CLEAN, Condition
from tests.noise.making import NAMES, SEVERITIES, SIZE_HW, difference, noisy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import FrameSet

GOLDEN = Path(__file__).with_name("noise_v1_golden.json")
DRAWN_PER_FRAME = ["speckle", "haze", "thermal", "gaussian", "dropout", "saltpepper"]
DRAWN_PER_VIDEO = ["shadow", "gain", "motion"]
CERTAIN = ["attenuation", "blur", "downsample", "jpeg"]


def test_the_suite_has_thirteen_corruptions_of_four_families_at_five_severities() -> None:
    suite = NoiseV1()
    assert isinstance(suite, NoiseSuite)
    assert suite.name == "noise-v1"
    assert suite.severities == SEVERITIES
    assert suite.families == {
        "acoustic": ("speckle", "haze", "shadow", "attenuation", "gain"),
        "electronic": ("thermal", "gaussian", "dropout", "saltpepper"),
        "resolution": ("blur", "motion"),
        "digital": ("downsample", "jpeg"),
    }
    assert {len(corruption.levels) for corruption in NOISE_V1} == {5}
    assert sorted(DRAWN_PER_FRAME + DRAWN_PER_VIDEO + CERTAIN) == sorted(NAMES)


def test_every_level_has_its_own_wording() -> None:
    for corruption in NOISE_V1:
        words = [corruption.describe(severity) for severity in SEVERITIES]
        assert len(set(words)) == 5
        assert all(any(character.isdigit() for character in each) for each in words)
    haze, shadow = NOISE_V1[1], NOISE_V1[2]
    assert haze.describe(1).endswith(" dB")
    assert shadow.describe(5).startswith(f"{shadow.levels[4].number} x ")


def test_the_bytes_of_every_corruption_are_golden(frames_NHW: NDArray[np.uint8]) -> None:
    """They may change only together with the suite's name, and do not depend on the order."""
    wanted = [(name, severity, n) for name in NAMES for severity in SEVERITIES for n in range(3)]
    golden = json.loads(GOLDEN.read_text())
    made = {}
    for name, severity, n in sorted(wanted, key=lambda each: (each[1], each[0], -each[2])):
        noisy_HW = noisy(frames_NHW[n], name, severity, frame=n)
        made[f"{name}-{severity} frame {n}"] = hashlib.sha256(noisy_HW.data).hexdigest()[:16]
    assert made == golden


@pytest.mark.parametrize("name", NAMES)
def test_a_higher_severity_damages_more(name: str, frames_NHW: NDArray[np.uint8]) -> None:
    damage = [
        np.mean([difference(noisy(frame_HW, name, severity), frame_HW) for frame_HW in frames_NHW])
        for severity in SEVERITIES
    ]
    assert damage[0] > 0.5
    assert all(higher > lower for lower, higher in pairwise(damage))


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_stays_as_it_was(name: str, frames_NHW: NDArray[np.uint8]) -> None:
    before = frames_NHW[0].copy()
    noisy_HW = noisy(frames_NHW[0], name, 3)
    assert np.array_equal(frames_NHW[0], before)
    assert not np.shares_memory(noisy_HW, frames_NHW[0])
    assert noisy_HW.dtype == np.uint8
    assert noisy_HW.flags.c_contiguous


@pytest.mark.parametrize("name", NAMES)
def test_frames_and_videos_differ_in_what_differs_on_a_scanner(
    name: str, frames_NHW: NDArray[np.uint8]
) -> None:
    one = noisy(frames_NHW[0], name, 3)
    other_frame = noisy(frames_NHW[0], name, 3, frame=5)
    other_videos = [noisy(frames_NHW[0], name, 3, video=f"0XB{n}") for n in range(8)]
    assert np.array_equal(one, other_frame) == (name not in DRAWN_PER_FRAME)
    assert all(np.array_equal(one, each) for each in other_videos) == (name in CERTAIN)


def test_a_clean_frame_is_the_frame(frame_set: FrameSet) -> None:
    frame_HW = frame_set.frames_NHW[0]
    clean_HW = NoiseV1().corrupt(frame_HW, CLEAN, video="0XA", frame=4, sector=frame_set.sectors[0])
    assert np.array_equal(clean_HW, frame_HW)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition(corruption="hase", severity=1), r"noise-v1 corruption 'hase'.*did you mean 'haze'"),
        (Condition(corruption="haze", severity=6), r"haze has no severity 6; use 1 to 5"),
        (Condition(corruption="haze", severity=0), r"haze has no severity 0; use 1 to 5"),
    ],
)
def test_an_unknown_condition_is_refused(condition: Condition, message: str) -> None:
    frame_HW = np.zeros(SIZE_HW, np.uint8)
    with pytest.raises(UsageError, match=message):
        NoiseV1().corrupt(frame_HW, condition, video="v", frame=0, sector=standard_sector(SIZE_HW))


@pytest.mark.parametrize(
    "name",
    ["speckle", "shadow", "attenuation", "gain", "dropout", "blur", "motion", "downsample"],
)
def test_a_corruption_of_the_echo_leaves_a_black_frame_black(name: str) -> None:
    assert not noisy(np.zeros(SIZE_HW, np.uint8), name, 5).any()


@pytest.mark.parametrize("name", ["haze", "thermal"])
def test_added_noise_shows_in_a_black_sector_and_nowhere_else(name: str) -> None:
    sector = standard_sector(SIZE_HW)
    noisy_HW = noisy(np.zeros(SIZE_HW, np.uint8), name, 5, sector=sector)
    assert noisy_HW[60, 56] > 0
    assert not noisy_HW[:40, :10].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size_HW", [(120, 97), (37, 64)])
def test_frames_of_other_sizes_keep_them(name: str, size_HW: tuple[int, int]) -> None:
    y_H1, x_1W = np.indices(size_HW, sparse=True)
    frame_HW = (40 + (x_1W * 7 + y_H1 * 5) % 150).astype(np.uint8)
    for severity in (1, 5):
        noisy_HW = noisy(frame_HW, name, severity, sector=standard_sector(size_HW))
        assert noisy_HW.shape == size_HW
        assert not np.array_equal(noisy_HW, frame_HW)
