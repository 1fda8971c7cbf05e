"""What every test may use: a cache of its own, and the option that holds the benchmarks to their ratios."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Install(Protocol):
    """Installs a plugin for one test: `name` is its entry point and `code` its module; returns that file."""

    def __call__(
        self,
        name: str,
        code: str,
        *,
        distribution: str | None = None,
        version: str = "1.0",
        files: Mapping[str, str] | None = None,
    ) -> Path: ...


if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores already


def pytest_configure() -> None:
    """See that Ctrl-C is heard: what a shell started in the background ignores it, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hold", action="store_true", help="fail where a benchmark falls below the ratio that it is held to"
    )
    parser.addoption(
        "--rounds", type=int, default=10, help="how many rounds of tests/campaign/test_kill.py to play"
    )
    parser.addoption(
        "--mutants", type=int, default=1000, help="how many files tests/campaign/test_mutants.py damages"
    )
    parser.addoption("--campaign-seed", type=int, default=0, help="the seed of both campaigns")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the user's cache; the tests of one session share theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LVZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A folder on the path of this process and its children, into which third-party plugins are installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))

    def install(
        name: str,
        code: str,
        *,
        distribution: str | None = None,
        version: str = "1.0",
        files: Mapping[str, str] | None = None,
    ) -> Path:
        distribution = distribution or f"{name}-dist"
        module = distribution.replace("-", "_")
        module_file = site / module / "__init__.py"
        info = site / f"{module}-{version}.dist-info"
        texts = {
            info / "METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n",
            info / "entry_points.txt": f"[lvzoo]\n{name} = {module}\n",
            module_file: code,
            **{site / module / path: text for path, text in (files or {}).items()},
        }
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return module_file

    yield install
    for module in [
        name for name, each in sys.modules.items() if str(site) in str(getattr(each, "__file__", ""))
    ]:
        del sys.modules[module]
