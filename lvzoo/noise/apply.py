"""Opens noise suites and applies them to frames; checks what a suite, perhaps of a plugin, returns.

A digest of what a suite does lets caches and runs notice when a suite has changed. The name does not suffice: a suite
changes while it is written, and a plugin's suite may change between two releases. The digest covers the suite's table
and the bytes that it makes of a test frame. A digest of the code would also change with every edited comment.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import LvzooError, PluginError, explain_exception
from lvzoo.geometry.sector import standard_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.plugins import resolve
from lvzoo.types import CLEAN, FRAME_SIZE_HW, Condition, NoiseSource, Sector

RESERVED: Final = ("overall", CLEAN.corruption, "ED", "ES", "headline")
"""Names that tables use for scopes of their own, so that no family or corruption may have them."""
PROBE_VIDEOS: Final = ("probe-0", "probe-1", "probe-2", "probe-3")
"""The videos of the digest's test frame. They are several, because some draws are made once per video: the gain goes
up in one and down in another."""
DIGEST_DIGITS: Final = 16


def open_suite(source: NoiseSource) -> NoiseSuite:
    """Import and create a suite, and check its table.

    Raises:
        PluginError: it cannot be imported or created, or its table is not valid.
    """
    factory = resolve(source.factory)
    try:
        suite: object = factory()
    except Exception as error:
        reason = explain_exception(error)
        raise PluginError(f"{source.name}: {source.factory} failed: {reason}; ask its author") from error
    if not isinstance(suite, NoiseSuite):
        raise PluginError(
            f"{source.name}: {source.factory} did not return a noise suite, which has name, families, severities "
            "and corrupt; ask its author"
        )
    if mistake := _find_mistake(suite):
        raise PluginError(f"{source.name}: {mistake}; ask its author")
    return suite


def corrupt_frame(
    suite: NoiseSuite,
    frame_HW: NDArray[np.uint8],
    condition: Condition,
    *,
    video: str,
    frame: int,
    sector: Sector,
) -> NDArray[np.uint8]:
    """Return a frame under a condition.

    Raises:
        PluginError: the suite fails, or what it returns is not a frame of the same size.
    """
    where = f"{suite.name}: {condition.corruption} at severity {condition.severity}"
    try:
        noisy_HW = suite.corrupt(frame_HW, condition, video=video, frame=frame, sector=sector)
    except LvzooError:
        raise
    except Exception as error:
        raise PluginError(f"{where} failed: {explain_exception(error)}; ask its author") from error
    if noisy_HW.dtype != np.uint8 or noisy_HW.shape != frame_HW.shape:
        raise PluginError(
            f"{where} turned a frame of uint8 {frame_HW.shape} into {noisy_HW.dtype} {noisy_HW.shape}; "
            "a noisy frame must keep type and size: ask its author"
        )
    return noisy_HW


def _find_mistake(suite: NoiseSuite) -> str:
    """Return what is wrong with a suite's table, or an empty string."""
    corruptions = [name for names in suite.families.values() for name in names]
    if not corruptions or not suite.severities:
        return "it has no corruptions or no severities"
    if reserved := sorted({*suite.families, *corruptions} & set(RESERVED)):
        return f"the name '{reserved[0]}' is reserved; its family or corruption needs another"
    if doubled := [name for name in corruptions if corruptions.count(name) > 1]:
        return f"the corruption '{doubled[0]}' is listed twice"
    wrong = [severity for severity in suite.severities if severity != int(severity) or severity < 1]
    return f"severity {wrong[0]} is not a whole number from 1" if wrong else ""


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
            for video in PROBE_VIDEOS:
                noisy_HW = corrupt_frame(suite, frame_HW, condition, video=video, frame=0, sector=sector)
                digest.update(np.ascontiguousarray(noisy_HW).data)
    return digest.hexdigest()[:DIGEST_DIGITS]


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
