"""Draws charts as inline SVG: scales, lines and marks.

Colours are CSS classes, so that the page's style sets them for light and dark mode: `m0` to `m6` colour the models.
Text stays text. Nothing is random and nothing has a date: the same numbers give the same bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lvzoo.types import Kind
    from lvzoo.types.results import Ranking

Point = tuple[float, float]

COLOURS: Final = 7
"""The number of colours; the eighth model has the first colour again, with hollow marks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How a model is drawn: mask models as solid lines and circles, landmark models as dashed lines and diamonds."""

    number: int
    kind: Kind

    @property
    def css(self) -> str:
        """The CSS classes of the model's marks and lines."""
        hollow = " hollow" if self.number // COLOURS % 2 else ""
        return f"m{self.number % COLOURS} n{self.number} {self.kind}{hollow}"


def assign_looks(ranking: Ranking) -> Mapping[str, Look]:
    """Return how each model is drawn; colours are assigned by rank."""
    return {
        model: Look(number=number, kind=ranking.models[model].kind)
        for number, model in enumerate(ranking.table["model"])
    }


class Scale:
    """Maps the numbers low..high to pixels start..end, linearly or (`log`) by their logarithms."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool = False) -> None:
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value: float) -> float:
        """Return the pixel of a number; a number outside the range is drawn at the edge."""
        low, high, at = (math.log(each) if self.log else each for each in (self.low, self.high, value))
        share = (at - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def nice_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers at equal steps that enclose low..high; about `most` steps cover the range.

    >>> nice_ticks(0.713, 0.934)
    [0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    >>> nice_ticks(-0.004, 0.031, most=4)
    [-0.01, 0.0, 0.01, 0.02, 0.03, 0.04]
    """
    spread = max(high - low, 1e-3)
    magnitude = 10.0 ** math.floor(math.log10(spread / most))
    step = next(size * magnitude for size in (1, 2, 5, 10) if spread / (size * magnitude) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 9) for number in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten that enclose low..high; only the powers if there are more than two.

    >>> log_ticks(0.3, 4.1)
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    ticks = [float(f"{size * 10.0**power:.3g}") for power in range(first - 1, last + 1) for size in steps]
    below = [tick for tick in ticks if tick <= low][-1]
    above = next(tick for tick in ticks if tick >= high and tick > below)
    return [tick for tick in ticks if below <= tick <= above]


class Drawing:
    """An SVG picture. Its text is escaped here, so a template inserts it unchanged."""

    def __init__(self, width: float, height: float, *, label: str = "", css: str = "") -> None:
        attributes = {"class": css} if css else {}
        attributes |= {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
        self.root = ET.Element("svg", {"viewBox": f"0 0 {width:g} {height:g}", **attributes})

    def __html__(self) -> str:
        return ET.tostring(self.root, encoding="unicode")

    def line(self, points: Iterable[Point], css: str, *, title: str = "") -> None:
        """Join points by straight lines."""
        line = ET.SubElement(self.root, "polyline", {"class": css, "points": _coordinates(points)})
        _add_title(line, title)

    def area(self, points: Iterable[Point], css: str) -> None:
        """Fill the polygon of the points."""
        ET.SubElement(self.root, "polygon", {"class": css, "points": _coordinates(points)})

    def path(self, commands: str, css: str) -> None:
        """Draw SVG path commands."""
        ET.SubElement(self.root, "path", {"class": css, "d": commands})

    def text(self, x: float, y: float, words: str, *, css: str = "", anchor: str = "start") -> None:
        """Write words whose baseline has its start, "middle" or "end" at a point."""
        attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
        element = ET.SubElement(self.root, "text", attributes | ({"class": css} if css else {}))
        element.text = words

    def mark(self, x: float, y: float, look: Look, *, size: float = 3.5, title: str = "") -> None:
        """Draw a model's mark at a point: a circle for masks, a diamond for landmarks."""
        css = f"mark {look.css}"
        if look.kind == "mask":
            at = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{size:g}"}
            element = ET.SubElement(self.root, "circle", {"class": css, **at})
        else:
            reach = size * 1.3  # a diamond of about the circle's area
            corners = ((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
            element = ET.SubElement(self.root, "polygon", {"class": css, "points": _coordinates(corners)})
        _add_title(element, title)


def _coordinates(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _add_title(element: ET.Element, title: str) -> None:
    """Add the text that a browser shows when the pointer is on the element."""
    if title:
        ET.SubElement(element, "title").text = title
