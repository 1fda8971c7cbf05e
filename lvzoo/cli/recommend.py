"""`lvzoo recommend`: say which trained model of a run to use on your own clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lvzoo.cli.options import ClipPath, json_option, print_json, registry_option
from lvzoo.errors import DataError, show_name

if TYPE_CHECKING:
    from lvzoo.workflows.recommend import Recommendation

HEADINGS: Final = (
    "CLIP",
    "NOISE",
    "SEVERITY",
    "USE",
    "DICE",
    "8 OF 10 CLIPS",
    "RUNNER-UP",
    "BEST ON AVERAGE",
    "STILL TO GAIN",
)
NONE: Final = "-"
SYNTHETIC_RUN: Final = "the Dice is that of simulated patients: the run was tested on the synthetic phantom"
DIGITS: Final = 4


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True, type=ClipPath())
@click.option(
    "--run",
    metavar="RUN",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of a finished run, whose trained models are compared.",
)
@json_option
@registry_option
def recommend(*, clips: tuple[Path, ...], run: Path, as_json: bool, registries: tuple[Path, ...]) -> int:
    """Say which trained model of a run to use on your own clips.

    CLIP is what `lvzoo predict` reads. The noise of each clip is estimated, and the run says what its trained models
    lose under such noise. No model is run. Each training counts by itself: unet-s1 is the entry unet, trained with
    seed 1.

    Prints one row per clip: its most likely noise with the probability, and the severity (0 clean, 5 strongest); the
    model to use; the Dice to expect, with the range in which 8 of 10 clips lie; what the runner-up and the best model
    on average would give; and what choosing with the noise known would still gain, on average. If a clip fails, its
    error is printed on stderr, the next clip follows, and the exit code is 4.
    """
    from lvzoo.workflows.recommend import recommend_each

    done: list[Recommendation] = []
    code = 0
    for result in recommend_each(clips, run=run, registries=registries):
        if isinstance(result, DataError):
            click.echo(f"error: {result}", err=True)
            code = result.exit_code
        else:
            done.append(result)
    if as_json:
        print_json([as_json_object(each) for each in done])
    else:
        _show(done)
    return code


def _show(done: Sequence[Recommendation]) -> None:
    """Print the table on stdout, and on stderr the reasons and what the Dice rests on."""
    if done:
        rows = [HEADINGS, *(tuple(_cells(each)) for each in done)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo(line.rstrip())
    for each in done:
        for reason in each.reasons:
            click.echo(f"{show_name(each.clip)}: {reason}", err=True)
    if any(each.run_synthetic for each in done):
        click.echo(SYNTHETIC_RUN, err=True)


def _cells(found: Recommendation) -> Iterator[str]:
    yield show_name(found.clip)
    noise, advice = found.noise, found.advice
    low, high = noise.severity_range
    if found.noise_known:
        yield f"{noise.corruption} ({noise.corruptions[noise.corruption]:.0%})"
        yield f"{noise.severity:.1f} ({low:.1f} to {high:.1f})"
    else:
        yield from [NONE] * 2
    yield found.use
    if advice is None:
        yield from [NONE] * 5
        return
    use, runner_up, average = advice.of(advice.use), advice.runner_up, advice.of(advice.best_on_average)
    yield f"{use.dice:.3f} ({use.low:.3f} to {use.high:.3f})"
    yield f"{use.clips_low:.2f} to {use.clips_high:.2f}"
    yield NONE if runner_up is None else f"{runner_up.model} {runner_up.dice:.3f}"
    yield f"{average.model} {average.dice:.3f}"
    yield f"{advice.left_to_gain:.3f}"


def as_json_object(found: Recommendation) -> dict[str, Any]:
    """Return a recommendation for JSON: the noise with all its probabilities, and what to expect of every model."""
    noise, advice = found.noise, found.advice
    return {
        "clip": show_name(found.clip),
        "synthetic": found.synthetic,
        "run_synthetic": found.run_synthetic,
        "noise": None
        if not found.noise_known
        else {
            "suite": noise.suite,
            "corruption": noise.corruption,
            "corruptions": {name: round(each, DIGITS) for name, each in noise.corruptions.items()},
            "severity": round(noise.severity, DIGITS),
            "severity_range": [round(each, DIGITS) for each in noise.severity_range],
            "conditions": {
                f"{each.corruption}:{each.severity}": round(probability, DIGITS)
                for each, probability in noise.probabilities.items()
            },
            "oddity": round(noise.oddity, DIGITS),
            "covered": round(found.covered, DIGITS),
        },
        "use": found.use,
        "weights": None if found.weights is None else show_name(found.weights),
        "reasons": list(found.reasons),
        "advice": None
        if advice is None
        else {
            "best_on_average": advice.best_on_average,
            "gain": _round(advice.gain),
            "gain_low": _round(advice.gain_low),
            "gain_high": _round(advice.gain_high),
            "lead": advice.lead,
            "left_to_gain": _round(advice.left_to_gain),
            "models": [
                {
                    "model": each.model,
                    **{
                        name: _round(getattr(each, name))
                        for name in ("dice", "low", "high", "clips_low", "clips_high")
                    },
                }
                for each in advice.models
            ],
        },
    }


def _round(value: float) -> float | None:
    """Return a value for JSON; NaN, as of an interval over one patient, becomes null."""
    return round(value, DIGITS) if value == value else None  # noqa: PLR0124 - NaN alone differs from itself
