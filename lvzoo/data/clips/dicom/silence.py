"""Keeps the warnings of pydicom and its decoders from the terminal. What matters about a file, lvzoo says itself."""

from __future__ import annotations

import re
import warnings
from typing import Final

MODULES: Final = r"(pydicom|PIL|pylibjpeg|openjpeg|jpeg_ls|gdcm)(\.|$)"
"""The packages whose warnings are ignored: pydicom and those that it decodes with."""


def silence_pydicom() -> None:
    """Ignore the warnings of pydicom and its decoders from now on, in the whole process.

    One filter is added, and stays. Removing it after each frame (`warnings.catch_warnings`) is not safe: two threads
    could restore each other's filters. Besides, each change of the filters makes Python show the warnings of other
    packages again.
    """
    first = next(iter(warnings.filters), None)
    if first is None or first[3] != re.compile(MODULES):
        warnings.filterwarnings("ignore", module=MODULES)
