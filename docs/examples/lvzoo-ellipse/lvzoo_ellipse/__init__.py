"""Declares the plugin. This file does not import the network, so that `lvzoo list` stays fast."""

from collections.abc import Iterable
from pathlib import Path

from lvzoo import Family, Option, hookimpl


@hookimpl
def lvzoo_families() -> Iterable[Family]:
    """Declare the family: a tapered ellipse, whole or cut."""
    yield Family(
        name="ellipse",
        kind="mask",
        factory="lvzoo_ellipse.model:EllipseNet",
        summary="predicts a tapered ellipse, six numbers, and fills it",
        options={
            "cut": Option(
                default=False, help="cut the ellipse across its long axis; this is the seventh number"
            ),
            "width": Option(default=16, help="channels of the first level; doubled at each level below"),
            "softness_px": Option(default=1.0, help="how soft the ellipse's edge is in training, in pixels"),
        },
    )


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """Return the file with the named models of this package."""
    yield Path(__file__).with_name("registry.yaml")
