"""Writes a new plugin package from templates. It can be installed with pip and passes `lvzoo check` unchanged."""

from __future__ import annotations

from importlib import resources
from os.path import samestat
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from lvzoo.errors import UsageError
from lvzoo.files import atomic_folder
from lvzoo.registry import open_zoo
from lvzoo.scaffold.names import choose_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.scaffold.names import Names
    from lvzoo.types import Kind

FILES: Final = {
    "pyproject.toml": "both/pyproject.toml",
    "README.md": "both/README.md",
    "$package/__init__.py": "$kind/__init__.py",
    "$package/model.py": "$kind/model.py",
    "$package/registry.yaml": "both/registry.yaml",
    "tests/test_$package.py": "$kind/test.py",
}
"""The template of each file of the package, below `templates/`."""


def new_plugin(name: str, *, kind: Kind, out: Path | None = None) -> Path:
    """Write a plugin package called `name` and return its folder: `out`, by default ./name.

    Raises:
        UsageError: the name is not valid or already used, or the folder exists or cannot be made.
    """
    names = choose_names(name, open_zoo())
    folder = Path(name) if out is None else out
    if folder.exists():
        raise UsageError(f"{folder}: already exists; choose another folder with --out")
    if folder.is_symlink():
        raise UsageError(f"{folder}: is a broken link; choose another folder with --out")
    try:
        _write(folder, fill_templates(names, kind))
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error
    return folder


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files into a new folder, or none of them.

    Raises:
        UsageError: another process made the folder in the meantime; that folder is not changed.
    """
    with atomic_folder(folder) as temporary:
        for path, text in files.items():
            file = temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        ours = temporary.stat()
    if not samestat(folder.stat(), ours):
        raise UsageError(
            f"{folder}: another process made this folder just now; choose another folder with --out"
        )


def fill_templates(names: Names, kind: Kind) -> dict[str, str]:
    """Return the text of each file of the package, by its path in the folder."""
    words = {"name": names.name, "package": names.package, "class_name": names.class_name, "kind": kind}
    templates = resources.files("lvzoo.scaffold") / "templates"

    def fill(text: str) -> str:
        return Template(text).substitute(words)

    return {
        fill(path): fill((templates / f"{fill(source)}.tmpl").read_text(encoding="utf-8"))
        for path, source in FILES.items()
    }
