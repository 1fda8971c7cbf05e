"""Writes the page of `lvzoo data check`: counts, every finding, and pictures of the strangest frames.

The page is one file that loads nothing from elsewhere. Its Content-Security-Policy allows its own style and script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lvzoo.files import atomic_file
from lvzoo.report import words
from lvzoo.report.clip_page import secure_page
from lvzoo.report.drawing import Drawing
from lvzoo.report.formats import number_of
from lvzoo.report.gallery import outline, png_uri
from lvzoo.report.jinja import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from lvzoo.types import FrameSet, Split
    from lvzoo.types.audit import Audit, Oddity, Place

MOST_PER_CHECK: Final = 6
"""The strangest frames that each check may show, so that a frequent finding does not hide a rare one."""
MOST_FRAMES: Final = 48
"""The strangest frames on the page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """One frame with the outline of its reference mask."""

    image: str
    contours: Drawing
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhibit:
    """A strange frame, or two frames that are alike, and the reasons why they are shown."""

    thumbnails: tuple[Thumbnail, ...]
    reasons: tuple[str, ...]


def write_audit_page(audit: Audit, frames: Mapping[Split, FrameSet], path: Path) -> None:
    """Write the page, complete or not at all; `frames` are those that were checked."""
    page = environment().get_template("audit.html.j2").render(_context(audit, frames))
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _context(audit: Audit, frames: Mapping[Split, FrameSet]) -> Mapping[str, Any]:
    """Return everything that the page shows; the template only places it."""
    summary = audit.summary
    strangest = choose_strangest(audit)
    shown = {place for places, _ in strangest for place in places}
    extremes: dict[Place, list[str]] = {}
    for oddity in audit.extremes:
        if oddity.place not in shown:
            extremes.setdefault(oddity.place, []).append(oddity.detail)
    return {
        **secure_page("audit"),
        "audit": audit,
        "summary": summary,
        "synthetic": words.SYNTHETIC if summary.synthetic else "",
        "frame_count": number_of(sum(each.frames for each in summary.splits.values()), "frame"),
        "odd_count": number_of(sum(len(check.oddities) for check in audit.checks), "finding"),
        "check_count": number_of(len(audit.checks), "check"),
        "exhibits": [_exhibit(places, reasons, frames) for places, reasons in strangest],
        "extremes": [_exhibit([place], reasons, frames) for place, reasons in extremes.items()],
    }


def choose_strangest(audit: Audit) -> list[tuple[list[Place], list[str]]]:
    """Return the strangest frames, or pairs of frames, each with its reasons; the strangest one comes first.

    The strangeness of a frame is the sum over its findings.
    """
    scores: dict[Place, float] = {}
    reasons: dict[Place, list[str]] = {}
    others: dict[Place, Place] = {}
    candidates: dict[Place, None] = {}
    for check in audit.checks:
        for number, oddity in enumerate(check.oddities):
            place = oddity.place
            scores[place] = scores.get(place, 0) + oddity.strangeness
            reasons.setdefault(place, []).append(_reason(check.name, oddity))
            if oddity.like is not None:
                others.setdefault(place, oddity.like)
            if number < MOST_PER_CHECK:
                candidates[place] = None
    chosen = sorted(candidates, key=lambda place: -scores[place])[:MOST_FRAMES]
    return [([place, *([others[place]] if place in others else [])], reasons[place]) for place in chosen]


def _reason(name: str, oddity: Oddity) -> str:
    return f"{name}: {oddity.detail}" if oddity.detail else name


def _exhibit(places: Sequence[Place], reasons: Iterable[str], frames: Mapping[Split, FrameSet]) -> Exhibit:
    return Exhibit(
        thumbnails=tuple(_thumbnail(place, frames[place.split]) for place in places), reasons=tuple(reasons)
    )


def _thumbnail(place: Place, frames: FrameSet) -> Thumbnail:
    frame_HW, mask_HW = frames.frames_NHW[place.index], frames.masks_NHW[place.index]
    contours = Drawing(frame_HW.shape[1], frame_HW.shape[0], css="contours")
    contours.path(outline(mask_HW), "model-contour")
    return Thumbnail(image=png_uri(frame_HW), contours=contours, where=str(place))
