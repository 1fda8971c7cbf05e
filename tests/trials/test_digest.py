"""A trial's keys change with the code that changes its numbers, and with no other code."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

import lvzoo
from lvzoo.registry import open_zoo
from lvzoo.trials import digest
from lvzoo.types import Event

if TYPE_CHECKING:
    from tests.conftest import Install

Edit: TypeAlias = Callable[[str], None]

TRAINING = (
    *("train/trainer.py", "train/augment.py", "models/blocks.py", "models/losses.py", "geometry/raster.py"),
    *("evaluate/dice.py", "evaluate/folding.py", "evaluate/predict.py", "evaluate/validate.py"),
)
"""Edits of these change the weights of a trial, or the epoch that is kept."""
SCORING = (
    *("evaluate/boundary.py", "evaluate/anatomy.py", "evaluate/evaluator.py", "trials/scoring.py"),
    *("trials/volumes.py", "clinic/batch.py", "clinic/outline.py", "clinic/axis.py"),
)
"""Edits of these change the scores of a trained model, and not its weights."""
NEITHER = (
    *("cli/bench.py", "cli/frame.py", "errors.py", "report/words.py", "rank/ranking.py", "run/trial.py"),
    "clinic/beats.py",
    *("weights/network.py", "weights/header.py", "workflows/bench.py", "trials/perform.py", "trials/job.py"),
)
"""Commands, messages, other layers and the reader of weights files."""


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Edits files of a copy of the package, which the digests are taken of."""
    shutil.copytree(digest.CORE, tmp_path / "lvzoo", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digest, "CORE", tmp_path / "lvzoo")

    def append(name: str) -> None:
        with (tmp_path / "lvzoo" / name).open("a", encoding="utf-8") as file:
            file.write("\nEDITED = True\n")

    return append


def digests() -> dict[str, str]:
    [entry] = open_zoo().select("unet")
    return {
        "training": digest.training_code(entry.family),
        "network": digest.network_code(entry.family),
        "scoring": digest.scoring_code(),
    }


@pytest.mark.parametrize("name", TRAINING)
def test_code_that_trains_changes_the_training_digest(name: str, edit: Edit) -> None:
    before = digests()
    edit(name)
    assert digests()["training"] != before["training"]


@pytest.mark.parametrize("name", SCORING)
def test_code_that_scores_changes_the_scoring_digest_alone(name: str, edit: Edit) -> None:
    before = digests()
    edit(name)
    after = digests()
    assert after["scoring"] != before["scoring"]
    assert (after["training"], after["network"]) == (before["training"], before["network"])


@pytest.mark.parametrize("name", NEITHER)
def test_other_code_changes_no_digest(name: str, edit: Edit) -> None:
    before = digests()
    edit(name)
    assert digests() == before


def test_an_edited_trainer_changes_no_score_of_a_model_that_is_trained_already(edit: Edit) -> None:
    before = digests()
    edit("train/trainer.py")
    after = digests()
    assert (after["network"], after["scoring"]) == (before["network"], before["scoring"])


def test_an_edited_metric_scores_again_without_training(edit: Edit, tmp_path: Path) -> None:
    def run() -> set[str]:
        """Run the same benchmark, and return the steps that it took."""
        steps: set[str] = set()

        def note(_name: str, event: Event) -> None:
            steps.add(event.step)

        lvzoo.bench(
            "unet",
            preset="smoke",
            corruptions=("blur",),
            severities=(1,),
            resamples=100,
            executor="inline",
            out=tmp_path / "run",
            on_event=note,
        )
        return steps & {"training", "epoch", "testing"}

    assert run() == {"training", "epoch", "testing"}
    assert run() == set()
    edit("report/words.py")
    edit("weights/network.py")
    assert run() == set()
    edit("evaluate/boundary.py")
    assert run() == {"testing"}
    edit("train/trainer.py")
    assert run() == {"training", "epoch", "testing"}


def test_the_wrappers_count_for_plugins_that_name_them_and_for_no_other(
    edit: Edit, install_plugin: Install
) -> None:
    declare = (
        "from lvzoo import Family, hookimpl\n"
        "@hookimpl\n"
        "def lvzoo_families():\n"
        '    yield Family(name="theirs", kind="mask", factory="theirs_dist.model:Net", summary="x")\n'
    )
    install_plugin(
        "theirs", declare, files={"model.py": "from lvzoo.foreign.wrap import ForeignMaskModel as Net\n"}
    )
    [theirs] = open_zoo().select("theirs")

    def both() -> tuple[dict[str, str], str, str]:
        return digests(), digest.training_code(theirs.family), digest.network_code(theirs.family)

    before = both()
    edit("foreign/wrap.py")
    after = both()
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] != after[2]
