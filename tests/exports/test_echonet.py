"""Clips in EchoNet-Dynamic's layout: what our own reader finds in them, and what is never overwritten."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lvzoo.clinic.volume import find_diameters
from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.names import digest_clip
from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.clips.view import find_view
from lvzoo.data.crop import Crop
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.tables import read_tracings
from lvzoo.errors import DataError
from lvzoo.evaluate.dice import dice_N
from lvzoo.exports.echonet import add_to_echonet, choose_beat, find_added, trace_outline
from lvzoo.geometry.sector import standard_sector
from lvzoo.geometry.ventricle import axis_length, disks_volume, ejection_fraction
from lvzoo.types import FrameSet
from tests.exports.made_answers import MadeClip, make_clip, make_masks


def add(made: MadeClip, folder: Path, name: str = "clip", digest: str | None = None) -> str | None:
    digest = digest or digest_clip(ClipFile(path=made.clip.path))
    return add_to_echonet(folder, made.answer, made.clip, made.crop, name=name, digest=digest)


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_ef(folder: Path, name: str) -> float:
    """Return the ejection fraction of the tracings of a clip, by the method of disks."""
    volumes = []
    for rows in read_tracings(folder / "VolumeTracings.csv").rows[name].values():
        ends_R22 = np.reshape(rows, (-1, 2, 2))
        assert len(ends_R22) == 21  # the long axis, and 20 chords
        diameters_R = np.linalg.norm(ends_R22[1:, 1] - ends_R22[1:, 0], axis=1)
        volumes.append(disks_volume(diameters_R, axis_length(ends_R22[0])))
    return ejection_fraction(max(volumes), min(volumes))


@pytest.mark.parametrize("size_HW", [(112, 112), (240, 320), (500, 412)])
def test_our_own_reader_finds_the_masks_and_the_ejection_fraction(
    tmp_path: Path, size_HW: tuple[int, int]
) -> None:
    made = make_clip(tmp_path, size_HW=size_HW)
    traced = choose_beat(made.answer)
    assert traced is not None
    assert add(made, tmp_path / "echonet") == "clip"
    frames: FrameSet = EchoNetDynamic(tmp_path / "echonet").load("train")
    assert frames.phases == ("ED", "ES")
    assert frames.frame_indices == (traced.ed, traced.es)
    assert frames.source.exclusions == ()
    expected_N = made.masks_N[[traced.ed, traced.es]]
    assert dice_N(frames.masks_NHW, expected_N).min() >= 0.97
    # The ventricle is dark: the frames are those of the clip, cropped as the model saw them.
    assert all(frame[mask].mean() < 45 for frame, mask in zip(frames.frames_NHW, expected_N, strict=True))
    assert read_ef(tmp_path / "echonet", "clip") == pytest.approx(traced.beat.ef_percent, abs=2.0)
    (row,) = read_table(tmp_path / "echonet/FileList.csv")
    assert float(row["EF"]) == pytest.approx(traced.beat.ef_percent, abs=1e-3)
    assert (row["FPS"], row["NumberOfFrames"], row["Split"]) == ("50", "100", "TRAIN")


def test_chords_are_the_diameters_of_the_volume(tmp_path: Path) -> None:
    outline_P2 = make_clip(tmp_path, masks_N=make_masks(frames=1)).answer.outlines[0]
    assert outline_P2 is not None
    tracing = trace_outline(outline_P2)
    lengths_R = np.linalg.norm(tracing.chords_R22[:, 1] - tracing.chords_R22[:, 0], axis=1)
    (apex_x, apex_y), (base_x, base_y) = tracing.axis_22
    assert apex_y < base_y
    assert (tracing.chords_R22[:, 0, 0] < tracing.chords_R22[:, 1, 0]).all()
    from lvzoo.clinic.axis import find_principal_axis

    assert lengths_R == pytest.approx(find_diameters(outline_P2, find_principal_axis(outline_P2)))
    assert base_x > apex_x  # the shape was tilted so


def test_further_clips_are_appended(tmp_path: Path) -> None:
    first, second = make_clip(tmp_path / "a"), make_clip(tmp_path / "b", masks_N=make_masks(ejected=0.2))
    folder = tmp_path / "echonet"
    assert [add(first, folder), add(second, folder), add(second, folder, "other.avi", "c0ffee")] == [
        "clip",
        "clip-2",
        "other",
    ]
    frames = EchoNetDynamic(folder).load("train")
    assert set(frames.videos) == {"clip", "clip-2", "other"}
    assert read_ef(folder, "clip") > read_ef(folder, "clip-2") + 5
    assert {row["Split"] for row in read_table(folder / "FileList.csv")} == {"TRAIN"}
    assert [row["Models"] for row in read_table(folder / "Predicted.csv")] == ["unet-made"] * 3


def test_corrected_tracings_stay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made, folder = make_clip(tmp_path), tmp_path / "echonet"
    add(made, folder)
    tracings = folder / "VolumeTracings.csv"
    corrected = tracings.read_text().replace("clip.avi,", "clip.avi,1", 1)
    tracings.write_text(corrected)
    assert add(made, folder) == "clip"
    assert tracings.read_text() == corrected
    assert len(read_table(folder / "FileList.csv")) == 1
    assert find_added(folder, digest_clip(ClipFile(path=made.clip.path))) == "clip"
    assert "is in" in caplog.text
    assert "tracings there are left as they are" in caplog.text


def test_a_table_that_a_spreadsheet_saved_is_continued(tmp_path: Path) -> None:
    folder = tmp_path / "echonet"
    add(make_clip(tmp_path / "a"), folder)
    row = read_table(folder / "FileList.csv")[0]
    header = ["Split", "Remark", *(name for name in row if name != "Split")]
    cells = [{**row, "Remark": "ours"}[name] for name in header]
    text = "\ufeff" + ",".join(header) + "\r\n" + ",".join(cells)
    (folder / "FileList.csv").write_text(text, encoding="utf-8", newline="")
    add(make_clip(tmp_path / "b", masks_N=make_masks(ejected=0.2)), folder, "other")
    assert (folder / "FileList.csv").read_bytes().startswith((text + "\r\n").encode())
    assert set(EchoNetDynamic(folder).load("train").videos) == {"clip", "other"}


def test_volumes_are_in_ml_or_empty(tmp_path: Path) -> None:
    for mm_per_px in (None, 0.5):
        made = make_clip(tmp_path / str(mm_per_px), mm_per_px=mm_per_px)
        add(made, tmp_path / str(mm_per_px) / "echonet")
        (row,) = read_table(tmp_path / str(mm_per_px) / "echonet/FileList.csv")
        traced = choose_beat(made.answer)
        assert traced is not None
        assert traced.beat.edv_px3 is not None
        expected = "" if mm_per_px is None else str(round(traced.beat.edv_px3 / 8000, 4))
        assert row["EDV"] == expected


def test_a_clip_without_a_whole_beat_is_left_out_with_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = make_clip(tmp_path, masks_N=make_masks(frames=10))
    assert made.answer.ef_percent is None
    assert add(made, tmp_path / "echonet") is None
    assert not (tmp_path / "echonet").exists()
    assert f"not added to {tmp_path / 'echonet'}: {made.answer.ef_reason}" in caplog.text


def test_trusted_beats_are_traced_first(tmp_path: Path) -> None:
    made = make_clip(tmp_path, masks_N=make_masks(frames=200))
    used = [beat for beat in made.answer.beats if beat.reason is None]
    assert len(used) > 1
    beats = tuple(replace(beat, trusted=beat.number == used[-1].number) for beat in made.answer.beats)
    chosen = choose_beat(replace(made.answer, beats=beats))
    assert chosen is not None
    assert chosen.beat.number == used[-1].number


@pytest.mark.parametrize(("missing", "repeated"), [([3, 4], 2), ([0], 0), ([0, 3], 1)])
def test_frames_that_do_not_decode_leave_the_times_of_the_others(
    tmp_path: Path, missing: list[int], repeated: int, caplog: pytest.LogCaptureFixture
) -> None:
    made = make_clip(tmp_path)
    traced = choose_beat(made.answer)
    assert traced is not None
    kept = [number for number in range(100) if number not in missing]
    answer = replace(
        made.answer,
        frame_numbers_N=made.answer.frame_numbers_N[kept],
        outlines=tuple(made.answer.outlines[number] for number in kept),
        beats=tuple(
            replace(
                beat,
                ed=None if beat.ed is None else beat.ed - len(missing),
                es=None if beat.es is None else beat.es - len(missing),
            )
            for beat in made.answer.beats
        ),
    )
    add(replace(made, answer=answer), tmp_path / "echonet")
    frames = EchoNetDynamic(tmp_path / "echonet").load("train")
    first = kept[0]
    assert frames.frame_indices == (traced.ed - first, traced.es - first)
    video_NHW = read_whole(tmp_path / "echonet/Videos/clip.avi")
    assert len(video_NHW) == 100 - first
    assert read_table(tmp_path / "echonet/FileList.csv")[0]["NumberOfFrames"] == str(100 - first)
    assert np.array_equal(video_NHW[3 - first], video_NHW[2 - first]) == (3 in missing)
    told = f"in place of {repeated} frame{'s that do' if repeated > 1 else ' that does'} not decode"
    assert (told in caplog.text) == (repeated > 0)
    inside = [frame[mask].mean() for frame, mask in zip(frames.frames_NHW, frames.masks_NHW, strict=True)]
    assert max(inside) < 45


@pytest.mark.parametrize("whole_picture", [False, True])
def test_text_is_left_out_although_no_sector_was_found(
    tmp_path: Path,
    whole_picture: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """The model then sees all bright pixels, and text is bright."""
    size_HW = (240, 320)
    made = make_clip(tmp_path, size_HW=size_HW)
    bright = standard_sector(size_HW, hull_px=((0, 0), (319, 0), (319, 239), (0, 239)))
    crop = Crop(left=0, top=-40, side=320, sector=bright)
    answer = replace(made.answer, view=find_view(size_HW, crop, whole_picture=whole_picture))
    add(replace(made, answer=answer, crop=crop), tmp_path / "echonet")
    video_NHW = read_whole(tmp_path / "echonet/Videos/clip.avi")
    text_NHW = video_NHW[:, 14:25, :22]  # "DOE", a third of its size
    assert (text_NHW.max() > 150) == whole_picture
    assert whole_picture or text_NHW.max() < 20
    assert video_NHW.max() > 150


def test_models_with_spaces_in_their_names_are_told_apart(tmp_path: Path) -> None:
    made = make_clip(tmp_path)
    (model,) = made.answer.models
    models = (replace(model, name="my net; the 2nd"), replace(model, name="yours", weights="cd" * 32))
    add(replace(made, answer=replace(made.answer, models=models)), tmp_path / "echonet")
    (row,) = read_table(tmp_path / "echonet/Predicted.csv")
    assert row["Models"].split("; ") == ["my net, the 2nd", "yours"]
    assert row["Weights"].split("; ") == ["ab" * 32, "cd" * 32]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.txt").touch()
    with pytest.raises(DataError, match=r"holds other files and no FileList\.csv"):
        add(make_clip(tmp_path), tmp_path / "photos")
    assert [each.name for each in (tmp_path / "photos").iterdir()] == ["a.txt"]
