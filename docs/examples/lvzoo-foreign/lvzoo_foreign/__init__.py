"""Declares the plugin. This file does not import the networks, so that `lvzoo list` stays fast."""

from collections.abc import Iterable
from pathlib import Path

from lvzoo import Family, Option, hookimpl

PATH = Option(default="model.onnx", help="the ONNX file: an absolute path, or one from the working folder")
NUMBERS = "one number, or one per channel"


@hookimpl
def lvzoo_families() -> Iterable[Family]:
    """Declare a torch module, EchoNet-Dynamic's DeepLabV3, and any ONNX file."""
    yield Family(
        name="foreign-net",
        kind="mask",
        factory="lvzoo_foreign.net:ForeignNet",
        summary="a torch module for colour images of 96 x 128, with four classes",
    )
    yield Family(
        name="echonet-deeplab",
        kind="mask",
        factory="lvzoo_foreign.deeplab:EchoNetDeepLab",
        summary="the DeepLabV3 with ResNet-50 of EchoNet-Dynamic's authors",
        options={
            "mean": Option(default="33", help=f"mean grey level of the training set, 0..255: {NUMBERS}"),
            "std": Option(default="49", help=f"standard deviation of the grey levels: {NUMBERS}"),
        },
        requires=("torchvision",),
    )
    yield Family(
        name="onnx-mask",
        kind="mask",
        factory="lvzoo_foreign.files:OnnxMask",
        summary="a mask network in an ONNX file",
        options={
            "path": PATH,
            "rows": Option(default=0, help="rows of its input; 0: what the file states, or 112"),
            "columns": Option(default=0, help="columns of its input; 0: what the file states, or 112"),
            "channels": Option(default=0, help="channels of its input; 0: what the file states, or 1"),
            "scale": Option(default=1.0, help="the largest grey level that it expects, for example 255"),
            "mean": Option(default="0", help=f"subtracted from the grey levels: {NUMBERS}"),
            "std": Option(default="1", help=f"the difference is divided by it: {NUMBERS}"),
            "scores": Option(
                default="logits",
                help="what it returns for each class and pixel",
                choices=("logits", "sigmoid", "class-logits", "softmax"),
            ),
            "target": Option(default=0, help="the index of the left ventricle among the classes"),
        },
        requires=("onnxruntime",),
        trainable=False,
    )
    yield Family(
        name="onnx-landmark",
        kind="landmark",
        factory="lvzoo_foreign.files:OnnxLandmarks",
        summary="a landmark network in an ONNX file that `lvzoo export` wrote",
        options={"path": PATH},
        requires=("onnxruntime",),
        trainable=False,
    )


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """Return the file with the named models of this package."""
    yield Path(__file__).with_name("registry.yaml")
