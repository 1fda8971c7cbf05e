"""The table of ranges: draws follow it, and a shift changes only the quantities that it names."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

import lvzoo.phantom.ranges
from lvzoo.cli.data import PHANTOM_SHIFTS
from lvzoo.errors import UsageError
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.draw import Chance, Either, LogUniform, Normal, Number, Poisson, Uniform
from lvzoo.phantom.fields import complex_noise
from lvzoo.phantom.imaging import Scanner, kernel_energy
from lvzoo.phantom.motion import draw_beat
from lvzoo.phantom.patient import draw_heart
from lvzoo.phantom.ranges import RANGES, SHIFTS, Ranges, describe_shift, ranges_of
from lvzoo.phantom.rng import stream
from lvzoo.phantom.scan import POLAR, draw_scan
from lvzoo.phantom.tissue import Tissue
from lvzoo.phantom.warp import Warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
def test_a_number_is_drawn_by_its_quantiles(number: Number, least: float, middle: float, most: float) -> None:
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
    folder = Path(lvzoo.phantom.ranges.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    idle = [each.name for each in fields(Ranges) if f"ranges.{each.name}.draw" not in source]
    assert idle == []


def test_the_command_knows_every_shift() -> None:
    assert tuple(SHIFTS) == PHANTOM_SHIFTS


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_lies_at_the_edge_of_the_standard_ranges(shift: str) -> None:
    """A large share of a shift's draws lies outside of the standard phantom's 10th to 90th percentile."""
    assert describe_shift(shift)
    for name in describe_shift(shift):
        usual, other = getattr(RANGES, name), getattr(SHIFTS[shift], name)
        if isinstance(usual, Number):
            low, high = np.quantile([usual.at(share) for share in SHARES], [0.1, 0.9])
            outside = [not low < other.at(share) < high for share in SHARES]
            assert np.mean(outside) > 0.4, name


def test_an_unknown_shift_gets_suggestions() -> None:
    with pytest.raises(UsageError, match=r"unknown shift 'gian'.*did you mean 'gain'"):
        ranges_of("gian")


def heart_of(clip: Clip) -> object:
    return clip.contours_NP2.tolist()


@pytest.mark.parametrize("shift", ["gain", "speckle", "frame-size", "compression"])
def test_a_shift_of_the_machine_does_not_change_the_heart(shift: str) -> None:
    usual = simulate(seed=0, split="val", index=1)
    other = simulate(seed=0, split="val", index=1, ranges=SHIFTS[shift])
    assert heart_of(usual) == heart_of(other)
    assert usual.frames_NHW.tobytes() != other.frames_NHW.tobytes()


class Logged:
    """A range that records what it drew."""

    def __init__(self, kind: Number | Chance | Poisson) -> None:
        self.kind, self.drawn = kind, list[float]()

    def draw(self, source: np.random.Generator) -> float:
        self.drawn.append(self.kind.draw(source))
        return self.drawn[-1]


def drawn_by(ranges: Ranges, index: int) -> dict[str, list[float]]:
    """Return all draws of each quantity before one patient's first frame is made."""
    logs: dict[str, Any] = {each.name: Logged(getattr(ranges, each.name)) for each in fields(Ranges)}
    watched = Ranges(**logs)
    scan = draw_scan(rng(f"scan {index}"), watched)
    warp = Warp(rng(f"warp {index}"), watched)
    heart = draw_heart(rng(f"anatomy {index}"), scan, warp, watched)
    draw_beat(rng(f"motion {index}"), watched)
    Tissue(rng(f"tissue {index}"), heart, scan, warp, watched)
    Scanner(rng(f"imaging {index}"), scan, watched)
    return {name: log.drawn for name, log in logs.items()}


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_leaves_every_other_draw_as_it_was(shift: str) -> None:
    """If a shift draws a quantity more often (papillary muscles), its first draws are the standard phantom's."""
    different = set()
    for index in range(6):
        usual, other = drawn_by(RANGES, index), drawn_by(SHIFTS[shift], index)
        for name, values in usual.items():
            both = min(len(values), len(other[name]))
            different |= {name} if values[:both] != other[name][:both] else set()
    assert different <= set(describe_shift(shift))
    assert different, "nothing was shifted"


