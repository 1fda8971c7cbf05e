"""Empty folders in the layouts of CAMUS and EchoNet-Pediatric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.datasets.phantom_hearts import recall_sector

if TYPE_CHECKING:
    from pathlib import Path

    from tests.datasets.camus_files import CamusFolder


@pytest.fixture
def camus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CamusFolder:
    """An empty folder in CAMUS's layout."""
    pytest.importorskip("nibabel")
    from tests.datasets.camus_files import CamusFolder

    monkeypatch.setattr("lvzoo.data.crop.fit_sector", recall_sector)
    return CamusFolder(tmp_path / "CAMUS")
