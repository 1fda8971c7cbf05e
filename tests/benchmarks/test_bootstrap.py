"""B1: the bootstrap of 10 models on 2,554 frames of 1,277 patients, 10,000 resamples, against a plain loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.rank.bootstrap import interval, resampled_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.conftest import Race

MODELS, PATIENTS = 10, 1277


def test_the_bootstrap_against_a_loop_of_choices(race: Race, request: pytest.FixtureRequest) -> None:
    resamples = 10_000 if request.config.getoption("--hold") else 500
    frames_MP2 = np.random.default_rng(0).normal(0.9, 0.05, (MODELS, PATIENTS, 2))
    frames_MN = frames_MP2.reshape(MODELS, -1)

    def ours() -> None:
        interval(resampled_means(frames_MP2.mean(axis=2), resamples=resamples, seed=0))

    def theirs() -> None:
        """Resample the frames of each model separately, as EchoNet-Dynamic's own script does."""
        np.random.seed(0)  # noqa: NPY002 - the usual way, which this is compared with
        means: list[NDArray[np.float64]] = []
        for frames_N in frames_MN:
            drawn = (np.random.choice(len(frames_N), len(frames_N)) for _ in range(resamples))  # noqa: NPY002
            means.append(np.array([frames_N[indices].mean() for indices in drawn]))
        interval(np.stack(means, axis=1))

    race("B1 bootstrap", ours, theirs, at_least=10)
