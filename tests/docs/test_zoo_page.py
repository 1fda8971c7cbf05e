"""docs/zoo.md keeps up with the zoo: every bundled entry stands in it with its figures, or is named as left out."""

from __future__ import annotations

import re
from pathlib import Path

from lvzoo.registry import open_zoo

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")


def test_every_bundled_entry_was_trained_or_is_named() -> None:
    bundled = {entry.name for entry in open_zoo().entries if entry.catalogue == str(ROOT / "registry.yaml")}
    ranked = re.findall(r"^\| (\S+?)†? \((?:mask|landmark)[^|]*\| [\d-]+ \| 0\.\d+ ", PAGE, re.MULTILINE)
    left_out = re.findall(r"^Not trained for this page: .*\.$", PAGE, re.MULTILINE)
    assert bundled
    assert bundled - set(ranked) == set(re.findall(r"`([^`]+)`", "".join(left_out)))
    assert "synthetic phantom" in PAGE


def test_no_bundled_entry_has_a_recipe_of_its_own() -> None:
    entries = [entry for entry in open_zoo().entries if entry.catalogue == str(ROOT / "registry.yaml")]
    assert [entry.name for entry in entries if entry.recipe or entry.family.trainer] == []
