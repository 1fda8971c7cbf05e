"""Landmark models as a plugin: declares, imports no network."""

from __future__ import annotations

from lvzoo import Family, Option, hookimpl

CURVE = Option(
    default="spline",
    help="what joins the landmarks: a natural cubic spline, or straight lines",
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
            help="blocks of stem x stem pixels become channels before the first layer: 2 is several times faster",
            choices=(1, 2, 4),
        ),
        "sigma_px": Option(
            default=2.0, help="standard deviation of the heatmap's Gaussian target, in pixels"
        ),
        "loss": Option(
            default="cross-entropy",
            help="a heatmap is a distribution trained by cross-entropy (with decode mean, also by the distance of "
            "its mean), or by DSNT (distance of its mean, regularised), or plain values trained by squared error",
            choices=("cross-entropy", "dsnt", "mse"),
        ),
        "target": Option(
            default="gaussian",
            help="a Gaussian about the landmark, or that Gaussian held to a band along the contour, as in the "
            "original study",
            choices=("gaussian", "band"),
        ),
        "decode": Option(
            default="mean",
            help="where a heatmap says its landmark is: at its mean, at its peak below a pixel (DARK), or at its "
            "highest pixel; with either peak, cross-entropy is trained without the distance of the mean",
            choices=("mean", "dark", "argmax"),
        ),
        "curve": CURVE,
    },
)

COORDS = Family(
    name="landmark-coords",
    kind="landmark",
    factory="lvzoo_landmarks.coords:CoordinateRegressor",
    summary="encoder with a linear head that gives the landmarks' coordinates",
    options={
        "landmarks": Option(default=7, help="K, annulus and apex included", choices=(5, 7, 9, 13, 21, 41)),
        "encoder": Option(
            default="small",
            help="small (the contracting path of the benchmark's U-Net), or a convolutional encoder of timm by name, "
            "such as resnet18; none has pretrained weights",
        ),
        "curve": CURVE,
    },
)


@hookimpl
def lvzoo_families() -> list[Family]:
    """Heatmaps, and coordinates."""
    return [HEATMAP, COORDS]
