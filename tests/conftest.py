"""What every test may use: a cache of its own, and the option that holds the benchmarks to their ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hold", action="store_true", help="fail where a benchmark falls below the ratio that it is held to"
    )


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's cache; the tests of one session share theirs."""
    monkeypatch.setenv("LVZOO_CACHE", str(session_cache))
