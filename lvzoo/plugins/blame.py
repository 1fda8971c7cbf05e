"""Where in a plugin's own files an exception came from."""

from __future__ import annotations

import traceback
from pathlib import Path


def raised(error: BaseException, factory: str) -> str:
    """Return what was raised, in a line, and where in the plugin's own code: `KeyError: 'x' (model.py, line 22)`.

    `factory` is the family's, whose package is the plugin's; an exception that only passed through other code has no
    place.
    """
    package = factory.partition(":")[0].partition(".")[0]
    places = [
        f" ({Path(frame.filename).name}, line {frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if package in Path(frame.filename).parts or Path(frame.filename).stem == package
    ]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{what}{places[-1] if places else ''}"
