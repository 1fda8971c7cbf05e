"""The plugin: this file only declares, so that listing the zoo imports no network."""

from collections.abc import Iterable
from pathlib import Path

from lvzoo import Family, Option, hookimpl


@hookimpl
def lvzoo_families() -> Iterable[Family]:
    """Offer the linear model, which its own trainer solves for."""
    yield Family(
        name="ridge",
        kind="landmark",
        factory="lvzoo_ridge.model:LinearShape",
        trainer="lvzoo_ridge.trainer:RidgeTrainer",
        summary="landmarks as a linear function of a small frame, solved in closed form",
        options={
            "landmarks": Option(default=21, help="K: annulus, walls and apex", choices=(5, 7, 9, 13, 21)),
            "side": Option(default=28, help="rows and columns of the small frame"),
            "modes": Option(default=12, help="how many ways to vary a shape has: principal components"),
        },
    )


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """Name the file with the models that this package stands behind."""
    yield Path(__file__).with_name("registry.yaml")
