"""Declares the hand-written U-Net. This module does not import the network."""

from __future__ import annotations

from lvzoo import Family, Option, hookimpl

UNET = Family(
    name="unet",
    kind="mask",
    factory="lvzoo_unet.model:UNet",
    summary="U-Net: contracting and expansive path with skip connections",
    options={
        "width": Option(default=16, help="channels of the first level; doubled at each level below"),
        "levels": Option(default=4, help="how many times the frame is halved by 2x2 max pooling"),
        "stem": Option(
            default=1,
            help="blocks of stem x stem pixels become channels before the first layer; 2 is several times faster",
            choices=(1, 2, 4),
        ),
    },
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """Return the U-Net."""
    return [UNET]
