"""Draws the curves of a clip's page: the size of every frame, and below it the Dice to expect.

Across, places are percent of the chart's width, so that a chart fits every screen, and its text and marks keep their
size. Down, they are px. All charts of a page share the places across, which `place_frames` returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import numpy as np

from lvzoo.report.clip_page_values import find_runs
from lvzoo.report.drawing import Scale, nice_ticks
from lvzoo.types.answer import LEAST_DICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lvzoo.report.clip_page_values import PageMoment, Sizes

CURVE_HEIGHT: Final = 250
TRUST_HEIGHT: Final = 104
TOP: Final = 24
"""Room above a curve for the marks of end-diastole."""
FOOT: Final = 40
"""Room below a curve for the numbers and the name of the axis."""
STRETCH: Final = 1000
"""Curves are drawn this wide and stretched to the chart's width."""
MOST_LABELS: Final = 24
"""With more moments than this, only their shapes tell ED from ES."""
MARKS: Final = {"ED": "M0-5.5 5.6 4.2-5.6 4.2z", "ES": "M0 5.5 5.6-4.2-5.6-4.2z"}
"""ED points up, to the largest size, and ES down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Across:
    """Where frames lie across the charts, in percent, and the numbers on the axis."""

    percents_N: NDArray[np.float64]
    ticks: Sequence[tuple[float, str]]
    title: str


def place_frames(times_s_N: NDArray[np.float64] | None, numbers_N: NDArray[np.int64]) -> Across:
    """Place frames by their times, or by their numbers where the times are not known."""
    values_N = numbers_N.astype(np.float64) if times_s_N is None else times_s_N
    title = "frame" if times_s_N is None else "time, s"
    low, high = float(values_N[0]), float(values_N[-1])
    if high <= low:
        return Across(percents_N=np.full(len(values_N), 50.0), ticks=[(50.0, f"{low:g}")], title=title)
    scale = Scale(low, high, 0, 100)
    ticks = [tick for tick in nice_ticks(low, high, most=6) if low - 1e-9 <= tick <= high + 1e-9]
    return Across(
        percents_N=(values_N - low) / (high - low) * 100,
        ticks=[(scale(tick), f"{tick:g}") for tick in ticks if times_s_N is not None or tick == int(tick)],
        title=title,
    )


class ClipChart:
    """An SVG chart as wide as its place in the page. Its text is escaped here, so a template inserts it unchanged."""

    def __init__(self, height: float, *, label: str, css: str = "") -> None:
        self.height = height
        attributes = {"class": f"clip-chart {css}".strip(), "width": "100%", "height": f"{height:g}"}
        self.root = ET.Element("svg", {**attributes, "role": "group", "aria-label": label})

    def __html__(self) -> str:
        return ET.tostring(self.root, encoding="unicode")

    def add(self, tag: str, inside: ET.Element | None = None, /, **attributes: str | float) -> ET.Element:
        """Add an element; `css` is its class, and underscores in names stand for hyphens."""
        written = {
            "class" if name == "css" else name.replace("_", "-"): _write(value)
            for name, value in attributes.items()
        }
        return ET.SubElement(self.root if inside is None else inside, tag, written)

    def text(self, words: str, **attributes: str | float) -> None:
        """Write words."""
        self.add("text", None, **attributes).text = words

    def axis_down(self, scale: Scale, ticks: Sequence[float]) -> None:
        """Draw a line for each tick, with its number on the left."""
        for tick in ticks:
            y = scale(tick)
            self.add("line", css="grid", x1="0", x2="100%", y1=y, y2=y)
            self.text(f"{tick:g}", x="0", dx=-8, y=y + 4, text_anchor="end")

    def axis_across(self, across: Across, bottom: float) -> None:
        """Write the numbers and the name of the axis below the chart."""
        for percent, words in across.ticks:
            self.add("line", css="tick", x1=_share(percent), x2=_share(percent), y1=bottom, y2=bottom + 4)
            self.text(words, x=_share(percent), y=bottom + 17, text_anchor="middle")
        self.text(across.title, css="axis", x="50%", y=bottom + 34, text_anchor="middle")

    def stretched(self) -> ET.Element:
        """Add a drawing `STRETCH` wide that is stretched to the width of the chart."""
        box = f"0 0 {STRETCH} {self.height:g}"
        return self.add("svg", viewBox=box, preserveAspectRatio="none", width="100%", height=self.height)

    def columns(self, across: Across, positions: Sequence[int], top: float, bottom: float, css: str) -> None:
        """Fill the columns of some frames; each reaches half-way to the next frames."""
        edges_N = column_edges(across.percents_N)
        for first, last in find_runs(positions):
            x, width = (_share(each) for each in (edges_N[first], edges_N[last + 1] - edges_N[first]))
            fills = ("", "url(#hatch)") if css == "doubtful" else ("",)
            for fill in fills:
                place: dict[str, str | float] = {"x": x, "width": width, "y": top, "height": bottom - top}
                look = {"css": "hatched", "fill": fill} if fill else {"css": css}
                self.add("rect", None, **place, **look)

    def cursor(self, top: float, bottom: float) -> None:
        """Add the line that moves with the clip."""
        self.add("line", css="cursor", x1="0%", x2="0%", y1=top, y2=bottom)


def draw_sizes(
    sizes: Sizes,
    across: Across,
    moments: Sequence[PageMoment],
    doubtful: Sequence[int],
    numbers: Sequence[int],
) -> tuple[ClipChart, list[float | None]]:
    """Draw the curve of a size with its ED and ES. Return it, and where down the curve is at each frame."""
    chart = ClipChart(CURVE_HEIGHT, label=f"Curve of the {sizes.title}", css="sizes")
    bottom = CURVE_HEIGHT - FOOT
    known_N = sizes.values_N[np.isfinite(sizes.values_N)]
    ticks = nice_ticks(0, float(known_N.max()) if len(known_N) else 1, most=4)
    down = Scale(ticks[0], ticks[-1], bottom, TOP)
    ys = [down(value) if np.isfinite(value) else None for value in sizes.values_N.tolist()]
    chart.columns(across, doubtful, TOP - 10, bottom, "doubtful")
    chart.axis_down(down, ticks)
    chart.axis_across(across, bottom)
    if len(known_N):
        inner = chart.stretched()
        chart.add("path", inner, css="size-curve", d=join_points(across.percents_N, ys, numbers))
    else:
        chart.text("no frame could be measured", css="axis", x="50%", y=bottom / 2 + 12, text_anchor="middle")
    chart.cursor(TOP - 10, bottom)
    chart.add("circle", css="dot", cx="0%", cy=bottom, r=4.5)
    for moment in moments:
        y = ys[moment.position]
        at = bottom if y is None else y
        _mark(chart, moment, across, min(at, bottom), numbers, labelled=len(moments) <= MOST_LABELS)
    return chart, ys


def _mark(
    chart: ClipChart, moment: PageMoment, across: Across, y: float, numbers: Sequence[int], *, labelled: bool
) -> None:
    """Draw an ED above the curve, or an ES below it, as a button that goes to its frame."""
    away = -11 if moment.phase == "ED" else 11
    words = f"{moment.words}, frame {numbers[moment.position]}"
    css = f"moment {moment.phase.lower()}{'' if moment.beat.reason is None else ' unused'}"
    button = chart.add(
        "svg", css=css, x=_share(across.percents_N[moment.position]), y=y, overflow="visible",
        role="button", tabindex=0, data_frame=moment.position, aria_label=words,
    )  # fmt: skip
    chart.add("title", button).text = words
    chart.add("circle", button, css="reach", cy=away, r=11)
    group = chart.add("g", button, transform=f"translate(0 {away})")
    chart.add("path", group, d=MARKS[moment.phase])
    if labelled:
        label = chart.add("text", button, y=-19 if moment.phase == "ED" else 28, text_anchor="middle")
        label.text = moment.phase


def draw_trust(
    dice_N: NDArray[np.float64],
    low_N: NDArray[np.float64],
    high_N: NDArray[np.float64],
    *,
    across: Across,
    doubtful: Sequence[int],
    numbers: Sequence[int],
) -> ClipChart:
    """Draw the expected Dice of each frame with its interval, and the bar that says which frames are trusted."""
    chart = ClipChart(
        TRUST_HEIGHT, label="Expected Dice of each frame, and which frames are trusted", css="trust"
    )
    down = Scale(0, 1, TRUST_HEIGHT - 28, 8)
    chart.axis_down(down, (0, 0.5, 1))
    inner = chart.stretched()
    for part in _split(np.isfinite(low_N) & np.isfinite(high_N), numbers):
        places = [(_x(across.percents_N[at]), down(low_N[at]), down(high_N[at])) for at in part]
        around = [f"{x:g} {low:.1f}" for x, low, _ in places] + [
            f"{x:g} {high:.1f}" for x, _, high in places[::-1]
        ]
        chart.add("path", inner, css="interval", d=f"M{'L'.join(around)}z")
    ys = [down(dice) if np.isfinite(dice) else None for dice in dice_N.tolist()]
    if path := join_points(across.percents_N, ys, numbers):
        chart.add("path", inner, css="dice-curve", d=path)
    level = down(LEAST_DICE)
    chart.add("line", css="level", x1="0", x2="100%", y1=level, y2=level)
    chart.text(f"{LEAST_DICE:g}", css="level-name", x="100%", dx=5, y=level + 4)
    trusted = sorted(set(range(len(numbers))) - set(doubtful))
    chart.columns(across, trusted, TRUST_HEIGHT - 18, TRUST_HEIGHT - 4, "trusted")
    chart.columns(across, doubtful, TRUST_HEIGHT - 18, TRUST_HEIGHT - 4, "doubtful")
    chart.cursor(4, TRUST_HEIGHT - 2)
    return chart


def column_edges(percents_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the N + 1 edges of the columns of N frames, half-way between frames and at the ends of the chart."""
    if len(percents_N) == 1:
        return np.array([0.0, 100.0])
    return np.concatenate([percents_N[:1], (percents_N[:-1] + percents_N[1:]) / 2, percents_N[-1:]])


def join_points(percents_N: NDArray[np.float64], ys: Sequence[float | None], numbers: Sequence[int]) -> str:
    """Return path commands that join the frames that have a y, but not over frames that the clip has lost."""
    known_N = np.array([y is not None for y in ys])
    path = ""
    for part in _split(known_N, numbers):
        points = [f"{_x(percents_N[at]):g} {ys[at]:.1f}" for at in part]
        path += f"M{'L'.join(points)}" + ("h0" if len(part) == 1 else "")
    return path


def _split(known_N: NDArray[np.bool_], numbers: Sequence[int]) -> list[list[int]]:
    """Return the positions of known frames in parts, each of frames that follow each other in the file."""
    positions = np.flatnonzero(known_N).tolist()
    runs: list[list[int]] = []
    for at in positions:
        follows = runs and at == runs[-1][-1] + 1 and numbers[at] == numbers[at - 1] + 1
        if follows:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _x(percent: float) -> float:
    return round(percent * STRETCH / 100, 1)


def _share(percent: float) -> str:
    return f"{percent:.2f}%"


def _write(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
