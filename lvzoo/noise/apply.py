"""A suite at work, ours or a plugin's: what it is, and what it makes of a frame, seen to before it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.errors import LvzooError, PluginError
from lvzoo.interfaces import NoiseSuite
from lvzoo.plugins import resolve
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Condition, NoiseSource, Sector

RESERVED: Final = ("overall", CLEAN.corruption, "ED", "ES", "headline")
"""What tables call their own scopes: a family or corruption of that name would be taken for one."""


def open_suite(source: NoiseSource) -> NoiseSuite:
    """Return a suite, ready to corrupt.

    Raises:
        PluginError: it cannot be imported or made, or its table cannot be ranked by.
    """
    factory = resolve(source.factory)
    try:
        suite: object = factory()
    except Exception as error:
        raise PluginError(
            f"{source.name}: {source.factory} failed: {type(error).__name__}: {error}; ask its author"
        ) from error
    if not isinstance(suite, NoiseSuite):
        raise PluginError(
            f"{source.name}: {source.factory} is no noise suite: it needs name, families, severities and corrupt"
        )
    if mistake := _mistake(suite):
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
    """Return what a suite makes of a frame.

    Raises:
        PluginError: it raises, or makes something that is no frame of the same size.
    """
    where = f"{suite.name}: {condition.corruption} at severity {condition.severity}"
    try:
        noisy_HW = suite.corrupt(frame_HW, condition, video=video, frame=frame, sector=sector)
    except LvzooError:
        raise
    except Exception as error:
        raise PluginError(f"{where} failed: {type(error).__name__}: {error}; ask its author") from error
    if noisy_HW.dtype != np.uint8 or noisy_HW.shape != frame_HW.shape:
        raise PluginError(
            f"{where} made {noisy_HW.dtype} {noisy_HW.shape} of a frame of uint8 {frame_HW.shape}; "
            "a noisy frame has the same type and size: ask its author"
        )
    return noisy_HW


def _mistake(suite: NoiseSuite) -> str:
    """Return what makes a suite's table unfit, or nothing."""
    corruptions = [name for names in suite.families.values() for name in names]
    if not corruptions or not suite.severities:
        return "it has no corruptions or no severities"
    if reserved := sorted({*suite.families, *corruptions} & set(RESERVED)):
        return f"'{reserved[0]}' is a name that tables keep for themselves; its family or corruption needs another"
    if doubled := [name for name in corruptions if corruptions.count(name) > 1]:
        return f"the corruption '{doubled[0]}' stands in it twice"
    wrong = [severity for severity in suite.severities if severity != int(severity) or severity < 1]
    return f"a severity is {wrong[0]}; they are whole numbers from 1 on" if wrong else ""
