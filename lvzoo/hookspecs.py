"""Every hook that a plugin may implement. A plural noun returns records, a past-tense verb notifies.

A plugin is a module named by an entry point of the group `lvzoo`. It marks its functions with `lvzoo.hookimpl`
and only declares: factories are strings, so that listing the zoo imports no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lvzoo.types import DatasetSource, Family, NoiseSource, Scores, Trial

HOOKSPEC_VERSION: Final = 1
"""A plugin that needs another version says so: `LVZOO_HOOKSPEC_VERSION = 2` in its entry module."""
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
    """Return the plugin's own `registry.yaml` files: entries that it stands behind.

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
    """Return the layouts of files that the plugin reads.

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
    """Return the suites of corruptions that the plugin offers.

    >>> from lvzoo import NoiseSource, hookimpl
    >>> @hookimpl
    ... def lvzoo_noises():
    ...     yield NoiseSource(
    ...         name="my-noise-v1",
    ...         factory="my_package.noise:MyNoise",
    ...         summary="what our ward's machines do",
    ...     )
    >>> [source.name for source in lvzoo_noises()]
    ['my-noise-v1']
    """


@hookspec
def lvzoo_epoch_finished(trial: Trial, epoch: int, train_loss: float, val_dice: float) -> None:
    """Hear that a trial has finished an epoch (they count from 1).

    >>> from lvzoo import hookimpl
    >>> @hookimpl
    ... def lvzoo_epoch_finished(trial, epoch, val_dice):
    ...     print(f"{trial} epoch {epoch}: {val_dice:.3f}")
    >>> lvzoo_epoch_finished(trial="unet-s0", epoch=1, val_dice=0.91)
    unet-s0 epoch 1: 0.910
    """


@hookspec
def lvzoo_trial_finished(trial: Trial, scores: Scores) -> None:
    """Hear that a trial is trained and scored; `scores` has a row a frame and condition.

    >>> from lvzoo import hookimpl
    >>> @hookimpl
    ... def lvzoo_trial_finished(trial, scores):
    ...     print(f"{trial}: {len(scores)} scores")
    >>> lvzoo_trial_finished(trial="unet-s0", scores=[0.91, 0.93])
    unet-s0: 2 scores
    """
