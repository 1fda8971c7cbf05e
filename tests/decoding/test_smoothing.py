"""Smoothing in time: a Gaussian over the frames' true times, computed while the frames come in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lvzoo.decoding.smoothing import MOST_FRAMES, Smoother, UntimedError

SIGMA_S = 0.04


def smooth(times_s: list[float], values: torch.Tensor, *, batch: int) -> NDArray[np.float32]:
    """Return the smoothed values, which are pushed batch by batch."""
    smoother = Smoother(SIGMA_S)
    parts = [
        smoother.push(times_s[start : start + batch], values[start : start + batch])
        for start in range(0, len(times_s), batch)
    ]
    return torch.cat([*parts, smoother.finish()]).numpy()


def by_hand(times_s: list[float], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the same, straight from the formula."""
    times = np.array(times_s)
    gaps = times[:, None] - times
    weights = np.where(np.abs(gaps) <= 3.05 * SIGMA_S, np.exp(-(gaps**2) / (2 * SIGMA_S**2)), 0)
    return np.asarray(np.tensordot(weights / weights.sum(1, keepdims=True), values, 1))


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_uneven_times_are_followed_whatever_the_batches(batch: int) -> None:
    rng = np.random.default_rng(0)
    times_s = rng.choice([0.008, 0.02, 0.033, 0.2], 100).cumsum().tolist()
    values = rng.normal(size=(100, 1, 5, 4)).astype(np.float32)
    assert smooth(times_s, torch.from_numpy(values), batch=batch) == pytest.approx(
        by_hand(times_s, values), abs=1e-6
    )


def test_a_frame_that_is_missing_is_no_step_in_time() -> None:
    """A ramp stays a ramp where the times are even, also around the gap."""
    times_s = [0.02 * index for index in range(60) if index != 30]
    smoothed = smooth(times_s, torch.tensor(times_s)[:, None], batch=8)
    inner = slice(10, 20)
    assert smoothed[inner, 0] == pytest.approx(times_s[inner], abs=1e-6)
    assert smoothed[30, 0] == pytest.approx(
        by_hand(times_s, np.array(times_s, np.float32)[:, None])[30, 0], abs=1e-6
    )
    assert smoothed[30, 0] > times_s[30] + 1e-4, "the frame before is missing, so the mean lies later"


def test_a_frame_alone_in_time_stays_as_it_is() -> None:
    values = torch.tensor([[1.0], [5.0], [2.0]])
    assert smooth([0.0, 1.0, 2.0], values, batch=2).tolist() == [[1.0], [5.0], [2.0]]


@pytest.mark.parametrize("times_s", [[0.0, None], [0.0, 0.0], [0.02, 0.01]])
def test_times_that_do_not_increase_are_no_times(times_s: list[float | None]) -> None:
    with pytest.raises(UntimedError):
        Smoother(SIGMA_S).push(times_s, torch.zeros(2, 1))
    apart = Smoother(SIGMA_S)
    apart.push(times_s[:1], torch.zeros(1, 1))
    with pytest.raises(UntimedError):
        apart.push(times_s[1:], torch.zeros(1, 1))


@pytest.mark.parametrize("step_s", [0.02, 1e-9])
def test_what_is_held_is_bounded_whatever_the_times(step_s: float) -> None:
    smoother, given, ready, most = Smoother(SIGMA_S), 0, 0, 0
    for start in range(0, 3000, 50):
        times_s = [step_s * index for index in range(start, start + 50)]
        ready += len(smoother.push(times_s, torch.zeros(50, 1)))
        given += 50
        most = max(most, given - ready)
    assert most <= (7 if step_s == 0.02 else MOST_FRAMES)
    assert smoother._values_N is not None
    assert len(smoother._values_N) <= (14 if step_s == 0.02 else 2 * MOST_FRAMES)
    assert ready + len(smoother.finish()) == 3000
