"""Reads and writes the file of numbers by which masks are judged, and says to which models they were fitted.

lvzoo ships one such file, `trust-v1.json`. `lvzoo.workflows.fit_trust` makes it. Its part `card` says how.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lvzoo.clinic.expected import DiceFit, RisingCurve
from lvzoo.errors import DataError, one_line
from lvzoo.files import atomic_file, read_json
from lvzoo.types.answer import ModelUsed

SHIPPED: Final = Path(__file__).with_name("trust-v1.json")
OTHER_MODELS: Final = "the expected Dice was fitted to the models {}, so it may be wrong for {}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustModel:
    """The numbers by which masks are judged."""

    fits: tuple[DiceFit, ...]
    """The first one whose figures are known is used. The last one needs only what is always known."""
    card: Mapping[str, Any] = field(repr=False)
    """How, from what, for which models and by which command the numbers were made."""

    def list_cautions(self, models: Sequence[ModelUsed]) -> tuple[str, ...]:
        """Return what must be said beside the numbers, if these models made and checked the masks."""
        fitted = {each["weights"]: each["name"] for each in self.card["models"]}
        others = [model.name for model in models if model.weights not in fitted]
        return (OTHER_MODELS.format(" and ".join(fitted.values()), ", ".join(others)),) if others else ()


def read_trust_model(path: Path = SHIPPED) -> TrustModel:
    """Return the numbers of a file; by default, of the one that lvzoo ships.

    Raises:
        DataError: the file cannot be read, or does not hold such numbers.
    """
    try:
        found = read_json(path)
        return TrustModel(
            fits=tuple(_read_fit(fit) for fit in found["fits"]),
            card=found["card"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: holds no numbers of trust ({one_line(error)}); make the file again"
        ) from error


def write_trust_model(path: Path, model: TrustModel) -> None:
    """Write numbers to a file."""
    fits = [
        {
            "curves": {curve.figure: {"at": curve.at, "adds": curve.adds} for curve in fit.curves},
            "constant": fit.constant,
            "interval": {"at": fit.at, "below": fit.below, "above": fit.above},
            "least_likeness": fit.least_likeness,
        }
        for fit in model.fits
    ]
    text = json.dumps({"card": dict(model.card), "fits": fits}, indent=1)
    with atomic_file(path) as temporary:
        temporary.write_text(_shorten(text) + "\n", encoding="utf-8")


def _read_fit(fit: Mapping[str, Any]) -> DiceFit:
    interval = fit["interval"]
    return DiceFit(
        curves=tuple(
            RisingCurve(figure=figure, at=tuple(curve["at"]), adds=tuple(curve["adds"]))
            for figure, curve in fit["curves"].items()
        ),
        constant=fit["constant"],
        at=tuple(interval["at"]),
        below=tuple(interval["below"]),
        above=tuple(interval["above"]),
        least_likeness=fit["least_likeness"],
    )


def _shorten(text: str) -> str:
    """Return JSON with each list of numbers in one line."""
    return re.sub(r"\[[\s\d.,e-]+\]", lambda found: re.sub(r"\s+", " ", found[0]), text)
