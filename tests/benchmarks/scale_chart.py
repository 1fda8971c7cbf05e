"""Draws the figures of `tests.benchmarks.scale`: processor time and memory against the number of patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from lvzoo.report.drawing import Drawing, Look, Scale, log_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.scale import Figure

WIDTH, HEIGHT, LEGEND = 360, 260, 150
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLE: Final = (
    "svg{background:#fff}text{font:10px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}"
    ".slope{stroke:#999;stroke-dasharray:3}polyline{fill:none;stroke-width:1.5}"
)


def draw(figures: Sequence[Figure]) -> str:
    """Return an SVG file with two charts on logarithmic scales, in which a line of slope 1 is linear growth."""
    drawing = Drawing(2 * WIDTH + LEGEND, HEIGHT + 24, label="time and memory against patients (synthetic)")
    drawing.root.set("xmlns", "http://www.w3.org/2000/svg")
    drawing.root.set("width", str(2 * WIDTH + LEGEND))
    colours = [f".m{n}{{stroke:{colour}}}circle.m{n}{{fill:{colour}}}" for n, colour in enumerate(COLOURS)]
    style = ET.SubElement(drawing.root, "style")
    style.text = STYLE + "".join(colours)
    steps = list(dict.fromkeys(figure.step for figure in figures))
    times = {step: [(each.patients, each.cpu_s) for each in figures if each.step == step] for step in steps}
    memory = {
        step: [(each.patients, each.peak_mb) for each in figures if each.step == step] for step in steps
    }
    _chart(drawing, times, "processor time of a whole step, s", left=0)
    _chart(drawing, memory, "peak memory of the process, MB", left=WIDTH)
    for number, step in enumerate(steps):
        y = 40 + 18 * number
        _mark(drawing, 2 * WIDTH + 20, y - 3, number, step)
        drawing.text(2 * WIDTH + 32, y, step)
    drawing.text(2 * WIDTH + 15, HEIGHT - 22, "synthetic data (phantom)")
    drawing.text(2 * WIDTH + 15, HEIGHT - 8, "dashed: linear growth")
    return ET.tostring(drawing.root, encoding="unicode") + "\n"


def _chart(drawing: Drawing, lines: dict[str, list[tuple[int, float]]], title: str, *, left: float) -> None:
    """Draw one chart, a line per step."""
    across_ticks = log_ticks(*_range(x for points in lines.values() for x, _ in points))
    down_ticks = log_ticks(*_range(y for points in lines.values() for _, y in points))
    across = Scale(across_ticks[0], across_ticks[-1], left + 50, left + WIDTH - 15, log=True)
    down = Scale(down_ticks[0], down_ticks[-1], HEIGHT - 20, 30, log=True)
    drawing.text(left + 50, 16, title, css="title")
    for x in across_ticks:
        drawing.line([(across(x), down.start), (across(x), down.end)], "grid")
        drawing.text(across(x), HEIGHT - 5, f"{x:,.0f}", anchor="middle")
    for y in down_ticks:
        drawing.line([(across.start, down(y)), (across.end, down(y))], "grid")
        drawing.text(left + 45, down(y) + 3, f"{y:,g}", anchor="end")
    drawing.text((across.start + across.end) / 2, HEIGHT + 10, "patients", anchor="middle")
    first = down_ticks[0]
    growth = min(across_ticks[-1] / across_ticks[0], down_ticks[-1] / first)
    end = (across(across_ticks[0] * growth), down(first * growth))
    drawing.line([(across.start, down.start), end], "slope")
    for number, (step, points) in enumerate(lines.items()):
        at = [(across(x), down(y)) for x, y in points]
        drawing.line(at, f"m{number}", title=step)
        for (x, y), (patients, value) in zip(at, points, strict=True):
            _mark(drawing, x, y, number, f"{step}, {patients:,} patients: {value:,.3g}")


def _range(values: Iterable[float]) -> tuple[float, float]:
    numbers = [max(each, 1e-3) for each in values]
    low, high = min(numbers), max(numbers)
    return low, max(high, low * 1.5)


def _mark(drawing: Drawing, x: float, y: float, number: int, title: str) -> None:
    drawing.mark(x, y, Look(number=number, kind="mask"), size=2.6, title=title)
