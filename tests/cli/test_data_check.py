"""`lvzoo data check FOLDER` reports how much of a folder is used, and every quirk by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.cli import main
from tests.data.audited import speckle
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Sequence


def write_folder(folder: Path, splits: Sequence[str], *, rows: int = 21) -> Path:
    """Write a data set with one video for each of `splits`; its two tracings are rectangles of `rows` rows."""
    (folder / "Videos").mkdir(parents=True)
    listed, traced = ["FileName,Split"], ["FileName,X1,Y1,X2,Y2,Frame"]
    for number, split in enumerate(splits):
        listed.append(f"0X{number},{split}")
        for frame, half in ((1, 10), (3, 20)):
            traced.append(f"0X{number}.avi,56,20,56,90,{frame}")
            traced += [
                f"0X{number}.avi,{56 - half},{25 + y},{56 + half},{25 + y},{frame}" for y in range(1, rows)
            ]
        write_video(
            folder / "Videos" / f"0X{number}.avi",
            np.stack([speckle(10 * number + frame) for frame in range(4)]),
        )
    (folder / "FileList.csv").write_text("\n".join(listed) + "\n")
    (folder / "VolumeTracings.csv").write_text("\n".join(traced) + "\n")
    return folder


def test_splits_and_quirks_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN", "VAL", "TEST", "TRAIN"])
    (folder / "Videos" / "0X3.avi").unlink()
    assert main(["data", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "train         1       2  " in printed
    assert "excluded: video file missing (1)\n  0X3\n" in printed


def test_many_findings_are_counted_and_the_first_ten_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN"] * 4 + ["VAL", "TEST"], rows=18)
    assert main(["data", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "noted: tracing of other than 21 rows: used as it is (12)\n  0X0: frame 1: 18 rows\n" in printed
    assert printed.endswith("  and 2 more; --json prints all of them\n")


def test_json_names_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN"] * 4 + ["VAL", "TEST"], rows=18)
    assert main(["data", "check", "--json", str(folder)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["splits"]["train"]["frames"] == 8
    (quirk,) = summary["quirks"]
    assert not quirk["excluded"]
    assert len(quirk["findings"]) == 12
    assert summary["counts"]["ES frames"] == {"train": 4, "val": 1, "test": 1}
    assert len(summary["checks"]) == 14
    assert {"place", "detail", "strangeness", "like"} == summary["extremes"][0].keys()


def test_a_folder_in_order_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(write_folder(tmp_path / "data", ["TRAIN", "VAL", "TEST"]))]) == 0
    assert capsys.readouterr().out.endswith("nothing unusual was found\n")


def test_a_mistake_in_a_file_is_one_line_and_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN", "VAL", "TEST"])
    (folder / "VolumeTracings.csv").write_text("FileName,X1,Y1,X2,Y2,Frame\n0X0.avi,1,2,abc,4,5\n")
    assert main(["data", "check", str(folder)]) == 4
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "VolumeTracings.csv: line 2: X2 is 'abc', not a number" in told.err


def test_a_test_split_alone_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "data", ["TEST", "TEST"])
    assert main(["data", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "\ntest          2       4  " in printed
    assert "no train or val split: `lvzoo eval` can test models on this data set" in printed
    assert main(["data", "check", "--json", str(folder)]) == 0
    assert list(json.loads(capsys.readouterr().out)["splits"]) == ["test"]


def test_without_a_test_split_there_is_nothing_to_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", str(write_folder(tmp_path / "data", ["TRAIN", "VAL"]))]) == 4
    assert "no row has the split TEST" in capsys.readouterr().err


def test_a_video_that_does_not_decode_is_named_and_the_others_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN", "TRAIN", "VAL", "TEST"])
    (folder / "Videos/0X1.avi").write_bytes(b"no video at all")
    (folder / "Videos/0X2.avi").write_bytes(b"")
    assert main(["data", "check", str(folder)]) == 4
    told = capsys.readouterr()
    assert "train         1       2  " in told.out
    assert "test          1       2  " in told.out
    assert "excluded: video that does not decode (1)\n  0X1: does not decode as a video" in told.out
    assert "failed: val: " in told.err
    assert (
        "none of the 1 videos in split VAL has a usable frame: video that does not decode (1); 0X2: "
        in told.err
    )
    assert "failed: 0X1: not decoded" in told.err


def test_ffmpeg_writes_nothing_of_its_own(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", ["TRAIN", "VAL", "TEST", "TEST"])
    path = folder / "Videos/0X3.mp4"
    noise_NHW = np.random.default_rng(0).integers(0, 255, (12, 112, 112), np.uint8)
    write_video(path, noise_NHW, codec="mp4v")
    content = path.read_bytes()
    (folder / "Videos/0X3.avi").write_bytes(content[: len(content) // 2])  # its index lies in the second half
    path.unlink()
    command = [sys.executable, "-m", "lvzoo", "data", "check", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 4
    assert told.stderr == "failed: 0X3: not decoded, or not completely; copy them again from their source\n"


def copy_into_test(folder: Path) -> None:
    """Write a data set whose test video is that of a training patient, but brighter."""
    write_folder(folder, ["TRAIN", "TRAIN", "VAL", "TEST"])
    frames_NHW = np.stack([speckle(10 + frame) for frame in range(4)])
    brighter_NHW = (1.1 * frames_NHW.astype(np.float64) + 5).clip(0, 255).astype(np.uint8)
    write_video(folder / "Videos" / "0X3.avi", brighter_NHW)


def test_a_picture_in_two_splits_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy_into_test(tmp_path / "data")
    assert main(["data", "check", str(tmp_path / "data")]) == 4
    told = capsys.readouterr()
    assert (
        "\nleak: the same picture in two splits: correlation of 0.85 or more (1)\n  0X1 (train), frame"
        in told.out
    )
    assert told.err.startswith(
        "failed: the same picture in two splits: 0X1 (train), frame 3, ED, and 0X3 (test), "
    )
    assert told.err.endswith("; put both into one split, or leave one out\n")


def test_the_page_has_every_finding_and_says_that_it_holds_pictures(tmp_path: Path) -> None:
    copy_into_test(tmp_path / "data")
    page = tmp_path / "page.html"
    assert main(["data", "check", str(tmp_path / "data"), "--html", str(page)]) == 4
    text = page.read_text()
    assert "the same picture in two splits" in text
    assert "0X1 (train), frame 3, ED" in text
    assert "This page contains pictures of the data set." in text
    assert text.count("data:image/png;base64,") >= 2
