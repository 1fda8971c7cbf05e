"""Declares the two families of landmark models. This module does not import the networks."""

from __future__ import annotations

from lvzoo import Family, Option, hookimpl

CURVE = Option(
    default="spline",
    help="how the landmarks are joined: by a natural cubic spline, or by straight lines (polygon)",
    choices=("spline", "polygon"),
)

HEATMAP = Family(
    name="landmark-heatmap",
    kind="landmark",
    factory="lvzoo_landmarks.heatmap:HeatmapUNet",
    summary="U-Net with one heatmap for each ordered anatomical landmark",
    options={
        "landmarks": Option(default=7, help="K, annulus and apex included", choices=(5, 7, 9, 13, 21)),
        "width": Option(default=16, help="channels of the first level; doubled at each level below"),
        "levels": Option(default=4, help="how many times the frame is halved by 2x2 max pooling"),
        "stem": Option(
            default=1,
            help="blocks of stem x stem pixels become channels before the first layer; 2 is several times faster",
            choices=(1, 2, 4),
        ),
        "sigma_px": Option(
            default=2.0, help="standard deviation of the heatmap's Gaussian target, in pixels"
        ),
        "loss": Option(
            default="cross-entropy",
            help="cross-entropy: the heatmap is a distribution (with decode mean, plus the distance of its mean); "
            "dsnt: the distance of the mean, with a regulariser; mse: plain heatmaps, trained by squared error",
            choices=("cross-entropy", "dsnt", "mse"),
        ),
        "target": Option(
            default="gaussian",
            help="a Gaussian at the landmark, or the same Gaussian limited to a band along the contour, as in the "
            "original study",
            choices=("gaussian", "band"),
        ),
        "decode": Option(
            default="mean",
            help="how a landmark is read from its heatmap: mean, dark (sub-pixel peak) or argmax (highest pixel); "
            "with dark or argmax, the loss cross-entropy does not add the distance of the mean",
            choices=("mean", "dark", "argmax"),
        ),
        "curve": CURVE,
    },
)

COORDS = Family(
    name="landmark-coords",
    kind="landmark",
    factory="lvzoo_landmarks.coords:CoordinateRegressor",
    summary="encoder with a linear head that predicts the coordinates of the landmarks",
    options={
        "landmarks": Option(default=7, help="K, annulus and apex included", choices=(5, 7, 9, 13, 21, 41)),
        "encoder": Option(
            default="small",
            help="small (the contracting path of the benchmark's U-Net), or the name of a convolutional encoder of "
            "timm, for example resnet18; always without pretrained weights",
        ),
        "curve": CURVE,
    },
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """Return the heatmap family and the coordinate family."""
    return [HEATMAP, COORDS]
