"""Writes the index page of several clips: name, thumbnail, ejection fraction, verdict, and a link to each page."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from lvzoo.files import atomic_file
from lvzoo.report.clip_page import secure_page
from lvzoo.report.clip_page_tables import Value, make_value
from lvzoo.report.clip_page_words import SYNTHETIC
from lvzoo.report.formats import number_of
from lvzoo.report.jinja import environment
from lvzoo.types.answer import NO_MEDICAL_DEVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE: Final = "clip.html"
THUMBNAIL: Final = "thumbnail.jpg"
MOST_THUMBNAIL_BYTES: Final = 64_000
"""A larger file of that name is not one that lvzoo wrote."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One clip of the index. `link` is empty and `thumbnail` None where its folder has no such file."""

    name: str
    folder: str
    link: str
    thumbnail: str | None
    synthetic: bool
    ef: Value
    ef_note: str
    heart_rate: Value
    frames: Value
    trusted: bool | None
    """None if the results hold no verdict."""
    verdict: str


def write_index_page(results: Mapping[Path, Mapping[str, Any]], path: Path) -> None:
    """Write the index of folders of results; each folder comes with the content of its `summary.json`.

    Links are relative to the folder of `path`, and thumbnails are embedded. A folder of an earlier version, without a
    page, an ejection fraction or a verdict, is listed with what it has.
    """
    entries = [read_entry(folder, summary, path.parent) for folder, summary in results.items()]
    page = (
        environment()
        .get_template("clip_index.html.j2")
        .render(
            **secure_page("clip_index"),
            entries=entries,
            count=number_of(len(entries), "clip"),
            trusted=sum(entry.trusted is True for entry in entries),
            judged=sum(entry.trusted is not None for entry in entries),
            synthetic=SYNTHETIC if any(entry.synthetic for entry in entries) else "",
            all_synthetic=all(entry.synthetic for entry in entries),
            no_medical_device=NO_MEDICAL_DEVICE,
        )
    )
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def read_entry(folder: Path, summary: Mapping[str, Any], start: Path) -> Entry:
    """Return the line of one folder of results. What its summary lacks, or has in another form, is not known."""
    trusted, verdict = summary.get("trusted"), summary.get("verdict")
    ef, sd = _read_number(summary, "ef_percent"), _read_number(summary, "ef_sd_percent")
    page = folder / PAGE
    return Entry(
        name=_read_name(summary) or folder.name,
        folder=folder.name,
        link=quote(os.path.relpath(page, start)) if page.is_file() else "",
        thumbnail=_read_thumbnail(folder / THUMBNAIL),
        synthetic=summary.get("synthetic") is True,
        ef=make_value(ef, 0),
        ef_note=str(summary.get("ef_reason") or "") if ef is None else "" if sd is None else f"± {sd:.1f}",
        heart_rate=make_value(_read_number(summary, "heart_rate_bpm"), 0),
        frames=make_value(_read_number(summary, "frames"), 0),
        trusted=trusted if isinstance(trusted, bool) else None,
        verdict=verdict if isinstance(verdict, str) else "",
    )


def _read_name(summary: Mapping[str, Any]) -> str:
    """Return the name of the clip's file; earlier versions wrote its whole path."""
    name = summary.get("clip")
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] if isinstance(name, str) else ""


def _read_number(summary: Mapping[str, Any], name: str) -> float | None:
    value = summary.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _read_thumbnail(path: Path) -> str | None:
    """Return a thumbnail as text, if it is there and a JPEG."""
    if not path.is_file() or path.stat().st_size > MOST_THUMBNAIL_BYTES:
        return None
    content = path.read_bytes()
    return base64.b64encode(content).decode() if content.startswith(b"\xff\xd8\xff") else None
