"""Measures how far two masks cover the same pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dice(first_HW: NDArray[np.bool_], second_HW: NDArray[np.bool_]) -> float:
    """Return `2 |A and B| / (|A| + |B|)` of two masks, which is 1 for two empty ones.

    >>> import numpy as np
    >>> dice(np.array([[True, True, False, False]]), np.array([[False, True, True, True]]))
    0.4
    """
    total = int(first_HW.sum()) + int(second_HW.sum())
    return 2 * int((first_HW & second_HW).sum()) / total if total else 1.0
