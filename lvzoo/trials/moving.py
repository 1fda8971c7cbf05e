"""Finds on another machine what a trial needs: its data and the noisy test frames, made there if they are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lvzoo.errors import DataError, name_option, show_name
from lvzoo.interfaces import Dataset
from lvzoo.registry import DataReader
from lvzoo.trials.prepare import CachedPhantom, NoisePlan, make_noise
from lvzoo.types import Event, FrameSet, Split


def list_packages(factories: Iterable[str | None]) -> tuple[str, ...]:
    """Return the packages of some factories such as "package.module:Class", each once.

    >>> list_packages(["lvzoo_unet.model:UNet", None, "lvzoo_unet.trainer:Trainer"])
    ('lvzoo_unet',)
    """
    names = [factory.partition(":")[0].partition(".")[0] for factory in factories if factory is not None]
    return tuple(dict.fromkeys(names))


def check_data(folder: Path, phantom: CachedPhantom | None, reader: DataReader) -> None:
    """Check that a data set lies on this machine. A phantom of the cache need not, because it can be made here.

    Raises:
        DataError: it does not.
    """
    if phantom is not None:
        return
    if not folder.exists():
        raise DataError(
            f"{show_name(folder)}: no such folder there; put the same data at the same path on every node"
        )
    reader.open(folder)


def find_data(
    folder: Path,
    phantom: CachedPhantom | None,
    reader: DataReader,
    *,
    fingerprints: Mapping[Split, str],
    noise: NoisePlan,
    report: Callable[[Event], None],
) -> Path:
    """Return the folder of a data set on this machine, whose splits have the given fingerprints.

    A phantom of the cache and the noisy test frames are made here if the cache lacks them.

    Raises:
        DataError: the data are missing here, or have other fingerprints.
    """
    here = folder if phantom is None else phantom.find(lambda _name, event: report(event))
    loaded = _load(reader.open(here), fingerprints, here, phantom)
    make_noise(loaded["test"], noise, lambda _name, event: report(event))
    return here


def _load(
    dataset: Dataset, fingerprints: Mapping[Split, str], folder: Path, phantom: CachedPhantom | None
) -> Mapping[Split, FrameSet]:
    """Return the splits; DataError if one has another fingerprint."""
    loaded = {split: dataset.load(split) for split in fingerprints}
    for split, frames in loaded.items():
        if frames.source.fingerprint != fingerprints[split]:
            why = (
                "copy the folder as it is on the machine where the run began"
                if phantom is None
                else "its processor draws other pictures; write the phantom into a folder that all nodes see (lvzoo "
                f"data phantom), and name it: {name_option('data')}"
            )
            raise DataError(
                f"{show_name(folder)}: the {split} frames there differ from those of the run; {why}"
            )
    return loaded
