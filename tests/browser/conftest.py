"""Opens pages in the Chromium of the system, without a window, and hears what goes wrong in them."""

from __future__ import annotations

import io
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S: Final = 20
Scheme = Literal["light", "dark"]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page that is open, and what it asked for and complained of since."""

    page: Page
    path: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if something went wrong, or if the page asked for anything but itself."""
        assert self.complaints == []
        assert self.requests == [self.path.as_uri()]

    @property
    def frame(self) -> int:
        """The position of the frame that a clip's page shows."""
        return int(self.page.locator("#viewer").get_attribute("data-frame") or -1)

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """Return the value of a script in the page."""
        return self.page.evaluate(script)

    def wait_until(self, script: str) -> None:
        """Wait until a script is true. Playwright's own way is forbidden by the pages' policy."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.evaluate(script):
            assert time.monotonic() < deadline, script
            self.page.wait_for_timeout(30)

    def unnamed_controls(self) -> list[str]:
        """Return the roles of the controls without a name, as a screen reader would see them."""
        tree = self.page.context.new_cdp_session(self.page).send("Accessibility.getFullAXTree")
        roles = (
            "button",
            "slider",
            "checkbox",
            "radio",
            "combobox",
            "link",
            "DisclosureTriangle",
            "region",
            "image",
        )
        return [
            node["role"]["value"]
            for node in tree["nodes"]
            if not node["ignored"] and node["role"]["value"] in roles and not node["name"]["value"].strip()
        ]

    def sideways_px(self) -> int:
        """Return by how much the page is wider than the window."""
        return int(
            self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )

    def wide_tables(self) -> Locator:
        """Return the boxes whose table is clearly wider than they are."""
        self.evaluate(MARK_WIDE)
        return self.page.locator(".scroll.is-wide")

    def check_wide_tables(self) -> None:
        """Fail unless wide tables scroll to their end, keep their caption in view, and show that they go on."""
        boxes = self.wide_tables()
        assert boxes.count() > 0
        for box in boxes.all():
            name = box.get_attribute("aria-label")
            box.scroll_into_view_if_needed()
            assert edge_contrast(box) > 10, f"no shadow: {name}"
            assert caption_overhang_px(box) == (0, 0), name
            assert box.evaluate(SCROLL_TO_END) <= 1, f"cannot be scrolled to its end: {name}"
            assert edge_contrast(box) < 3, f"a shadow where the table ends: {name}"
            assert caption_overhang_px(box) == (0, 0), name

    def worst_contrast(self) -> tuple[float, str]:
        """Return the smallest contrast of a text with what is behind it (WCAG), and the text."""
        contrast, text = self.evaluate(CONTRAST)
        return float(contrast), str(text)


def edge_contrast(box: Locator) -> float:
    """Return by how many grey levels the right edge of a box differs from the paper left of it, above the text."""
    image = Image.open(io.BytesIO(box.screenshot())).convert("L")
    grey_HW = np.asarray(image, dtype=float)
    return float(abs(grey_HW[1, -2] - grey_HW[1, -60]))


def caption_overhang_px(box: Locator) -> tuple[int, int]:
    """Return by how much a caption reaches beyond the left and the right edge of its box."""
    left, right = box.evaluate(CAPTION_OVERHANG)
    return round(left), round(right)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium; without it, the test is skipped."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(CHROMIUMS)} is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox refuses root
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a file in a new window of some width and colour scheme."""
    contexts = []

    def open_page(path: Path, *, width: int = 1400, scheme: Scheme = "light", script: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        visit = Visit(page=context.new_page(), path=path)

        def hear(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                visit.complaints.append(f"{message.type}: {message.text}")

        def note(request: Request) -> None:
            if not request.url.startswith("data:"):
                visit.requests.append(request.url)

        visit.page.on("console", hear)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
        visit.page.on("request", note)
        visit.page.goto(path.as_uri())
        return visit

    yield open_page
    for context in contexts:
        context.close()


MARK_WIDE: Final = """document.querySelectorAll(".scroll").forEach((each) => {
  each.classList.toggle("is-wide", each.scrollWidth > each.clientWidth + 20);
  each.classList.toggle("fits", each.scrollWidth <= each.clientWidth);
})"""
SCROLL_TO_END: Final = """(box) => {
  box.scrollLeft = box.scrollWidth;
  const cells = [...box.querySelectorAll("tr > :last-child")];
  return Math.max(...cells.map((each) => each.getBoundingClientRect().right)) - box.getBoundingClientRect().right;
}"""
CAPTION_OVERHANG: Final = """(box) => {
  const frame = box.getBoundingClientRect();
  const words = document.createRange();
  words.selectNodeContents(box.querySelector("caption"));
  const text = words.getBoundingClientRect();
  return [Math.max(0, frame.left - text.left), Math.max(0, text.right - frame.right)];
}"""
CONTRAST: Final = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let worst = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.getClientRects().length) continue;
    if (element.closest("svg, script, style, noscript, .unseen")) continue;
    const behind = [];
    for (let each = element; each; each = each.parentElement) behind.unshift(getComputedStyle(each).backgroundColor);
    const back = light(paint(["#fff", ...behind]));
    const front = light(paint(["#fff", ...behind, getComputedStyle(element).color]));
    const contrast = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    if (contrast < worst[0]) worst = [contrast, text];
  }
  return worst;
}"""
