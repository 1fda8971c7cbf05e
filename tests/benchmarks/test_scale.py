"""`tests/benchmarks/scale.py`, small: every step is measured on 20 patients, and the figures are told and drawn."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.phantom.write import cached_phantom
from tests.benchmarks.scale import STEPS, main
from tests.benchmarks.scale_data import link_patients

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def phantom() -> Path:
    return cached_phantom(size="smoke", seed=0)


def test_every_step_is_measured_and_drawn(
    phantom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "scale.svg"
    words = ["--patients", "20", "--small", "--work", str(tmp_path / "work"), "--out", str(figure)]
    main([*words, "--source", str(phantom)])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0].removeprefix("| ") for row in rows] == list(STEPS)
    assert {row[1] for row in rows} == {"20"}
    assert all(float(row[2]) >= 0 and 20 < float(row[3].replace(",", "")) < 4_000 for row in rows)
    assert "2 of 1 steps" not in rows[2][-1]
    texts = [element.text for element in ET.parse(figure).iter() if element.text]  # noqa: S314 - our own file
    assert set(STEPS) <= set(texts)
    assert any("synthetic" in text for text in texts)


def test_repeated_videos_are_other_patients(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    folder = link_patients(tmp_path / "data", phantom, 40)
    with (folder / "FileList.csv").open(newline="") as file:
        names = [row["FileName"] for row in csv.DictReader(file)]
    assert len(set(names)) == len(names) == 40
    test = EchoNetDynamic(folder).load("test")
    assert len(set(test.patients)) == 5
    assert not test.source.exclusions
