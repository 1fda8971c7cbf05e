"""A network that was trained elsewhere gives the same masks in lvzoo as when it is run by hand.

By hand means Pillow for resizing, and numpy for everything else but the network itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.evaluate.predict import predict_masks
from lvzoo.foreign.wrap import ForeignMaskModel, Scores, read_numbers
from tests.toys import toy_batch, toy_frames

CLASSES = 3
MEAN, STD = (40.0, 50.0, 60.0), (30.0, 20.0, 10.0)
TARGET = 1


class Theirs(nn.Module):
    """A small network of three input channels and three classes, with an activation at its end or without."""

    def __init__(self, activation: nn.Module | None = None) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 5, padding=2), nn.Tanh(), nn.Conv2d(8, CLASSES, 5, padding=2)
        )
        self.activation = activation or nn.Identity()

    def forward(self, images_B3HW: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.activation(8 * self.layers(images_B3HW))
        return scores


def resize(plane_HW: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.float32]:
    """Resize by Pillow's bilinear filter, which is smoothed when it shrinks."""
    image = Image.fromarray(plane_HW.astype(np.float32))
    return np.asarray(image.resize(size_HW[::-1], Image.Resampling.BILINEAR))


def run_by_hand(
    network: nn.Module, frames_NHW: NDArray[np.uint8], size_HW: tuple[int, int]
) -> NDArray[np.float32]:
    """Return the scores (N, C, h, w) of the network for grey levels of 0..255, as its authors would."""
    planes_NHW = np.stack([resize(frame_HW, size_HW) for frame_HW in frames_NHW])
    images_N3HW = np.stack([(planes_NHW - mean) / std for mean, std in zip(MEAN, STD, strict=True)], axis=1)
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(images_N3HW.astype(np.float32))))


def wrap(network: nn.Module, size_HW: tuple[int, int], scores: Scores) -> ForeignMaskModel:
    return ForeignMaskModel(
        network,
        size_HW=size_HW,
        channels=3,
        scale=255,
        mean=MEAN,
        std=STD,
        scores=scores,
        target=TARGET,
    )


