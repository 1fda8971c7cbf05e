"""Writes a new plugin package from templates: a folder that installs with pip and passes `lvzoo check` as it is."""

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
"""Where each file of the package comes from, below `templates/`."""


def new_plugin(name: str, *, kind: Kind, out: Path | None = None) -> Path:
    """Write a plugin package called `name` into the new folder `out` (default: `name`, here); return the folder.

    Raises:
        UsageError: the name cannot be taken, or the folder is there already or cannot be made.
    """
    names = choose_names(name, open_zoo())
    folder = Path(name) if out is None else out
    if folder.exists():
        raise UsageError(f"{folder}: is there already; name a new folder with --out, or remove that one")
    if folder.is_symlink():
        raise UsageError(f"{folder}: is a link to nothing; name a new folder with --out, or remove the link")
    try:
        _write(folder, files_of(names, kind))
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); name another folder with --out"
        ) from error
    return folder


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files into a new folder, or none.

    Raises:
        UsageError: another process has made the folder in the meantime; its folder is left alone.
    """
    with atomic_folder(folder) as temporary:
        for path, text in files.items():
            file = temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        ours = temporary.stat()
    if not samestat(folder.stat(), ours):
        raise UsageError(f"{folder}: was made by something else just now; name a new folder with --out")


def files_of(names: Names, kind: Kind) -> dict[str, str]:
    """Return the package's files: their paths in its folder, and their texts."""
    words = {"name": names.name, "package": names.package, "class_name": names.class_name, "kind": kind}
    return {
        _filled(path, words): _filled(_template(_filled(source, words)), words)
        for path, source in FILES.items()
    }


def _template(source: str) -> str:
    return (resources.files("lvzoo.scaffold") / "templates" / f"{source}.tmpl").read_text(encoding="utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    return Template(text).substitute(words)
