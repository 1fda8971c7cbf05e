"""The page of `lvzoo data check` holds every finding, and shows the strangest frames first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.report.audit_page import choose_strangest, write_audit_page
from lvzoo.types.audit import Audit, Check, Oddity, Place, SplitCounts, Summary
from tests.data.audited import make_split

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types import FrameSet


def place(index: int, *, video: str = "P3-0") -> Place:
    return Place(split="test", patient="P3-0", video=video, frame=index, phase="ED", index=index)


def odd(index: int, strangeness: float, *, like: Place | None = None) -> Oddity:
    return Oddity(place=place(index), detail=f"detail {index}", strangeness=strangeness, like=like)


def make_audit(*checks: Check, synthetic: bool = False) -> Audit:
    return Audit(
        summary=Summary(
            name="<made>",
            version="1",
            synthetic=synthetic,
            splits={"test": SplitCounts(videos=4, frames=8, fingerprint="f")},
            quirks=(),
        ),
        counts={"patients": {"test": 4}, "view 4CH": {"test": 8}},
        checks=checks,
    )


def write(audit: Audit, path: Path, frames: FrameSet | None = None) -> str:
    write_audit_page(audit, {"test": frames or make_split(4, seed=3)}, path)
    return path.read_text()


def test_the_strangest_frame_comes_first_with_all_its_reasons() -> None:
    audit = make_audit(
        Check(name="one", limit="", oddities=(odd(1, 3), odd(2, 2))),
        Check(name="two", limit="", oddities=(odd(2, 2), odd(3, 1, like=place(7)))),
    )
    assert choose_strangest(audit) == [
        ([place(2)], ["one: detail 2", "two: detail 2"]),
        ([place(1)], ["one: detail 1"]),
        ([place(3), place(7)], ["two: detail 3"]),
    ]


def test_a_frequent_finding_does_not_hide_a_rare_one() -> None:
    frequent = Check(name="frequent", limit="", oddities=tuple(odd(index, 5) for index in range(100)))
    rare = Check(name="rare", limit="", oddities=(odd(200, 1),))
    shown = choose_strangest(make_audit(frequent, rare))
    assert len(shown) == 7
    assert shown[-1][0] == [place(200)]


def test_the_page_lists_every_finding_but_not_every_picture(tmp_path: Path) -> None:
    frames = make_split(4, seed=3)
    check = Check(name="many", limit="", oddities=tuple(odd(index, 1) for index in range(8)))
    page = write(make_audit(check), tmp_path / "page.html", frames)
    assert all(f"frame {index}, ED: detail {index}" in page for index in range(8))
    assert page.count("<figure") == 6


def test_names_are_escaped(tmp_path: Path) -> None:
    page = write(make_audit(Check(name="one", limit="<i>", oddities=(odd(1, 3),))), tmp_path / "page.html")
    assert "&lt;made&gt;" in page
    assert "<made>" not in page
    assert "<i>" not in page


def test_a_page_of_a_data_set_in_order_says_that_there_is_no_leak(tmp_path: Path) -> None:
    audit = make_audit(Check(name="one", limit="", leak=True))
    counts = SplitCounts(videos=4, frames=8, fingerprint="f")
    two = replace(audit, summary=replace(audit.summary, splits={"train": counts, "test": counts}))
    two = replace(two, counts={"patients": {"train": 4, "test": 4}})
    assert "no leak found" in write(two, tmp_path / "page.html")
    assert "no leak found" not in write(audit, tmp_path / "page.html")  # one split cannot leak
    leak = Check(name="one", limit="", leak=True, oddities=(odd(1, 5),))
    found = replace(two, checks=(leak,))
    assert "no leak found" not in write(found, tmp_path / "page.html")


def test_an_empty_mask_has_a_picture_without_an_outline(tmp_path: Path) -> None:
    frames = make_split(4, seed=3)
    empty = replace(frames, masks_NHW=np.zeros_like(frames.masks_NHW))
    check = Check(name="one", limit="", oddities=(odd(1, 5),))
    assert write(make_audit(check), tmp_path / "page.html", empty).count("<figure") == 1


def test_a_page_says_that_it_holds_pictures_or_that_they_are_synthetic(tmp_path: Path) -> None:
    check = Check(name="one", limit="", oddities=(odd(1, 5),))
    for synthetic in (False, True):
        page = write(make_audit(check, synthetic=synthetic), tmp_path / "page.html")
        assert ("This page contains pictures of the data set." in page) is not synthetic
        assert ("Synthetic phantom" in page) is synthetic


def test_a_frame_at_two_ends_is_shown_once(tmp_path: Path) -> None:
    ends = tuple(replace(odd(1, 0), detail=f"end {number}") for number in range(2))
    page = write(replace(make_audit(Check(name="one", limit="")), extremes=ends), tmp_path / "page.html")
    assert page.count("<figure") == 1
    assert "<li>end 0</li><li>end 1</li>" in page
