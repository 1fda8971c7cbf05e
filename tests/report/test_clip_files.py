"""The folders of clips' results: which one is free, and which clips have results already."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from lvzoo.report.clip_files import Made, find_results, keep_results
from lvzoo.report.clip_summary import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def working(tmp_path: Path) -> Path:
    folder = tmp_path / "out" / ".working"
    folder.mkdir(parents=True)
    made = Made(name="a.avi", clip="12ab", weights=("34cd",), fps=None)
    about = {
        "schema": SCHEMA,
        "made_from": asdict(made),
        "frames": 2,
        "files": ["beats.csv"],
        "fps": None,
        "ef_percent": 55.0,
        "ef_sd_percent": None,
        "ef_reason": None,
        "beats_used": 1,
        "heart_rate_bpm": 60,
        "trusted": True,
        "verdict": "trusted",
    }
    (folder / "summary.json").write_text(json.dumps(about))
    for name in ("frames.csv", "beats.csv"):
        (folder / name).touch()
    (folder / "masks").mkdir()
    for name in ("00000.png", "00001.png"):
        (folder / "masks" / name).touch()
    return folder


def test_a_free_name_is_used(working: Path, tmp_path: Path) -> None:
    assert keep_results(working, tmp_path / "out", "clip") == tmp_path / "out/clip"
    (made,) = find_results(tmp_path / "out")
    assert made == Made(name="a.avi", clip="12ab", weights=("34cd",), fps=None)
    assert not working.exists()


@pytest.mark.parametrize("gone", ["frames.csv", "beats.csv", "masks/00001.png"])
def test_results_that_lost_a_file_do_not_count(working: Path, tmp_path: Path, gone: str) -> None:
    folder = keep_results(working, tmp_path / "out", "clip")
    assert find_results(tmp_path / "out")
    (folder / gone).unlink()
    assert find_results(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verdict", None),
        ("verdict", 3),
        ("ef_percent", "high"),
        ("frames", 2.5),
        ("trusted", 1),
        ("files", "beats"),
    ],
)
def test_results_whose_summary_is_damaged_do_not_count(
    working: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = keep_results(working, tmp_path / "out", "clip")
    about = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**about, key: value}))
    assert find_results(tmp_path / "out") == {}
    del about["verdict"]
    (folder / "summary.json").write_text(json.dumps(about))
    assert find_results(tmp_path / "out") == {}


def test_another_results_folder_and_any_other_file_is_left_alone(working: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "clip").mkdir()
    (out / "clip-2").write_text("a file")
    (out / "clip-3").symlink_to(out / "nowhere")
    assert keep_results(working, out, "clip") == out / "clip-4"
    assert (out / "clip-2").read_text() == "a file"


def test_a_name_that_another_process_takes_at_the_same_time_is_left_to_it(
    working: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the renaming, another process has put its results there."""
    other = tmp_path / "out" / "clip"
    other.mkdir()
    (other / "summary.json").write_text("theirs")
    monkeypatch.setattr("os.path.lexists", lambda path: str(path).endswith("-1"))
    assert keep_results(working, tmp_path / "out", "clip") == tmp_path / "out/clip-2"
    assert (other / "summary.json").read_text() == "theirs"


@pytest.mark.parametrize("content", ["{", "[]", '{"made_from": 3}', '{"made_from": {"clip": "a"}}', "{}"])
def test_damaged_results_belong_to_no_clip(tmp_path: Path, content: str) -> None:
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip/summary.json").write_text(content)
    assert find_results(tmp_path) == {}
    assert find_results(tmp_path / "missing") == {}
