"""Every row of the matrix of formats: the file is made, opened and read, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lvzoo.data.clips.clip import Clip, ClipFile, Frame
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError
from tests.data.clips.matrix import ROWS, make_table
from tests.data.clips.row import COUNT, SIZE_HW, Read, Refused, Row, expect_grey

MOST_MEAN_ERROR = 2.5
"""The mean difference, in grey levels, that a lossy codec may make. A wrong frame or colour makes a larger one."""
MOST_LINES = 60


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row(tmp_path: Path, row: Row) -> None:
    if row.needs:
        pytest.importorskip(row.needs)
    file = row.make(tmp_path)
    if isinstance(row.expected, Refused):
        check_refused(file, row.expected)
    else:
        check_read(open_clip(file, fps=row.fps), row, row.expected)


def check_refused(file: Path | ClipFile, expected: Refused) -> None:
    with pytest.raises(DataError) as raised:
        open_clip(file)
    message = str(raised.value)
    assert message.startswith(f"{file}: ")
    assert expected.message in message
    assert "\n" not in message


def check_read(clip: Clip, row: Row, expected: Read) -> None:
    frames = list(clip.read())
    assert (clip.way, clip.times_from, clip.size_HW) == (expected.way, expected.times_from, SIZE_HW)
    assert clip.stated_frames == (COUNT if expected.states_count else None)
    assert len(clip.warnings) == bool(expected.warned)
    assert all(expected.warned in warning for warning in clip.warnings)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    if expected.whole:
        assert len(frames) == COUNT
    else:
        assert 2 < len(frames) < COUNT
    check_frames([frame for frame in frames if isinstance(frame, Frame)], row, expected)
    assert all(isinstance(frame, Frame) for frame in frames[: None if expected.whole else -1])


def check_frames(frames: list[Frame], row: Row, expected: Read) -> None:
    """Check grey levels and times. The last frame before a cut may be incomplete."""
    whole = frames if expected.whole else frames[:-1]
    grey_NHW = np.stack([frame.grey_HW for frame in whole])
    source_NHW = expect_grey(row.colour)[: len(whole)]
    assert grey_NHW.dtype == np.uint8
    if expected.exact:
        assert np.array_equal(grey_NHW, source_NHW)
    else:
        assert np.abs(grey_NHW.astype(int) - source_NHW).mean(axis=(1, 2)).max() <= MOST_MEAN_ERROR
    times_s = [frame.time_s for frame in frames]
    if expected.times_from is None:
        assert times_s == [None] * len(frames)
    elif row.times_s is not None:
        assert times_s == pytest.approx(row.times_s[: len(frames)], abs=1e-4)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_row_is_in_the_table() -> None:
    table = make_table()
    lines = table.splitlines()
    assert len(lines) < MOST_LINES
    for row in ROWS:
        assert any(
            row.format in line
            and row.codec in line
            and row.colour in line
            and line.endswith(f" {row.expected} |")
            for line in lines
        )
