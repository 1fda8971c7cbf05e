"""The random streams have the documented keys and the right distributions."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from lvzoo.noise.scene import Draws


def draws(unit: str = "0XA#4") -> Draws:
    return Draws(suite="noise-v1", corruption="haze", unit=unit)


def test_the_key_is_the_documented_hash() -> None:
    digest = hashlib.sha256(b"noise-v1|haze|0XA#4").digest()
    key = int.from_bytes(digest[:16], "little")
    expected = np.random.Philox(key=key, counter=0).random_raw(5)
    assert draws().raw(5).tolist() == expected.tolist()


def test_the_stream_itself_is_golden() -> None:
    assert [hex(word) for word in draws().raw(2).tolist()] == GOLDEN_WORDS


@pytest.mark.parametrize("unit", ["0XA#5", "0XA", "0XB#4"])
def test_another_unit_draws_other_numbers(unit: str) -> None:
    assert draws().raw(4).tolist() != draws(unit).raw(4).tolist()


def test_drawing_in_parts_is_drawing_at_once() -> None:
    stream = draws()
    parts = [*stream.raw(3).tolist(), *stream.raw(4).tolist()]
    assert parts == draws().raw(7).tolist()


def test_uniform_numbers_are_uniform_and_never_zero() -> None:
    numbers = draws().uniform(20_000)
    assert numbers.min() > 0
    assert numbers.max() <= 1
    assert stats.kstest(numbers, "uniform").pvalue > 0.01


def test_normal_numbers_are_normal_and_the_pairs_independent() -> None:
    cosine, sine = draws().normal_pairs(20_000)
    for numbers in (cosine, sine):
        assert stats.kstest(numbers, "norm").pvalue > 0.01
    assert abs(np.corrcoef(cosine, sine)[0, 1]) < 0.02


def test_an_odd_count_of_normal_numbers_is_the_even_one_cut_short() -> None:
    assert draws().normal(7).tolist() == draws().normal(8)[:7].tolist()
    assert draws().normal(0).tolist() == []


GOLDEN_WORDS = ["0xdb797406e2445e66", "0x4dc48f6fc8d13236"]
