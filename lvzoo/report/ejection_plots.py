"""Draws the ejection fraction (EF): its error over the severity of noise, and Bland and Altman's plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report.drawing import Drawing, Scale, nice_ticks
from lvzoo.report.plots import Frame
from lvzoo.report.words import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lvzoo.report.drawing import Look
    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.results import Ranking

WIDTH: Final = 420.0
HEIGHT: Final = 300.0
LEFT: Final = 40.0
RIGHT: Final = WIDTH - 104
"""The names of the lines stand to the right of the plot."""
TOP: Final = 10.0
BOTTOM: Final = HEIGHT - 38
LEAST_GAP_PX: Final = 12.0
"""Names of lines that are nearer to each other are moved apart."""


def error_frame(ranking: Ranking, ejection: EjectionResults, *, size: tuple[float, float]) -> Frame:
    """Return the axes that all charts of the EF error share; they begin at 0."""
    highest = float(ejection.response["mae"].max())
    return Frame(ranking, size=size, column="mae", ticks=nice_ticks(0.0, highest, most=5), references={})


def best_of_kinds(ejection: EjectionResults) -> list[str]:
    """Return the mask and the landmark model with the smallest error overall; one if there is no other kind."""
    overall = [
        row for row in rows_of(ejection.table) if row["scope"] == "overall" and not math.isnan(row["mae"])
    ]
    best = [
        min((row for row in overall if row["kind"] == kind), key=lambda row: float(row["mae"]), default=None)
        for kind in ("mask", "landmark")
    ]
    return [row["model"] for row in best if row is not None]


def bland_altman(
    ejection: EjectionResults, models: Sequence[str], looks: Mapping[str, Look]
) -> list[Drawing]:
    """Draw, for each of some models, the difference of predicted and traced EF over their mean, on clean frames.

    There is one mark per video and training seed. The lines are zero, the bias and the limits of agreement. All
    plots have the same scales.
    """
    cases = ejection.cases[ejection.cases["model"].isin(models)].dropna(subset=["ef_tracings"])
    cases = cases.assign(
        mean=(cases["ef_pred"] + cases["ef_tracings"]) / 2, difference=cases["ef_pred"] - cases["ef_tracings"]
    )
    limits = {
        row["model"]: (row["upper_limit"], row["bias"], row["lower_limit"])
        for row in rows_of(ejection.table)
        if row["scope"] == ("clean" if "clean" in set(ejection.table["scope"]) else "overall")
    }
    lines = [each for model in models for each in limits[model] if not math.isnan(each)]
    across = nice_ticks(cases["mean"].min(), cases["mean"].max(), most=6)
    down = nice_ticks(
        min(cases["difference"].min(), *lines, 0), max(cases["difference"].max(), *lines, 0), most=6
    )
    scales = (
        Scale(across[0], across[-1], LEFT, RIGHT),
        Scale(down[0], down[-1], BOTTOM, TOP),
    )
    drawings = []
    for model in models:
        drawing = Drawing(
            WIDTH, HEIGHT, label=f"Bland-Altman plot of the EF of {model} on clean frames", css="chart"
        )
        _draw_axes(drawing, across, down, scales)
        for row in rows_of(cases[cases["model"] == model]):
            title = f"{row['video']}: predicted {row['ef_pred']:.0f} %, traced {row['ef_tracings']:.0f} %"
            at = (scales[0](row["mean"]), scales[1](row["difference"]))
            drawing.mark(*at, looks[model], size=2.6, title=title)
        _draw_limits(drawing, limits[model], scales[1])
        drawings.append(drawing)
    return drawings


def _draw_axes(
    drawing: Drawing, across: Sequence[float], down: Sequence[float], scales: tuple[Scale, Scale]
) -> None:
    x, y = scales
    for tick in down:
        drawing.line([(LEFT, y(tick)), (RIGHT, y(tick))], "zero" if tick == 0 else "grid")
        drawing.text(LEFT - 6, y(tick) + 3.5, f"{tick:+g}" if tick else "0", anchor="end")
    for tick in across:
        drawing.line([(x(tick), TOP), (x(tick), BOTTOM)], "grid")
        drawing.text(x(tick), BOTTOM + 15, f"{tick:g}", anchor="middle")
    words = "mean of predicted and traced EF, %"
    drawing.text((LEFT + RIGHT) / 2, BOTTOM + 30, words, css="axis", anchor="middle")


def _draw_limits(drawing: Drawing, levels: tuple[float, float, float], y: Scale) -> None:
    """Draw the limits of agreement and the bias with their names, from top to bottom."""
    before = -math.inf
    for level, name in zip(levels, ("+1.96 SD", "bias", "-1.96 SD"), strict=True):
        if math.isnan(level):
            continue
        drawing.line([(LEFT, y(level)), (RIGHT, y(level))], "reference")
        at = max(y(level) + 3.5, before + LEAST_GAP_PX)
        drawing.text(RIGHT + 5, at, f"{level:+.1f} {name}", css="axis")
        before = at
