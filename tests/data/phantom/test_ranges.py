"""The table of ranges: what draws from it stays in it, and a shift changes what it names and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import lvzoo.data.phantom.ranges
from lvzoo.cli.data import PHANTOM_SHIFTS
from lvzoo.data.phantom.clip import Clip, simulate
from lvzoo.data.phantom.draw import Chance, Either, LogUniform, Normal, Number, Poisson, Uniform
from lvzoo.data.phantom.ranges import RANGES, SHIFTS, Ranges, ranges_of, shifted
from lvzoo.data.phantom.rng import stream
from lvzoo.errors import UsageError

SHARES = np.linspace(0, 1, 101)


def rng(part: str = "test") -> np.random.Generator:
    return stream(seed=0, split="train", index=0, part=part)


@pytest.mark.parametrize(
    ("number", "least", "middle", "most"),
    [
        (Uniform(2, 6), 2, 4, 6),
        (LogUniform(2, 8), 2, 4, 8),
        (Normal(5, 2, 1, 8), 1, 5, 8),
        (Either(0.5, Uniform(0, 1), Uniform(10, 12)), 0, 10, 12),
    ],
)
def test_a_number_is_known_by_its_quantiles(number: Number, least: float, middle: float, most: float) -> None:
    assert [number.at(share) for share in (0, 0.5, 1)] == pytest.approx([least, middle, most])


def test_draws_follow_their_distribution() -> None:
    source = rng()
    normal = [Normal(5, 2, -9, 19).draw(source) for _ in range(4000)]
    assert (np.mean(normal), np.std(normal)) == pytest.approx((5, 2), abs=0.1)
    counts = [Poisson(1.6).draw(source) for _ in range(4000)]
    assert (np.mean(counts), np.var(counts)) == pytest.approx((1.6, 1.6), abs=0.12)
    assert np.mean([Chance(0.3).draw(source) for _ in range(4000)]) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(
    "kind",
    [
        *(Uniform(0, 1), LogUniform(1, 2), Normal(0, 1, -1, 1)),
        *(Either(0.1, Uniform(0, 1), Normal(0, 1, -1, 1)), Chance(0.5), Poisson(9.0)),
    ],
    ids=str,
)
def test_every_kind_draws_exactly_one_uniform_number(kind: Number | Chance | Poisson) -> None:
    drawn, counted = rng(), rng()
    kind.draw(drawn)
    counted.random()
    assert drawn.random() == counted.random()


def test_every_quantity_has_its_reason() -> None:
    for each in fields(Ranges):
        assert each.metadata["reason"], each.name
        assert "unit" in each.metadata


def test_every_quantity_is_drawn() -> None:
    folder = Path(lvzoo.data.phantom.ranges.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    idle = [each.name for each in fields(Ranges) if f"ranges.{each.name}.draw" not in source]
    assert idle == []


def test_the_command_knows_every_shift() -> None:
    assert tuple(SHIFTS) == PHANTOM_SHIFTS


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_lies_at_the_edge_of_the_standard_ranges(shift: str) -> None:
    """Much of what a shift draws lies outside of the 10th to 90th percentile of the standard phantom."""
    assert shifted(shift)
    for name in shifted(shift):
        usual, other = getattr(RANGES, name), getattr(SHIFTS[shift], name)
        if isinstance(usual, Number):
            low, high = np.quantile([usual.at(share) for share in SHARES], [0.1, 0.9])
            outside = [not low < other.at(share) < high for share in SHARES]
            assert np.mean(outside) > 0.4, name


def test_an_unknown_shift_gets_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown shift 'gian'.*did you mean 'gain'"):
        ranges_of("gian")


def heart_of(clip: Clip) -> object:
    return clip.contours_NP2.tolist()


def sector_of(clip: Clip) -> object:
    return clip.scan.apex_px, clip.scan.half_angle_rad


@pytest.mark.parametrize(
    ("shift", "same"),
    [("gain", heart_of), ("speckle", heart_of), ("frame-size", heart_of), ("anatomy", sector_of)],
)
def test_a_shift_shows_the_same_patients(shift: str, same: Callable[[Clip], object]) -> None:
    usual = simulate(seed=0, split="val", index=1)
    other = simulate(seed=0, split="val", index=1, ranges=SHIFTS[shift])
    assert same(usual) == same(other)
    assert usual.frames_NHW.tobytes() != other.frames_NHW.tobytes()


def test_gain_is_brightness() -> None:
    dark, bright = (
        simulate(seed=0, split="val", index=1, ranges=replace(RANGES, headroom_db=Uniform(level, level)))
        for level in (14, -4)
    )
    assert dark.frames_NHW.mean() < 0.7 * bright.frames_NHW.mean()
