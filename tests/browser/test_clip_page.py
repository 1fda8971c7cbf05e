"""The page of a clip in a browser: it plays, steps, sorts, and can be used by keyboard and on a telephone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.report.made_answers import make_answer, make_unmeasured, write_page
from tests.report.test_clip_page import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser.conftest import Scheme, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.html"
    write_page(make_answer(), path)
    return path


@pytest.fixture
def clip(visit: Callable[..., Visit], page_path: Path) -> Visit:
    return visit(page_path)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_opens_without_an_error_and_asks_for_nothing(
    name: str, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    write_page(ANSWERS[name](), tmp_path / "clip.html")
    clip = visit(tmp_path / "clip.html", width=400)
    clip.page.wait_for_timeout(100)
    clip.page.locator("#play").dispatch_event("click")
    clip.page.keyboard.press("ArrowRight")
    clip.page.keyboard.press("End")
    assert clip.sideways_px() <= 0
    assert clip.unnamed_controls() == []
    clip.check()


def test_the_clip_begins_at_end_diastole_and_stands_still(clip: Visit) -> None:
    assert clip.frame == 4
    assert clip.page.locator("#read-moment").inner_text() == "end-diastole of beat 1"
    clip.page.wait_for_timeout(200)
    assert clip.frame == 4
    clip.check()


PLAY = """async () => {
  const frame = () => Number(document.getElementById("viewer").dataset.frame);
  document.getElementById("play").click();
  const [start, before] = [performance.now(), frame()];
  await new Promise((done) => setTimeout(done, 900));
  return [frame() - before, (performance.now() - start) / 1000];
}"""


@pytest.mark.parametrize("speed", ["1", "0.25"])
def test_playing_follows_the_times_of_the_frames(speed: str, clip: Visit) -> None:
    clip.page.locator("#speed").select_option(speed)
    frames, seconds = clip.evaluate(PLAY)
    assert frames == pytest.approx(seconds * 50 * float(speed), abs=8 * float(speed) + 1)
    assert clip.page.locator("#play").get_attribute("aria-label") == "pause"
    assert clip.page.locator("#status").inner_text() == "", "a screen reader is not told every frame"
    clip.page.locator("#play").click()
    assert clip.page.locator("#play").get_attribute("aria-label") == "play"
    assert f"frame {clip.frame}" in clip.page.locator("#status").inner_text()
    stopped = clip.frame
    clip.page.wait_for_timeout(150)
    assert clip.frame == stopped
    clip.check()


def test_playing_begins_again_at_the_end(clip: Visit) -> None:
    clip.page.keyboard.press("End")
    assert clip.frame == 89
    clip.evaluate("document.getElementById('play').click()")
    clip.wait_until("Number(document.getElementById('viewer').dataset.frame) < 60")
    clip.check()


def test_a_clip_whose_first_frames_are_damaged_plays_at_once(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """Its times begin later than 0 s, as in frames.csv."""
    write_page(make_answer(times_s_N=np.arange(90) / 50 + 3), tmp_path / "clip.html")
    clip = visit(tmp_path / "clip.html")
    clip.page.keyboard.press("Home")
    assert "3.000 s" in clip.page.locator("#status").inner_text()
    clip.evaluate("document.getElementById('play').click()")
    clip.wait_until("Number(document.getElementById('viewer').dataset.frame) > 2")
    clip.page.keyboard.press("End")
    clip.evaluate("document.getElementById('play').click()")
    clip.wait_until("Number(document.getElementById('viewer').dataset.frame) < 60")
    clip.check()


def test_keys_step_from_frame_to_frame(clip: Visit) -> None:
    press = clip.page.keyboard.press
    for key, frame in (
        *(("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)),
        *(("Shift+ArrowRight", 11), ("End", 89), ("ArrowRight", 89), ("Shift+ArrowLeft", 79)),
    ):
        press(key)
        assert clip.frame == frame, key
    assert clip.page.locator("#status").inner_text() == "frame 79, 1.580 s; expected Dice 0.93"
    press("Space")
    assert clip.page.locator("#play").get_attribute("aria-label") == "pause"
    press("Space")
    assert clip.page.locator("#play").get_attribute("aria-label") == "play"
    clip.check()


def test_page_keys_go_from_moment_to_moment_within_the_viewer(clip: Visit) -> None:
    clip.page.keyboard.press("PageDown")
    assert clip.frame == 4, "the page scrolls while nothing has the focus"
    clip.page.locator("#stage").focus()
    for key, frame in (("PageDown", 20), ("PageDown", 44), ("PageUp", 20), ("PageUp", 4), ("PageUp", 4)):
        clip.page.keyboard.press(key)
        assert clip.frame == frame
    clip.check()


def test_keys_of_other_controls_are_left_to_them(clip: Visit) -> None:
    clip.page.locator("#speed").focus()
    clip.page.keyboard.press("ArrowLeft")
    assert clip.frame == 4
    clip.page.locator("input[name=curve][value=volume]").focus()
    clip.page.keyboard.press("ArrowRight")
    assert clip.frame == 4
    assert clip.page.locator("input[name=curve][value=area]").is_checked()
    clip.page.keyboard.press("Control+End")
    assert clip.frame == 4
    clip.check()


def test_the_slider_moves_the_clip_and_says_where_it_is(clip: Visit) -> None:
    slider = clip.page.locator("#slider")
    slider.focus()
    clip.page.keyboard.press("ArrowRight")
    assert clip.frame == 5
    slider.fill("44")
    assert clip.frame == 44
    assert slider.get_attribute("aria-valuetext") == "frame 44, 0.880 s, end-diastole of beat 2"
    clip.page.keyboard.press("Home")
    assert slider.input_value() == "0"
    clip.check()


def test_a_click_on_a_moment_goes_to_its_frame(clip: Visit) -> None:
    clip.page.locator(".curve[data-curve=volume] .moment.es").nth(1).click()
    assert clip.frame == 60
    clip.page.get_by_role("button", name="end-diastole of beat 2, frame 44").first.focus()
    clip.page.keyboard.press("Enter")
    assert clip.frame == 44
    clip.page.locator("#beats").get_by_role("button", name="go to frame 20").click()
    assert clip.frame == 20
    clip.page.locator("#doubts").get_by_role("button").first.click()
    assert clip.frame == 30
    assert clip.page.locator("#badge").is_visible()
    assert "not trusted" in clip.page.locator("#read-trust").inner_text()
    clip.check()


def middle_of(place: Locator) -> tuple[float, float, float]:
    """Return the left edge, the width and the middle height of an element in the window."""
    box = place.bounding_box()
    assert box
    return box["x"], box["width"], box["y"] + box["height"] / 2


@pytest.mark.parametrize("chart", [".curve[data-curve=volume] .plot", ".trust-bar .plot"])
def test_a_click_on_a_curve_goes_to_the_nearest_frame_and_dragging_moves_on(chart: str, clip: Visit) -> None:
    plot = clip.page.locator(chart)
    plot.scroll_into_view_if_needed()
    left, width, y = middle_of(plot)
    mouse = clip.page.mouse
    mouse.move(left + width * 70 / 89, y)
    mouse.down()
    assert clip.frame == 70
    mouse.move(left + width * 30.2 / 89, y)
    assert clip.frame == 30
    mouse.up()
    mouse.move(left + width * 10 / 89, y)
    assert clip.frame == 30
    cursor_x = clip.page.locator(f"{chart} .cursor").bounding_box()
    assert cursor_x
    assert cursor_x["x"] == pytest.approx(left + width * 30 / 89, abs=2)
    clip.check()


def test_the_other_curve_can_be_chosen(clip: Visit) -> None:
    volume, area = (clip.page.locator(f".curve[data-curve={name}]") for name in ("volume", "area"))
    assert volume.is_visible()
    assert not area.is_visible()
    clip.page.get_by_text("Area", exact=True).click()
    assert area.is_visible()
    assert not volume.is_visible()
    clip.check()


def test_contours_move_with_the_clip_and_can_be_switched_off(clip: Visit) -> None:
    answer, check = clip.page.locator("path#answer"), clip.page.locator("path#check")
    first = answer.get_attribute("d")
    clip.page.locator("#stage").focus()
    clip.page.keyboard.press("PageDown")
    assert answer.get_attribute("d") != first
    assert answer.get_attribute("d") != check.get_attribute("d")
    assert check.evaluate("each => getComputedStyle(each).strokeDasharray") != "none"
    assert answer.evaluate("each => getComputedStyle(each).strokeDasharray") == "none"
    for box, path, other in (("#show-check", check, answer), ("#show-answer", answer, check)):
        clip.page.locator(box).uncheck()
        assert path.evaluate("each => getComputedStyle(each).display") == "none"
        clip.page.locator(box).check()
        assert path.evaluate("each => getComputedStyle(each).display") == "inline"
        assert other.evaluate("each => getComputedStyle(each).display") == "inline"
    clip.check()


GREYS = """() => {
  const picture = document.getElementById("picture");
  if (!picture.width || !picture.height) return [0, 0];
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [picture.width, 1];
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, -Math.floor(picture.height / 2));
  const row = context.getImageData(0, 0, copy.width, 1).data;
  return [0.5, 0.02].map((share) => row[4 * Math.round(share * copy.width)]);
}"""


def test_the_picture_is_drawn_in_its_own_shape_under_the_contour(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    write_page(make_answer(size_HW=(120, 60), frames=5, beats=()), tmp_path / "clip.html", noise=0)
    clip = visit(tmp_path / "clip.html")
    clip.wait_until(f"({GREYS})()[0] > 0")
    middle, margin = clip.evaluate(GREYS)
    assert middle == pytest.approx(90, abs=8)
    assert margin == 0, "a high picture has black margins on both sides"
    left, width, _ = middle_of(clip.page.locator("path#answer"))
    stage_left, stage_width, _ = middle_of(clip.page.locator("#stage"))
    assert left + width / 2 == pytest.approx(stage_left + stage_width / 2, abs=6)
    clip.check()


def test_frames_sort_by_a_click_on_a_column(clip: Visit) -> None:
    def first_frames() -> list[str]:
        return clip.page.locator("table.frames tbody th").all_inner_texts()[:5]

    assert first_frames() == ["0", "1", "2", "3", "4"]
    head = clip.page.locator("table.frames thead").get_by_role("button", name="expected Dice")
    head.click()
    assert first_frames() == ["30", "31", "32", "33", "34"]
    assert clip.page.locator("table.frames th[aria-sort=ascending]").inner_text().startswith("expected Dice")
    head.press("Enter")
    assert "30" not in first_frames()
    head.press("Enter")
    assert first_frames() == ["0", "1", "2", "3", "4"]
    clip.page.locator("table.frames").get_by_role("button", name="go to frame 2", exact=True).click()
    assert clip.frame == 2
    assert clip.page.locator("tr.now th").inner_text() == "2"
    clip.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_and_the_switch(
    scheme: Scheme, visit: Callable[..., Visit], page_path: Path
) -> None:
    clip = visit(page_path, scheme=scheme)

    def paper() -> Any:  # noqa: ANN401
        return clip.evaluate("getComputedStyle(document.body).backgroundColor")

    papers = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}
    other = "light" if scheme == "dark" else "dark"
    button = clip.page.locator("#theme")
    assert paper() == papers[scheme]
    assert button.get_attribute("aria-pressed") == str(scheme == "dark").lower()
    assert clip.worst_contrast()[0] >= 4.5, clip.worst_contrast()
    button.click()
    assert paper() == papers[other]
    assert button.get_attribute("aria-pressed") == str(other == "dark").lower()
    assert clip.worst_contrast()[0] >= 4.5, clip.worst_contrast()
    button.click()
    assert paper() == papers[scheme]
    clip.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_that_is_not_trusted_can_be_read(
    scheme: Scheme, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    answer = make_unmeasured()
    write_page(
        dataclasses.replace(answer, synthetic=True, warnings=("the clip is dark",)), tmp_path / "clip.html"
    )
    clip = visit(tmp_path / "clip.html", scheme=scheme)
    assert clip.worst_contrast()[0] >= 4.5, clip.worst_contrast()
    assert clip.page.locator("#badge").is_visible()
    clip.check()


@pytest.mark.parametrize("width", [320, 400, 700, 1000, 1400])
def test_no_width_needs_scrolling_sideways(width: int, visit: Callable[..., Visit], page_path: Path) -> None:
    clip = visit(page_path, width=width)
    assert clip.sideways_px() <= 0
    clip.check()


FOCUS = """() => {
  const each = document.activeElement;
  const style = getComputedStyle(each);
  const ring = each.matches(".moment") ? getComputedStyle(each.querySelector(".reach")).stroke : style.outlineStyle;
  const seen = each.matches(".choice input") ? "next" : ring;
  return [each.id || each.name || each.className.baseVal || each.className || each.textContent.slice(0, 9), seen];
}"""


def test_the_focus_goes_through_the_page_in_order_and_is_seen(clip: Visit) -> None:
    order = []
    for _ in range(20):
        clip.page.keyboard.press("Tab")
        name, ring = clip.evaluate(FOCUS)
        assert ring != "none", name
        order.append(name)
    assert order == [
        *("theme", "stage", "slider", "first", "back", "play", "on", "last", "speed"),
        *("show-answer", "show-check", "curve"),
        *("moment ed", "moment es", "moment ed", "moment es", "moment ed unused"),
        *("scroll", "goto", "goto"),
    ]
    clip.check()


def test_every_control_has_a_name(clip: Visit) -> None:
    assert clip.unnamed_controls() == []


def test_without_a_script_the_page_still_shows_the_answer(
    visit: Callable[..., Visit], page_path: Path
) -> None:
    clip = visit(page_path, script=False)
    assert clip.page.locator("noscript img").is_visible()
    assert clip.page.locator(".curve").first.is_visible()
    assert clip.page.locator(".curve").nth(1).is_visible()
    assert not clip.page.locator("#controls").is_visible()
    assert not clip.page.locator(".cursor").first.is_visible()
    clip.check()


def test_a_long_clip_shows_the_picture_before_where_one_is_left_out(
    visit: Callable[..., Visit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.report.clip_page_pictures.LEAST_BYTES", 60_000)
    monkeypatch.setattr("lvzoo.report.clip_page_pictures.FULL_FRAMES", 90)
    assert write_page(make_answer(), tmp_path / "clip.html").pictures.stride > 1
    clip = visit(tmp_path / "clip.html")
    clip.page.keyboard.press("End")
    clip.wait_until(f"({GREYS})()[0] > 0")
    assert clip.page.locator("path#answer").get_attribute("d")
    clip.check()


def test_a_clip_of_one_frame_has_nothing_to_play(visit: Callable[..., Visit], tmp_path: Path) -> None:
    write_page(ANSWERS["one frame"](), tmp_path / "clip.html")
    clip = visit(tmp_path / "clip.html")
    for control in ("first", "back", "play", "on", "last", "slider"):
        assert clip.page.locator(f"#{control}").is_disabled(), control
    clip.page.keyboard.press("Space")
    assert clip.page.locator("#play").get_attribute("aria-label") == "play"
    assert clip.frame == 0
    clip.check()
