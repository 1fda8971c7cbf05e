"""Computes a digest of what a suite does, so that caches and runs notice when a suite has changed.

The name does not suffice: a suite changes while it is written, and a plugin's suite may change between two releases.
The digest covers the suite's table and the bytes that it makes of a test frame. A digest of the code would also
change with every edited comment.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.geometry.sector import standard_sector
from lvzoo.noise.apply import corrupt_frame
from lvzoo.types import FRAME_SIZE_HW, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite

VIDEOS: Final = ("probe-0", "probe-1", "probe-2", "probe-3")
"""Several, because some draws are made once per video: the gain goes up in one and down in another."""
DIGITS: Final = 16


def suite_digest(suite: NoiseSuite) -> str:
    """Return 16 hexadecimal digits that change with a suite's families or with the bytes that it makes of the probe.

    Raises:
        PluginError: the suite fails, or does not return frames.
    """
    frame_HW, sector = _make_probe_frame(), standard_sector(FRAME_SIZE_HW)
    table = [suite.name, *((family, *names) for family, names in suite.families.items())]
    digest = hashlib.sha256(json.dumps(table).encode())
    for name in (name for names in suite.families.values() for name in names):
        for severity in suite.severities:
            condition = Condition(corruption=name, severity=severity)
            digest.update(f"{name} {severity}\n".encode())
            for video in VIDEOS:
                noisy_HW = corrupt_frame(suite, frame_HW, condition, video=video, frame=0, sector=sector)
                digest.update(np.ascontiguousarray(noisy_HW).data)
    return digest.hexdigest()[:DIGITS]


def _make_probe_frame() -> NDArray[np.uint8]:
    """Return a frame with many grey levels, fine and coarse texture and a black cavity, made with integers only."""
    rows, columns = FRAME_SIZE_HW
    y_H1, x_1W = np.arange(rows)[:, None], np.arange(columns)[None, :]
    texture_HW = (x_1W * x_1W * 3 + y_H1 * y_H1 * 5 + x_1W * y_H1 * 7) % 97 + (
        (x_1W // 9 + y_H1 // 7) % 3
    ) * 79
    inside_HW = abs(x_1W - columns // 2) <= y_H1
    cavity_HW = 4 * (x_1W - 60) ** 2 + (y_H1 - 50) ** 2 <= 30**2
    return np.where(inside_HW & ~cavity_HW, texture_HW, 0).astype(np.uint8)
