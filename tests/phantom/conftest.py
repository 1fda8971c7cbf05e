"""Fixtures: one small phantom, written once for all tests that only read it, and a full disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.phantom.write import write_phantom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL_AT_BYTES = 5_000


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(tmp_path_factory.mktemp("phantom") / "smoke", size="smoke", seed=0, workers=1)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Limit files to 5,000 bytes, as if the disk were full."""
    import resource  # not on Windows

    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AT_BYTES, most))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
