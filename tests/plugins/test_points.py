"""The installed plugins are asked for once, and again as soon as anything is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lvzoo.plugins import points
from lvzoo.plugins.points import Point, installed_points

if TYPE_CHECKING:
    from tests.conftest import Install

CODE = "from lvzoo import hookimpl\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The groups that the installation was asked for; folders count as settled at once."""
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(points, "SETTLED_S", -1e9)
    groups: list[str] = []
    ask = points._ask

    def count(group: str) -> list[Point]:
        groups.append(group)
        return ask(group)

    monkeypatch.setattr(points, "_ask", count)
    return groups


def test_the_installation_is_asked_once(asked: list[str]) -> None:
    first = installed_points("lvzoo")
    assert {"unet", "landmarks", "core"} <= {point.name for point in first}
    assert installed_points("lvzoo") == first
    assert asked == ["lvzoo"]
    assert installed_points("console_scripts") != first
    assert asked == ["lvzoo", "console_scripts"]


def test_it_is_asked_again_when_anything_is_installed_or_removed(
    asked: list[str], install_plugin: Install
) -> None:
    before = installed_points("lvzoo")
    code = install_plugin("newcomer", CODE, version="2.0")
    assert set(installed_points("lvzoo")) - set(before) == {
        Point("newcomer", "newcomer_dist", "newcomer-dist", "2.0")
    }
    info = code.parents[1] / "newcomer_dist-2.0.dist-info"
    info.rename(info.with_name("newcomer_dist-2.1.dist-info.off"))
    assert installed_points("lvzoo") == before
    assert len(asked) == 3


def test_a_folder_that_changed_a_moment_ago_may_change_again(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(points, "SETTLED_S", 2.0)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    installed_points("lvzoo")
    installed_points("lvzoo")
    assert len(asked) == 2
    monkeypatch.setattr(points, "_changed_ns", lambda _: 1)
    installed_points("lvzoo")
    installed_points("lvzoo")
    assert len(asked) == 3


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"key": 7, "points": []}', "\xff"])
def test_a_memory_that_is_none_is_made_anew(asked: list[str], content: str, tmp_path: Path) -> None:
    first = installed_points("lvzoo")
    [kept] = (tmp_path / "cache/plugins").glob("installed-*.json")
    kept.write_text(content, encoding="latin-1")
    assert installed_points("lvzoo") == first
    assert installed_points("lvzoo") == first
    assert len(asked) == 2


def test_without_a_place_for_it_nothing_is_remembered(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "file"))
    assert installed_points("lvzoo") == installed_points("lvzoo")
    assert len(asked) == 2
