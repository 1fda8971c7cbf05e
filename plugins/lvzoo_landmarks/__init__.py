"""Landmark models as a plugin: declares, imports no network."""

from __future__ import annotations

from lvzoo import Family, Option, hookimpl

HEATMAP = Family(
    name="landmark-heatmap",
    kind="landmark",
    factory="lvzoo_landmarks.heatmap:HeatmapUNet",
    summary="U-Net with one heatmap for each ordered anatomical landmark",
    options={
        "landmarks": Option(default=7, help="K, annulus and apex included", choices=(5, 7, 9, 13, 21)),
        "width": Option(default=16, help="channels of the first level; doubled at each level below"),
        "levels": Option(default=4, help="how many times the frame is halved by 2x2 max pooling"),
        "sigma_px": Option(
            default=2.0, help="standard deviation of the heatmap's Gaussian target, in pixels"
        ),
    },
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """The heatmap U-Net."""
    return [HEATMAP]
