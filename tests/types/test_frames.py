"""Some frames of a set: item n of every field still belongs to the same frame."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.toys import toy_frames


def test_every_field_is_taken() -> None:
    listed = (50.0, 50.0, None, None, 61.5, 61.5)
    frames = dataclasses.replace(
        toy_frames(6),
        spacing_mm=tuple(map(float, range(6))),
        listed_efs=listed,
        views=("4CH", "4CH", "2CH", "2CH", "", ""),
        qualities=("Good", "Poor", "Good", "Good", "Medium", ""),
    )
    some = frames.take([4, 1])
    assert (some.patients, some.frame_indices, some.spacing_mm) == (("P002", "P000"), (4, 1), (4.0, 1.0))
    assert some.listed_efs == (61.5, 50.0)
    assert (some.views, some.qualities) == (("", "4CH"), ("Medium", "Poor"))
    without = toy_frames(2).take([0])
    assert (without.listed_efs, without.views, without.qualities) == (None, None, None)
    assert len(some.sectors) == len(some) == 2
    np.testing.assert_array_equal(some.masks_NHW[1], frames.masks_NHW[1])
    np.testing.assert_array_equal(some.contours_NP2[0], frames.contours_NP2[4])
    assert len(frames.take([])) == 0
