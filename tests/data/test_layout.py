"""Tables in EchoNet-Dynamic's layout that are continued."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.data.layout import append_rows
from lvzoo.errors import DataError

HEADER = ("FileName", "Split")


def test_a_missing_table_is_written(tmp_path: Path) -> None:
    append_rows(tmp_path / "a.csv", HEADER, [("x", "TRAIN")])
    append_rows(tmp_path / "a.csv", HEADER, [("y, z", "VAL")])
    assert (tmp_path / "a.csv").read_text() == 'FileName,Split\nx,TRAIN\n"y, z",VAL\n'


def test_rows_follow_the_files_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Split,Remark,FileName\r\nVAL,good,x")
    append_rows(path, HEADER, [("y", "TRAIN")])
    assert path.read_bytes() == b"Split,Remark,FileName\r\nVAL,good,x\r\nTRAIN,,y\r\n"


def test_a_table_without_a_column_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("FileName,Splits\nx,VAL\n")
    with pytest.raises(DataError, match=r"a\.csv: line 1: no column 'Split' \(did you mean 'Splits'\?\)"):
        append_rows(path, HEADER, [("y", "TRAIN")])
    assert path.read_text() == "FileName,Splits\nx,VAL\n"


def test_a_table_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"FileName,Split\n\xff")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        append_rows(path, HEADER, [("y", "TRAIN")])
