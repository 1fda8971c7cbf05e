"""Each quirk of real files: which frames are left out for it, and under which name it is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.data import quirks
from lvzoo.data.reading import LONGEST_REASON, reason_of
from lvzoo.errors import DataError
from tests.data.echonet_folders import EchoNetFolder, load, ventricle

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.data.quirks import Quirk
    from lvzoo.types import FrameSet

FULL = (("ED", 9), ("ES", 3))


def frames_of(frames: FrameSet, video: str) -> tuple[tuple[str, int], ...]:
    rows = zip(frames.videos, frames.phases, frames.frame_indices, strict=True)
    return tuple((phase, index) for name, phase, index in rows if name == video)


def details(frames: FrameSet, quirk: Quirk, video: str) -> list[str]:
    """The details of a quirk found in a video; its cost must be as the quirk says."""
    found = [each for each in frames.source.findings if each.quirk == quirk.text and each.name == video]
    assert all(each.excluded == quirk.excludes for each in found)
    return [each.detail for each in found]


def test_names_may_carry_a_suffix_in_the_file_list(folder: EchoNetFolder) -> None:
    folder.add("0XA")
    folder.file_list[-1] = ("0XA.AVI", "TRAIN")
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.NAME_WITH_SUFFIX, "0XA") == ["line 3: 0XA.AVI"]


def test_names_may_lack_the_suffix_among_the_tracings(folder: EchoNetFolder) -> None:
    folder.add("0XA")
    folder.tracings = [(name.replace("0XA.avi", "0XA"), *rest) for name, *rest in folder.tracings]  # type: ignore[misc]
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.NAME_WITHOUT_SUFFIX, "0XA") == ["line 44"]


def test_video_files_may_have_an_upper_case_suffix(folder: EchoNetFolder) -> None:
    path = folder.add("0XA")
    path.rename(path.with_suffix(".AVI"))
    assert frames_of(load(folder), "0XA") == FULL


def test_a_split_may_have_any_letter_case(folder: EchoNetFolder) -> None:
    folder.add("0XA", "Train")
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.SPLIT_NOT_UPPER, "0XA") == ["line 3: Train"]


def test_a_name_listed_twice_is_used_once(folder: EchoNetFolder) -> None:
    folder.add("0XA")
    folder.file_list.append(("0XA", "TRAIN"))
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.LISTED_TWICE, "0XA") == ["lines 3 and 4"]


def test_a_listed_video_that_was_never_traced_is_named(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=())
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    assert details(frames, quirks.NOT_TRACED, "0XA") == [""]


def test_a_traced_video_that_is_not_listed_is_named(folder: EchoNetFolder) -> None:
    folder.add("0XA")
    del folder.file_list[-1]
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    assert details(frames, quirks.NOT_LISTED, "0XA") == [""]


def test_a_single_traced_frame_has_no_phase(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(3, ventricle())])
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    assert details(frames, quirks.ONE_FRAME, "0XA") == ["frame 3"]


def test_of_more_than_two_frames_the_largest_is_ed_and_the_smallest_es(folder: EchoNetFolder) -> None:
    scales = {2: 0.9, 4: 0.7, 6: 0.8, 8: 1.0}
    folder.add("0XA", traced=[(frame, ventricle(scale=scale)) for frame, scale in scales.items()])
    frames = load(folder)
    assert frames_of(frames, "0XA") == (("ED", 8), ("ES", 4))
    assert details(frames, quirks.MORE_FRAMES, "0XA") == ["not used: frames 2, 6"]


def test_phases_follow_the_area_whatever_the_order_of_the_file(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(9, ventricle()), (3, ventricle(scale=0.8))])
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.ED_FIRST, "0XA") == ["ED is frame 9, ES is frame 3"]


def test_of_equal_areas_the_first_in_the_file_is_es(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(9, ventricle()), (3, ventricle())])
    frames = load(folder)
    assert frames_of(frames, "0XA") == (("ED", 3), ("ES", 9))
    assert details(frames, quirks.ED_FIRST, "0XA") == []


def test_a_tracing_of_other_than_21_rows_is_used_as_it_is(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, ventricle(chords=27))])
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.OTHER_ROWS, "0XA") == ["frame 9: 28 rows"]


def test_of_two_tracings_of_one_frame_the_first_is_used(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, [*ventricle(), *ventricle(scale=1.2)])])
    frames = load(folder)
    assert np.array_equal(frames.masks_NHW[2:], frames.masks_NHW[:2])
    assert details(frames, quirks.TRACED_TWICE, "0XA") == ["frame 9: 2 tracings"]
    assert details(frames, quirks.OTHER_ROWS, "0XA") == []


def test_coordinates_outside_the_frame_cut_the_mask_off(folder: EchoNetFolder) -> None:
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, ventricle(shift_x=-52.0))])
    frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert frames.masks_NHW[2, :, 0].any()
    assert details(frames, quirks.OUTSIDE_FRAME, "0XA") == ["frame 9"]


@pytest.mark.parametrize("rows", [1, 2])
def test_a_tracing_that_encloses_nothing_costs_its_frame_alone(folder: EchoNetFolder, rows: int) -> None:
    folder.add("0XA", traced=[(3, ventricle()[:rows]), (9, ventricle())])
    frames = load(folder)
    assert frames_of(frames, "0XA") == (("ED", 9),)
    assert details(frames, quirks.EMPTY_MASK, "0XA") == ["ES, frame 3"]


def test_swapped_ends_are_turned_for_the_landmarks_but_not_for_the_mask(folder: EchoNetFolder) -> None:
    rows = ventricle()
    for row in (4, 11):
        x1, y1, x2, y2 = rows[row]
        rows[row] = (x2, y2, x1, y1)
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, rows)])
    frames = load(folder)
    assert not np.array_equal(frames.masks_NHW[2], frames.masks_NHW[0])
    assert np.allclose(frames.contours_NP2[2], frames.contours_NP2[0])
    assert details(frames, quirks.SWAPPED_SIDES, "0XA") == ["frame 9: 2 chords"]


def test_swapped_ends_do_not_make_the_larger_ventricle_es(folder: EchoNetFolder) -> None:
    crossed = [
        (x2, y2, x1, y1) if row in range(6, 16) else (x1, y1, x2, y2)
        for row, (x1, y1, x2, y2) in enumerate(ventricle())
    ]
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, crossed)])
    assert frames_of(load(folder), "0XA") == FULL


def test_chords_from_base_to_apex_are_reversed_for_the_landmarks(folder: EchoNetFolder) -> None:
    axis, *chords = ventricle()
    folder.add("0XA", traced=[(3, ventricle(scale=0.8)), (9, [axis, *chords[::-1]])])
    frames = load(folder)
    assert np.allclose(frames.contours_NP2[2], frames.contours_NP2[0])
    assert details(frames, quirks.APEX_AT_BASE, "0XA") == ["frame 9"]


def test_a_missing_video_is_named(folder: EchoNetFolder) -> None:
    folder.add("0XA").unlink()
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    assert details(frames, quirks.VIDEO_MISSING, "0XA") == [""]


def test_a_video_that_does_not_decode_is_named_without_its_path(folder: EchoNetFolder) -> None:
    folder.add("0XA").write_bytes(b"not a video")
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    (detail,) = details(frames, quirks.VIDEO_DAMAGED, "0XA")
    assert detail.startswith("does not decode as a video")


def test_a_reason_never_shows_a_part_of_the_path(tmp_path: Path) -> None:
    """The reason is cut after the path was removed, so that no half of the path stays."""
    path = tmp_path / ("folder-" * 30) / ("deep-" * 30) / "0XA.avi"
    for error in (DataError(f"{path}: {'x' * 250}"), ValueError(f"{'x' * 100} {path}: {path} is odd")):
        reason = reason_of(error, path)
        assert "folder-" not in reason
        assert str(tmp_path) not in reason
    assert reason == f"ValueError: {'x' * 100} 0XA.avi is odd"
    assert len(reason_of(DataError(f"{path}: {'x' * 5000}"), path)) == LONGEST_REASON + len(" ...")


def test_a_damaged_frame_costs_itself_alone(folder: EchoNetFolder) -> None:
    path = folder.add("0XA")
    content = path.read_bytes()
    frames_start = content.index(b"movi")
    starts = [at for at in range(frames_start, len(content)) if content[at : at + 4] == b"00dc"]
    size = int.from_bytes(content[starts[3] + 4 : starts[3] + 8], "little")
    path.write_bytes(content[: starts[3] + 8] + bytes(size) + content[starts[3] + 8 + size :])
    frames = load(folder)
    assert frames_of(frames, "0XA") == (("ED", 9),)
    (detail,) = details(frames, quirks.FRAME_DAMAGED, "0XA")
    assert detail.startswith("ES, frame 3: frame 3 does not decode")


def test_a_frame_beyond_the_end_costs_itself_alone(folder: EchoNetFolder) -> None:
    folder.add("0XA", frames=9)  # frames 0..8: ED at 9 is one too far
    frames = load(folder)
    assert frames_of(frames, "0XA") == (("ES", 3),)
    assert details(frames, quirks.VIDEO_SHORT, "0XA") == ["ED, frame 9 of 9"]


def test_frames_of_another_size_are_not_guessed_at(folder: EchoNetFolder) -> None:
    path = folder.add("0XA")
    folder.add_video(path.name, size_HW=(120, 160))
    frames = load(folder)
    assert frames_of(frames, "0XA") == ()
    assert details(frames, quirks.OTHER_SIZE, "0XA") == ["160 x 120"]


def test_an_avi_without_index_is_scanned_and_counted(
    folder: EchoNetFolder, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder.add("0XA")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"idx1")])
    with caplog.at_level("INFO", logger="lvzoo.data"):
        frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.NO_INDEX, "0XA") == [""]
    assert "mjpg-index 1, mjpg-scan 1" in caplog.text


def test_another_codec_is_decoded_by_opencv_and_counted(
    folder: EchoNetFolder, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder.add("0XA")
    folder.add_video(path.name, codec="XVID")
    with caplog.at_level("INFO", logger="lvzoo.data"):
        frames = load(folder)
    assert frames_of(frames, "0XA") == FULL
    assert details(frames, quirks.OTHER_CODEC, "0XA") == [""]
    assert "mjpg-index 1, opencv 1" in caplog.text
