"""Checks the name of a new plugin. The same name is used for its distribution, package, family and entry."""

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
"""Classes that the templates import. The new network's class must not have one of these names."""
FOLDERS: Final = ("build", "dist", "docs", "src", "test", "tests")
"""Names of other folders that often stand beside the package."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The name of a plugin, for example `my-net`, and its spellings where a hyphen is not allowed."""

    name: str

    @property
    def package(self) -> str:
        """The name of the Python package: `my_net`."""
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name of the network's class: `MyNet`; `DoubleConvNet` if the module already imports a `DoubleConv`."""
        joined = "".join(part.capitalize() for part in self.name.split("-"))
        return f"{joined}Net" if joined in IMPORTED else joined


def choose_names(name: str, zoo: Zoo) -> Names:
    """Return the names of a new plugin.

    Raises:
        UsageError: the name is not valid, or Python, an installed package or the zoo already uses it.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"name {name!r}: must be lower-case letters and digits, joined by single hyphens, and begin with a "
            f"letter{_suggest_name(name)}"
        )
    names = Names(name=name)
    conflict = (
        _find_conflict_with_python(names)
        or _find_conflict_with_files(names)
        or _find_conflict_in_zoo(names, zoo)
        or _find_conflict_with_installation(names)
    )
    if conflict:
        raise UsageError(f"name {name!r}: {conflict}; choose another name")
    return names


def _suggest_name(name: str) -> str:
    """Return ` (such as 'my-net')` if there is a valid name that is close, else nothing."""
    # A hyphen before each inner capital, and in place of all other characters: "My_Net", "MyNet" -> "my-net".
    suggestion = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
    return f" (such as {suggestion!r})" if NAME.fullmatch(suggestion) else ""


def _find_conflict_with_python(names: Names) -> str | None:
    if keyword.iskeyword(names.package) or keyword.issoftkeyword(names.package):
        return "is a Python keyword"
    if keyword.iskeyword(names.class_name):
        return f"its class would be called {names.class_name}, which is a Python keyword"
    if names.package in sys.stdlib_module_names:
        return "is a module of Python's standard library"
    return None


def _find_conflict_with_files(names: Names) -> str | None:
    if yaml.safe_load(names.name) != names.name:
        return "is not read as text in a YAML file, where entries are named (it means yes, no or null)"
    if names.package in FOLDERS:
        return "is the usual name of another folder beside the package"
    return None


def _find_conflict_in_zoo(names: Names, zoo: Zoo) -> str | None:
    if names.name in {entry.name for entry in zoo.entries} | {entry.name for entry in zoo.absent}:
        return "is already an entry of the zoo ('lvzoo list' shows all entries)"
    if names.name in {family.name for plugin in zoo.plugins for family in plugin.declared.families}:
        return "is already a family of the zoo"
    if names.name in {plugin.name for plugin in zoo.plugins}:
        return "is already an installed plugin"
    return None


def _find_conflict_with_installation(names: Names) -> str | None:
    try:
        version = metadata.version(names.name)
    except metadata.PackageNotFoundError:
        pass
    else:
        return f"is already an installed distribution (version {version})"
    found = PathFinder.find_spec(names.package)
    if found is not None and found.origin is not None:  # a folder without __init__.py does not count
        return f"is already an installed package ({found.origin})"
    return None
