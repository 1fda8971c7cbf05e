"""M1, M2 and the metrics of N4: Dice and distances against MONAI's, and all metrics against the forward pass.

Run with `pytest tests/benchmarks/test_metrics.py -s --hold`.
"""

from __future__ import annotations

import statistics
import warnings
from timeit import timeit
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from lvzoo.device import choose_precision
from lvzoo.evaluate.boundary import boundaries, boundary_scores
from lvzoo.evaluate.dice import dice_N, pack, packed_dice_N
from lvzoo.evaluate.evaluator import References, score_masks
from lvzoo.evaluate.predict import predict_batches
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import CLEAN, Condition, FrameSet
from tests.toys import toy_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.conftest import Race

CPU = torch.device("cpu")
MOST_SHARE = 0.05
CONDITIONS = (CLEAN, Condition(corruption="haze", severity=3), Condition(corruption="haze", severity=5))
pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI's own


@pytest.fixture(scope="module")
def monai_metrics() -> Any:  # noqa: ANN401 - MONAI has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai import metrics
    return metrics


@pytest.fixture
def frames(request: pytest.FixtureRequest) -> FrameSet:
    return toy_frames(256 if request.config.getoption("--hold") else 8)


def found(frames: FrameSet, *, roughness: float) -> NDArray[np.bool_]:
    """Return masks like those of a network: a little beside the reference, with edges of some roughness."""
    rng = np.random.default_rng(0)
    masks = []
    for mask_HW in frames.masks_NHW:
        moved_HW = ndimage.shift(mask_HW.astype(np.float64), rng.uniform(-3, 3, 2))
        noisy_HW = moved_HW + rng.normal(0, roughness, mask_HW.shape)
        masks.append(ndimage.gaussian_filter(noisy_HW, 2) > 0.5)
    return np.stack(masks)


def tensors(predicted_NHW: NDArray[np.bool_], frames: FrameSet) -> dict[str, torch.Tensor]:
    """Return the masks in MONAI's layout: batch, class, rows, columns."""
    return {
        "y_pred": torch.from_numpy(predicted_NHW)[:, None],
        "y": torch.from_numpy(frames.masks_NHW)[:, None],
    }


def test_m1_dice(race: Race, frames: FrameSet, monai_metrics: Any) -> None:  # noqa: ANN401
    """References are packed once for all conditions and models."""
    predicted_NHW = found(frames, roughness=0.5)
    metric, given = monai_metrics.DiceMetric(reduction="none"), tensors(predicted_NHW, frames)
    packed = pack(frames.masks_NHW)
    race(
        "M1",
        lambda: packed_dice_N(pack(predicted_NHW), packed),
        lambda: metric(**given),
        at_least=30,
    )
    race(
        "M1, references packed each time",
        lambda: dice_N(predicted_NHW, frames.masks_NHW),
        lambda: metric(**given),
        at_least=15,
    )
    theirs = metric(**given)[:, 0].double().numpy()
    assert dice_N(predicted_NHW, frames.masks_NHW) == pytest.approx(theirs, abs=1e-7)


def test_m2_hd95_and_assd(race: Race, frames: FrameSet, monai_metrics: Any) -> None:  # noqa: ANN401
    """Our time includes finding the boundaries of both masks, and NSD."""
    predicted_NHW = found(frames, roughness=0.5)
    given: dict[str, Any] = {**tensors(predicted_NHW, frames), "include_background": True}

    def theirs() -> tuple[torch.Tensor, torch.Tensor]:
        return (
            monai_metrics.compute_hausdorff_distance(**given, percentile=95),
            monai_metrics.compute_average_surface_distance(**given, symmetric=True),
        )

    race(
        "M2",
        lambda: boundary_scores(boundaries(predicted_NHW), boundaries(frames.masks_NHW)),
        theirs,
        at_least=30,
    )
    scores = boundary_scores(boundaries(predicted_NHW), boundaries(frames.masks_NHW))
    hd95_N1, assd_N1 = theirs()
    assert scores.hd95_N == pytest.approx(hd95_N1[:, 0].numpy(), abs=1e-4)
    assert scores.assd_N == pytest.approx(assd_N1[:, 0].numpy(), abs=1e-4)


def test_n4_all_measures_cost_little_beside_the_forward_pass(
    request: pytest.FixtureRequest, frames: FrameSet
) -> None:
    """Score a small U-Net under three conditions; references are prepared once, as in a benchmark run."""
    model = build_model(open_zoo().select("unet")[0]).eval().to(memory_format=torch.channels_last)
    masks_CNHW = [found(frames, roughness=roughness) for roughness in (0.3, 0.6, 1.2)]

    def forward() -> None:
        for _ in CONDITIONS:
            for _batch in predict_batches(
                model, frames.frames_NHW, device=CPU, precision=choose_precision(CPU)
            ):
                pass

    def measure() -> None:
        references = References.of(frames.masks_NHW)
        for masks_NHW, condition in zip(masks_CNHW, CONDITIONS, strict=True):
            score_masks(masks_NHW, frames, condition, references)

    holding = bool(request.config.getoption("--hold"))
    rounds = [(timeit(measure, number=1), timeit(forward, number=1)) for _ in range(5 if holding else 1)]
    share = statistics.median(ours / whole for ours, whole in rounds)
    per_frame_us = 1e6 / (len(CONDITIONS) * len(frames))
    ours_us, whole_us = (statistics.median(column) * per_frame_us for column in zip(*rounds, strict=True))
    print(
        f"\nN4 metrics: {share:.1%} of the forward pass ({ours_us:.0f} of {whole_us:.0f} us per frame), "
        f"at most {MOST_SHARE:.0%}"
    )
    if holding:
        assert share <= MOST_SHARE
