"""Declares the networks of segmentation-models-pytorch. This module does not import them."""

from __future__ import annotations

from lvzoo import Family, Option, hookimpl

SMP = Family(
    name="smp",
    kind="mask",
    factory="lvzoo_smp.model:SegmentationNet",
    summary="encoder and decoder of segmentation-models-pytorch",
    options={
        "arch": Option(
            default="Unet",
            help="the decoder",
            choices=(
                *("Unet", "UnetPlusPlus", "FPN", "DeepLabV3Plus", "Linknet"),
                *("MAnet", "PAN", "UPerNet", "Segformer"),
            ),
        ),
        "encoder": Option(
            default="resnet34",
            help="an encoder of segmentation-models-pytorch, or tu- followed by the name of a timm model",
        ),
        "weights": Option(
            default=None,
            help="name of the pretrained weights that the encoder starts from, for example imagenet; none by default",
            training_only=True,
        ),
    },
    requires=("segmentation_models_pytorch", "timm"),
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """Return the one family; its entries are in the project's registry.yaml."""
    return [SMP]
