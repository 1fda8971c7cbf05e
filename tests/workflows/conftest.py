"""The registry of small models that several files train."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_weights import write_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_registry(tmp_path_factory.mktemp("registry"))
