"""The networks of segmentation-models-pytorch take any frame, train all their parameters, and can be saved."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import PluginError, UsageError
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Entry, Recipe, Trial
from lvzoo.weights.network import save_model
from lvzoo_smp import SMP
from lvzoo_smp.model import SegmentationNet
from tests.toys import toy_batch

ENTRIES = (
    *("smp-mobilenetv2", "smp-efficientnet-b0", "smp-fpn-convnext-atto", "smp-segformer-b0"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("smp-resnet34", "smp-deeplabv3plus-resnet50")),
)
ARCHS = SMP.options["arch"].choices
SIZES_HW = ((112, 112), (96, 128), (110, 115), (20, 33))


def entry(name: str) -> Entry:
    return open_zoo().select(name)[0]


@functools.cache
def model_of(name: str) -> SegmentationNet:
    model = build_model(entry(name))
    assert isinstance(model, SegmentationNet)
    return model


def small(arch: str, encoder: str = "resnet18") -> SegmentationNet:
    return SegmentationNet(arch=arch, encoder=encoder, weights=None)


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


def test_the_zoo_holds_these_entries() -> None:
    names = [each.name for each in open_zoo().entries if each.plugin == "smp"]
    assert sorted(names) == sorted(str(getattr(each, "values", (each,))[0]) for each in ENTRIES)


@pytest.mark.parametrize("size_HW", SIZES_HW)
@pytest.mark.parametrize("name", ENTRIES)
def test_frames_and_batches_may_have_any_size(name: str, size_HW: tuple[int, int]) -> None:
    model = model_of(name).eval()
    for count in (1, 2):
        with torch.inference_mode():
            logits_B1HW = model(torch.rand(count, 1, *size_HW))
        assert logits_B1HW.shape == (count, 1, *size_HW)
        assert logits_B1HW.isfinite().all()
        masks_BHW = model.decode(logits_B1HW, size_HW=size_HW).masks_BHW
        assert masks_BHW.shape == (count, *size_HW)
        assert masks_BHW.dtype == np.bool_


@pytest.mark.parametrize("name", ENTRIES)
def test_the_loss_reaches_every_parameter_that_is_trained(name: str) -> None:
    model = model_of(name).train()
    model.zero_grad()
    loss = model.loss(model(toy_batch(2).frames_B1HW), toy_batch(2))
    loss.backward()  # type: ignore[no-untyped-call] # torch's own
    assert loss.isfinite()
    for parameter in trainable(model).values():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("name", ENTRIES)
def test_saved_weights_are_loaded(name: str, tmp_path: Path) -> None:
    model = model_of(name).eval()
    save_model(model, Trial(entry=entry(name), data="toy", seed=0, recipe=Recipe()), tmp_path)
    frames_B1HW = torch.rand(2, 1, 112, 112)
    with torch.inference_mode():
        assert torch.equal(lvzoo.load(tmp_path)(frames_B1HW), model(frames_B1HW))


@pytest.mark.parametrize("arch", ARCHS)
def test_every_arch_trains_on_a_plain_encoder(arch: str) -> None:
    model = small(arch).train()
    assert model(torch.rand(2, 1, 110, 115)).shape == (2, 1, 110, 115)
    assert all(each.requires_grad for each in model.parameters())


def test_logits_lie_where_their_pixels_are() -> None:
    model = small("Unet")
    model.network = nn.Identity()
    frames_B1HW = torch.rand(1, 1, 110, 115)
    assert torch.equal(model(frames_B1HW), model.normalise(frames_B1HW))


@pytest.mark.parametrize(("arch", "multiple"), [("Unet", 32), ("DeepLabV3Plus", 16), ("PAN", 128)])
def test_frames_are_padded_to_what_the_network_can_halve(arch: str, multiple: int) -> None:
    model = small(arch).eval()
    seen: list[tuple[int, ...]] = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape[-2:])))
    with torch.inference_mode():
        model(torch.rand(1, 1, 97, 112))
    assert seen == [tuple(-(-side // multiple) * multiple for side in (97, 112))]


def test_all_batch_norms_have_the_momentum_of_the_zoo() -> None:
    network = SegmentationNet(arch="Unet", encoder="efficientnet-b0", weights=None)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert norms
    assert {layer.momentum for layer in norms} == {0.1}, "the encoder's own is 0.01"


def test_parameters_without_influence_on_the_logits_are_frozen() -> None:
    model = model_of("smp-efficientnet-b0")
    frozen = {name for name, _ in model.named_parameters()} - trainable(model).keys()
    assert frozen == {f"network.encoder.{name}" for name in ("_conv_head.weight", "_bn1.weight", "_bn1.bias")}


@pytest.mark.parametrize("arch", ["DeepLabV3Plus", "PAN", "UPerNet"])
def test_training_on_a_single_frame_is_refused_if_features_are_normalised_over_the_batch(arch: str) -> None:
    with pytest.raises(
        UsageError, match=f"{arch} cannot be trained on a batch of one frame.*batch_size to 2"
    ):
        small(arch).train()(torch.rand(1, 1, 112, 112))


def test_an_encoder_bound_to_one_frame_size_is_refused() -> None:
    with pytest.raises(PluginError, match="does not take frames of 112 x 112 px"):
        small("Unet", "tu-swin_tiny_patch4_window7_224")


def test_parts_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"UnetPlusPlus.*mit_b0"):
        small("UnetPlusPlus", "mit_b0")


def test_without_the_library_the_entries_are_listed_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    monkeypatch.delitem(sys.modules, "lvzoo_smp.model")
    monkeypatch.delitem(sys.modules, "lvzoo_smp.pretrained")
    assert main(["list", "smp-*"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("needs segmentation_models_pytorch") == len(ENTRIES)
    assert main(["info", "smp-mobilenetv2"]) == 0
    assert "segmentation_models_pytorch (missing), timm (installed)" in " ".join(
        capsys.readouterr().out.split()
    )
    with pytest.raises(PluginError, match="segmentation_models_pytorch"):
        build_model(entry("smp-mobilenetv2"))


@pytest.mark.slow
def test_a_small_entry_is_trained_and_ranked(tmp_path: Path) -> None:
    result = lvzoo.bench(
        "smp-mobilenetv2",
        preset="smoke",
        epochs=1,
        severities=(1,),
        resamples=200,
        executor="inline",
        out=tmp_path / "run",
    )
    assert set(result.scores["model"]) == {"smp-mobilenetv2"}
    frames_B1HW = torch.rand(1, 1, 112, 112)
    assert (
        lvzoo.load(tmp_path / "run" / "trials" / "smp-mobilenetv2-s0")(frames_B1HW).shape == frames_B1HW.shape
    )
