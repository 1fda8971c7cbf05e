"""Times of DICOM clips: which element they come from, and what is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset

from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.dicom.reader import open_dicom
from tests.data.clips.made_dicom import make_dicom, put_raw, save_dicom, smooth_frames

VECTOR_TAG, FRAME_TIME_TAG = 0x00181065, 0x00181063
DISPLAY = (
    "RecommendedDisplayFrameRate is the rate to display the clip at, not the rate at which it was recorded; "
    "times may be wrong"
)


@pytest.fixture
def dataset() -> Dataset:
    """Return a clip of 30 frames without times."""
    return make_dicom(smooth_frames(30, (4, 6)))


def open_saved(tmp_path: Path, dataset: Dataset, *, fps: float | None = None) -> Clip:
    return open_dicom(save_dicom(dataset, tmp_path / "clip.dcm"), fps=fps)


def list_times(clip: Clip) -> list[float | None]:
    return [frame.time_s for frame in clip.read() if isinstance(frame, Frame)]


@pytest.mark.parametrize("display_rate", [None, 15])
@pytest.mark.parametrize("pointer", [True, False])
def test_a_vector_of_frame_times_gives_each_frame_its_own_time(
    tmp_path: Path, dataset: Dataset, display_rate: int | None, *, pointer: bool
) -> None:
    dataset.FrameTimeVector = [0] + [20.0] * 14 + [60.0] * 15
    if pointer:
        dataset.FrameIncrementPointer = VECTOR_TAG
    if display_rate:
        dataset.RecommendedDisplayFrameRate = display_rate
    clip = open_saved(tmp_path, dataset)
    times = list_times(clip)
    assert (times[0], times[1], times[14], times[15]) == pytest.approx((0.0, 0.02, 0.28, 0.34))
    assert times[-1] == pytest.approx(1.18)
    assert (clip.times_from, clip.warnings) == ("FrameTimeVector", ())
    assert clip.fps == pytest.approx(29 / 1.18)


def test_times_count_from_the_first_frame(tmp_path: Path, dataset: Dataset) -> None:
    dataset.FrameTimeVector = [500.0] + [20.0] * 29
    assert list_times(open_saved(tmp_path, dataset))[:2] == pytest.approx([0.0, 0.02])


@pytest.mark.parametrize(
    ("pointer", "source"),
    [
        (VECTOR_TAG, "FrameTimeVector"),
        (FRAME_TIME_TAG, "FrameTime"),
        ([FRAME_TIME_TAG, VECTOR_TAG], "FrameTimeVector"),
        (None, "FrameTimeVector"),
    ],
)
def test_the_pointer_says_which_of_two_holds(
    tmp_path: Path, dataset: Dataset, pointer: int | list[int] | None, source: str
) -> None:
    dataset.FrameTimeVector, dataset.FrameTime = [0] + [20.0] * 29, 40
    if pointer:
        dataset.FrameIncrementPointer = pointer
    assert open_saved(tmp_path, dataset).times_from == source


@pytest.mark.parametrize(
    ("vector", "warning"),
    [
        ([0.0] + [20.0] * 20, "FrameTimeVector has 21 values for 30 frames, so it is not used"),
        (
            [0.0, 0.0] + [20.0] * 28,
            "FrameTimeVector has steps that are not greater than 0 ms, so it is not used",
        ),
        (
            [0.0] + [20.0] * 28 + [5e6],
            "FrameTimeVector has a step of 5e+06 ms, which no clip has, so it is not used",
        ),
        (
            [0.0, 1e-300] + [20.0] * 28,
            "FrameTimeVector has a step of 1e-300 ms, which no clip has, so it is not used",
        ),
    ],
)
def test_a_vector_that_does_not_fit_is_warned_of(
    tmp_path: Path, dataset: Dataset, vector: list[float], warning: str
) -> None:
    dataset.FrameTimeVector, dataset.CineRate = vector, 40
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, clip.warnings) == ("CineRate", 40.0, (warning,))


def test_a_vector_fits_a_file_that_was_cut_off(tmp_path: Path, dataset: Dataset) -> None:
    dataset.FrameTimeVector = [0] + [20.0] * 14 + [60.0] * 15
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    path.write_bytes(path.read_bytes()[: -10 * 24])
    times = list_times(open_dicom(path, fps=None))
    assert len(times) == 20
    assert times[-1] == pytest.approx(0.58)


def test_frame_time_comes_before_the_rates(tmp_path: Path, dataset: Dataset) -> None:
    dataset.FrameTime, dataset.CineRate, dataset.RecommendedDisplayFrameRate = 20, 40, 15
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, clip.warnings) == ("FrameTime", 50.0, ())
    assert list_times(clip)[-1] == pytest.approx(29 * 0.02)


def test_the_rate_of_display_is_the_last_resort_and_warned_of(tmp_path: Path, dataset: Dataset) -> None:
    dataset.RecommendedDisplayFrameRate = 15
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, clip.warnings) == ("RecommendedDisplayFrameRate", 15.0, (DISPLAY,))


def test_rates_that_no_clip_has_are_warned_of_and_give_no_times(tmp_path: Path, dataset: Dataset) -> None:
    dataset.CineRate, dataset.RecommendedDisplayFrameRate = 200_000, 2_000_000
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, list_times(clip)) == (None, None, [None] * 30)
    assert clip.warnings == (
        "CineRate gives 200000 frames per second, which no clip has, so it is not used",
        "RecommendedDisplayFrameRate gives 2e+06 frames per second, which no clip has, so it is not used",
    )


def test_without_times_there_are_none(tmp_path: Path, dataset: Dataset) -> None:
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, list_times(clip)) == (None, None, [None] * 30)


def test_the_rate_of_the_user_wins(tmp_path: Path, dataset: Dataset) -> None:
    dataset.FrameTime, dataset.RecommendedDisplayFrameRate = 20, 15
    clip = open_saved(tmp_path, dataset, fps=100.0)
    assert (clip.times_from, clip.fps, clip.warnings) == ("--fps", 100.0, ())
    assert list_times(clip)[-1] == pytest.approx(0.29)


@pytest.mark.parametrize(
    ("vr", "value", "warning"),
    [
        ("DS", b"33,333", "FrameTime '33,333' is not a number, so it is not used"),
        ("DS", b"33.333\\33.333 ", "FrameTime holds 2 values instead of one, so it is not used"),
        ("DS", b"fast", "FrameTime (text) is not a number, so it is not used"),
        ("DS", b"33.3 ms ", "FrameTime (text) is not a number, so it is not used"),
        ("DS", b"", "FrameTime is empty, so it is not used"),
        ("DS", b"-33.3 ", "FrameTime '-33.3' is not greater than 0, so it is not used"),
        ("DS", b"0 ", "FrameTime '0' is not greater than 0, so it is not used"),
        ("DS", b"nan ", "FrameTime (text) is not a finite number, so it is not used"),
        ("DS", b"1e999 ", "FrameTime '1e999' is not a finite number, so it is not used"),
        ("DS", b"\x1b[2J\x07", "FrameTime (text) is not a number, so it is not used"),
        ("DS", b"DOE^JOHN 19500101 ", "FrameTime (text) is not a number, so it is not used"),
        ("DS", b"33,3 " * 9, "FrameTime '33,3 33,3 33,3 33,3 33,3...' is not a number, so it is not used"),
        ("DS", b"0.033 ", "FrameTime gives 30303 frames per second, which no clip has, so it is not used"),
        (
            "DS",
            b"2000000 ",
            "FrameTime gives 0.0005 frames per second, which no clip has, so it is not used",
        ),
        (
            "DS",
            b"1e-310",
            "FrameTime gives inf frames per second, which no clip has, so it is not used",
        ),
    ],
)
def test_a_malformed_frame_time_is_warned_of_and_the_next_source_is_used(
    tmp_path: Path, dataset: Dataset, vr: str, value: bytes, warning: str
) -> None:
    put_raw(dataset, "FrameTime", vr, value)
    dataset.CineRate = 40
    clip = open_saved(tmp_path, dataset)
    assert (clip.times_from, clip.fps, clip.warnings) == ("CineRate", 40.0, (warning,))
    assert len(list_times(clip)) == 30


@pytest.mark.parametrize(
    ("vr", "value"), [("FL", b"\0\0\xa0A"), ("US", b"\x14\0"), ("LO", b"20"), ("UN", b"20")]
)
def test_a_number_of_another_type_is_read(tmp_path: Path, dataset: Dataset, vr: str, value: bytes) -> None:
    put_raw(dataset, "FrameTime", vr, value)
    assert open_saved(tmp_path, dataset).fps == pytest.approx(50.0)


def test_a_pointer_that_is_no_tag_does_not_matter(tmp_path: Path, dataset: Dataset) -> None:
    put_raw(dataset, "FrameIncrementPointer", "AT", b"\1\2\3")
    dataset.FrameTimeVector = [0] + [20.0] * 29
    assert open_saved(tmp_path, dataset).times_from == "FrameTimeVector"


def test_bytes_of_a_wrong_length_are_warned_of(tmp_path: Path, dataset: Dataset) -> None:
    put_raw(dataset, "FrameTime", "LT", b"\1\2\3\4")
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    path.write_bytes(path.read_bytes().replace(b"\x18\0\x63\x10LT", b"\x18\0\x63\x10FD"))
    clip = open_dicom(path, fps=None)
    assert clip.warnings == ("FrameTime (text) is not a number, so it is not used",)
    assert len(list_times(clip)) == 30
