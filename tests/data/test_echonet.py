"""A folder in EchoNet-Dynamic's layout: the frames that are read from it, and the errors if a part is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lvzoo.data import quirks
from lvzoo.data.clips.video.reader import open_video
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError
from lvzoo.interfaces import Dataset
from tests.data.echonet_folders import EchoNetFolder, load


def test_a_folder_without_quirks_has_no_findings(folder: EchoNetFolder) -> None:
    frames = load(folder)
    assert isinstance(EchoNetDynamic(folder.path), Dataset)
    assert frames.source.findings == ()
    assert (frames.phases, frames.frame_indices) == (("ED", "ES"), (9, 3))
    assert frames.patients == frames.videos == ("0XGOOD", "0XGOOD")
    assert frames.masks_NHW[0].sum() > frames.masks_NHW[1].sum()
    assert frames.contours_NP2.shape == (2, 121, 2)
    assert frames.sectors[0] == frames.sectors[1]
    assert frames.spacing_mm is None
    assert not frames.source.synthetic


def test_the_listed_ejection_fraction_is_that_of_each_frames_video(folder: EchoNetFolder) -> None:
    for name, ef in (("0XLOW", "23.45"), ("0XNONE", ""), ("0XWORD", "normal"), ("0XHUGE", "1e9")):
        folder.add(name)
        folder.efs[name] = ef
    frames = load(folder)
    assert frames.listed_efs is not None
    assert dict(zip(frames.videos, frames.listed_efs, strict=True)) == {
        "0XGOOD": 60.0,
        "0XLOW": 23.45,
        "0XNONE": None,
        "0XWORD": None,
        "0XHUGE": None,
    }
    odd = [finding for finding in frames.source.findings if finding.quirk == quirks.NO_EF.text]
    assert [finding.name for finding in odd] == ["0XWORD", "0XHUGE"]
    assert not any(finding.excluded for finding in odd)
    assert "normal" not in str(odd), "a cell may hold anything"


def test_a_list_without_ejection_fractions_can_be_read(folder: EchoNetFolder) -> None:
    with_ef = load(folder)
    path = folder.path / "FileList.csv"
    path.write_text(path.read_text().replace(",EF,", ",Age,"))
    without = EchoNetDynamic(folder.path).load("train")
    assert without.listed_efs is None
    assert without.source.fingerprint == with_ef.source.fingerprint, "the frames are the same"


def test_frames_from_the_cache_have_their_listed_ejection_fraction(
    folder: EchoNetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(folder)
    monkeypatch.setattr(EchoNetDynamic, "_read", lambda *_: pytest.fail("the frames are read again"))
    assert EchoNetDynamic(folder.path).load("train").listed_efs == (60.0, 60.0)


def test_contours_run_from_the_left_annulus_over_the_apex(folder: EchoNetFolder) -> None:
    ED_P2 = load(folder).contours_NP2[0]
    assert ED_P2[60] == pytest.approx([52.3, 22.4], abs=1e-4)
    assert ED_P2[0, 0] < ED_P2[60, 0] < ED_P2[120, 0]


def test_a_patient_in_two_splits_is_an_error(folder: EchoNetFolder) -> None:
    folder.add("0XA")
    folder.file_list.append(("0XA.avi", "test"))
    message = r"FileList\.csv: line 4: 0XA .*TEST.* TRAIN on line 3; "
    with pytest.raises(DataError, match=message):
        load(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: no such folder; .*FileList\.csv"):
        EchoNetDynamic(tmp_path / "nowhere")


@pytest.mark.parametrize("part", ["FileList.csv", "VolumeTracings.csv", "Videos"])
def test_a_missing_part_is_named(folder: EchoNetFolder, part: str) -> None:
    path = folder.write() / part
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(DataError, match=rf"{part}: missing; .*FileList\.csv"):
        EchoNetDynamic(folder.path)


def test_a_file_in_the_place_of_the_videos_is_named(folder: EchoNetFolder) -> None:
    path = folder.write() / "Videos"
    path.rename(path.with_name("elsewhere"))
    path.touch()
    with pytest.raises(DataError, match=r"Videos: missing; .*FileList\.csv"):
        EchoNetDynamic(folder.path)


def test_a_list_that_cannot_be_read_is_named(folder: EchoNetFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    dataset = EchoNetDynamic(folder.write())
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(
        DataError, match=r"FileList\.csv: cannot be read \(Permission denied\); check its permissions"
    ):
        dataset.load("train")


def test_a_split_that_is_not_listed_is_named(folder: EchoNetFolder) -> None:
    with pytest.raises(DataError, match=r"FileList\.csv: no row .*VAL"):
        EchoNetDynamic(folder.write()).load("val")


def test_a_split_without_a_usable_frame_tells_the_reasons(folder: EchoNetFolder) -> None:
    folder.add("0XA", "VAL").unlink()
    folder.add("0XB", "VAL").unlink()
    folder.add("0XC", "VAL", traced=())
    message = (
        r"3 videos in split VAL .*: video file missing \(2\); "
        r"listed in FileList\.csv but never traced \(1\)"
    )
    with pytest.raises(DataError, match=message):
        EchoNetDynamic(folder.write()).load("val")


@pytest.mark.parametrize("listed", ["0XA", "0XA.mp4"])
def test_videos_with_another_suffix_are_recognised(folder: EchoNetFolder, listed: str) -> None:
    path = folder.add("0XA", "VAL")
    path.rename(path.with_suffix(".mp4"))
    folder.file_list[-1] = (listed, "VAL")
    told = r"Videos: the videos are no \.avi files \(0XA\.mp4\), but .*: ffmpeg -i 0XA\.mp4 .* 0XA\.avi$"
    with pytest.raises(DataError, match=told):
        EchoNetDynamic(folder.write()).load("val")


@pytest.mark.parametrize("error", [StopIteration(), MemoryError(), RuntimeError("no luck")])
def test_whatever_a_decoder_raises_costs_its_video_alone(
    folder: EchoNetFolder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bad = folder.add("0XBAD")
    broken = True

    def fail(path: Path, **options: Any) -> object:  # noqa: ANN401 - the options of open_video
        if broken and path == bad:
            raise error
        return open_video(path, **options)

    monkeypatch.setattr("lvzoo.data.reading.open_video", fail)
    frames = load(folder)
    assert set(frames.videos) == {"0XGOOD"}
    [finding] = [each for each in frames.source.findings if each.name == "0XBAD"]
    assert finding.excluded
    assert finding.quirk in {quirk.text for quirk in quirks.FAILURES}
    assert finding.detail
    # memory may suffice the next time, so what failed for lack of it is not kept in the cache
    broken = False
    assert ("0XBAD" in load(folder).videos) == isinstance(error, MemoryError)


def test_the_fingerprint_depends_on_the_content_and_not_on_dates(
    folder: EchoNetFolder, echonet_folder: EchoNetFolder, tmp_path: Path
) -> None:
    fingerprint = load(folder).source.fingerprint
    moved = replace(echonet_folder, path=tmp_path / "moved")
    (folder.path / "Videos").rename(tmp_path / "Videos")
    moved.path.mkdir()
    (tmp_path / "Videos").rename(moved.path / "Videos")
    (moved.path / "Videos" / "0XGOOD.avi").touch()
    assert load(moved).source.fingerprint == fingerprint
    moved.tracings[0] = (moved.tracings[0][0], 4, moved.tracings[0][2])
    assert load(moved).source.fingerprint != fingerprint
