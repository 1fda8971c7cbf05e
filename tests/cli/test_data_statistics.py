"""`lvzoo data statistics` measures frames of simulated patients, of clips and of data folders."""

from __future__ import annotations

import json
import re
import shutil
import tracemalloc
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pydicom.examples
import pytest

from lvzoo.cli import main
from lvzoo.data.quirks import VIDEO_UNREAD
from lvzoo.data.statistics import measure_appearance, statistics_of_files
from lvzoo.errors import UsageError
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.statistics import statistics_of_phantom
from lvzoo.phantom.write import PhantomSize, write_phantom
from tests.made_results import draw_beat, write_results
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def read_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["data", "statistics", *words, "--json"]) == 0
    said: dict[str, object] = json.loads(capsys.readouterr().out)
    return said


def as_list(found: object) -> list[dict[str, Any]]:
    assert isinstance(found, list)
    return found


def test_simulated_patients_are_shown_beside_real_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "statistics", "--clips", "2", "--shift", "speckle"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("phantom-speckle, synthetic: 2 clips\n\n| statistic ")
    assert "| 95th percentile " in printed
    assert "| 128 to 206 " in printed
    assert "| Dice of tracing against truth, ED " in printed
    _, shapes = printed.split("\n\nphantom-speckle, synthetic: shape in the tracings of 2 videos\n\n")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shapes.splitlines()]
    assert lines[0] == ["shape", "mean ± SD", "real clips", "within one SD"]
    table = {cells[0]: cells[1:] for cells in lines[2:]}
    assert table["ED length by width"][1:] in (["1.57 ± 0.14", "yes"], ["1.57 ± 0.14", "no"])
    assert table["ES width at 50%"][1:] == ["", ""], "not known of real clips"
    assert re.fullmatch(r"[0-9],?[0-9]{3} ± [0-9]+", table["ED area, px"][0])
    assert table["ED area, px"][1] == "1,690 ± 520"


