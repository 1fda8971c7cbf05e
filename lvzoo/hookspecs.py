"""Specifies the hooks that a plugin may implement.

A hook named by a plural noun returns records; a hook named by a past-tense verb is notified of an event. A plugin is
the module that an entry point of the group `lvzoo` names. It marks its hooks with `lvzoo.hookimpl`. Its factories are
strings, so that listing the zoo imports no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lvzoo.types import DatasetSource, Family, NoiseSource, Scores, Trial

HOOKSPEC_VERSION: Final = 1
"""A plugin written for another version sets it in its entry module: `LVZOO_HOOKSPEC_VERSION = 2`."""
PROJECT: Final = "lvzoo"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def lvzoo_families() -> Iterable[Family]:  # type: ignore[empty-body]
    """Return the architectures that the plugin offers.

    >>> from lvzoo import Family, Option, hookimpl
    >>> @hookimpl
    ... def lvzoo_families():
    ...     yield Family(
    ...         name="my-net",
    ...         kind="mask",
    ...         factory="my_package.model:MyNet",
    ...         summary="three convolutions and a hope",
    ...         options={"width": Option(default=16, help="channels of the first level")},
    ...     )
    >>> [family.name for family in lvzoo_families()]
    ['my-net']
    """


@hookspec
def lvzoo_catalogues() -> Iterable[Path]:  # type: ignore[empty-body]
    """Return the paths of the plugin's own `registry.yaml` files, which hold its entries of the zoo.

    >>> from pathlib import Path
    >>> from lvzoo import hookimpl
    >>> @hookimpl
    ... def lvzoo_catalogues():
    ...     return [Path(__file__).with_name("registry.yaml")]
    >>> [path.name for path in lvzoo_catalogues()]
    ['registry.yaml']
    """


@hookspec
def lvzoo_datasets() -> Iterable[DatasetSource]:  # type: ignore[empty-body]
    """Return the data set layouts that the plugin can read.

    >>> from lvzoo import DatasetSource, hookimpl
    >>> @hookimpl
    ... def lvzoo_datasets():
    ...     yield DatasetSource(
    ...         name="my-clinic",
    ...         factory="my_package.reader:MyClinic",
    ...         summary="our archive's export",
    ...         markers=("export.json",),
    ...     )
    >>> [source.markers for source in lvzoo_datasets()]
    [('export.json',)]
    """


@hookspec
def lvzoo_noises() -> Iterable[NoiseSource]:  # type: ignore[empty-body]
    """Return the noise suites that the plugin offers.

    >>> from lvzoo import NoiseSource, hookimpl
    >>> @hookimpl
    ... def lvzoo_noises():
    ...     yield NoiseSource(
    ...         name="my-noise-v1",
    ...         factory="my_package.noise:MyNoise",
    ...         summary="the noise of our ward's machines",
    ...     )
    >>> [source.name for source in lvzoo_noises()]
    ['my-noise-v1']
    """


@hookspec
def lvzoo_epoch_finished(trial: Trial, epoch: int, train_loss: float, val_dice: float) -> None:
    """Called when a trial has finished an epoch; the first epoch is 1.

    >>> from lvzoo import hookimpl
    >>> @hookimpl
    ... def lvzoo_epoch_finished(trial, epoch, val_dice):
    ...     print(f"{trial} epoch {epoch}: {val_dice:.3f}")
    >>> lvzoo_epoch_finished(trial="unet-s0", epoch=1, val_dice=0.91)
    unet-s0 epoch 1: 0.910
    """


@hookspec
def lvzoo_trial_finished(trial: Trial, scores: Scores) -> None:
    """Called when a trial is trained and scored; `scores` has one row per frame and condition.

    >>> from lvzoo import hookimpl
    >>> @hookimpl
    ... def lvzoo_trial_finished(trial, scores):
    ...     print(f"{trial}: {len(scores)} scores")
    >>> lvzoo_trial_finished(trial="unet-s0", scores=[0.91, 0.93])
    unet-s0: 2 scores
    """
