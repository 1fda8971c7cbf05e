"""Writes the report as one self-contained HTML file, and its short form for notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lvzoo.files import atomic_file
from lvzoo.report import ejection_grids, grids, honesty, noise_grids, words
from lvzoo.report.across import across_grids
from lvzoo.report.across_chart import set_chart
from lvzoo.report.across_words import across_lines, across_notes, synthetic_line
from lvzoo.report.answer import answer, contests
from lvzoo.report.costs import cost_charts, cost_grid
from lvzoo.report.drawing import Drawing, assign_looks
from lvzoo.report.ejection import ejection_lines, order_lines, shows_ef
from lvzoo.report.ejection_plots import best_of_kinds, bland_altman, error_frame
from lvzoo.report.experts import band_lines, expert_grid, expert_lines
from lvzoo.report.gallery import Picture, make_pictures
from lvzoo.report.jinja import environment
from lvzoo.report.plots import Frame, draw_key, response_chart
from lvzoo.types.answer import NO_MEDICAL_DEVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from lvzoo.report.drawing import Look
    from lvzoo.types.ejection import EjectionResults
    from lvzoo.types.results import Ranking, Study

FEW_PAIRS: Final = 10
"""If there are more pairs of models than this, their table is folded."""
LARGE: Final = (420.0, 230.0)
SMALL: Final = (230.0, 170.0)
"""Width and height of a family's chart, and of a corruption's chart."""
LEFT_OUT: Final = ("P(first)", "worst", "anatomical failures", "seeds", "seed SD")
"""The columns of the ranking that a notebook does not show."""
FEW_GALLERIES: Final = 2
"""The frames of this many models are shown; those of the other models are folded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A drawing with its title and a note."""

    title: str
    note: str
    drawing: Drawing


def write_report(study: Study, path: Path) -> None:
    """Write the report, complete or not at all; the page loads nothing from elsewhere."""
    page = environment().get_template("report.html.j2").render(_context(study))
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def fragment(study: Study) -> str:
    """Return the answer, the cautions, the ranking and its caption as HTML for a notebook's cell."""
    grid = grids.ranking_grid(study.ranking).without(*LEFT_OUT)
    return environment().get_template("fragment.html.j2").render(_answer_context(study), grid=grid)


def _context(study: Study) -> Mapping[str, Any]:
    """Return everything that the page shows; the template only places it."""
    ranking = study.ranking
    looks = assign_looks(ranking)
    return {
        **_answer_context(study),
        "title": f"lvzoo: {study.source.name}, {ranking.suite if ranking.families else 'clean frames'}",
        "source": study.source,
        "families": ranking.families,
        "headline": words.headline(ranking),
        "legend": [
            (words.marked_name(ranking, model), look, draw_key(look)) for model, look in looks.items()
        ],
        "ranking_grid": grids.ranking_grid(ranking),
        "measures_grid": grids.measures_grid(ranking),
        "anatomy_grid": grids.anatomy_grid(ranking),
        "pairs_grid": None if ranking.pairs.empty else grids.pairs_grid(ranking),
        "pairs_open": len(ranking.pairs) <= FEW_PAIRS,
        **(_noise_context(ranking, looks) if ranking.families else {}),
        "contest_grids": noise_grids.contest_grids(ranking),
        "ceiling_grid": noise_grids.ceiling_grid(ranking),
        "margin": f"{ranking.margin:g}",
        "expert_grid": expert_grid(study),
        "expert_lines": expert_lines(study),
        **_ejection_context(study, looks),
        **_across_context(study, looks),
        "cost_grid": cost_grid(ranking),
        "cost_charts": cost_charts(ranking, looks),
        "galleries": _galleries(study, looks),
        "definitions": honesty.definitions(ranking, study.experts),
        "provenance": honesty.provenance(study),
        "exclusions": honesty.exclusions(study),
        "quirks": honesty.quirks(study),
    }


def _answer_context(study: Study) -> Mapping[str, Any]:
    """Return what the page and the notebook both show."""
    ranking = study.ranking
    return {
        "answer": answer(study),
        "contests": [*contests(ranking), *band_lines(study)],
        "synthetic": words.SYNTHETIC if study.source.synthetic else "",
        "cautions": ranking.warnings,
        "caption": [*words.caption(ranking), *order_lines(ranking)],
        "notice": NO_MEDICAL_DEVICE if shows_ef(ranking) else "",
        "ranking_shows_ef": ranking.order == "ef",
        "failed": study.failed,
        "missing": study.missing,
    }


