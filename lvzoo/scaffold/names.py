"""Which names a new plugin may have: one name serves as distribution, package, family and entry."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final

import yaml

from lvzoo.errors import UsageError

if TYPE_CHECKING:
    from lvzoo.registry import Zoo

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
IMPORTED: Final = ("MaskModel", "LandmarkModel", "DoubleConv", "Normalise")
"""Classes that the templates import, which the new network's class must not hide."""
FOLDERS: Final = ("build", "dist", "docs", "src", "test", "tests")
"""Folders that a package's root holds beside the package, or may get."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What a plugin called `my-net` is called where a hyphen is not allowed."""

    name: str

    @property
    def package(self) -> str:
        """The package that is imported: `my_net`."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The network's class: `MyNet`, or `DoubleConvNet` where the module imports a `DoubleConv` already."""
        joined = "".join(part.capitalize() for part in self.name.split("-"))
        return f"{joined}Net" if joined in IMPORTED else joined


def choose_names(name: str, zoo: Zoo) -> Names:
    """Return the names of a new plugin.

    Raises:
        UsageError: the name is none, or is taken: by Python, by what is installed, or in the zoo.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"name {name!r}: must be lower-case letters and digits, joined by single hyphens, beginning with a "
            f"letter{_corrected(name)}"
        )
    names = Names(name=name)
    taken = (
        _taken_by_python(names)
        or _taken_by_files(names)
        or _taken_in_the_zoo(names, zoo)
        or _taken_by_an_installation(names)
    )
    if taken:
        raise UsageError(f"name {name!r}: {taken}; choose another name")
    return names


def _corrected(name: str) -> str:
    """Return ` (such as 'my-net')` where the name is easily mended."""
    mended = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
    return f" (such as {mended!r})" if NAME.fullmatch(mended) else ""


def _taken_by_python(names: Names) -> str | None:
    if keyword.iskeyword(names.package) or keyword.issoftkeyword(names.package):
        return "is a word of Python's own"
    if keyword.iskeyword(names.class_name):
        return f"its class would be called {names.class_name}, which is a word of Python's own"
    if names.package in sys.stdlib_module_names:
        return "is a module of Python's standard library"
    return None


def _taken_by_files(names: Names) -> str | None:
    if yaml.safe_load(names.name) != names.name:
        return "means yes, no or nothing in a YAML file, where entries are named"
    if names.package in FOLDERS:
        return "is what a package's folder of another purpose is called"
    return None


def _taken_in_the_zoo(names: Names, zoo: Zoo) -> str | None:
    if names.name in {entry.name for entry in zoo.entries} | {entry.name for entry in zoo.absent}:
        return "is an entry of the zoo already ('lvzoo list' shows them all)"
    if names.name in {family.name for plugin in zoo.plugins for family in plugin.declared.families}:
        return "is a family of the zoo already"
    if names.name in {plugin.name for plugin in zoo.plugins}:
        return "is an installed plugin already"
    return None


def _taken_by_an_installation(names: Names) -> str | None:
    try:
        version = metadata.version(names.name)
    except metadata.PackageNotFoundError:
        pass
    else:
        return f"is an installed distribution already (version {version})"
    found = PathFinder.find_spec(names.package)
    if found is not None and found.origin is not None:  # a mere folder without __init__.py is no package
        return f"is an installed package already ({found.origin})"
    return None