def grain(ranges: Ranges, index: int) -> NDArray[np.float64]:
    """Return the correlation of pixels of even tissue that are two columns, and two rows, apart."""
    scan = draw_scan(rng(f"scan {index}"), ranges)
    scanner = Scanner(rng(f"imaging {index}"), scan, ranges)
    frame = scanner.make_frame(np.ones(POLAR, np.float32), scan.grid_px).astype(np.float64)
    x, y = np.meshgrid(np.arange(112.0), np.arange(112.0))
    *_, outside = scan.beams_at(x, y)
    patch = frame[45:90, 38:74]
    assert not outside[45:90, 38:74].any()
    return np.array(
        [
            np.corrcoef(near.ravel(), far.ravel())[0, 1]
            for near, far in ((patch[:, :-2], patch[:, 2:]), (patch[:-2], patch[2:]))
        ]
    )


def test_shifted_speckle_is_coarser_than_any_usual_one() -> None:
    plain: dict[str, Any] = {
        **dict.fromkeys(("marks", "text", "trace", "outline", "compressed"), Chance(0)),
        "shadows": Poisson(0),
        **dict.fromkeys(("near_db", "haze_db", "thermal_db"), Uniform(-90, -90)),
        **dict.fromkeys(("slope_db", "edge_db", "sharpening"), Uniform(0, 0)),
        "half_angle_deg": Uniform(45, 45),
        "native_px": Uniform(112, 112),
    }
    usual, other = (
        np.array([grain(replace(ranges, **plain), index) for index in range(16)])
        for ranges in (RANGES, SHIFTS["speckle"])
    )
    assert (np.quantile(usual, 0.9, axis=0) < np.quantile(other, 0.1, axis=0)).all()


def test_kernel_energy_is_the_power_that_a_blur_leaves_of_white_noise() -> None:
    """The scanner compensates for it, so that a fine pulse does not sink below the noise."""
    noise = complex_noise(rng(), (400, 400))
    for sigma in (0.1, 0.25, 0.4, 0.7, 1.5, 3):
        power = float((cv2.GaussianBlur(noise, (0, 0), sigma) ** 2).sum(axis=-1).mean())
        assert power == pytest.approx(kernel_energy(sigma) ** 2, rel=0.08), sigma


def tissue_db(ranges: Ranges, index: int) -> float:
    """Return the received power, dB, of even tissue of amplitude 1, without noise and clutter."""
    silent: dict[str, Any] = dict.fromkeys(("near_db", "haze_db", "thermal_db"), Uniform(-200, -200))
    ranges = replace(ranges, **silent)
    scan = draw_scan(rng(f"scan {index}"), ranges)
    scanner = Scanner(rng(f"imaging {index}"), scan, ranges)
    level_db = scanner._receive_db(np.ones(POLAR, np.float32), scan.grid_px).astype(np.float64)
    return float(10 * np.log10(np.mean(10 ** (level_db / 10))))


def test_shifted_speckle_raises_tissue_above_noise() -> None:
    """A limit stated in docs/phantom.md: noise and haze are white and keep their level; coarse texture is not."""
    raised_db = [tissue_db(SHIFTS["speckle"], index) - tissue_db(RANGES, index) for index in range(24)]
    assert np.mean(raised_db) == pytest.approx(6, abs=1)
    assert min(raised_db) > 3.5
    assert max(raised_db) < 8.5


def test_gain_saturates_at_one_end_and_blackens_at_the_other() -> None:
    white: dict[bool, list[float]] = {True: [], False: []}
    for index in range(10):
        clip = simulate(seed=0, split="val", index=index, ranges=SHIFTS["gain"])
        usual = simulate(seed=0, split="val", index=index)
        brighter = clip.frames_NHW.mean() > usual.frames_NHW.mean()
        white[bool(brighter)].append(float((clip.frames_NHW >= 250).mean()))
    assert len(white[True]) > 1
    assert len(white[False]) > 1
    assert min(white[True]) > 0.01
    assert np.mean(white[True]) > 0.05
    assert max(white[False]) < 0.003


def test_each_shift_is_one_cause() -> None:
    assert set(describe_shift("frame-size")) == {"native_px"}
    assert set(describe_shift("compression")) == {"compressed", "jpeg_quality"}
    assert set(describe_shift("gain")) == {"headroom_db"}
    assert set(describe_shift("depth")) == {"length_px"}


def test_gain_is_brightness() -> None:
    dark, bright = (
        simulate(seed=0, split="val", index=1, ranges=replace(RANGES, headroom_db=Uniform(level, level)))
        for level in (14, -4)
    )
    assert dark.frames_NHW.mean() < 0.7 * bright.frames_NHW.mean()
