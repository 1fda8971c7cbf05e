"""Plugins that fail in training or slow down `lvzoo list`: the other models finish, and the error names the plugin.

Other files test plugins that fail on import or have mistakes in their declarations (tests/plugins/test_probe.py),
plugins that hang or repeat names (tests/plugins/test_find.py), all of these at once under `lvzoo list`
(tests/cli/test_list.py), and models that raise or are killed (tests/workflows/test_bench.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import lvzoo
from lvzoo.cli import main
from tests.made_plugins import declare, network

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install

SMALL: dict[str, Any] = {
    "preset": "smoke",
    "corruptions": ("blur",),
    "severities": (1,),
    "resamples": 50,
    "frames": False,
}
MODELS = f"""
import os, resource, sys
from lvzoo.types import Prediction
{network("Harmless")}
class Nan(Harmless):
    def loss(self, output, batch):
        return super().loss(output, batch) * float("nan")

class Blank(Harmless):
    def forward(self, frames_B1HW):
        return super().forward(frames_B1HW) * (1 if self.training else float("nan"))

class Crowd(Harmless):
    def forward(self, frames_B1HW):
        logits_B1HW = super().forward(frames_B1HW)
        return logits_B1HW - logits_B1HW.mean()

class Dice(Harmless):
    def forward(self, frames_B1HW):
        return super().forward(frames_B1HW) + torch.randn_like(frames_B1HW)

class Points(Harmless):
    def decode(self, output, *, size_HW=(112, 112)):
        masks_BHW = super().decode(output, size_HW=size_HW).masks_BHW
        return Prediction(masks_BHW=masks_BHW, landmarks_BK2=torch.zeros(len(output), 7, 2).numpy())

class Tuple(Harmless):
    def forward(self, frames_B1HW):
        return super().forward(frames_B1HW), None

class Hidden(Harmless):
    # a layer that no state dict knows: what was trained is not what is loaded
    def __init__(self):
        super().__init__()
        self.hidden = [torch.nn.Conv2d(1, 1, 1)]
    def forward(self, frames_B1HW):
        with torch.no_grad():
            self.hidden[0].weight.add_(1.0 if self.training else 0.0)
        return super().forward(frames_B1HW) * self.hidden[0].to(frames_B1HW)(frames_B1HW)

class Coarse(Harmless):
    def decode(self, output, *, size_HW=(112, 112)):
        return super().decode(output, size_HW=(56, 56))

class Exits(Harmless):
    def forward(self, frames_B1HW):
        sys.exit(0)

class Aborts(Harmless):
    def forward(self, frames_B1HW):
        os.abort()

class Leaks(Harmless):
    kept = []
    def forward(self, frames_B1HW):
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
        while True:
            self.kept.append(torch.ones(2**22))
