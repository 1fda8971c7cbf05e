"""Compares the settings of a folder with the settings that are wanted now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lvzoo.errors import DataError, UsageError, name_option, one_line
from lvzoo.files import read_json


def check_settings(path: Path, settings: Mapping[str, Any], *, what: str) -> None:
    """Check that a file has these settings, or is missing. `what` names the contents of its folder.

    Raises:
        UsageError: the file has other settings.
        DataError: the file is damaged.
    """
    try:
        before: Mapping[str, Any] = read_json(path)["settings"]
    except FileNotFoundError:
        return
    except (ValueError, LookupError, TypeError) as error:
        raise DataError(f"{path}: damaged ({one_line(error)}); name another {name_option('out')}") from error
    if difference := describe_difference(before, settings):
        raise UsageError(
            f"{path.parent}: holds {what} with other settings: {difference}; name another {name_option('out')}"
        )


def describe_difference(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Return the first setting that differs, and how many more do, in words; None if all settings agree.

    >>> describe_difference({"data": {"name": "a"}, "seeds": 1}, {"data": {"name": "b"}, "seeds": 1})
    'data.name is a there, b here'
    """
    there, here = _flatten(before), _flatten(json.loads(json.dumps(wanted)))
    differing = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
    if not differing:
        return None
    key, *more = differing
    others = f" (and {len(more)} more)" if more else ""
    return f"{key} is {there.get(key)} there, {here.get(key)} here{others}"


def _flatten(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings as one level, with keys like `entries.unet.recipe.epochs`."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}{key}"
        flat |= _flatten(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat
