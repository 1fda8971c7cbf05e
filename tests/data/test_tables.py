"""The two tables are read strictly: an error names the file, the line and the cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lvzoo.data.tables import read_file_list, read_tracings
from lvzoo.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

LIST = "FileName,EF,Split\n"
TRACINGS = "FileName,X1,Y1,X2,Y2,Frame\n"
ROW = "0XA.avi,1,2,3,4,5\n"


def write_file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1: .*'FileName'; .*nothing$"),
        ("FileName,EF\n", r"line 1: .*'Split'; .* FileName, EF$"),
        ("FileName,Splits\n", r"line 1: .*'Split' \(did you mean 'Splits'\?\); .* FileName, Splits$"),
        (LIST + "0XA,60,TRAIN\n0XB,60\n", r"line 3: 2 cells.* 3; "),
        (LIST + "0XA,60,TRAIN\n\n0XB,60,TEACH\n", r"line 4: Split .*'TEACH'.* TRAIN, VAL or TEST; "),
        (LIST + ",60,TRAIN\n", r"line 2: FileName .*empty; "),
        (LIST + '0XA,60,"TRAIN\n', r"line 2: unexpected end of data; "),
        (LIST.encode() + b"0X\xff,60,TRAIN\n", r".*UTF-8.* \(invalid start byte\); "),
    ],
)
def test_a_mistake_in_the_file_list_is_told(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write_file(tmp_path, "FileList.csv", content)
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}: {message}"):
        read_file_list(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("FileName,X1,Y1,X2,Frame\n", r"line 1: .*'Y2'; .* FileName, X1, Y1"),
        (TRACINGS + ROW + "0XA.avi,1,2,abc,4,5\n", r"line 3: X2 .*'abc', not a number; .*tracing$"),
        (TRACINGS + "0XA.avi,1,nan,3,4,5\n", r"line 2: Y1 .*'nan', not a number; .*tracing$"),
        (TRACINGS + "0XA.avi,1,2,3,inf,5\n", r"line 2: Y2 .*'inf', not a number; .*tracing$"),
        (TRACINGS + "0XA.avi,1,2,3,4,\n", r"line 2: Frame .*empty; "),
        (TRACINGS + "0XA.avi,1,2,3,4,-1\n", r"line 2: Frame .*'-1', not a whole number.*; "),
        (TRACINGS + "0XA.avi,1,2,3,4,4.5\n", r"line 2: Frame .*'4\.5', not a whole number.*; "),
        (
            TRACINGS + "0XA.avi,1,2,3,4,No Systolic\n",
            r"line 2: Frame .*'No Systolic', not a whole number.*; ",
        ),
        (TRACINGS + ROW * 810 + "0XA.avi,1,2,3\n", r"line 812: 4 cells.* 6; "),
    ],
)
def test_a_mistake_in_the_tracings_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = write_file(tmp_path, "VolumeTracings.csv", content)
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}: {message}"):
        read_tracings(path)


def test_the_tables_of_echonet_pediatric_are_recognised(tmp_path: Path) -> None:
    listed = "FileName,EF,Sex,Age,Weight,Height,Split\nCR1.avi,61.2,F,3,14,96,0\n"
    told = r"line 1: this is the header of EchoNet-Pediatric; .*the folder above this one, .*A4C and PSAX"
    with pytest.raises(DataError, match=told):
        read_file_list(write_file(tmp_path, "FileList.csv", listed))
    with pytest.raises(DataError, match=told):
        read_tracings(write_file(tmp_path, "VolumeTracings.csv", "FileName,X,Y,Frame\nCR1.avi,50,20,12\n"))


def test_a_missing_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"FileList\.csv: cannot be read \(No such file or directory\)"):
        read_file_list(tmp_path / "FileList.csv")


def test_columns_may_stand_in_any_order_and_spaces_do_not_matter(tmp_path: Path) -> None:
    path = write_file(tmp_path, "FileList.csv", "\ufeffSplit, FileName ,NumberOfFrames\r\n VAL , 0XA ,\r\n")
    assert read_file_list(path).videos == {"train": (), "val": ("0XA",), "test": ()}


def test_a_spreadsheet_writes_whole_numbers_with_a_point(tmp_path: Path) -> None:
    path = write_file(tmp_path, "VolumeTracings.csv", TRACINGS + "0XA.avi,1,2,3,4,5.0\n" + ROW)
    assert read_tracings(path).rows == {"0XA": {5: [(1.0, 2.0, 3.0, 4.0), (1.0, 2.0, 3.0, 4.0)]}}
