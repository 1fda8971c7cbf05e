"""What docs/scale.md shows runs: its SLURM script as an array of two, and its Kubernetes job with two indices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest
import yaml

import lvzoo
from tests.docs.pages import blocks
from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Install

PAGE: Final = Path(__file__).parents[2] / "docs/scale.md"
SMOKE: Final = ("--plugins", "one,two", "--corruptions", "none", "--resamples", "50", "--executor", "inline")
BASH: Final = "/bin/bash"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the page's scripts are for a Unix shell")


@pytest.fixture
def environment(install_plugin: Install, tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `lvzoo` is this checkout, with two quick models, one and two."""
    code = declare("one", "two", package="quick_dist")
    install_plugin("quick", code, files={"model.py": f"{network('One')}\nclass Two(One):\n    pass\n"})
    program = tmp_path / "bin/lvzoo"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lvzoo "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def _find_block(language: str, words: str) -> str:
    [text] = [block.text for block in blocks(PAGE) if block.language == language and words in block.text]
    return text


def _run_at_once(
    commands: Mapping[int, tuple[list[str], dict[str, str]]], cwd: Path
) -> list[tuple[str, str]]:
    """Run a command for each index at the same time. Return what each printed on stdout and stderr."""
    started = [
        subprocess.Popen(
            words, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for words, environment in commands.values()
    ]
    told = [each.communicate() for each in started]
    assert [each.returncode for each in started] == [0] * len(started), told
    return told


def _check_ranked(told: list[tuple[str, str]], run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that the shards have ranked the run, and that each that did not says what is missing."""
    ranked = [out for out, _ in told if "report: " in out]
    assert ranked, told
    assert all("missing: " in err for out, err in told if "report: " not in out)
    assert (run / "report.html").is_file()
    monkeypatch.chdir(run.parent)
    table = pd.read_csv(run / "ranking.csv")
    assert sorted(table["model"]) == ["one", "two"]
    assert lvzoo.compare(run).ranking["model"].tolist() == table["model"].tolist()


def test_the_slurm_script_runs_as_an_array_of_two(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "array.sh"
    script.write_text(_find_block("bash", "#SBATCH --array=1-"))
    words = [BASH, str(script), "--preset", "smoke", *SMOKE, "--out", "runs/first"]
    of_array = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_ARRAY_TASK_COUNT": "2"}
    told = _run_at_once(
        {index: (words, {**environment, **of_array, "SLURM_ARRAY_TASK_ID": str(index)}) for index in (1, 2)},
        tmp_path,
    )
    _check_ranked(told, tmp_path / "runs/first", monkeypatch)


def test_an_array_that_counts_from_0_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "array.sh"
    script.write_text(_find_block("bash", "#SBATCH --array=1-"))
    of_array = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_ID": "0"}
    told = subprocess.run(
        [BASH, str(script), "--preset", "smoke", *SMOKE],
        env={**environment, **of_array},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "shard is '0/8'; write for example 2/5, the second of five, counted from 1" in told.stderr


def test_the_kubernetes_job_runs_with_two_indices(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job: dict[str, Any] = yaml.safe_load(_find_block("yaml", "kind: Job"))
    spec = job["spec"]
    assert (job["apiVersion"], spec["completionMode"]) == ("batch/v1", "Indexed")
    [container] = spec["template"]["spec"]["containers"]
    [script] = container["args"]
    count = spec["completions"]
    assert f'--shard "$((JOB_COMPLETION_INDEX + 1))/{count}"' in script
    [volume], [mount] = spec["template"]["spec"]["volumes"], container["volumeMounts"]
    assert volume["name"] == mount["name"]
    variables = {each["name"]: each["value"].replace("/shared", str(tmp_path)) for each in container["env"]}
    small = {
        "/shared": str(tmp_path),
        "unet,landmark7,coords7,contour41": "one,two",
        "--seeds 4": "--seeds 1 --corruptions none --resamples 50 --executor inline",
        "--preset standard": "--preset smoke",
        f"/{count}": "/2",
    }
    for long, short in small.items():
        assert long in script
        script = script.replace(long, short)
    told = _run_at_once(
        {
            index: (
                [*container["command"], script],
                {**environment, **variables, "JOB_COMPLETION_INDEX": str(index)},
            )
            for index in (0, 1)
        },
        tmp_path,
    )
    _check_ranked(told, tmp_path / "runs/first", monkeypatch)
    made = list((tmp_path / "cache/phantom").iterdir())
    assert [folder.name for folder in made if not folder.name.startswith("phantom-v")] == []
    assert not list((tmp_path / "cache/locks").iterdir())
