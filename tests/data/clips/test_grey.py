"""Decoded pictures of every kind become grey of 8 bits."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.data.clips.grey import convert_to_grey

BGR_HW3 = np.random.default_rng(2).integers(0, 256, (6, 8, 3), dtype=np.uint8)
GREY_HW = np.asarray(cv2.cvtColor(BGR_HW3, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def add_alpha(level: int) -> NDArray[np.uint8]:
    return np.concatenate([BGR_HW3, np.full((6, 8, 1), level, dtype=np.uint8)], axis=2)


@pytest.mark.parametrize(
    ("picture", "expected_HW"),
    [
        (BGR_HW3, GREY_HW),
        (GREY_HW, GREY_HW),
        (GREY_HW[..., None], GREY_HW),
        (BGR_HW3.astype(np.uint16) * 257, GREY_HW),
        (add_alpha(255), GREY_HW),
        (add_alpha(0), np.zeros_like(GREY_HW)),
        (add_alpha(51), np.rint(GREY_HW / 5)),
    ],
    ids=["colour", "grey", "one channel", "16 bits", "opaque", "transparent", "a fifth opaque"],
)
def test_every_kind_becomes_grey(picture: NDArray[Any], expected_HW: NDArray[np.uint8]) -> None:
    grey_HW = convert_to_grey(picture)
    assert grey_HW.dtype == np.uint8
    assert np.array_equal(grey_HW, expected_HW)
