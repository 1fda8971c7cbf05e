"""The phantom's files, read as EchoNet-Dynamic's official loader would read them, and the files with the truth."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
import pandas as pd
import pytest

from lvzoo.phantom.write import GENERATOR_VERSION, SIZES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Chord = tuple[float, float, float, float]
Traces = dict[str, dict[int, list[Chord]]]


class Listed(NamedTuple):
    FileName: str
    EF: float
    ESV: float
    EDV: float
    FrameHeight: int
    FrameWidth: int
    FPS: float
    NumberOfFrames: int
    Split: str


def file_list(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "FileList.csv")


def listed_videos(folder: Path) -> list[Listed]:
    return [Listed(*row) for row in file_list(folder).itertuples(index=False, name=None)]


def traces_in_file_order(folder: Path) -> Traces:
    """Return what the loader keeps of VolumeTracings.csv: for each file, the rows of its frames in file order."""
    traces: Traces = defaultdict(lambda: defaultdict(list))
    with (folder / "VolumeTracings.csv").open() as file:
        assert file.readline().strip().split(",") == ["FileName", "X1", "Y1", "X2", "Y2", "Frame"]
        for line in file:
            name, x1, y1, x2, y2, frame = line.strip().split(",")
            traces[name][int(frame)].append((float(x1), float(y1), float(x2), float(y2)))
    return traces


def official_polygon(rows: list[Chord]) -> NDArray[np.float64]:
    """Return the polygon that the loader fills: chords only, first ends downwards, second ends upwards."""
    x1, y1, x2, y2 = np.array(rows[1:]).T
    return np.stack([np.concatenate([x1, x2[::-1]]), np.concatenate([y1, y2[::-1]])], axis=1)


def area(polygon_P2: NDArray[np.floating]) -> float:
    x, y = polygon_P2.astype(np.float64).T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2)


def decode(path: Path) -> tuple[NDArray[np.uint8], float, str]:
    clip = cv2.VideoCapture(str(path))
    frames = []
    while (read := clip.read())[0]:
        frames.append(read[1])
    code = int(clip.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    return np.array(frames, dtype=np.uint8), clip.get(cv2.CAP_PROP_FPS), code


def test_the_file_list_has_the_official_columns_and_splits(phantom_folder: Path) -> None:
    listed = file_list(phantom_folder)
    columns = ["FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split"]
    assert list(listed.columns) == columns
    assert listed["Split"].value_counts().to_dict() == {"TRAIN": 8, "VAL": 4, "TEST": 6}
    assert listed["FileName"].str.fullmatch(r"0X[0-9A-F]{16}").all()
    assert listed["FileName"].is_unique, "one video per patient, no patient in two splits"


def test_every_video_is_there_and_decodes_as_listed(phantom_folder: Path) -> None:
    listed = listed_videos(phantom_folder)
    assert {path.stem for path in (phantom_folder / "Videos").iterdir()} == {row.FileName for row in listed}
    for row in listed[:4]:
        frames, fps, codec = decode(phantom_folder / "Videos" / f"{row.FileName}.avi")
        assert frames.shape == (row.NumberOfFrames, 112, 112, 3)
        assert (fps, codec) == (row.FPS, "MJPG")
        assert (row.FrameHeight, row.FrameWidth) == (112, 112)
        assert np.ptp(frames, axis=-1).max() <= 2, "grey in three channels"


def test_every_video_has_two_tracings_of_21_rows_smaller_first(phantom_folder: Path) -> None:
    traces, listed = traces_in_file_order(phantom_folder), listed_videos(phantom_folder)
    assert set(traces) == {f"{row.FileName}.avi" for row in listed}
    smaller_first = 0
    for row in listed:
        (first, first_rows), (last, last_rows) = traces[f"{row.FileName}.avi"].items()
        assert len(first_rows) == len(last_rows) == 21
        assert max(first, last) < row.NumberOfFrames
        smaller_first += int(area(official_polygon(first_rows)) < area(official_polygon(last_rows)))
    assert smaller_first >= len(listed) - 1, (
        "a reader may reverse the order only of a heart that hardly beats"
    )


def test_chords_run_from_apex_to_base_across_the_axis(phantom_folder: Path) -> None:
    for frames in traces_in_file_order(phantom_folder).values():
        for rows in frames.values():
            axis, *chords = np.array(rows).reshape(21, 2, 2)
            down = (axis[1] - axis[0]) / np.linalg.norm(axis[1] - axis[0])
            middles = np.array(chords).mean(axis=1)
            assert (np.diff((middles - axis[0]) @ down) > 0).all()
            across = np.array([chord[1] - chord[0] for chord in chords])
            assert np.abs(across @ down).max() < 1e-3
            assert (across[:, 0] > 0).all(), "left wall first"


def test_volumes_and_ejection_fraction_belong_together(phantom_folder: Path) -> None:
    listed = file_list(phantom_folder)
    assert (listed["ESV"] < listed["EDV"]).all()
    assert listed["EF"].to_numpy() == pytest.approx(
        (100 * (listed["EDV"] - listed["ESV"]) / listed["EDV"]).to_numpy(), abs=1e-5
    )


def test_the_truth_agrees_with_the_lists(phantom_folder: Path) -> None:
    with (phantom_folder / "Phantom.csv").open(newline="") as file:
        truth = {row["FileName"]: row for row in csv.DictReader(file)}
    contours = np.load(phantom_folder / "TrueContours.npz")
    traces = traces_in_file_order(phantom_folder)
    for row in listed_videos(phantom_folder):
        known, contours_NP2 = truth[row.FileName], contours[row.FileName]
        assert contours_NP2.shape == (row.NumberOfFrames, 121, 2)
        areas = [area(contour_P2) for contour_P2 in contours_NP2]
        es_frame, ed_frame = int(known["ESFrame"]), int(known["EDFrame"])
        assert areas[ed_frame] == pytest.approx(max(areas), rel=0.01)
        assert areas[es_frame] == pytest.approx(min(areas), rel=0.01)
        assert list(traces[f"{row.FileName}.avi"]) == [es_frame, ed_frame]
        assert float(known["TrueEDV"]) == row.EDV


def test_the_folder_says_that_it_is_synthetic(phantom_folder: Path) -> None:
    note = json.loads((phantom_folder / "SYNTHETIC.json").read_text())
    assert note["synthetic"] is True
    assert (note["generator"], note["size"], note["seed"]) == (GENERATOR_VERSION, "smoke", 0)


def test_the_full_size_has_the_official_splits() -> None:
    assert (SIZES["full"].train, SIZES["full"].val, SIZES["full"].test) == (7465, 1288, 1277)
