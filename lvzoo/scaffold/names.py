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
    if conflict := _find_conflict(names, zoo):
        raise UsageError(f"name {name!r}: {conflict}; choose another name")
    return names


def _suggest_name(name: str) -> str:
    """Return ` (such as 'my-net')` if there is a valid name that is close, else nothing."""
    # A hyphen before each inner capital, and in place of all other characters: "My_Net", "MyNet" -> "my-net".
    suggestion = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
    return f" (such as {suggestion!r})" if NAME.fullmatch(suggestion) else ""


def _find_conflict(names: Names, zoo: Zoo) -> str | None:
    """Return why the name cannot be used, or None if it can."""
    name, package, class_name = names.name, names.package, names.class_name
    not_text = yaml.safe_load(name) != name
    entries = {entry.name for entry in zoo.entries} | {entry.name for entry in zoo.absent}
    families = {family.name for plugin in zoo.plugins for family in plugin.declared.families}
    version = next((each.version for each in metadata.distributions(name=name)), None)
    found = PathFinder.find_spec(package)
    file = found.origin if found else None  # a folder without __init__.py has no file, and does not count
    conflicts = {
        "is a Python keyword": keyword.iskeyword(package) or keyword.issoftkeyword(package),
        f"its class would be called {class_name}, which is a Python keyword": keyword.iskeyword(class_name),
        "is a module of Python's standard library": package in sys.stdlib_module_names,
        "is not read as text in a YAML file, where entries are named (it means yes, no or null)": not_text,
        "is the usual name of another folder beside the package": package in FOLDERS,
        "is already an entry of the zoo ('lvzoo list' shows all entries)": name in entries,
        "is already a family of the zoo": name in families,
        "is already an installed plugin": name in {plugin.name for plugin in zoo.plugins},
        f"is already an installed distribution (version {version})": version is not None,
        f"is already an installed package ({file})": file is not None,
    }
    return next((reason for reason, applies in conflicts.items() if applies), None)
