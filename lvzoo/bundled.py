"""Implements the hooks of the plugin `core`: lvzoo's own data sets, noise suite and catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lvzoo.hookspecs import hookimpl
from lvzoo.types import DatasetSource, NoiseSource

if TYPE_CHECKING:
    from collections.abc import Iterable

ECHONET_MARKERS = ("FileList.csv", "VolumeTracings.csv", "Videos")


@hookimpl
def lvzoo_datasets() -> Iterable[DatasetSource]:
    """EchoNet-Dynamic, and the phantom: it has the same layout and a further file that marks it as synthetic."""
    return [
        DatasetSource(
            name="echonet-dynamic",
            factory="lvzoo.data.echonet:EchoNetDynamic",
            summary="EchoNet-Dynamic, as its authors ship it",
            markers=ECHONET_MARKERS,
        ),
        DatasetSource(
            name="phantom",
            factory="lvzoo.phantom.dataset:Phantom",
            summary="synthetic echo phantom in EchoNet-Dynamic's layout",
            markers=(*ECHONET_MARKERS, "SYNTHETIC.json"),
        ),
        DatasetSource(
            name="phantom-beats",
            factory="lvzoo.phantom.dataset:phantom_of_beats",
            summary="synthetic echo phantom with more traced frames of each beat",
            markers=(*ECHONET_MARKERS, "SYNTHETIC.json", "FurtherTracings.csv"),
        ),
    ]


@hookimpl
def lvzoo_noises() -> Iterable[NoiseSource]:
    """The suite of the benchmark."""
    return [
        NoiseSource(
            name="noise-v1",
            factory="lvzoo.noise.suite:NoiseV1",
            summary="13 corruptions of four families (acoustic, electronic, resolution, digital) at five severities",
        )
    ]


@hookimpl
def lvzoo_catalogues() -> Iterable[Path]:
    """The project's own registry.yaml; it lies in the installed package, or at the root of a checkout."""
    here = Path(__file__).parent
    installed = here / "registry.yaml"
    return [installed if installed.exists() else here.parent / "registry.yaml"]
