"""Digests of the code that computes a trial's numbers: one of training, one of scoring.

The keys of a trial contain them, so that a trial is repeated when its network was edited. Only the contents of files
count, not their times. Code that changes no number is left out, for example commands.
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
"""The code that a network computes with, in addition to its plugin."""
WRAPPERS: Final = "foreign"
"""The code that wraps networks from elsewhere. It counts for the plugins that name it, and for no other."""
TRAINING: Final = (
    *(*NETWORK, "train"),
    *("evaluate/dice.py", "evaluate/folding.py", "evaluate/predict.py", "evaluate/validate.py"),
)
"""The code that decides the weights of a trial. It includes the validation Dice, which chooses the epoch."""
SCORING: Final = (
    *("evaluate", "trials/scoring.py", "trials/volumes.py"),
    *("clinic/batch.py", "clinic/volume.py", "clinic/axis.py", "clinic/outline.py"),
)
"""The code that decides the scores of a trained model."""


def training_code(family: Family) -> str:
    """Return a digest of the code that decides a family's trained weights, in lvzoo and in its plugin."""
    return _digest(TRAINING, family)


def network_code(family: Family) -> str:
    """Return a digest of the code that a family's trained network computes with."""
    return _digest(NETWORK, family)


def scoring_code() -> str:
    """Return a digest of the code that decides the scores of a model's predictions."""
    return _digest(SCORING)


def _find_packages(family: Family) -> list[Path]:
    """Return the packages (or single modules) of a family's factory and trainer, without importing them.

    The wrappers of `lvzoo.foreign` are added if one of them names these.
    """
    found: list[Path] = []
    for factory in filter(None, (family.factory, family.trainer)):
        spec = find_spec(factory.partition(":")[0].partition(".")[0])
        if spec is not None:
            found.extend(map(Path, spec.submodule_search_locations or filter(None, [spec.origin])))
    named = f"lvzoo.{WRAPPERS}".encode()
    if any(named in path.read_bytes() for place in found for path in _list_files(place)):
        found.append(CORE / WRAPPERS)
    return found


def _list_files(place: Path) -> list[Path]:
    """Return the Python files of a folder, in order, or the file itself."""
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def _digest(names: Iterable[str], family: Family | None = None) -> str:
    """Return 16 hexadecimal digits of the Python files under some names of CORE, and of a family's packages."""
    places = [*(CORE / name for name in names), *(_find_packages(family) if family else [])]
    digest = hashlib.sha256()
    for place in places:
        for path in _list_files(place):
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
