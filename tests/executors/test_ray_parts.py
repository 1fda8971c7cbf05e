"""The parts of the Ray executor that need no Ray."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, UsageError
from lvzoo.executors import choose_executor
from lvzoo.executors.ray_cluster import (
    MUTE,
    Node,
    Resources,
    choose_nodes,
    find_address,
    import_ray,
    plan_resources,
)
from lvzoo.executors.ray_files import (
    ChangedFiles,
    list_sent,
    make_folder,
    relocate,
    remove_others,
    write_file,
)
from lvzoo.executors.ray_messages import File, Files, Message
from lvzoo.executors.ray_node import check_node
from lvzoo.executors.ray_versions import describe_code, describe_mismatch
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import DataReader, open_zoo
from lvzoo.trials.moving import check_data, find_data
from lvzoo.trials.prepare import CachedPhantom, plan_noise
from lvzoo.trials.request import RunRequest
from lvzoo.types import Event
from tests.made_plugins import declare, network

READER = DataReader(factory="lvzoo.phantom.dataset:Phantom")


# --- What is asked for --------------------------------------------------------------------------------------------


def test_without_ray_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"ray is not installed; pip install 'lvzoo\[ray\]'"):
        lvzoo.bench(executor="ray")


@pytest.mark.parametrize("wrong", [{"address": "10.0.0.1:6379"}, {"shared": True}])
def test_options_of_ray_are_refused_elsewhere(wrong: dict[str, str | bool]) -> None:
    [name] = wrong
    for executor in ("process", "inline"):
        with pytest.raises(UsageError, match=rf"--{name} .* is for --executor ray"):
            lvzoo.bench(executor=executor, **wrong)  # type: ignore[arg-type] # mypy takes both for any argument


def test_a_trial_asks_for_a_cpu_per_thread_and_its_share_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert plan_resources(threads=3, per_gpu=2, device="cpu") == Resources(cpus=3, gpus=0, memory_bytes=1.5e9)
    monkeypatch.setattr("lvzoo.device.choose_device", lambda _name: torch.device("cuda"))
    assert plan_resources(threads=1, per_gpu=3, device="auto").gpus == 1 / 3
    with pytest.raises(UsageError, match=r"device 'cuda:1': Ray chooses the GPU; use --device cuda"):
        plan_resources(threads=1, per_gpu=1, device="cuda:1")


def test_a_node_holds_what_its_scarcest_resource_allows() -> None:
    node = Resources(cpus=16, gpus=2, memory_bytes=20e9)
    assert node.holds(Resources(cpus=1, gpus=0, memory_bytes=1.5e9)) == 13
    assert node.holds(Resources(cpus=1, gpus=1 / 3, memory_bytes=1.5e9)) == 6
    assert node.holds(Resources(cpus=5, gpus=0, memory_bytes=1.5e9)) == 3
    assert node.holds(Resources(cpus=17, gpus=0, memory_bytes=1.5e9)) == 0


def test_one_node_must_hold_a_trial_and_the_error_names_the_largest() -> None:
    nodes = [
        Node(id="1", name="a", has=Resources(cpus=2, gpus=0, memory_bytes=8e9)),
        Node(id="2", name="b", has=Resources(cpus=3, gpus=0, memory_bytes=4e9)),
    ]
    assert choose_nodes(nodes, Resources(cpus=3, gpus=0, memory_bytes=1e9)) == nodes[1:]
    with pytest.raises(UsageError, match=r"asks for 4 CPUs, .*, but the largest node \(b\) has 3 CPUs"):
        choose_nodes(nodes, Resources(cpus=4, gpus=0, memory_bytes=1e9))
    with pytest.raises(UsageError, match=r"1 CPU, 1 GPU and 1.0 GB.* has 3 CPUs, 0 GPUs and 4.0 GB"):
        choose_nodes(nodes, Resources(cpus=1, gpus=1, memory_bytes=1e9))
    with pytest.raises(UsageError, match="the cluster has no node"):
        choose_nodes([], Resources(cpus=1, gpus=0, memory_bytes=1e9))


def test_the_address_is_the_given_one_or_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert find_address(None) is None
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert find_address(None) == "10.0.0.1:6379"
    assert find_address("[::1]:6379") == "[::1]:6379"
    monkeypatch.setenv("RAY_ADDRESS", "http://10.0.0.1:8265")
    with pytest.raises(UsageError, match=r"address 'http://10.0.0.1:8265': is no HOST:PORT"):
        find_address(None)


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_ray_is_muted_for_its_import_only() -> None:
    import_ray()
    assert not set(MUTE) & set(os.environ)


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
@pytest.mark.parametrize(
    "command", [["bench"], ["train", "unet"], ["eval", "unet-fast"], ["transfer", "--train", "unet"]]
)
def test_every_command_that_runs_trials_can_run_them_on_ray(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--executor", "ray", "--address", "127.0.0.1:1", "--shared", "--out", str(tmp_path / "run")]
    assert main([*command, *words]) == 2
    assert "127.0.0.1:1: no Ray answers there" in capsys.readouterr().err


def test_an_executor_says_which_names_there_are() -> None:
    with pytest.raises(UsageError, match="use one of process, inline, ray"):
        choose_executor("rya")


# --- Versions -----------------------------------------------------------------------------------------------------


def test_the_code_of_a_plugin_is_known_by_its_version_and_its_files(
    install_plugin: Callable[..., Path],
) -> None:
    file = install_plugin("toy", declare("net", package="toy_dist"), files={"model.py": network("Net")})
    before = describe_code(["toy_dist", "no_such_package"])
    assert before["toy_dist"].startswith("1.0 (code ")
    assert before["no_such_package"] == "not installed"
    assert before["lvzoo"].startswith(f"{version('lvzoo')} (code ")
    assert describe_code(before) == before, "a description names what it describes"
    file.write_text(file.read_text() + "# a word more\n")
    after = describe_code(before)
    assert describe_mismatch(before, after) == (
        f"toy_dist {after['toy_dist']}, not {before['toy_dist']} as on this machine"
    )
    assert check_node(b"", before).endswith("as on this machine; install the same there")


# --- Files --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Moves:
    output: Path
    inputs: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def status(self) -> Path:
        return self.output / "status.json"

    def relocate(self, *, output: Path, inputs: Sequence[Path]) -> Moves:
        return replace(self, output=output, inputs=tuple(inputs))

    def check_data(self) -> None:
        pass

    def find_data(self, report: Callable[[Event], None]) -> Moves:
        del report
        return self


def test_files_go_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "node"))
    (tmp_path / "node").mkdir()
    here = Moves(output=tmp_path / "run", inputs=(tmp_path / "a/model", tmp_path / "b/model"))
    for path, text in {
        "run/status.json": "before",
        "run/old/last.pt": "old",
        "run/kept": "kept",
        "run/.lock": "",
        "run/.tmp-x/part": "half",
        "a/model": "A",
        "b/model": "B",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    sent = {name: path.read_bytes() for name, path in list_sent(here).items()}
    assert ".lock" not in " ".join(sent)
    messages: list[Message] = []
    with make_folder("job-1", sent, bytes) as folder:
        there = relocate(here, folder)
        assert [path.read_text() for path in there.inputs] == ["A", "B"]
        assert there.status.read_text() == "before"
        files = ChangedFiles(folder, last="status.json")
        there.status.write_text("after")
        (there.output / "new").mkdir()
        (there.output / "new/scores").write_text("scores")
        (there.output / "old/last.pt").unlink()
        files.send(messages.append)
        files.send(messages.append)
    assert not list((tmp_path / "node").iterdir())

    assert [each.name for each in messages if isinstance(each, File)] == ["new/scores", "status.json"]
    assert [sorted(each.names) for each in messages if isinstance(each, Files)] == [
        ["kept", "new/scores", "status.json"]
    ] * 2
    for each in messages:
        if isinstance(each, File):
            write_file(here.output, each)
        elif isinstance(each, Files):
            remove_others(here.output, each.names)
    left = {path.relative_to(here.output).as_posix() for path in here.output.rglob("*") if path.is_file()}
    assert left == {"status.json", "new/scores", "kept", ".lock", ".tmp-x/part"}
    assert here.status.read_text() == "after"
    assert not (here.output / "old").exists()


# --- Data ---------------------------------------------------------------------------------------------------------


def test_a_phantom_is_made_where_the_cache_lacks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phantom = CachedPhantom(size="smoke", seed=0, shift=None)
    folder = cached_phantom(size="smoke", seed=0)
    fingerprint = Phantom(folder).load("test").source.fingerprint
    noise = plan_noise(open_zoo(), RunRequest(call="bench", corruptions="blur", severities=1))
    steps: list[str] = []

    def find(fingerprint: str, phantom: CachedPhantom | None) -> Path:
        return find_data(
            *(folder, phantom, READER),
            fingerprints={"test": fingerprint},
            noise=noise,
            report=lambda event: steps.append(event.step),
        )

    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    check_data(folder, phantom, READER)
    assert find(fingerprint, phantom) == tmp_path / "cache/phantom" / folder.name
    assert set(steps) == {"phantom", "noise"}
    assert list((tmp_path / "cache/noise").rglob("blur-1.npy"))
    with pytest.raises(DataError, match=r"its processor draws other pictures; .*--data"):
        find("another", phantom)
    assert find(fingerprint, None) == folder
    with pytest.raises(
        DataError, match=r"the test frames there differ from those of the run; copy the folder"
    ):
        find("another", None)


def test_a_data_folder_must_be_at_the_same_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"EchoNet: no such folder there; put the same data at the same path"):
        check_data(tmp_path / "EchoNet", None, READER)
    (tmp_path / "EchoNet").mkdir()
    with pytest.raises(DataError, match=r"FileList.csv: missing"):
        check_data(tmp_path / "EchoNet", None, READER)
