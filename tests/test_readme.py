"""What README.md shows is true: its plugin installs, is listed, builds and is scored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import CLEAN
from tests.toys import toy_frames

if TYPE_CHECKING:
    from tests.conftest import Install

README = Path(__file__).parent.parent / "README.md"


def block(path: str) -> str:
    """The python block whose first line names a file."""
    found = re.search(
        rf"```python\n# {re.escape(path)}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found, path
    return found[1]


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LVZOO_PLUGINS", raising=False)


def test_the_plugin_in_one_screen_works(install_plugin: Install) -> None:
    install_plugin(
        "my-net",
        block("my_net/__init__.py"),
        distribution="my-net",
        files={"model.py": block("my_net/model.py")},
    )
    (entry,) = open_zoo().select("my-net")
    assert (entry.family.kind, entry.options) == ("mask", {"width": 16})
    scores = FrameEvaluator(torch.device("cpu"), torch.float32).score(
        build_model(entry), toy_frames(4), CLEAN
    )
    assert len(scores) == 4


@pytest.mark.parametrize(
    "page", [README, *sorted(README.parent.glob("docs/**/*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_quick_start_has_its_two_commands() -> None:
    start = README.read_text(encoding="utf-8").split("## Quick start")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", start, re.DOTALL)
    assert [text.splitlines()[-1] for text in blocks] == [
        "lvzoo bench --plugins unet,landmark7",
        "pytest -q -n 2",
    ]