def predict(model: nn.Module, frames_NHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return predict_masks(model, frames_NHW, device=torch.device("cpu"), precision=torch.float32)


def agreement(one_NHW: NDArray[np.bool_], other_NHW: NDArray[np.bool_]) -> float:
    """Return the share of pixels that are the same, after checking that the masks are worth comparing."""
    assert 0.02 < one_NHW.mean() < 0.98
    return float((one_NHW == other_NHW).mean())


@pytest.mark.parametrize("size_HW", [(112, 112), (160, 128), (64, 48)])
@pytest.mark.parametrize(
    ("scores", "activation"),
    [("logits", None), ("sigmoid", nn.Sigmoid()), ("class-logits", None), ("softmax", nn.Softmax(dim=1))],
)
def test_the_scores_are_those_of_the_network_run_by_hand(
    size_HW: tuple[int, int], scores: Scores, activation: nn.Module | None
) -> None:
    frames = toy_frames(3).frames_NHW
    network = Theirs(activation)
    by_hand_NCHW = run_by_hand(network, frames, size_HW)
    if scores in ("class-logits", "softmax"):
        inside_NHW = by_hand_NCHW.argmax(axis=1) == TARGET
    else:
        inside_NHW = by_hand_NCHW[:, TARGET] >= (0.5 if scores == "sigmoid" else 0)
    with torch.no_grad():
        logits_N1HW = wrap(network, size_HW, scores)(torch.from_numpy(frames)[:, None] / 255)
    assert logits_N1HW.shape == (3, 1, *size_HW)
    assert agreement(inside_NHW, logits_N1HW[:, 0].numpy() >= 0) > 0.9995


def test_the_masks_are_those_of_the_network_run_by_hand() -> None:
    """The logits of the class are resized to the frame, and the mask is where they are not negative."""
    frames, size_HW = toy_frames(3).frames_NHW, (160, 128)
    network = Theirs()
    own_NHW = run_by_hand(network, frames, size_HW)[:, TARGET]
    # torch's rule for shrinking logits: interpolate between the nearest ones, as Pillow does only when it enlarges
    rows, columns = ((np.arange(112) + 0.5) * size / 112 - 0.5 for size in size_HW)
    low_row, low_column = np.floor(rows).astype(int), np.floor(columns).astype(int)
    at_row, at_column = (rows - low_row)[:, None], columns - low_column

    def take(down: int, right: int) -> NDArray[np.float32]:
        return own_NHW[:, (low_row + down)[:, None].clip(0, 159), (low_column + right).clip(0, 127)]

    upper_NHW = take(0, 0) * (1 - at_column) + take(0, 1) * at_column
    lower_NHW = take(1, 0) * (1 - at_column) + take(1, 1) * at_column
    by_hand_NHW = upper_NHW * (1 - at_row) + lower_NHW * at_row >= 0
    assert agreement(by_hand_NHW, predict(wrap(network, size_HW, "logits"), frames)) > 0.9995


def test_probabilities_and_logits_of_one_network_give_one_mask() -> None:
    frames = toy_frames(4).frames_NHW
    pairs: Sequence[tuple[Scores, Scores, nn.Module]] = (
        ("logits", "sigmoid", nn.Sigmoid()),
        ("class-logits", "softmax", nn.Softmax(dim=1)),
    )
    for before, after, activation in pairs:
        one, other = wrap(Theirs(), (112, 112), before), wrap(Theirs(activation), (112, 112), after)
        assert agreement(predict(one, frames), predict(other, frames)) > 0.9995


def test_the_output_may_be_a_dict_a_tuple_or_without_a_class_axis() -> None:
    frames_B1HW = toy_batch(2).frames_B1HW

    class Packed(nn.Module):
        def __init__(self, how: str) -> None:
            super().__init__()
            self.how = how

        def forward(self, images_B1HW: torch.Tensor) -> object:
            packed: dict[str, object] = {
                "dict": {"aux": images_B1HW * 0, "out": images_B1HW},
                "tuple": (images_B1HW, images_B1HW * 0),
                "plane": images_B1HW[:, 0],
                "text": "no tensor",
            }
            return packed[self.how]

    for how in ("dict", "tuple", "plane"):
        assert torch.equal(ForeignMaskModel(Packed(how))(frames_B1HW), frames_B1HW)
    with pytest.raises(
        PluginError, match="Packed returns no tensor that lvzoo can find; write a method `pick`"
    ):
        ForeignMaskModel(Packed("text"))(frames_B1HW)


def test_a_torch_module_can_be_trained() -> None:
    batch = toy_batch(2)
    model = wrap(Theirs(nn.Softmax(dim=1)), (64, 64), "softmax")
    model.loss(model(batch.frames_B1HW), batch).backward()  # type: ignore[no-untyped-call]
    assert all(each.grad is not None and each.grad.any() for each in model.parameters())


def test_a_wrong_description_is_an_error() -> None:
    frames_B1HW = toy_batch(2).frames_B1HW
    with pytest.raises(PluginError, match="no probabilities as scores 'sigmoid' says; use 'logits'"):
        wrap(Theirs(), (112, 112), "sigmoid")(frames_B1HW)
    with pytest.raises(PluginError, match="no probabilities as scores 'softmax' says; use 'class-logits'"):
        wrap(Theirs(), (112, 112), "softmax")(frames_B1HW)
    with pytest.raises(PluginError, match=r"returned shape \(2, 3, 112, 112\), which has no class 3"):
        ForeignMaskModel(Theirs(), channels=3, target=3)(frames_B1HW)
    with pytest.raises(PluginError, match="has no class 0 for scores 'class-logits'"):
        ForeignMaskModel(nn.Identity(), scores="class-logits")(frames_B1HW)


def test_contradictions_are_errors_before_anything_runs() -> None:
    with pytest.raises(PluginError, match="mean has 2 numbers for 3 channels; give one, or one per channel"):
        ForeignMaskModel(nn.Identity(), channels=3, mean=(1, 2))
    with pytest.raises(PluginError, match=r"std is \[0.0\]; give finite numbers, and an std above 0"):
        ForeignMaskModel(nn.Identity(), std=0)
    with pytest.raises(
        PluginError, match="scores is 'argmax'; use one of logits, sigmoid, class-logits, softmax"
    ):
        ForeignMaskModel(nn.Identity(), scores="argmax")  # type: ignore[arg-type]
    with pytest.raises(PluginError, match=r"size_HW is \(96, 0\); give both the rows and the columns"):
        ForeignMaskModel(nn.Identity(), size_HW=(96, 0))
    with pytest.raises(PluginError, match="channels is 0; give the number of channels"):
        ForeignMaskModel(nn.Identity(), channels=0)
    with pytest.raises(PluginError, match="target is -1; give the index"):
        ForeignMaskModel(nn.Identity(), target=-1)
    with pytest.raises(PluginError, match=r"'0\.5; 0\.4' has a part that is not a number"):
        read_numbers("0.5; 0.4")