def _galleries(study: Study, looks: Mapping[str, Look]) -> list[tuple[str, list[Picture], bool]]:
    """Return, for each model with pictures and the best model first: its name, its pictures, whether it is open."""
    pictures = make_pictures(study.specimens)
    models = [model for model in looks if model in pictures]
    return [
        (words.marked_name(study.ranking, model), pictures[model], number < FEW_GALLERIES)
        for number, model in enumerate(models)
    ]


def _noise_context(ranking: Ranking, looks: Mapping[str, Look]) -> Mapping[str, Any]:
    response, families = ranking.response, ranking.families.items()
    by_family = response.groupby(["family", "model", "severity"])[["dice"]].mean().reset_index()

    def chart(title: str, note: str, curves: pd.DataFrame, size: tuple[float, float]) -> Chart:
        label = f"Dice over severity, {title} noise, one curve per model"
        drawing = response_chart(curves, looks, Frame(ranking, size=size), label=label)
        return Chart(title=title, note=note, drawing=drawing)

    return {
        "family_charts": [
            chart(family, ", ".join(names), by_family[by_family["family"] == family], LARGE)
            for family, names in families
        ],
        "corruption_charts": [
            chart(name, family, response[response["corruption"] == name], SMALL)
            for family, names in families
            for name in names
        ],
        "family_grid": noise_grids.family_grid(ranking),
        "corruption_grid": noise_grids.corruption_grid(ranking),
        "break_grids": noise_grids.break_grids(ranking),
    }


def _across_context(study: Study, looks: Mapping[str, Look]) -> Mapping[str, Any]:
    """Return what the section on other data sets and picture quality shows; nothing if there are neither."""
    across, ranking = study.across, study.ranking
    if across is None:
        return {"across_title": ""}
    measures = {"clean": "clean Dice", **({"headline": words.headline(ranking)} if ranking.families else {})}

    def chart(measure: str, name: str) -> Chart:
        drawing = set_chart(across, looks, measure, label=f"{name} on each test set, one line per model")
        return Chart(title=name, note="with 95 % intervals, on each test set", drawing=drawing)

    return {
        "across_title": "Other data sets" if across.strange or across.left_out else "Picture quality",
        "across_synthetic": synthetic_line(across),
        "across_lines": across_lines(study),
        "across_charts": [chart(*each) for each in measures.items()] if across.strange else [],
        "across_grids": across_grids(study),
        "across_notes": across_notes(study),
    }


def _ejection_context(study: Study, looks: Mapping[str, Look]) -> Mapping[str, Any]:
    """Return what the section on the ejection fraction shows; only its sentences if no model has one."""
    ranking, ejection = study.ranking, study.ranking.ejection
    lines = ejection_lines(study)
    context: dict[str, Any] = {"ejection_lines": lines, "ejection_grids": [], "ejection_charts": []}
    if ejection is None or not ejection.known:
        return context
    best = best_of_kinds(ejection)
    plots = bland_altman(ejection, best, looks)
    return {
        **context,
        "ejection_margin": f"{ejection.margin:g}",
        "ejection_grids": ejection_grids.ejection_grids(ranking),
        "ejection_sharing": ejection_grids.sharing_grid(ranking),
        "ejection_contests": ejection_grids.contest_grids(ranking),
        "bland_altman": [
            Chart(title=words.marked_name(ranking, model), note="clean frames", drawing=drawing)
            for model, drawing in zip(best, plots, strict=True)
        ],
        **(_ejection_noise_context(ranking, ejection, looks) if ranking.families else {}),
    }


def _ejection_noise_context(
    ranking: Ranking, ejection: EjectionResults, looks: Mapping[str, Look]
) -> Mapping[str, Any]:
    response, families = ejection.response, ranking.families.items()
    by_family = response.groupby(["family", "model", "severity"])[["mae"]].mean().reset_index()

    def chart(title: str, note: str, curves: pd.DataFrame, size: tuple[float, float]) -> Chart:
        label = f"EF error over severity, {title} noise, one curve per model"
        frame = error_frame(ranking, ejection, size=size)
        return Chart(title=title, note=note, drawing=response_chart(curves, looks, frame, label=label))

    return {
        "ejection_charts": [
            chart(family, ", ".join(names), by_family[by_family["family"] == family], LARGE)
            for family, names in families
        ],
        "ejection_corruption_charts": [
            chart(name, family, response[response["corruption"] == name], SMALL)
            for family, names in families
            for name in names
        ],
        "ejection_families": ejection_grids.family_grid(ranking),
    }
