"""`lvzoo.check_data` does what `lvzoo data check` does, for a folder in any layout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import lvzoo
from lvzoo.types.audit import Place
from lvzoo.workflows.audit import check_dataset
from tests.cli.test_data_check import write_folder
from tests.data.audited import MadeDataset, make_split
from tests.datasets.camus_files import CamusFolder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_checked_and_its_page_written(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN", "VAL", "TEST"])
    audit = lvzoo.check_data(str(folder), page=str(tmp_path / "page.html"))
    assert audit.summary.name == "echonet-dynamic"
    assert audit.found == ()
    assert "No check found anything." in (tmp_path / "page.html").read_text()


def test_another_layout_is_checked_with_its_options(tmp_path: Path) -> None:
    camus = CamusFolder(tmp_path / "CAMUS")
    camus.add("patient0001", listed="training", views=("4CH", "2CH"))
    camus.add("patient0002", listed="testing", views=("4CH", "2CH"))
    audit = lvzoo.check_data(camus.path, data_options={"camus.view": "2CH"})
    assert audit.counts["frames of view 2CH"] == {"train": 4, "test": 4}
    (leak,) = audit.leaks  # both patients have the same pictures
    assert [str(each).split(",")[0] for each in leak.oddities] == ["patient0001_2CH (train)"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"data": None}, "data is None"),
        ({"page": 3}, "page is 3"),
        ({"data_options": 3}, "data_options is 3"),
        ({"data_options": {"camus.no-such": "2CH"}}, "no-such"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], told: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["TEST"])
    with pytest.raises(lvzoo.UsageError, match=told):
        lvzoo.check_data(**{"data": folder, **arguments})


def test_frames_without_a_reference_contour_have_no_ef(tmp_path: Path) -> None:
    frames = make_split(2, seed=3)
    lost = replace(frames, contours_NP2=frames.contours_NP2 * float("nan"))
    audit = check_dataset(
        MadeDataset({"train": lost, "val": lost, "test": lost}), page=tmp_path / "page.html"
    )
    assert all("EF" not in each.detail for each in audit.extremes)


def test_the_patient_is_named_where_the_video_does_not_tell() -> None:
    place = Place(split="test", patient="P1", video="4CH", frame=3, phase="ED", index=0)
    assert str(place) == "patient P1, 4CH (test), frame 3, ED"
    assert str(replace(place, video="P1_4CH")) == "P1_4CH (test), frame 3, ED"
