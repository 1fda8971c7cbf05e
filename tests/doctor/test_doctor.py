"""`lvzoo doctor` finds the faults of an installation and says how to repair them."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from lvzoo.cli import main
from lvzoo.doctor import Diagnosis, libraries, storage, zoo
from lvzoo.plugins import find_plugins
from lvzoo.registry import open_zoo
from lvzoo.weights.carried import find_carried

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install


def named(found: Any, name: str) -> Diagnosis:  # noqa: ANN401 - an iterable of Diagnosis
    [one] = [each for each in found if each.name == name]
    assert isinstance(one, Diagnosis)
    return one


def test_doctor_prints_one_line_per_finding(
    capsys: pytest.CaptureFixture[str], install_plugin: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "note"}
    for name in (
        "lvzoo",
        "python",
        "libraries",
        "torch",
        "gpu",
        "opencv",
        "cache",
        "disk",
        "plugin unet",
        "entries",
    ):
        assert any(line[9:].startswith(f"{name}: ") for line in lines), name
    monkeypatch.setattr(libraries, "ASK_TORCH", "raise ImportError('torch is damaged')")
    install_plugin("broken", "import sys; sys.exit(1)")
    assert main(["doctor", "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    problems = [each for each in findings if each["verdict"] == "problem"]
    assert [each["name"] for each in problems] == ["torch", "plugin broken"]
    assert problems[0]["found"] == "does not work: ImportError: torch is damaged"
    assert problems[1]["remedy"] == "ask its author"


def test_each_plugin_is_examined(install_plugin: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    family = (
        "from lvzoo import Family, hookimpl\n@hookimpl\ndef lvzoo_families():\n"
        "    yield Family(name='{0}', kind='mask', factory='a:B', summary='a net', requires=('no_such_module',))"
    )
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "away")
    find_plugins()
    monkeypatch.setenv("LVZOO_PLUGIN_TIMEOUT_S", "1.5")
    install_plugin("away", family.format("away"))
    install_plugin("hangs", "import time; time.sleep(60)")
    heavy = install_plugin("heavy", "import torch\n" + family.format("heavy"))
    (heavy.parents[1] / "torch.py").write_text("")
    found = list(zoo.check_plugins_and_entries())
    assert named(found, "plugin unet") == Diagnosis(
        name="plugin unet", verdict="ok", found=named(found, "plugin unet").found
    )
    assert named(found, "plugin away").verdict == "note"
    assert named(found, "plugin hangs").verdict == "problem"
    assert "hangs on import (no answer in 1.5 s)" in named(found, "plugin hangs").found
    assert named(found, "plugin hangs").remedy.startswith("uninstall it, or raise LVZOO_PLUGIN_TIMEOUT_S")
    assert named(found, "plugin heavy").verdict == "note"
    assert "imports torch in its entry module" in named(found, "plugin heavy").found
    assert named(found, "entry heavy") == Diagnosis(
        name="entry heavy", verdict="note", found="needs no_such_module", remedy="install it to use the entry"
    )


def test_weights_with_a_fault_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    [unet] = open_zoo().select("unet")
    lost = dataclasses.replace(unet, weights="lvzoo_unet:weights/lost.safetensors")
    monkeypatch.setattr(zoo, "find_carried", lambda each: find_carried(lost) if each.name == "unet" else None)
    finding = named(list(zoo.check_plugins_and_entries()), "weights lvzoo_unet:weights/lost.safetensors")
    assert finding.verdict == "problem"
    assert "no such file" in finding.found + finding.remedy


def test_a_mistaken_setting_is_a_problem_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_PLUGINS", "unett")
    [finding] = zoo.check_plugins_and_entries()
    assert finding.verdict == "problem"
    assert "no plugin 'unett' is installed (did you mean 'unet'" in finding.found


def test_libraries_that_are_missing_or_too_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        "numpy>=99.1",
        "no-such-library>=1",
        "click>=8",
        'pytest>=999; extra == "dev"',
        "opencv-python>=4",
    ]
    monkeypatch.setattr("lvzoo.doctor.libraries.metadata.requires", lambda _name: wanted)
    found = list(libraries.check_versions())
    assert named(found, "numpy").remedy == "run: pip install --upgrade 'numpy>=99.1'"
    assert "is older than 99.1" in named(found, "numpy").found
    assert named(found, "no-such-library").found == "is not installed"
    assert "click 8" in named(found, "libraries").found
    assert "numpy" not in named(found, "libraries").found
    assert "no-such-library" not in named(found, "libraries").found
    assert {each.name for each in found} == {"numpy", "no-such-library", "libraries"}
    monkeypatch.setattr("lvzoo.doctor.libraries.metadata.requires", lambda _name: wanted[:2])
    assert {each.name for each in libraries.check_versions()} == {"numpy", "no-such-library"}


@pytest.mark.parametrize(
    ("code", "found", "remedy"),
    [
        ("raise ImportError('libGL.so.1: no such file')", "libGL.so.1", "opencv-python-headless"),
        (
            "import os; os.abort()",
            "cannot be imported: the process ended with -6",
            "install opencv-python again",
        ),
        ("import time; time.sleep(60)", "no answer in 1 s", "install opencv-python again"),
    ],
)
def test_an_opencv_that_does_not_work_is_a_problem(
    code: str, found: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "ASK_OPENCV", code)
    monkeypatch.setattr(libraries, "TIME_LIMIT_S", 1.0 if "sleep" in code else 60.0)
    finding = libraries.check_opencv()
    assert finding.verdict == "problem"
    assert found in finding.found
    assert remedy in finding.remedy


def test_gpus_are_named_with_memory_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    new = {"name": "H100", "memory": 80e9, "bf16": True, "error": None}
    old = {"name": "T4", "memory": 16e9, "bf16": False, "error": None}
    answer = {"version": "2.9", "cuda": "13.0", "threads": 4, "gpus": [new, old]}
    monkeypatch.setattr(libraries, "ASK_TORCH", f"print({json.dumps(json.dumps(answer))})")
    found = list(libraries.check_torch())
    assert named(found, "torch").found == "2.9, built for CUDA 13.0, 4 threads"
    assert [each.found for each in found if each.name == "gpu"] == [
        "H100, 80 GB, computes in bf16",
        "T4, 16 GB, computes in fp16, since it has no bf16",
    ]


def test_a_visible_card_that_does_not_compute_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    pretends = (
        "import torch\ntorch.cuda.device_count = lambda: 1\n"
        "def fails(_): raise RuntimeError('no kernel image is available\\nfor this card')\n"
        "torch.cuda.get_device_properties = fails\n"
    )
    monkeypatch.setattr(libraries, "ASK_TORCH", pretends + libraries.ASK_TORCH)
    finding = named(libraries.check_torch(), "gpu")
    assert finding.verdict == "problem"
    assert finding.found == "card 0 is visible, but does not compute: no kernel image is available"


def test_the_cache_is_written_and_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    (tmp_path / "large").mkdir()
    with (tmp_path / "large" / "file").open("wb") as file:
        file.truncate(300_000_000)
    assert named(storage.check_cache(), "cache").found == f"{tmp_path}, 0.3 GB"
    (blocked := tmp_path / "a-file").write_text("")
    monkeypatch.setenv("LVZOO_CACHE", str(blocked))
    [finding] = storage.check_cache()
    assert (finding.verdict, finding.remedy) == ("problem", "set LVZOO_CACHE to a folder that can be written")


@pytest.mark.parametrize(("free", "verdict"), [(50e9, "ok"), (5e9, "note"), (0.5e9, "problem")])
def test_a_full_disk_is_reported(free: float, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        def __init__(self, _folder: Path) -> None:
            self.free = free

    monkeypatch.setattr("lvzoo.doctor.storage.shutil.disk_usage", Usage)
    assert named(storage.check_cache(), "disk").verdict == verdict
