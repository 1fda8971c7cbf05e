"""Opens noise suites and applies them to frames; checks what a suite, perhaps of a plugin, returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.errors import LvzooError, PluginError, explain_exception
from lvzoo.interfaces import NoiseSuite
from lvzoo.plugins import resolve
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Condition, NoiseSource, Sector

RESERVED: Final = ("overall", CLEAN.corruption, "ED", "ES", "headline")
"""Names that tables use for scopes of their own, so that no family or corruption may have them."""


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
