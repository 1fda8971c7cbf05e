"""Measures time and memory of every step of a run against the number of patients, and draws them.

    python -m tests.benchmarks.scale --patients 100,1000,10000,100000 --out docs/scale.svg

Each step runs alone in a process of its own with one thread. The patients are the videos of a phantom, which are
repeated under new names if there are too few: all figures are synthetic. Long steps are measured in part; the table
says which part, and what the whole costs. Judge by processor time, because others may use the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from lvzoo.data.tables import FILE_LIST
from lvzoo.phantom.write import cached_phantom
from tests.benchmarks.scale_chart import draw
from tests.benchmarks.scale_data import link_patients
from tests.benchmarks.scale_runs import make_large_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEPS: Final = {
    "first read": "read",
    "cached read": "read",
    "training epoch": "train",
    "noise": "noise",
    "testing": "evaluate",
    "ranking": "rank",
}
"""The steps in the order in which they are measured, and the function of `scale_step` that does each."""
MOST_SCORES: Final = 17_000_000
"""The rows of scores that are ranked at most: those of 20 models with 5 seeds on 1,277 patients."""
CONDITIONS: Final = 66


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much of a long step is measured."""

    steps: int = 50
    noisy: int = 6_500
    scored: int = 3_000
    models: int = 20
    seeds: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What a step took for a number of patients."""

    step: str
    patients: int
    cpu_s: float
    """For the whole step, if only a part of it was measured."""
    peak_mb: float
    own_mb: float
    note: str


def main(words: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--patients", default="100,1000,10000", help="numbers of patients, with commas")
    parser.add_argument(
        "--source", type=Path, help="folder of a phantom; without it, that of size 'full' is made"
    )
    parser.add_argument("--work", type=Path, help="folder for data and caches, kept; what is there is used")
    parser.add_argument("--steps", default=",".join(STEPS), help="the steps to measure, with commas")
    parser.add_argument("--out", type=Path, help="write the figure here, an SVG file")
    parser.add_argument(
        "--small", action="store_true", help="measure only little of each step, as a test does"
    )
    chosen = parser.parse_args(words)
    sizes = [int(each) for each in chosen.patients.split(",")]
    source = chosen.source or cached_phantom(size="full", seed=0)
    limits = Limits(steps=2, noisy=26, scored=16, models=2, seeds=1) if chosen.small else Limits()
    with TemporaryDirectory(prefix="lvzoo-scale-") as temporary:
        work = chosen.work or Path(temporary)
        figures = [
            figure
            for patients in sizes
            for figure in measure(work / str(patients), source, patients, chosen.steps.split(","), limits)
        ]
    sys.stdout.write(make_table(figures))
    if chosen.out is not None:
        chosen.out.write_text(draw(figures), encoding="utf-8")


def measure(folder: Path, source: Path, patients: int, steps: Sequence[str], limits: Limits) -> list[Figure]:
    """Measure the steps on some number of patients, except those that were measured in this folder before."""
    data, cache = folder / "data", folder / "cache"
    if not (data / FILE_LIST).exists():
        link_patients(data, source, patients)
    figures = []
    for step in steps:
        known = folder / f"{step.replace(' ', '-')}.json"
        if not known.exists():
            place, options = (
                (data, _choose_options(step, limits)) if step != "ranking" else (folder / "run", {})
            )
            if step == "ranking":
                _make_run(place, _count_test_patients(data), limits)
            facts = run_step(STEPS[step], place, options, cache=cache)
            known.write_text(json.dumps(facts))
        figures.append(_make_figure(step, patients, json.loads(known.read_text())))
        sys.stderr.write(f"{figures[-1]}\n")
    return figures


def _choose_options(step: str, limits: Limits) -> Mapping[str, int]:
    options = {"training epoch": {"steps": limits.steps}, "noise": {"most": limits.noisy}}
    return {**options, "testing": {"most": limits.scored}}.get(step, {})


def _count_test_patients(data: Path) -> int:
    return sum(line.endswith(",TEST") for line in (data / FILE_LIST).read_text().splitlines())


def _make_run(folder: Path, patients: int, limits: Limits) -> None:
    """Write a run of as many models as give MOST_SCORES rows of scores, but not more than `limits` says."""
    if (folder / "run.json").exists():
        return
    of_model = limits.seeds * 2 * patients * CONDITIONS
    models = max(2, min(limits.models, MOST_SCORES // of_model))
    seeds = max(1, min(limits.seeds, MOST_SCORES // (models * 2 * patients * CONDITIONS)))
    make_large_run(folder, models=models, seeds=seeds, patients=patients)


def run_step(name: str, folder: Path, options: Mapping[str, int], *, cache: Path) -> dict[str, Any]:
    """Do a step in a new process with one thread, and return what it says about itself."""
    command = [sys.executable, "-m", "tests.benchmarks.scale_step", name, str(folder), json.dumps(options)]
    own = {"LVZOO_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True, check=True)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def _make_figure(step: str, patients: int, facts: Mapping[str, Any]) -> Figure:
    """Return the figures of a step, for the whole of it, and a note on what was measured."""
    share, note = 1.0, ""
    if step == "training epoch":
        share, note = facts["steps"] / facts["of"], f"{facts['steps']:,} of {facts['of']:,} steps"
    elif step == "noise":
        share, note = facts["noisy"] / facts["of"], f"{facts['noisy']:,} of {facts['of']:,} noisy frames"
    elif step == "testing":
        share, note = facts["scored"] / facts["of"], f"{facts['scored']:,} of {facts['of']:,} scores"
    elif step == "ranking":
        what = f"{facts['models']} models x {facts['seeds']} seeds on {facts['patients']:,} patients"
        note = f"{what}: {facts['scores']:,} scores"
    return Figure(
        step=step,
        patients=patients,
        cpu_s=facts["cpu_s"] / share,
        peak_mb=facts["peak_mb"],
        own_mb=facts["own_mb"],
        note=note,
    )


def make_table(figures: Sequence[Figure]) -> str:
    """Return a Markdown table: one row per step and number of patients."""
    lines = [
        "| step | patients | processor time, s | peak memory, MB | of it own, MB | measured |",
        "|---" * 6 + "|",
    ]
    for step in dict.fromkeys(figure.step for figure in figures):
        lines += [
            f"| {step} | {each.patients:,} | {each.cpu_s:,.{1 if each.cpu_s < 100 else 0}f} | {each.peak_mb:,.0f} | "
            f"{each.own_mb:,.0f} | {each.note or 'all'} |"
            for each in figures
            if each.step == step
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
