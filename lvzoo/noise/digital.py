"""Losses from storing a clip: fewer pixels, and JPEG compression."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.display import quantise
from lvzoo.noise.filters import enlarge_by_nearest, shrink
from lvzoo.noise.scene import Scene

BLOCK: Final = 8
MIDDLE_GREY: Final = 128.0

STANDARD_LUMINANCE: Final = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantisation steps at quality 50: ITU-T Recommendation T.81 (1992), Annex K, table K.1."""

_HALF_COSINES: Final = (
    0.3535533905932738,  # 1 / sqrt 8, for the mean
    0.4903926402016152,  # cos(k pi / 16) / 2 for k = 1 .. 7
    0.46193976625564337,
    0.4157348061512726,
    0.35355339059327373,
    0.2777851165098011,
    0.19134171618254492,
    0.09754516100806417,
)
"""Written out, because the last bit of a library's cosine may differ between versions and change a rounded value."""


def downsample(frame_HW: NDArray[np.uint8], share: float, _scene: Scene) -> NDArray[np.uint8]:
    """Shrink both sides to `round(share x side)` pixels by area means, then enlarge by nearest pixels."""
    rows, columns = (max(1, round(share * side)) for side in frame_HW.shape)
    small_HW = quantise(shrink(frame_HW.astype(np.float64), (rows, columns)))
    return enlarge_by_nearest(small_HW, (frame_HW.shape[0], frame_HW.shape[1]))


def jpeg(frame_HW: NDArray[np.uint8], quality: float, _scene: Scene) -> NDArray[np.uint8]:
    """Quantise the 8 x 8 cosine transform by the standard luminance table scaled to a quality, and transform back.

    This is the only lossy step of a baseline JPEG of grey levels. There is no entropy coding and no codec, so the
    result does not depend on a library's version. The last row and column are repeated until both sides are
    multiples of 8.
    """
    # whole blocks
    rows, columns = frame_HW.shape
    whole_HW = np.pad(frame_HW, ((0, -rows % BLOCK), (0, -columns % BLOCK)), mode="edge")
    steps_HW = np.tile(quantisation_steps(quality), (len(whole_HW) // BLOCK, whole_HW.shape[1] // BLOCK))

    # transform, quantise, transform back
    coefficients_HW = _multiply_both_axes(whole_HW.astype(np.float64) - MIDDLE_GREY, _cosine_matrix())
    kept_HW = np.rint(coefficients_HW / steps_HW) * steps_HW
    return quantise(_multiply_both_axes(kept_HW, _cosine_matrix().T) + MIDDLE_GREY)[:rows, :columns]


def quantisation_steps(quality: float) -> NDArray[np.float64]:
    """Return the 8 x 8 table of steps at a quality of 1..50, scaled as in the Independent JPEG Group's library.

    >>> quantisation_steps(50)[0, :3].tolist(), quantisation_steps(10)[0, :3].tolist()
    ([16.0, 11.0, 10.0], [80.0, 55.0, 50.0])
    """
    percent = int(5000 / quality)
    steps_88 = (np.array(STANDARD_LUMINANCE, dtype=np.int64) * percent + 50) // 100
    return np.clip(steps_88, 1, 255).astype(np.float64)


@cache
def _cosine_matrix() -> NDArray[np.float64]:
    """Return the matrix of the cosine transform; row u, column x is `c(u) cos((2x + 1) u pi / 16)`."""
    matrix_88 = np.empty((BLOCK, BLOCK))
    for frequency in range(BLOCK):
        for sample in range(BLOCK):
            # fold the angle into 0 .. pi, whose cosines are written out above
            sixteenths = (2 * sample + 1) * frequency % 32
            folded = min(sixteenths, 32 - sixteenths)
            matrix_88[frequency, sample] = _HALF_COSINES[0] if frequency == 0 else _half_cosine(folded)
    matrix_88.setflags(write=False)
    return matrix_88


def _half_cosine(sixteenths: int) -> float:
    """Return cos(k pi / 16) / 2 for k = 1 .. 15 except 8, which the transform does not use."""
    return _HALF_COSINES[sixteenths] if sixteenths < BLOCK else -_HALF_COSINES[2 * BLOCK - sixteenths]


def _multiply_both_axes(
    levels_HW: NDArray[np.float64], matrix_88: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Multiply each 8 x 8 block by a matrix along both axes."""
    return _multiply_rows(_multiply_rows(levels_HW, matrix_88).T, matrix_88).T


def _multiply_rows(levels_HW: NDArray[np.float64], matrix_88: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply each block of 8 rows by a matrix, adding the terms in a fixed order."""
    blocks_G8W = np.ascontiguousarray(levels_HW).reshape(-1, BLOCK, levels_HW.shape[1])
    total_G8W = matrix_88[:, :1] * blocks_G8W[:, :1]
    term_G8W = np.empty_like(total_G8W)
    for sample in range(1, BLOCK):
        np.multiply(matrix_88[:, sample : sample + 1], blocks_G8W[:, sample : sample + 1], out=term_G8W)
        total_G8W += term_G8W
    return total_G8W.reshape(levels_HW.shape)
