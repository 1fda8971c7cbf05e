"""A worker of the phantom: it starts quickly, because it imports little."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules of a process that is ready to write videos."""
    code = "import sys, lvzoo.phantom.worker; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


@pytest.mark.parametrize("module", ["torch", "pandas", "scipy.interpolate", "filelock", "lvzoo.data.echonet"])
def test_a_worker_does_not_import_what_it_does_not_need(imported: set[str], module: str) -> None:
    assert "lvzoo.phantom.clip" in imported
    assert module not in imported
