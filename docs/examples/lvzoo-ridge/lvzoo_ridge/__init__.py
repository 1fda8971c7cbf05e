"""Declares the plugin. This file does not import the network, so that `lvzoo list` stays fast."""

from collections.abc import Iterable
from pathlib import Path

from lvzoo import Family, Option, hookimpl


@hookimpl
def lvzoo_families() -> Iterable[Family]:
    """Declare the family: a linear model with a trainer of its own."""
    yield Family(
        name="ridge",
        kind="landmark",
        factory="lvzoo_ridge.model:LinearShape",
        trainer="lvzoo_ridge.trainer:RidgeTrainer",
        summary="landmarks as a linear function of a small frame, solved in closed form",
        options={
            "landmarks": Option(default=21, help="K, annulus and apex included", choices=(5, 7, 9, 13, 21)),
            "side": Option(default=28, help="rows and columns of the small frame"),
            "modes": Option(default=12, help="number of principal components of the shapes"),
        },
    )


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """Return the file with the named models of this package."""
    yield Path(__file__).with_name("registry.yaml")
