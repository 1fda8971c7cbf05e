"""Tells the clips of a phantom from those of patients, by the note that lies beside their folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PHANTOM_NOTE: Final = "SYNTHETIC.json"
"""The file in a phantom's folder that says that its videos are synthetic."""


def is_synthetic(clip: Path) -> bool:
    """Return whether a clip belongs to a phantom: whether the phantom's note lies beside the folder of the clip.

    For a link, the folder of the file that it points to is checked too.
    """
    paths = (Path(os.path.normpath(clip.absolute())), clip.resolve())
    return any((path.parent.parent / PHANTOM_NOTE).is_file() for path in paths)
