"""The report as one HTML file that holds all it needs, and its short form for notebooks."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jinja2

from lvzoo.files import atomic_file
from lvzoo.report import grids, honesty, noise_grids, words
from lvzoo.report.costs import cost_charts, cost_grid
from lvzoo.report.drawing import Drawing, looks
from lvzoo.report.gallery import Picture, pictures
from lvzoo.report.plots import key, response_chart, response_frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lvzoo.report.drawing import Look
    from lvzoo.report.plots import Frame
    from lvzoo.types.results import Ranking, Study

FEW_PAIRS: Final = 10
"""Up to so many pairs of models are shown; more are folded."""
LARGE: Final = (420.0, 230.0)
SMALL: Final = (230.0, 170.0)
"""Width and height of the charts of a family and of a corruption."""
LEFT_OUT: Final = ("P(first)", "worst", "anatomical failures", "seeds", "seed SD")
"""The columns of the ranking that a notebook does without."""
FEW_GALLERIES: Final = 2
"""So many models have their frames shown; those of the others are folded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A drawing with what stands above and below it."""

    title: str
    note: str
    drawing: Drawing


def write_report(study: Study, path: Path) -> None:
    """Write the report whole or not at all; it loads nothing from anywhere."""
    page = _environment().get_template("report.html.j2").render(_context(study))
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def fragment(study: Study) -> str:
    """Return the answer, the ranking and what it rests on, as HTML to stand among a notebook's cells."""
    ranking = study.ranking
    return (
        _environment()
        .get_template("fragment.html.j2")
        .render(
            answer=words.answer(study),
            contests=words.contests(ranking),
            synthetic=words.SYNTHETIC if study.source.synthetic else "",
            cautions=ranking.warnings,
            caption=words.caption(ranking),
            failed=study.failed,
            grid=grids.ranking_grid(ranking, looks(ranking)).without(*LEFT_OUT),
        )
    )


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("lvzoo.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _context(study: Study) -> Mapping[str, Any]:
    """Return all that the page shows; the template decides only where."""
    ranking = study.ranking
    look = looks(ranking)
    return {
        "title": f"lvzoo: {study.source.name}, {ranking.suite if ranking.families else 'clean frames'}",
        "answer": words.answer(study),
        "contests": words.contests(ranking),
        "synthetic": words.SYNTHETIC if study.source.synthetic else "",
        "source": study.source,
        "cautions": ranking.warnings,
        "caption": words.caption(ranking),
        "families": ranking.families,
        "headline": words.headline(ranking),
        "legend": [(model, words.marked(ranking, model), each, key(each)) for model, each in look.items()],
        **_ranking_context(ranking, look),
        **(_noise_context(ranking, look) if ranking.families else {}),
        **_contest_context(ranking, look),
        "cost_grid": cost_grid(ranking, look),
        "cost_charts": cost_charts(ranking, look),
        "galleries": [
            (words.marked(ranking, model), found, number < FEW_GALLERIES)
            for number, (model, found) in enumerate(_galleries(study, look))
        ],
        "definitions": honesty.definitions(ranking),
        "provenance": honesty.provenance(study),
        "exclusions": honesty.exclusions(study),
        "quirks": honesty.quirks(study),
        "failed": study.failed,
    }


def _galleries(study: Study, look: Mapping[str, Look]) -> list[tuple[str, list[Picture]]]:
    """Return the pictures of each model that has any, the best model first."""
    found = pictures(study.specimens)
    return [(model, found[model]) for model in look if model in found]


def _ranking_context(ranking: Ranking, look: Mapping[str, Look]) -> Mapping[str, Any]:
    return {
        "ranking_grid": grids.ranking_grid(ranking, look),
        "measures_grid": grids.measures_grid(ranking, look),
        "anatomy_grid": grids.anatomy_grid(ranking, look),
        "pairs_grid": None if ranking.pairs.empty else grids.pairs_grid(ranking),
        "pairs_open": len(ranking.pairs) <= FEW_PAIRS,
    }


def _noise_context(ranking: Ranking, look: Mapping[str, Look]) -> Mapping[str, Any]:
    large, small = (response_frame(ranking, size=size) for size in (LARGE, SMALL))
    return {
        "family_charts": [_family_chart(ranking, family, look, large) for family in ranking.families],
        "corruption_charts": [
            _corruption_chart(ranking, family, corruption, look, small)
            for family, corruptions in ranking.families.items()
            for corruption in corruptions
        ],
        "family_grid": noise_grids.family_grid(ranking, look),
        "corruption_grid": noise_grids.corruption_grid(ranking, look),
        "break_grids": noise_grids.break_grids(ranking, look),
    }


def _contest_context(ranking: Ranking, look: Mapping[str, Look]) -> Mapping[str, Any]:
    return {
        "contest_grids": noise_grids.contest_grids(ranking, look),
        "ceiling_grid": noise_grids.ceiling_grid(ranking, look),
        "margin": f"{ranking.margin:g}",
    }


def _family_chart(ranking: Ranking, family: str, look: Mapping[str, Look], frame: Frame) -> Chart:
    part = ranking.response[ranking.response["family"] == family]
    curves = part.groupby(["model", "severity"])[["dice"]].mean().reset_index()
    label = f"Dice over severity under {family} noise, a curve a model"
    note = ", ".join(ranking.families[family])
    return Chart(title=family, note=note, drawing=response_chart(curves, look, frame, label=label))


def _corruption_chart(
    ranking: Ranking, family: str, corruption: str, look: Mapping[str, Look], frame: Frame
) -> Chart:
    curves = ranking.response[ranking.response["corruption"] == corruption]
    label = f"Dice over severity under {corruption}, a curve a model"
    return Chart(title=corruption, note=family, drawing=response_chart(curves, look, frame, label=label))
