"""The evaluator: one row of scores per frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.evaluate import evaluator
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.validate import mean_dice
from lvzoo.models.base import MaskModel
from lvzoo.types import CLEAN, SCORE_COLUMNS, Condition, Prediction
from lvzoo.types.learning import LABEL_COLUMNS
from tests.toys import toy_frames

EVALUATOR = FrameEvaluator(torch.device("cpu"), torch.float32)


class Threshold(MaskModel):
    """Finds the ventricles of the toy frames, which are dark."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        smooth = nn.functional.avg_pool2d(frames_B1HW, 3, stride=1, padding=1, count_include_pad=False)
        return 0.33 - smooth


class Nothing(MaskModel):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return torch.full_like(frames_B1HW, -1.0)


class WrongShape(Nothing):
    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        rows, columns = size_HW
        return Prediction(masks_BHW=np.zeros((len(output), columns + 1, rows), dtype=np.bool_))


class NanInEval(Threshold):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW) * (1 if self.training else float("nan"))


class Infinite(Nothing):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW) / 0


class NanLandmarks(Nothing):
    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        masks_BHW = super().decode(output, size_HW=size_HW).masks_BHW
        return Prediction(masks_BHW=masks_BHW, landmarks_BK2=np.full((len(output), 7, 2), np.nan, np.float32))


def test_frames_are_scored_in_parts_that_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, sizes = toy_frames(70), []

    def measure(_model: nn.Module, prediction: Prediction) -> NDArray[np.float64]:
        return np.asarray(prediction.masks_BHW.sum(axis=(1, 2)), dtype=np.float64)

    def score_masks(masks_NHW: NDArray[np.bool_], *rest: object) -> pd.DataFrame:
        sizes.append(len(masks_NHW))
        return score(masks_NHW, *rest)

    score: Callable[..., pd.DataFrame] = evaluator.score_masks
    monkeypatch.setattr(evaluator, "score_masks", score_masks)
    whole = FrameEvaluator(torch.device("cpu"), torch.float32, measure).score(Threshold(), frames, CLEAN)
    monkeypatch.setattr(evaluator, "FRAMES_AT_ONCE", 32)
    parts = FrameEvaluator(torch.device("cpu"), torch.float32, measure).score(Threshold(), frames, CLEAN)
    assert sizes == [70, 32, 32, 6]
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)


def test_there_is_one_row_per_frame_in_order() -> None:
    frames = toy_frames(70)
    scores = EVALUATOR.score(Threshold(), frames, Condition(corruption="haze", severity=2))
    assert scores["frame"].tolist() == list(frames.frame_indices)
    assert scores["video"].tolist() == list(frames.videos)
    assert set(scores["corruption"]) == {"haze"}
    assert set(scores["severity"]) == {2}
    assert scores["dice"].min() > 0.9
    assert scores["area_ref"].tolist() == frames.masks_NHW.sum(axis=(1, 2)).tolist()


def test_every_column_is_filled() -> None:
    frames = toy_frames(10)
    scores = EVALUATOR.score(Threshold(), frames, CLEAN)
    of_others = {"model", "seed", "volume_ref", "volume_perfect", "ef_listed", *LABEL_COLUMNS}
    assert set(scores.columns) == set(SCORE_COLUMNS) - of_others
    assert scores["volume_pred"].isna().all(), "nobody said how to measure it"
    assert not scores.drop(columns="volume_pred").isna().any(axis=None)
    assert scores["nsd2"].between(0.95, 1).all()
    assert (scores["nsd1"] <= scores["nsd2"]).all()
    assert scores["assd"].between(0.001, 0.2).all()
    assert scores["hd95"].between(0, 2).all()
    assert (scores["components"] >= 1).all()
    assert not scores["apex_below_base"].any()


def test_volumes_are_measured_as_the_evaluator_is_told() -> None:
    def count_pixels(model: nn.Module, prediction: Prediction) -> NDArray[np.float64]:
        assert isinstance(model, Threshold)
        return np.asarray(prediction.masks_BHW.sum(axis=(1, 2)), dtype=np.float64)

    scores = FrameEvaluator(torch.device("cpu"), torch.float32, count_pixels).score(
        Threshold(), toy_frames(70), CLEAN
    )
    assert scores["volume_pred"].tolist() == scores["area_pred"].tolist()


def test_an_empty_prediction_has_the_worst_distances_and_no_pieces() -> None:
    scores = EVALUATOR.score(Nothing(), toy_frames(4), CLEAN)
    assert (scores[["area_pred", "components", "holes", "nsd1", "nsd2"]] == 0).all(axis=None)
    assert scores["hd95"].tolist() == scores["assd"].tolist() == pytest.approx([112 * 2**0.5] * 4)
    assert not scores["apex_below_base"].any()


def test_references_are_those_of_the_present_frames() -> None:
    """One evaluator scores several frame sets, one after another."""
    one, other = toy_frames(6, seed=1), toy_frames(4, seed=2)
    for frames in (one, other, one):
        fresh = FrameEvaluator(torch.device("cpu"), torch.float32)
        pd.testing.assert_frame_equal(
            EVALUATOR.score(Threshold(), frames, CLEAN), fresh.score(Threshold(), frames, CLEAN)
        )


def test_validation_is_the_mean_over_patients() -> None:
    frames = dataclasses.replace(toy_frames(4), patients=("A", "A", "A", "B"))
    scores = EVALUATOR.score(Threshold(), frames, CLEAN)
    expected = (scores["dice"][:3].mean() + scores["dice"][3]) / 2
    assert mean_dice(
        Threshold(), frames, device=torch.device("cpu"), precision=torch.float32
    ) == pytest.approx(expected, abs=1e-12)
    assert expected != pytest.approx(scores["dice"].mean(), abs=1e-12)


def test_an_empty_prediction_scores_zero_though_most_pixels_are_right() -> None:
    frames = toy_frames(4)
    scores = EVALUATOR.score(Nothing(), frames, CLEAN)
    assert (scores["dice"] == 0).all()
    assert (~frames.masks_NHW).mean() > 0.85, "the pixel accuracy of an empty prediction"


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(
        PluginError, match=r"^WrongShape\.decode .*masks of bool \(4, 113, 112\).*\(4, 112, 112\)"
    ):
        EVALUATOR.score(WrongShape(), toy_frames(4), CLEAN)


@pytest.mark.parametrize("model", [NanInEval(), Infinite()], ids=["nan", "infinite"])
def test_outputs_that_are_not_finite_are_refused_rather_than_scored_0(model: MaskModel) -> None:
    name = type(model).__name__
    with pytest.raises(PluginError, match=rf"^{name}\.forward .*not finite .*--precision float32"):
        EVALUATOR.score(model, toy_frames(4), CLEAN)
    with pytest.raises(PluginError, match="not finite"):
        mean_dice(model, toy_frames(4), device=torch.device("cpu"), precision=torch.float32)


def test_landmarks_that_are_not_finite_are_refused() -> None:
    with pytest.raises(PluginError, match=r"^NanLandmarks\.decode .*landmarks that are not finite"):
        EVALUATOR.score(NanLandmarks(), toy_frames(4), CLEAN)
