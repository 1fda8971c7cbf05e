"""The two lists are read strictly: every mistake is told with its file, its line and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.data.tables import read_file_list, read_tracings
from lvzoo.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

LIST = "FileName,EF,Split\n"
TRACINGS = "FileName,X1,Y1,X2,Y2,Frame\n"
ROW = "0XA.avi,1,2,3,4,5\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: no column 'FileName'; the header has nothing"),
        ("FileName,EF\n", "line 1: no column 'Split'; the header has FileName, EF"),
        (
            "FileName,Splits\n",
            "line 1: no column 'Split' (did you mean 'Splits'?); the header has FileName, Splits",
        ),
        (LIST + "0XA,60,TRAIN\n0XB,60\n", "line 3: 2 cells where the header has 3; mend it"),
        (
            LIST + "0XA,60,TRAIN\n\n0XB,60,TEACH\n",
            "line 4: Split is 'TEACH', not TRAIN, VAL or TEST; mend the row",
        ),
        (LIST + ",60,TRAIN\n", "line 2: FileName is empty; fill it in or remove the row"),
        (LIST + '0XA,60,"TRAIN\n', "line 2: unexpected end of data; mend the row"),
        (LIST.encode() + b"0X\xff,60,TRAIN\n", "is not text in UTF-8 (invalid start byte); save it as UTF-8"),
    ],
)
def test_a_mistake_in_the_file_list_is_told(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = written(tmp_path, "FileList.csv", content)
    with pytest.raises(DataError) as raised:
        read_file_list(path)
    assert str(raised.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("FileName,X1,Y1,X2,Frame\n", "line 1: no column 'Y2' (did you mean 'Y1' or 'X2'?); the header has "),
        (
            TRACINGS + ROW + "0XA.avi,1,2,abc,4,5\n",
            "line 3: X2 is 'abc', not a number; mend the row, or remove ",
        ),
        (TRACINGS + "0XA.avi,1,nan,3,4,5\n", "line 2: Y1 is 'nan', not a number; mend the row, or remove "),
        (TRACINGS + "0XA.avi,1,2,3,inf,5\n", "line 2: Y2 is 'inf', not a number; mend the row, or remove "),
        (TRACINGS + "0XA.avi,1,2,3,4,\n", "line 2: Frame is empty; fill it in or remove the row"),
        (
            TRACINGS + "0XA.avi,1,2,3,4,-1\n",
            "line 2: Frame is '-1', not a whole number from 0 up; mend the row",
        ),
        (
            TRACINGS + "0XA.avi,1,2,3,4,4.5\n",
            "line 2: Frame is '4.5', not a whole number from 0 up; mend the row",
        ),
        (TRACINGS + "0XA.avi,1,2,3,4,No Systolic\n", "line 2: Frame is 'No Systolic', not a whole number"),
        (TRACINGS + ROW * 810 + "0XA.avi,1,2,3\n", "line 812: 4 cells where the header has 6; mend it"),
    ],
)
def test_a_mistake_in_the_tracings_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = written(tmp_path, "VolumeTracings.csv", content)
    with pytest.raises(DataError) as raised:
        read_tracings(path)
    assert str(raised.value).startswith(f"{path}: {message}")


def test_a_missing_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"FileList\.csv: cannot be read \(No such file or directory\)"):
        read_file_list(tmp_path / "FileList.csv")


def test_columns_may_stand_in_any_order_and_spaces_do_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, "FileList.csv", "\ufeffSplit, FileName ,NumberOfFrames\r\n VAL , 0XA ,\r\n")
    assert read_file_list(path).videos == {"train": (), "val": ("0XA",), "test": ()}


def test_a_spreadsheet_writes_whole_numbers_with_a_point(tmp_path: Path) -> None:
    path = written(tmp_path, "VolumeTracings.csv", TRACINGS + "0XA.avi,1,2,3,4,5.0\n" + ROW)
    assert read_tracings(path).rows == {"0XA": {5: [(1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0)]}}
