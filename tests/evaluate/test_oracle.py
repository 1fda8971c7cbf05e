"""Comparison with MONAI: the same Dice, NSD, HD95 and ASSD on hundreds of random masks."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from lvzoo.evaluate.boundary import boundaries, boundary_scores
from lvzoo.evaluate.dice import dice_N
from tests.evaluate.blobs import blob_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIRS = 300
pytestmark = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI's own


@pytest.fixture(scope="module")
def monai() -> SimpleNamespace:
    """Return MONAI's metrics. Importing them takes seconds and gives warnings that do not concern lvzoo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai import metrics
        from monai.metrics import utils

    return SimpleNamespace(metrics=metrics, utils=utils)


@pytest.fixture(scope="module")
def pairs() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return blob_pairs(PAIRS, seed=0)


@pytest.fixture(scope="module")
def tensors(pairs: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> dict[str, Any]:
    """Return the pairs in MONAI's layout: batch, class, rows, columns."""
    predicted_NHW, reference_NHW = pairs
    return {"y_pred": torch.from_numpy(predicted_NHW)[:, None], "y": torch.from_numpy(reference_NHW)[:, None]}


def test_dice(
    monai: SimpleNamespace, pairs: tuple[NDArray[np.bool_], NDArray[np.bool_]], tensors: dict[str, Any]
) -> None:
    theirs = monai.metrics.DiceMetric(include_background=True, reduction="none")(**tensors)
    assert dice_N(*pairs) == pytest.approx(theirs[:, 0].double().numpy(), abs=1e-6)


def test_surface_dice_and_hd95(
    monai: SimpleNamespace, pairs: tuple[NDArray[np.bool_], NDArray[np.bool_]], tensors: dict[str, Any]
) -> None:
    scores = boundary_scores(*(boundaries(masks_NHW) for masks_NHW in pairs))
    with_background = {**tensors, "include_background": True}
    for tau_px, ours in ((1.0, scores.nsd1_N), (2.0, scores.nsd2_N)):
        theirs = monai.metrics.compute_surface_dice(**with_background, class_thresholds=[tau_px])
        assert ours == pytest.approx(theirs[:, 0].numpy(), abs=1e-6)
    theirs = monai.metrics.compute_hausdorff_distance(**with_background, percentile=95)
    assert scores.hd95_N == pytest.approx(theirs[:, 0].numpy(), abs=1e-4)


def test_assd(monai: SimpleNamespace, pairs: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    """Compute ASSD from MONAI's edges and distances, pooled over both directions; MONAI itself averages otherwise."""
    scores = boundary_scores(*(boundaries(masks_NHW) for masks_NHW in pairs))
    for n, (predicted_HW, reference_HW) in enumerate(zip(*pairs, strict=True)):
        edge_HW, other_HW = monai.utils.get_mask_edges(predicted_HW, reference_HW)
        ahead = monai.utils.get_surface_distance(edge_HW, other_HW)
        back = monai.utils.get_surface_distance(other_HW, edge_HW)
        assert scores.assd_N[n] == pytest.approx(np.concatenate([ahead, back]).mean(), abs=1e-4)


def test_the_pairs_are_diverse(pairs: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    predicted_NHW, reference_NHW = pairs
    areas = reference_NHW.sum(axis=(1, 2))
    assert areas.min() < 10
    assert areas.max() > 5000
    on_border = reference_NHW[:, 0].any(axis=1)
    assert 20 < on_border.sum() < PAIRS - 20
    dice = dice_N(predicted_NHW, reference_NHW)
    assert dice.min() == 0
    assert dice.max() > 0.9