"""


def _install(install_plugin: Install, *names: str) -> None:
    install_plugin("hostile", declare(*names, package="hostile_dist"), files={"model.py": MODELS})


def test_models_that_fail_in_training_fail_only_their_own_trials(
    install_plugin: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(install_plugin, "nan", "blank", "coarse", "exits", "harmless")
    words = [
        "bench",
        "--plugins",
        "nan,blank,coarse,exits,harmless",
        "--preset",
        "smoke",
        "--corruptions",
        "blur",
    ]
    words += ["--severities", "1", "--resamples", "50", "--no-frames", "--executor", "inline"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 1
    printed = capsys.readouterr()
    ranked = json.loads((tmp_path / "run/trials/harmless-s0/status.json").read_text())
    assert ranked["state"] == "finished"
    assert "harmless" in printed.out
    lines = [line for line in printed.err.splitlines() if line.startswith("failed: ")]
    reasons = dict(line.removeprefix("failed: ").split(": ", maxsplit=1) for line in lines)
    assert set(reasons) == {"nan-s0", "blank-s0", "coarse-s0", "exits-s0"}
    assert "training loss is nan in epoch 1" in reasons["nan-s0"]
    assert "--learning-rate" in reasons["nan-s0"]
    assert reasons["blank-s0"].startswith("Blank.forward ")
    assert "not finite in eval mode; lower the learning rate" in reasons["blank-s0"]
    assert reasons["coarse-s0"].startswith("Coarse.decode ")
    assert "masks of bool (8, 56, 56); they must be bool (8, 112, 112)" in reasons["coarse-s0"]
    assert reasons["exits-s0"].startswith("SystemExit: 0")
    assert all(f"more in trials/{name}/status.json" in reason for name, reason in reasons.items())
    assert "Traceback" not in printed.err


def test_models_without_a_fair_score_are_not_ranked(install_plugin: Install, tmp_path: Path) -> None:
    _install(install_plugin, "crowd", "dice", "points", "tuple", "harmless")
    result = lvzoo.bench("crowd,dice,points,tuple,harmless", out=tmp_path / "run", executor="inline", **SMALL)
    assert set(result.ranking["model"]) == {"harmless"}
    assert "depends on the frames beside it" in result.failed["crowd-s0"]
    assert "changes from one time to the next" in result.failed["dice-s0"]
    assert "points is declared as a mask model but predicts landmarks" in result.failed["points-s0"]
    assert result.failed["tuple-s0"].startswith("AttributeError: 'tuple' object has no attribute")
    assert "`lvzoo check tuple`" in result.failed["tuple-s0"]


def test_the_scored_model_is_the_saved_model(install_plugin: Install, tmp_path: Path) -> None:
    _install(install_plugin, "hidden")
    settings: dict[str, Any] = {**SMALL, "out": tmp_path / "run", "executor": "inline"}
    first = lvzoo.bench("hidden", **settings).ranking
    (tmp_path / "run/trials/hidden-s0/scores.parquet").unlink()
    assert lvzoo.bench("hidden", **settings).ranking.equals(first)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_process_that_crashes_or_runs_out_of_memory_is_reported(
    install_plugin: Install, tmp_path: Path
) -> None:
    _install(install_plugin, "aborts", "leaks")
    with pytest.raises(lvzoo.RunError) as raised:
        lvzoo.bench("aborts,leaks", out=tmp_path / "run", **SMALL)
    assert raised.value.failed["aborts-s0"] == "its process was killed by SIGABRT"
    leaks = raised.value.failed["leaks-s0"]
    assert leaks.startswith("not enough memory for trial leaks-s0 ")
    assert "\n" not in leaks


def test_a_plugin_that_imports_torch_slows_only_the_first_list(
    install_plugin: Install, tmp_path: Path
) -> None:
    """Counts how often the entry module is read, because the time depends on the machine."""
    note = f"with open({str(tmp_path / 'read')!r}, 'a') as read:\n    read.write('x')\n"
    code = "import torch\n" + note + declare("slow", package="hostile_dist")
    install_plugin("hostile", code, files={"model.py": MODELS})
    for _ in range(2):
        assert "slow" in _list()
        assert (tmp_path / "read").read_text() == "x"
    assert main(["info", "slow"]) == 0


def _list() -> str:
    """Return what `lvzoo list` prints in a new process."""
    return subprocess.run(
        [sys.executable, "-m", "lvzoo", "list"], capture_output=True, text=True, check=True
    ).stdout


MISTAKE = "mine:\n  family: unet\n  options: {widht: 8}\n"


@pytest.mark.parametrize(
    "command", [["list"], ["info", "mine"], ["bench", "--plugins", "mine"], ["check", "mine"]]
)
def test_every_command_names_a_mistake_in_the_users_registry(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := tmp_path / "mine.yaml").write_text(MISTAKE)
    assert main([*command, "--registry", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1] == (
        f"error: {file}: mine: unknown option 'widht' for family 'unet' (did you mean 'width'?)"
    )


@pytest.mark.parametrize("variable", ["LVZOO_DISABLE_PLUGINS", "LVZOO_PLUGINS", "--no-plugin"])
def test_plugins_are_left_out_in_three_ways(
    variable: str,
    install_plugin: Install,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    _install(install_plugin, "nan")
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "hostile" if variable == "LVZOO_DISABLE_PLUGINS" else "")
    monkeypatch.setenv("LVZOO_PLUGINS", "unet" if variable == "LVZOO_PLUGINS" else "")
    words = ["--no-plugin", "hostile"] if variable == "--no-plugin" else []
    reason = (
        "left out by LVZOO_PLUGINS; add it there" if variable == "LVZOO_PLUGINS" else "disabled by LVZOO_DIS"
    )
    for command in (
        ["info", "nan"],
        ["bench", "--plugins", "nan", "--out", str(tmp_path / "run")],
        ["check", "nan"],
    ):
        assert main([*words, *command]) == 3
        said = capsys.readouterr().err
        assert reason in said, said
    assert main([*words, "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "nan" not in [entry["name"] for entry in listed["entries"]]
    assert "unet" in [entry["name"] for entry in listed["entries"]]
