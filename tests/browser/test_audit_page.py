"""The page of `lvzoo data check` in a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lvzoo.workflows.audit import check_dataset
from tests.data.audited import MadeDataset, make_split

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Scheme, Visit

pytestmark = pytest.mark.browser

PAST_THE_BOX = """(each) =>
  each.getBoundingClientRect().right - each.closest(".scroll").getBoundingClientRect().right"""


@pytest.fixture(scope="module")
def audit_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a leak, an odd mask, and more labels than one."""
    path = tmp_path_factory.mktemp("audit") / "page.html"
    train, test = make_split(3, seed=1), make_split(3, seed=3)
    frames_NHW, masks_NHW = test.frames_NHW.copy(), test.masks_NHW.copy()
    frames_NHW[2], masks_NHW[5] = train.frames_NHW[2], False
    odd = replace(test, frames_NHW=frames_NHW, masks_NHW=masks_NHW, views=("4CH", "2CH") * 3)
    odd = replace(odd, source=replace(odd.source, name="clinic", synthetic=False))
    check_dataset(MadeDataset({"train": train, "val": make_split(1, seed=2), "test": odd}), page=path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_opens_without_an_error_and_asks_for_nothing(
    width: int, scheme: Scheme, visit: Callable[..., Visit], audit_path: Path
) -> None:
    page = visit(audit_path, width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.sideways_px() <= 0
    assert page.unnamed_controls() == []
    contrast, text = page.worst_contrast()
    assert contrast >= 4.5, text
    page.check()


def test_wide_tables_scroll_and_fingerprints_are_whole_on_a_narrow_page(
    visit: Callable[..., Visit], audit_path: Path
) -> None:
    page = visit(audit_path, width=280)
    page.check_wide_tables()
    page = visit(audit_path, width=400)
    prints = page.page.locator("#counts code")
    assert prints.count() == 3
    for each in prints.all():
        assert each.evaluate(PAST_THE_BOX) <= 0, each.inner_text()
    page.check()


def test_the_leak_is_shown_first_with_both_pictures(visit: Callable[..., Visit], audit_path: Path) -> None:
    page = visit(audit_path)
    first = page.page.locator("#strangest figure").first
    assert first.locator("img").count() == 2
    assert "the same picture in two splits: correlation 1.000" in first.inner_text()
    drawn = page.evaluate("[...document.images].every((each) => each.naturalWidth === 112)")
    assert drawn
    page.check()
