"""One small phantom, written once, for every test that only reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.data.phantom.write import write_phantom

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(tmp_path_factory.mktemp("phantom") / "smoke", size="smoke", seed=0, workers=1)
