"""Shows the experts of a data set beside the models: two sentences, and one table of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lvzoo.errors import name_some, show_name
from lvzoo.report import words
from lvzoo.report.drawing import COLOURS, Look, assign_looks
from lvzoo.report.ejection import OVERALL, scope_rows
from lvzoo.report.formats import UNKNOWN, decimals, known, known_interval, number_of, sample_size
from lvzoo.report.grids import Cell, Column, Grid, number, strip_foot, text_column
from lvzoo.report.plots import Strips
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.report.words import Row
    from lvzoo.types.experts import ExpertResults
    from lvzoo.types.results import Ranking, Study

EXPERT: Final = Look(number=COLOURS - 1, kind="mask")
"""How experts are drawn: in grey."""
CARE: Final = (
    "read experts and models side by side, not as one ranking: a model is scored against the data set's references, "
    "in which every expert may have a share; an expert is scored against the consensus of the others alone"
)
MEASURES: Final = (
    ("nsd1", "NSD 1 px", "share of the boundary within 1 px", 3),
    ("hd95", "HD95, px", "95th percentile of the boundary distance", 2),
    ("assd", "ASSD, px", "mean boundary distance", 2),
)
"""Columns of both tables with title, note and number of decimals."""


def band_lines(study: Study) -> list[str]:
    """Return a line for each set with experts: their Dice, and that of the models on its clean frames."""
    ranking = study.ranking
    lines = []
    if study.experts is not None:
        clean = {row["model"]: row["clean"] for row in words.rows_of(ranking.table)}
        lines.append(f"experts, {_describe_band(study.experts)}{_describe_models(clean, ranking)}")
    for name, experts in study.experts_elsewhere.items():
        table = None if study.across is None else study.across.table
        rows = [] if table is None else words.rows_of(table[table["set"] == name])
        clean = {row["model"]: row["clean"] for row in rows}
        lines.append(f"experts on {name}, {_describe_band(experts)}{_describe_models(clean, ranking)}")
    return lines


def _describe_band(experts: ExpertResults) -> str:
    table, dice = experts.table, _find_band(experts)
    size = sample_size(int(table["patients"].max()), int(table["frames"].max()))
    median, lowest, highest = (decimals(dice[name]) for name in ("median", "lowest", "highest"))
    who = f"{number_of(len(table), 'expert')}, {size}"
    return f"each against the consensus of the others: median Dice {median}, {lowest} to {highest} ({who})"


def _describe_models(clean: Mapping[str, float], ranking: Ranking) -> str:
    """Return the first few models with their Dice on clean frames."""
    models = [f"{words.marked_name(ranking, model)} {decimals(dice)}" for model, dice in clean.items()]
    return f"; models on clean frames: {name_some(models)}" if models else ""


def expert_lines(study: Study) -> list[str]:
    """Return what the experts' Dice is, and how to compare it with that of models; nothing without experts."""
    lines = band_lines(study)
    return [*lines, CARE] if lines else []


def expert_grid(study: Study) -> Grid | None:
    """Return one row per model and then one per expert, all on clean frames; None without experts."""
    ranking, experts = study.ranking, study.experts
    if experts is None:
        return None
    models, readers = words.rows_of(ranking.table), words.rows_of(experts.table)
    dice = _find_band(experts)
    strips = Strips(
        [*(row["clean_low"] for row in models), *(row["dice_low"] for row in readers), dice["lowest"]],
        [*(row["clean_high"] for row in models), *(row["dice_high"] for row in readers), dice["highest"]],
        band=(dice["lowest"], dice["highest"]),
    )
    columns = [
        text_column("reader"),
        text_column("against"),
        Column(title="Dice", note="mean Dice on clean frames with its 95 % interval"),
        Column(title="95 % interval", align="centre", first=None),
        *(
            Column(title=title, note=note, first="descending" if name == "nsd1" else "ascending")
            for name, title, note, _ in MEASURES
        ),
        Column(title="area, %", note="how much larger the area is than the reference's"),
        Column(
            title="EF error", note="mean absolute error of the ejection fraction, points", first="ascending"
        ),
        Column(title="frames", note="frames that were scored"),
    ]
    rows = [
        *(_model_row(row, ranking, strips) for row in models),
        *(_expert_row(row, strips) for row in readers),
    ]
    title = "Models and experts on clean frames; the band is the range of the experts"
    return Grid(title=title, columns=columns, rows=rows, foot=strip_foot(columns, strips))


def _find_band(experts: ExpertResults) -> Row:
    """Return the median, the lowest and the highest Dice of the experts."""
    return next(row for row in words.rows_of(experts.band) if row["measure"] == "dice")


def _model_row(row: Row, ranking: Ranking, strips: Strips) -> list[Cell]:
    model = row["model"]
    look = assign_looks(ranking)[model]
    errors = _find_clean_errors(ranking)
    return [
        Cell(text=words.marked_name(ranking, model), sort=model, look=look),
        Cell(text="references", sort="references"),
        *_dice_cells(row, "clean", strips, look),
        *(number(row[name], places) for name, *_, places in MEASURES),
        Cell(text=UNKNOWN),
        number(errors.get(model), 1),
        Cell(text=str(ranking.frames), sort=float(ranking.frames)),
    ]


def _expert_row(row: Row, strips: Strips) -> list[Cell]:
    expert = show_name(row["expert"])
    return [
        Cell(text=expert, sort=expert, look=EXPERT),
        Cell(text=f"{row['others']:.3g} other experts", sort="experts"),
        *_dice_cells(row, "dice", strips, EXPERT),
        *(number(row[name], places) for name, *_, places in MEASURES),
        Cell(
            text=UNKNOWN if known(row["area_bias"]) is None else f"{row['area_bias']:+.1f}",
            sort=known(row["area_bias"]),
        ),
        number(row["ef_mae"], 1),
        Cell(text=str(row["frames"]), sort=float(row["frames"])),
    ]


def _dice_cells(row: Row, name: str, strips: Strips, look: Look) -> list[Cell]:
    score = words.with_ends(row, name)
    return [Cell(text=known_interval(*score), sort=known(row[name])), Cell(drawing=strips.row(*score, look))]


def _find_clean_errors(ranking: Ranking) -> dict[str, float]:
    """Return each model's EF error on clean frames, in points."""
    if ranking.ejection is None:
        return {}
    scope = CLEAN.corruption if ranking.families else OVERALL
    return {row["model"]: row["mae"] for row in scope_rows(ranking.ejection, scope)}


def note_experts(experts: ExpertResults) -> str:
    """Return how the experts were scored, for the report's glossary."""
    return (
        "each expert's tracing of a frame against the consensus of the others (a vote of the pixels), on clean "
        f"frames, by the code that scores models; intervals: {experts.resamples:,} resamples of the patients. Area: "
        "mean of own / reference area - 1. EF error: against the median of the others' volumes."
    )
