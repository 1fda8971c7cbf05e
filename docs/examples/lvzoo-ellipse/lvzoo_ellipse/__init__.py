"""The plugin: this file only declares, so that listing the zoo imports no network."""

from collections.abc import Iterable
from pathlib import Path

from lvzoo import Family, Option, hookimpl


@hookimpl
def lvzoo_families() -> Iterable[Family]:
    """Offer the ellipse, whole or cut."""
    yield Family(
        name="ellipse",
        kind="mask",
        factory="lvzoo_ellipse.model:EllipseNet",
        summary="predicts an ellipse, five numbers, and fills it",
        options={
            "cut": Option(default=False, help="cut the ellipse across its long axis: a sixth number"),
            "width": Option(default=16, help="channels of the first level; doubled at each level below"),
            "softness_px": Option(default=1.0, help="how soft the ellipse's edge is in training, in pixels"),
        },
    )


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """Name the file with the models that this package stands behind."""
    yield Path(__file__).with_name("registry.yaml")
