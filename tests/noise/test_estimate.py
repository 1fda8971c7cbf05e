"""The estimate of a clip's noise finds strong noise on clips of the phantom, and knows what it does not know."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.sector import fit_sector
from lvzoo.noise.apply import suite_digest
from lvzoo.noise.estimate import CARD, NUMBERS, NoiseEstimate, read_noise_model
from lvzoo.noise.suite import NOISE_V1, NoiseV1
from lvzoo.phantom.clip import simulate
from lvzoo.types import CLEAN, Condition
from tests.noise.noisy_clips import corrupt, list_conditions

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATIENTS = 4


@pytest.fixture(scope="module")
def clips() -> list[tuple[str, NDArray[np.uint8]]]:
    """Return clips of patients that are in no split of the fit: name, and three frames."""
    made = [simulate(seed=7, split="test", index=index) for index in range(PATIENTS)]
    return [(clip.name, clip.frames_NHW[:: len(clip.frames_NHW) // 3][:3]) for clip in made]


def _estimate(name: str, frames_NHW: NDArray[np.uint8], condition: Condition) -> NoiseEstimate:
    return read_noise_model().estimate(
        corrupt(frames_NHW, NoiseV1(), condition, name, fit_sector(frames_NHW))
    )


def test_strong_noise_is_found(clips: list[tuple[str, NDArray[np.uint8]]]) -> None:
    conditions = [Condition(corruption=line.name, severity=4) for line in NOISE_V1]
    found = [(each, _estimate(*clip, each)) for each in conditions for clip in clips]
    hits = [estimate.corruption == each.corruption for each, estimate in found]
    assert np.mean(hits) > 0.85
    assert np.mean([abs(estimate.severity - 4) for _, estimate in found]) < 0.6


def test_a_clean_clip_has_little_noise(clips: list[tuple[str, NDArray[np.uint8]]]) -> None:
    found = [_estimate(*clip, CLEAN) for clip in clips]
    assert np.mean([each.severity for each in found]) < 1.2
    assert all(each.oddity < 1 for each in found)


def test_the_severity_rises_with_the_noise(clips: list[tuple[str, NDArray[np.uint8]]]) -> None:
    for name in ("haze", "dropout", "blur", "jpeg"):
        severities = [
            np.mean([_estimate(*clip, Condition(corruption=name, severity=each)).severity for clip in clips])
            for each in (1, 3, 5)
        ]
        assert severities == sorted(severities), name


def test_white_noise_is_odd() -> None:
    frames_NHW = np.random.default_rng(0).integers(0, 256, (3, 112, 112)).astype(np.uint8)
    assert read_noise_model().estimate(frames_NHW).oddity > 1


@pytest.mark.parametrize("shape", [(0, 112, 112), (2, 64, 64)])
def test_frames_of_another_size_are_a_fault(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"give at least one of \(112, 112\)"):
        read_noise_model().estimate(np.zeros(shape, np.uint8))


def test_sums_and_ranges_of_the_severity() -> None:
    haze = [Condition(corruption="haze", severity=each) for each in (1, 2)]
    estimate = NoiseEstimate(suite="s", probabilities={CLEAN: 0.2, haze[0]: 0.5, haze[1]: 0.3}, oddity=0.0)
    assert estimate.corruption == "haze"
    assert estimate.corruptions == pytest.approx({"haze": 0.8, "clean": 0.2})
    assert estimate.severity == pytest.approx(1.1)
    # a tenth of the probability lies below 0 (half of clean), and a tenth above 2.17, beyond the highest severity
    assert estimate.severity_range == pytest.approx((0.0, 2.0))


def test_a_sure_severity_has_a_range_around_it() -> None:
    haze = [Condition(corruption="haze", severity=each) for each in (1, 2, 3)]
    sure = NoiseEstimate(
        suite="s", probabilities={CLEAN: 0.0, haze[0]: 0.0, haze[1]: 1.0, haze[2]: 0.0}, oddity=0.0
    )
    assert sure.severity_range == pytest.approx((1.6, 2.4))


def test_the_card_describes_the_numbers_and_the_suite() -> None:
    card, model = json.loads(CARD.read_text(encoding="utf-8")), read_noise_model()
    assert card["sha256"] == hashlib.sha256(NUMBERS.read_bytes()).hexdigest()
    assert card["suite digest"] == suite_digest(NoiseV1())
    assert card["synthetic"] is True
    assert list(model.conditions) == list_conditions(NoiseV1())
    assert card["fitted to"]["split"] == "train"
    assert CARD.stat().st_size + NUMBERS.stat().st_size < 200_000
