"""The report of a run, and the index of clips, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.report.clip_page_index import write_index_page
from lvzoo.report.html import write_report
from tests.browser.conftest import edge_contrast
from tests.report.made_answers import make_answer, write_page
from tests.report.studies import make_study
from tests.report.test_clip_page import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.conftest import Scheme, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(make_study(models=4, specimens=6), path)
    return path


@pytest.fixture(scope="module")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("predictions")
    answer = make_answer(frames=50)
    results = {}
    for name, ef, trusted in (("b", 61.0, True), ("a", None, False), ("c", 35.5, True)):
        (out / name).mkdir()
        write_page(answer, out / name / "clip.html").write_thumbnail(answer, out / name / "thumbnail.jpg")
        results[out / name] = {**SUMMARY, "clip": f"{name}.avi", "ef_percent": ef, "trusted": trusted}
    write_index_page(results, out / "index.html")
    return out / "index.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_report_opens_without_an_error_and_asks_for_nothing(
    width: int, scheme: Scheme, visit: Callable[..., Visit], report_path: Path
) -> None:
    report = visit(report_path, width=width, scheme=scheme)
    report.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert report.sideways_px() <= 0
    assert report.unnamed_controls() == []
    contrast, text = report.worst_contrast()
    assert contrast >= 4.5, text
    report.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wide_table_scrolls_in_its_box_and_shows_that_it_goes_on(
    scheme: Scheme, visit: Callable[..., Visit], report_path: Path
) -> None:
    report = visit(report_path, width=400, scheme=scheme)
    report.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    report.check_wide_tables()
    report.check()


def test_a_small_laptop_shows_every_column_of_the_report(
    visit: Callable[..., Visit], report_path: Path
) -> None:
    report = visit(report_path, width=1100)
    report.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert report.wide_tables().count() == 0
    assert report.page.locator(".scroll.fits").count() == report.page.locator(".scroll").count()


def test_a_table_that_fits_has_no_shadow(visit: Callable[..., Visit], report_path: Path) -> None:
    report = visit(report_path, width=1400)
    report.wide_tables()
    for box in report.page.locator(".scroll.fits:visible").all():
        assert edge_contrast(box) < 3, box.get_attribute("aria-label")


def test_the_report_follows_the_system_in_light_and_dark(
    visit: Callable[..., Visit], report_path: Path
) -> None:
    papers = [
        visit(report_path, scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert papers == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_the_ranking_sorts_by_mouse_and_by_keyboard(visit: Callable[..., Visit], report_path: Path) -> None:
    report = visit(report_path)
    table = report.page.locator("#ranking table").first
    before = table.locator("tbody th").all_inner_texts()
    head = table.locator("thead").get_by_role("button", name="model")
    head.click()
    assert table.locator("tbody th").all_inner_texts() == sorted(before)
    assert table.locator("th[aria-sort=ascending]").count() == 1
    head.press("Enter")
    assert table.locator("tbody th").all_inner_texts() == sorted(before, reverse=True)
    head.press("Enter")
    assert table.locator("tbody th").all_inner_texts() == before
    report.check()


def test_the_report_can_be_walked_by_keyboard(visit: Callable[..., Visit], report_path: Path) -> None:
    report = visit(report_path)
    report.page.keyboard.press("Tab")
    assert report.evaluate("document.activeElement.textContent") == "Ranking"
    report.page.keyboard.press("Enter")
    assert report.evaluate("location.hash") == "#ranking"
    folded = report.page.locator("details:not([open]) > summary").first
    folded.focus()
    assert folded.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
    unfolded = report.page.locator("details[open]").count()
    report.page.keyboard.press("Enter")
    assert report.page.locator("details[open]").count() == unfolded + 1
    report.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_index_opens_without_an_error_and_asks_for_nothing(
    width: int, scheme: Scheme, visit: Callable[..., Visit], index_path: Path
) -> None:
    index = visit(index_path, width=width, scheme=scheme)
    assert index.sideways_px() <= 0
    assert index.unnamed_controls() == []
    contrast, text = index.worst_contrast()
    assert contrast >= 4.5, text
    index.check()


def test_the_index_sorts_and_leads_to_each_clip(visit: Callable[..., Visit], index_path: Path) -> None:
    index = visit(index_path)
    names = index.page.locator("tbody a")
    assert names.all_inner_texts() == ["b.avi", "a.avi", "c.avi"]
    index.page.get_by_role("button", name="EF, %").click()
    assert names.all_inner_texts() == ["c.avi", "b.avi", "a.avi"], "no EF comes last"
    index.page.get_by_role("button", name="clip", exact=True).click()
    assert names.all_inner_texts() == ["a.avi", "b.avi", "c.avi"]
    names.first.click()
    index.page.wait_for_selector("#viewer[data-frame]")
    assert index.page.url == (index_path.parent / "a" / "clip.html").as_uri()
    assert index.complaints == []
