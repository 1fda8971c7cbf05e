"""Explains an exception that a plugin's code raised."""

from __future__ import annotations

import traceback
from pathlib import Path

from lvzoo.errors import explain_exception


def explain_plugin_error(error: BaseException, factory: str) -> str:
    """Return what was raised, and the line of the plugin that raised it: `KeyError: 'x' (model.py, line 22)`.

    `factory` is the factory of the model's family; its top-level package is the plugin's code. If no line of that
    package is in the traceback, the place is left out.
    """
    package = factory.partition(":")[0].partition(".")[0]
    places = [
        f" ({Path(frame.filename).name}, line {frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if package in Path(frame.filename).parts or Path(frame.filename).stem == package
    ]
    return f"{explain_exception(error)}{places[-1] if places else ''}"
