"""Digests of the code that computes a trial's numbers: one of training, one of scoring.

The keys of a trial hold them, so that an edited network is not taken for the one that was trained. Only the contents
of files count, not their times. Commands, messages of other layers and the reader of weights files are in no digest:
they change no number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lvzoo.types import Family

CORE: Final = Path(__file__).parents[1]
"""The folder of the package `lvzoo`."""
NETWORK: Final = ("models", "geometry")
"""What a network computes with, beside its plugin's own code."""
TRAINING: Final = (*NETWORK, "train", "evaluate/dice.py", "evaluate/predict.py", "evaluate/validate.py")
"""What decides the weights of a trial. The Dice on the validation frames is part of it: it chooses the epoch."""
SCORING: Final = ("evaluate", "trials/scoring.py")
"""What decides the scores of a trained model."""


def training_code(family: Family) -> str:
    """Return a digest of the code that decides a family's trained weights: its plugin's package and lvzoo's own."""
    return _digest([*_core(TRAINING), *_packages(family)])


def network_code(family: Family) -> str:
    """Return a digest of the code that a family's trained network computes with."""
    return _digest([*_core(NETWORK), *_packages(family)])


def scoring_code() -> str:
    """Return a digest of the code that decides the scores of a model's predictions."""
    return _digest(_core(SCORING))


def _core(names: Iterable[str]) -> list[Path]:
    return [CORE / name for name in names]


def _packages(family: Family) -> list[Path]:
    """Return the packages (or single modules) that a family's factory and trainer lie in; imports none of them."""
    found: list[Path] = []
    for factory in filter(None, (family.factory, family.trainer)):
        spec = find_spec(factory.partition(":")[0].partition(".")[0])
        if spec is not None:
            found.extend(map(Path, spec.submodule_search_locations or filter(None, [spec.origin])))
    return found


def _digest(places: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits of the Python files in some folders, or of single files."""
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
