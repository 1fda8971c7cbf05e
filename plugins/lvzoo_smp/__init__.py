"""segmentation-models-pytorch as a plugin: declares, imports no network."""

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
            help="one of segmentation-models-pytorch's own, or tu- and the name of a timm model",
        ),
        "weights": Option(
            default=None,
            help="pretrained weights that the encoder starts from, by name, such as imagenet; none by default",
            training_only=True,
        ),
    },
    requires=("segmentation_models_pytorch", "timm"),
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """The one family; its entries stand in the project's registry.yaml."""
    return [SMP]
