"""EchoNet-Dynamic's segmentation network, for the checkpoint that its authors published.

Ouyang et al. 2020, doi 10.1038/s41586-020-2145-8. Their network is torchvision's DeepLabV3 with ResNet-50 and one
output. It takes three channels of 0..255, from which the mean and the standard deviation of their training set are
removed. The checkpoint does not contain these six numbers; `lvzoo_foreign.grey` computes them.
"""

from torchvision.models.segmentation import deeplabv3_resnet50

from lvzoo.foreign.wrap import ForeignMaskModel, read_numbers


class EchoNetDeepLab(ForeignMaskModel):
    """Returns one logit per pixel, positive inside the left ventricle. Nothing is downloaded."""

    def __init__(self, *, mean: str, std: str) -> None:
        super().__init__(
            deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=1, aux_loss=False),
            channels=3,
            scale=255,
            mean=read_numbers(mean),
            std=read_numbers(std),
        )
