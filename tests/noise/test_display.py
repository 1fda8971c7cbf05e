"""Between grey levels and amplitudes."""

from __future__ import annotations

import numpy as np

from lvzoo.noise.display import amplitude, display, from_db


def test_grey_levels_survive_the_way_to_amplitudes_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8)
    assert display(amplitude(levels)).tolist() == levels.tolist()


def test_a_gain_is_a_step_on_the_display() -> None:
    louder = display(amplitude(np.array([100], np.uint8)) * from_db(10.0))
    assert louder.tolist() == [151]  # 10 of 50 dB are a fifth of 255


def test_silence_is_black_and_white_is_one() -> None:
    assert amplitude(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]
    assert display(np.array([0.0, 1e-9, 1.0, 7.0])).tolist() == [0, 0, 255, 255]
