"""Every block of docs/plugins.md runs, and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from lvzoo.cli import COMMANDS
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.scaffold import new_plugin
from lvzoo.testing.conformance import check_models
from lvzoo.types import CLEAN
from tests.docs.pages import agrees, blocks, run_block
from tests.environments import make_environment
from tests.toys import toy_frames

if TYPE_CHECKING:
    from tests.conftest import Install

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_the_output_of_a_page_is_compared() -> None:
    assert agrees("a  \nb 1.3 s\n\n", "a\nb ... s\n")
    assert agrees("a\nb\nc\n", "a\n...\nc\n")
    assert not agrees("a\nb\nc\n", "a\nc\n")
    assert not agrees("a\nb\n", "a\n")


def test_its_package_declares_builds_and_is_scored(tmp_path: Path, install_plugin: Install) -> None:
    shown = {
        block.path: block.text
        for block in blocks(PAGE)
        if block.path is not None and block.path.startswith("my-net/")
    }
    files = {path.name: path for path in map(Path, shown)}
    assert set(files) == {"__init__.py", "model.py", "registry.yaml"}
    written = new_plugin("my-net", kind="mask", out=tmp_path / "my-net")
    assert all((written.parent / path).exists() for path in files.values()), "the page changes what it wrote"
    texts = {name: shown[str(path)] for name, path in files.items()}
    install_plugin("my-net", texts.pop("__init__.py"), distribution="my-net", files=texts)
    entries = open_zoo().select("my-net*")
    assert [(each.name, each.options["dilated"]) for each in entries] == [("my-net", 3), ("my-net-near", 1)]
    evaluator = FrameEvaluator(torch.device("cpu"), torch.float32)
    assert len(evaluator.score(build_model(entries[0]), toy_frames(4), CLEAN)) == 4


def test_its_package_with_a_network_from_elsewhere_passes_the_checks(
    tmp_path: Path, install_plugin: Install
) -> None:
    """As a reader gets it: what `lvzoo new` wrote, with the files of the page in place of some."""
    new_plugin("their-net", kind="mask", out=tmp_path / "their-net")
    for block in blocks(PAGE):
        if block.path is not None and block.path.startswith("their-net/"):
            assert (tmp_path / block.path).exists(), "the page changes what it wrote"
            (tmp_path / block.path).write_text(block.text.partition("\n")[2], encoding="utf-8")
    package = tmp_path / "their-net" / "their_net"
    texts = {path.name: path.read_text(encoding="utf-8") for path in package.iterdir()}
    install_plugin("their-net", texts.pop("__init__.py"), distribution="their-net", files=texts)
    results = list(check_models("their-net*"))
    assert [(each.name, each.message) for each in results if not each.ok] == []
    assert f"{len(results)} of {len(results)} checks passed" in PAGE.read_text(encoding="utf-8")
    tests = (tmp_path / "their-net" / "tests" / "test_their_net.py").read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    exec(tests, known)  # noqa: S102 - the page's own program
    known["test_the_network_takes_grey_frames"]()


def test_its_registry_names_an_onnx_file(tmp_path: Path, install_plugin: Install) -> None:
    example = PAGE.parent / "examples" / "lvzoo-foreign" / "lvzoo_foreign"
    texts = {path.name: path.read_text(encoding="utf-8") for path in example.iterdir() if path.is_file()}
    install_plugin("foreign", texts.pop("__init__.py"), distribution="lvzoo-foreign", files=texts)
    [shown] = [block.text for block in blocks(PAGE) if block.path == "theirs.yaml"]
    (tmp_path / "theirs.yaml").write_text(shown, encoding="utf-8")
    [entry] = open_zoo(registries=[tmp_path / "theirs.yaml"]).select("theirs")
    assert (entry.family.name, entry.options["path"]) == ("onnx-mask", "theirs.onnx")


def test_its_commands_exist() -> None:
    commands = [
        command for block in blocks(PAGE) for command, _ in block.commands if command.startswith("lvzoo ")
    ]
    assert len(commands) > 8
    assert {command.split()[1] for command in commands} <= set(COMMANDS)


def test_every_block_is_run() -> None:
    skipped = [block.line for block in blocks(PAGE) if block.language not in ("console", "python", "yaml")]
    assert not skipped
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * len(list(blocks(PAGE)))


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_page_runs_in_a_new_environment(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    work = tmp_path / "work"
    work.mkdir()
    (work / "docs").symlink_to(PAGE.parent)  # as in a copy of the repository
    for block in blocks(PAGE):
        run_block(block, environment, cwd=work)
    assert re.search("my-net", (work / "runs" / "both" / "report.html").read_text(encoding="utf-8"))
