"""Warnings while DICOM clips are read: those of pydicom are not shown, and those of other packages are."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from lvzoo.data.clips.dicom import pixels
from lvzoo.data.clips.dicom.reader import open_dicom
from tests.data.clips.made_dicom import make_dicom, save_dicom, smooth_frames

WARN_AS = "warnings.warn('odd file', stacklevel=1)"


def warn_as(module: str) -> None:
    """Raise a warning as the code of another module does."""
    exec(WARN_AS, {"warnings": warnings, "__name__": module})  # noqa: S102


def make_clip(tmp_path: Path) -> Path:
    return save_dicom(make_dicom(smooth_frames(5)), tmp_path / "clip.dcm")


def test_a_warning_of_another_package_is_shown_once_and_not_once_per_frame(tmp_path: Path) -> None:
    path = make_clip(tmp_path)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        space: dict[str, Any] = {"warnings": warnings, "__name__": "plugin"}
        for _ in range(2):
            for _frame in open_dicom(path, fps=None).read():
                exec(WARN_AS, space)  # noqa: S102
    assert [str(each.message) for each in shown] == ["odd file"]


@pytest.mark.parametrize(("module", "count"), [("pydicom.pixels.utils", 0), ("PIL", 0), ("plugin", 5)])
def test_while_a_frame_is_decoded_only_the_decoder_is_silenced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, count: int
) -> None:
    """Other threads share the filters, so that a filter for everything would silence them too."""

    def get_decoder_and_warn(syntax: UID) -> Decoder:
        warn_as(module)
        return get_decoder(syntax)

    monkeypatch.setattr(pixels, "get_decoder", get_decoder_and_warn)
    path = make_clip(tmp_path)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        frames = list(open_dicom(path, fps=None).read())
    assert (len(frames), len(shown)) == (5, count)


def test_filters_that_are_changed_between_two_frames_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_decoder_and_warn(syntax: UID) -> Decoder:
        warn_as("pydicom.pixels.utils")
        return get_decoder(syntax)

    monkeypatch.setattr(pixels, "get_decoder", get_decoder_and_warn)
    frames = open_dicom(make_clip(tmp_path), fps=None).read()
    assert next(iter(frames)).index == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [frame.index for frame in frames] == [1, 2, 3, 4]


def test_opening_a_second_clip_changes_no_filters(tmp_path: Path) -> None:
    path = make_clip(tmp_path)
    list(open_dicom(path, fps=None).read())
    before = list(warnings.filters)
    list(open_dicom(path, fps=None).read())
    assert list(warnings.filters) == before
