from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.executors.toy_jobs import TASKS

# One token for every Ray of this session, because Ray would write its own into the user's home. It is read on import.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


@pytest.fixture(autouse=True)
def _tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tasks of TASKS known as the module toy_tasks, in child processes too."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "toy_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)  # for Ray's processes
