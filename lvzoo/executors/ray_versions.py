"""Describes the code that computes a trial's numbers on this machine, and compares it with that of other machines."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lvzoo.plugins.find import GROUP

OWN: Final = "lvzoo"
LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "torch": ("torch",),
    "numpy": ("numpy",),
    "opencv": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
}
"""Libraries that decide numbers, and the distributions that each may come from."""
MISSING: Final = "not installed"
CODE_DIGITS: Final = 8


def describe_code(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of lvzoo, of its libraries and of some packages here; nothing is imported.

    The version of lvzoo and of a package includes a digest of its Python files, since a package under work changes
    without a new number. `packages` may also be such a description, which is then made again.
    """
    return {
        **{package: _describe_package(package) for package in sorted({OWN, *packages} - LIBRARIES.keys())},
        **{library: _find_version(names) or MISSING for library, names in LIBRARIES.items()},
    }


def describe_mismatch(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Return what differs on another machine, in words; "" if nothing does.

    >>> describe_mismatch({"torch": "2.6.0", "numpy": "2.1"}, {"torch": "2.5.1", "numpy": "2.1"})
    'torch 2.5.1, not 2.6.0 as on this machine'
    >>> describe_mismatch({"toy": "1.0 (code 12ab34cd)"}, {})
    'toy not installed, not 1.0 (code 12ab34cd) as on this machine'
    """
    return ", ".join(
        f"{name} {there.get(name, MISSING)}, not {version} as on this machine"
        for name, version in here.items()
        if there.get(name, MISSING) != version
    )


def _describe_package(package: str) -> str:
    """Return a package's version and a digest of its Python files."""
    try:
        spec = None if package in sys.builtin_module_names else find_spec(package)
    except ValueError:  # a module without a spec, such as a script
        spec = None
    if spec is None:
        return MISSING
    places = [Path(place) for place in spec.submodule_search_locations or filter(None, [spec.origin])]
    version = _find_version([_find_distribution(package)])
    return " ".join([*([version] if version else []), f"(code {_digest(places)})"])


def _find_distribution(package: str) -> str:
    """Return the name of the distribution that a plugin's package comes from, or else the package's own name."""
    for point in metadata.entry_points(group=GROUP):
        if point.value.partition(":")[0].partition(".")[0] == package and point.dist is not None:
            return point.dist.name
    return package


def _find_version(distributions: Iterable[str]) -> str | None:
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _digest(places: Iterable[Path]) -> str:
    """Return a digest of the Python files in some folders, or of single files."""
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{path.relative_to(place.parent).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:CODE_DIGITS]
