"""What tells one version of a suite from another: its families, and the bytes that it makes of a frame.

A suite is frozen by its name, but while one is written its name decides nothing, and a plugin's may change between
two releases. Hashing its code would call every edited comment a change; hashing what it does calls only that one.
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
"""Several, since what a scanner holds over a loop differs: the gain goes up in one video, down in another."""
DIGITS: Final = 16


def suite_digest(suite: NoiseSuite) -> str:
    """Return 16 hexadecimal digits that change with a suite's families or with what it does to the probe.

    Raises:
        PluginError: the suite does not make frames.
    """
    frame_HW, sector = _probe(), standard_sector(FRAME_SIZE_HW)
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


def _probe() -> NDArray[np.uint8]:
    """Return a frame of many grey levels, fine and coarse texture and a black cavity, by whole numbers alone."""
    rows, columns = FRAME_SIZE_HW
    y_H1, x_1W = np.arange(rows)[:, None], np.arange(columns)[None, :]
    texture_HW = (x_1W * x_1W * 3 + y_H1 * y_H1 * 5 + x_1W * y_H1 * 7) % 97 + (
        (x_1W // 9 + y_H1 // 7) % 3
    ) * 79
    inside_HW = abs(x_1W - columns // 2) <= y_H1
    cavity_HW = 4 * (x_1W - 60) ** 2 + (y_H1 - 50) ** 2 <= 30**2
    return np.where(inside_HW & ~cavity_HW, texture_HW, 0).astype(np.uint8)
