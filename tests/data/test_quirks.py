"""Every finding that a run may print is explained in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.data import picture_quirks, quirks

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
QUIRKS = [
    value
    for module in (quirks, picture_quirks)
    for value in vars(module).values()
    if isinstance(value, quirks.Quirk)
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.text)
def test_every_quirk_and_its_cost_is_in_the_docs(quirk: quirks.Quirk) -> None:
    row = f"| {quirk.text} | {'excluded' if quirk.excludes else 'noted'} |"
    assert row in PAGE.read_text(encoding="utf-8")
