"""The programs behind docs/recommend.md and the estimate's numbers still run, and the page names them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lvzoo.noise.estimate import read_noise_model
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.clip import simulate
from tests.made_runs import make_run
from tests.made_videos import write_video
from tests.noise.fit_estimate import fit
from tests.noise.noisy_clips import NoisyClips, list_conditions, make_noisy_clips
from tests.workflows.figures_recommend import Payoffs, print_tables

PAGE = (Path(__file__).parents[2] / "docs" / "recommend.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> NoisyClips:
    """Return the clips of two patients under every condition."""
    folder = tmp_path_factory.mktemp("videos")
    made = [simulate(seed=7, split="test", index=index).frames_NHW[:9:3] for index in (1, 2)]
    return make_noisy_clips([write_video(folder / f"{n}.avi", each) for n, each in enumerate(made)])


def test_the_program_prints_the_tables_of_the_page(
    clips: NoisyClips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payoffs = Payoffs.read(make_run(tmp_path / "run", conditions=tuple(list_conditions(NoiseV1()))))
    print_tables(read_noise_model(), payoffs, {"test split": clips})
    rows = [line.split("|")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) > 40
    assert [row for row in rows if f"|{row}|" not in PAGE] == []
    assert "python -m tests.workflows.figures_recommend" in PAGE
    assert "python -m tests.noise.fit_estimate" in PAGE


def test_an_estimate_can_be_fitted_again(clips: NoisyClips, tmp_path: Path) -> None:
    clips.write(tmp_path / "clips.npz")
    kept = NoisyClips.read(tmp_path / "clips.npz")
    assert kept.conditions == clips.conditions
    model = fit(kept, kept)
    assert model.names == read_noise_model().names
    probability_MC = model.estimate_figures(clips.means_MF)
    found = [model.conditions[place] for place in probability_MC.argmax(axis=1)]
    assert np.mean([one == other for one, other in zip(found, clips.conditions, strict=True)]) > 0.6


def test_the_page_says_what_is_synthetic() -> None:
    assert "*synthetic*" in PAGE
    assert "not a medical device" in PAGE
