"""A run on a data set with several readers shows them beside its models, whatever plugin reads the set."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError
from lvzoo.run import read_run
from lvzoo.workflows.compare_experts import compare_experts
from tests.datasets.unity_folders import make_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install

READERS = """
from pathlib import Path

import lvzoo
from lvzoo_datasets.unity import UnityMultiX


class TwoReaders(UnityMultiX):
    def load_experts(self, split):
        return {"anna": self.load(split), "ben": self.load(split)}


@lvzoo.hookimpl
def lvzoo_datasets():
    return [lvzoo.DatasetSource(
        name="two-readers", factory="readers_dist:TwoReaders", summary="two readers who agree",
        markers=("Images", "UnityLV_multiX_annotations.json", "UnityLV_multiX_consensus_curves.json", "two"),
    )]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(videos=2, experts=4).write(tmp_path_factory.mktemp("data") / "unity")


def evaluate(data: Path, out: Path) -> lvzoo.Comparison:
    return lvzoo.score("unet-fast", data=data, corruptions=(), resamples=50, executor="inline", out=out)


@pytest.mark.slow
def test_eval_shows_the_band_and_keeps_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    options = ["--corruptions", "none", "--resamples", "50", "--executor", "inline"]
    assert main(["eval", "unet-fast", "--data", str(data), *options, "--out", str(out)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "experts, each against the consensus of the others: median Dice 0." in printed
    assert "(4 experts, 2 patients, 4 frames); models on clean frames: unet-fast§ 0." in printed
    table = pd.read_csv(out / "experts.csv")
    assert set(table["expert"]) == {"user0", "user1", "user2", "user3"}
    assert table["dice"].between(0.7, 0.99).all()
    assert (table["dice_low"] <= table["dice"]).all()
    assert (table["ef_patients"] == 2).all()
    page = (out / "report.html").read_text()
    assert "Experts beside the models" in page

    again = lvzoo.compare(out)
    assert again.experts["dice"].tolist() == pytest.approx(table["dice"].tolist())
    assert (out / "report.html").read_text() == page

    (out / "experts.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"experts\.parquet: cannot be read \(.*\); remove it, and run again"):
        lvzoo.compare(out)


@pytest.mark.slow
def test_a_run_below_another_has_the_experts_of_another_set(data: Path, tmp_path: Path) -> None:
    evaluate(data, tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    shutil.move(tmp_path / "copy", tmp_path / "run" / "also" / "unity-multix")
    experts = compare_experts([read_run(tmp_path / "run")])
    assert experts.here is not None
    assert experts.elsewhere.keys() == {"unity-multix"}


@pytest.mark.slow
def test_any_plugin_s_data_set_may_have_readers(data: Path, tmp_path: Path, install_plugin: Install) -> None:
    install_plugin("readers", READERS)
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    (folder / "two").touch()
    result = evaluate(folder, tmp_path / "run")
    assert result.source.name == "unity-multix"
    assert result.experts["expert"].tolist() == ["anna", "ben"]
    assert (result.experts["dice"] == 1).all()