def test_a_grey_clip_is_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_video(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    said = read_json(capsys, str(clip))
    assert (said["source"], said["synthetic"], said["clips"]) == ("grey.avi", False, 1)
    statistics = said["statistics"]
    assert isinstance(statistics, dict)
    assert statistics["mean grey level"]["mean"] == pytest.approx(60, abs=1)
    assert statistics["mean grey level"]["as_real"] is False
    assert statistics["share of pixels below 8"]["mean"] == 0
    unknown = statistics["correlation of neighbours, x"]
    assert (unknown["mean"], unknown["as_real"]) == (None, None), "nothing correlates with a constant"


def test_a_real_dicom_clip_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    said = read_json(capsys, str(pydicom.examples.get_path("ybr_color")))
    statistics = said["statistics"]
    assert isinstance(statistics, dict)
    assert 10 < statistics["mean grey level"]["mean"] < 30


def test_a_phantom_folder_is_known_as_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lvzoo.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    assert read_json(capsys, str(folder))["synthetic"] is True
    some = read_json(capsys, str(folder), "--clips", "2")
    assert (some["source"], some["clips"]) == ("data", 2)


def test_synthetic_clips_among_real_ones_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lvzoo.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    clip = write_video(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    said = read_json(capsys, str(folder), str(clip))
    assert (said["synthetic"], said["synthetic_clips"], said["clips"]) == (True, 3, 4)
    assert main(["data", "statistics", str(folder), str(clip)]) == 0
    assert capsys.readouterr().out.startswith("data, grey.avi, partly synthetic (3 of the clips): 4 clips\n")


def test_a_data_folder_gives_the_shape_of_its_tracings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All tracings are measured, whatever --clips says."""
    monkeypatch.setattr("lvzoo.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    [shapes] = as_list(read_json(capsys, str(folder), "--clips", "1")["shapes"])
    assert (shapes["origin"], shapes["synthetic"], shapes["videos"]) == ("tracings", True, 3)
    width = shapes["statistics"]["ED width at 10%"]
    assert width["real"] == {"mean": 0.55, "sd": 0.09}
    assert width["as_real"] is (abs(width["mean"] - 0.55) <= 0.09)
    assert main(["data", "statistics", str(folder), "--clips", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("data, synthetic: 1 clip\n\n| statistic ")
    assert "\n\ndata, synthetic: shape in the tracings of 3 videos\n\n| shape " in printed


def test_clips_without_tracings_have_no_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    assert read_json(capsys, str(tmp_path))["shapes"] == []
    assert main(["data", "statistics", str(tmp_path)]) == 0
    assert "shape" not in capsys.readouterr().out


def test_predicted_masks_give_a_table_of_shapes_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_results(tmp_path / "out" / "clip", draw_beat())
    assert main(["data", "statistics", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("out: shape in the predicted masks of 1 video\n\n| shape ")
    assert "| statistic " not in printed
    said = read_json(capsys, str(tmp_path / "out"))
    assert (said["clips"], said["statistics"], said["synthetic"]) == (0, {}, False)


def test_simulated_frames_have_been_through_their_files() -> None:
    """Real frames come out of MJPG files; its compression changes the statistics."""
    clip = simulate(seed=0, split="train", index=0)
    drawn, (decoded, *_) = measure_appearance(clip.frames_NHW), statistics_of_phantom(patients=1).statistics
    assert decoded.name == "mean grey level"
    assert decoded.mean == pytest.approx(drawn[decoded.name], abs=1)
    assert decoded.mean != drawn[decoded.name]


@pytest.mark.parametrize("count", [0, -1])
def test_no_patients_and_no_clips_are_a_usage_error(count: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{count} patients"):
        statistics_of_phantom(patients=count)
    with pytest.raises(UsageError, match=rf"{count} clips"):
        statistics_of_files([tmp_path], most=count)


def test_a_folder_without_clips_is_a_data_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.txt").write_text("no clip")
    assert main(["data", "statistics", str(tmp_path)]) == 4
    assert "holds no clips; give a clip, or a folder of clips" in capsys.readouterr().err


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of two clips, one of them a DICOM file without suffix, a list, a note, and a damaged clip."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_video(folder / "grey.AVI", np.full((5, 112, 112), 60, np.uint8))
    shutil.copy(pydicom.examples.get_path("ybr_color"), folder / "IM000001")
    (folder / "README.txt").write_text("no clip")
    (folder / "list.csv").write_text("name\ngrey\n")
    (folder / "cut.avi").write_bytes((folder / "grey.AVI").read_bytes()[:150])
    return folder


def test_numbered_pictures_are_one_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((112, 112), 60 + number, np.uint8))
    assert read_json(capsys, str(tmp_path))["clips"] == 1


def test_only_small_frames_of_a_clip_are_in_memory(tmp_path: Path) -> None:
    """A clip of 200 frames needs 15 MB in its own size, and 2.5 MB as models see it."""
    clip = write_video(tmp_path / "large.avi", np.full((200, 240, 320), 60, np.uint8))
    statistics_of_files([clip])
    tracemalloc.start()
    try:
        statistics_of_files([clip])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10e6


def test_the_first_frames_of_a_long_clip_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lvzoo.data.statistics.MOST_FRAMES", 3)
    frames = (
        np.repeat(np.array([60, 200], np.uint8), 3)[:, None, None].repeat(112, axis=1).repeat(112, axis=2)
    )
    statistics = statistics_of_files([write_video(tmp_path / "long.avi", frames)]).statistics
    assert statistics[0].mean == pytest.approx(60, abs=1)
    assert "long.avi: only its first 3 frames are measured" in caplog.text
    caplog.clear()
    statistics_of_files([write_video(tmp_path / "short.avi", frames[:3])])
    assert not caplog.text


def test_a_clip_that_does_not_fit_into_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "large.avi", np.full((5, 112, 112), 60, np.uint8))
    write_video(tmp_path / "small.avi", np.full((2, 112, 112), 60, np.uint8))
    stack = np.stack

    def refuse(arrays: Sequence[NDArray[np.uint8]], axis: int = 0) -> NDArray[np.uint8]:
        if len(arrays) == 5 and arrays[0].shape == (112, 112):
            raise MemoryError
        return stack(arrays, axis=axis)

    monkeypatch.setattr("numpy.stack", refuse)
    assert main(["data", "statistics", str(clip)]) == 4
    assert f"error: {clip}: does not fit into memory; close other programs" in capsys.readouterr().err
    [finding] = statistics_of_files([tmp_path]).findings
    assert (finding.name, finding.quirk) == ("large.avi", VIDEO_UNREAD.text)
    assert finding.detail.startswith("does not fit into memory")


def test_a_clip_of_a_folder_that_cannot_be_read_is_reported_and_left_out(
    mixed: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    said = read_json(capsys, str(mixed))
    assert said["clips"] == 2
    findings = said["findings"]
    assert isinstance(findings, list)
    assert [(each["name"], each["excluded"]) for each in findings] == [("cut.avi", True)]
    assert findings[0]["detail"].startswith("does not decode")
    assert f"left out: {mixed / 'cut.avi'}: does not decode" in caplog.text
    assert main(["data", "statistics", str(mixed)]) == 0
    assert capsys.readouterr().out.startswith("mixed: 2 clips (1 more could not be read)\n")


def test_a_file_that_is_named_and_cannot_be_read_is_a_data_error(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, reason in (("cut.avi", "does not decode"), ("README.txt", "is a text file")):
        assert main(["data", "statistics", str(mixed), str(mixed / name)]) == 4
        assert f"{mixed / name}: {reason}" in capsys.readouterr().err


def test_a_folder_of_only_damaged_clips_is_a_data_error(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "grey.AVI").unlink()
    (mixed / "IM000001").unlink()
    assert main(["data", "statistics", str(mixed)]) == 4
    assert "mixed: none of 1 clips can be read" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--shift", "gain"), ("--seed", "0"), ("--seed", "1")])
def test_a_shift_or_seed_with_a_path_is_refused(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "statistics", str(tmp_path), *option]) == 2
    assert "leave out either them or the PATH" in capsys.readouterr().err
