"""`lvzoo predict --sr --echonet --coco`: which clips they take, and what a second call does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.models.build import build_model
from lvzoo.phantom.write import cached_phantom
from lvzoo.workflows.clip_folder import Wanted
from tests.data.clips.made_dicom import FOUR_CHAMBERS
from tests.made_videos import sector_frames, write_video
from tests.made_weights import small_entry, write_weights


@pytest.fixture
def beating(tmp_path: Path) -> Path:
    """Return a clip with a whole beat."""
    phantom = cached_phantom(size="smoke", seed=0)
    once_NHW = read_whole(min((phantom / "Videos").iterdir()))
    frames_NHW = np.concatenate([once_NHW, once_NHW[::-1], once_NHW])
    return write_video(tmp_path / "beating.avi", frames_NHW)


def test_a_report_needs_a_dicom_clip_and_others_follow(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    dicom = shutil.copy(FOUR_CHAMBERS, tmp_path / "chambers.dcm")
    out = tmp_path / "out"
    assert main(["predict", str(video), str(dicom), "--model", str(model), "--out", str(out), "--sr"]) == 4
    error = capsys.readouterr().err
    assert (
        f"error: {video}: is not a DICOM file, so --sr can write no DICOM report that refers to it" in error
    )
    assert [path.name for path in out.iterdir() if path.is_dir()] == ["chambers"]
    report = pydicom.dcmread(out / "chambers/report.dcm")
    assert report.Modality == "SR"
    # The region of this clip ends beyond its picture, so nothing is in ml, and the report says why.
    data = (out / "chambers/report.dcm").read_bytes()
    assert b"so the calibration belongs to a picture of another size" in data
    assert b"UCUM\0" not in data or b" mL" not in data
    assert "report.dcm" in json.loads((out / "chambers/summary.json").read_text())["files"]


def test_results_without_the_files_that_are_asked_for_are_not_earlier_results(
    model: Path, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "clip.avi", sector_frames(3, (240, 320)))
    calls = [
        lvzoo.predict(video, model=model, out=tmp_path / "out", wanted=wanted)[0]
        for wanted in (None, Wanted(coco=True), Wanted(coco=True))
    ]
    assert [call.folder.name for call in calls] == ["clip", "clip-2", "clip-2"]
    assert [call.earlier for call in calls] == [False, False, True]
    assert len(list((tmp_path / "out/clip-2/pictures").iterdir())) == 3
    shutil.rmtree(tmp_path / "out/clip-2/pictures")
    (again,) = lvzoo.predict(video, model=model, out=tmp_path / "out", wanted=Wanted(coco=True))
    assert not again.earlier


def test_a_clip_is_added_to_each_folder_for_training_once(beating: Path, tmp_path: Path) -> None:
    def add(folder: str) -> bool:
        wanted = Wanted(echonet=str(tmp_path / folder))
        return lvzoo.predict(beating, out=tmp_path / "out", wanted=wanted)[0].earlier

    assert [add("a"), add("a"), add("b"), add("b")] == [False, True, False, True]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["beating"], "equal results are replaced"
    for folder in ("a", "b"):
        frames = EchoNetDynamic(tmp_path / folder).load("train")
        assert set(frames.videos) == {"beating"}
        assert frames.phases == ("ED", "ES")
        assert frames.masks_NHW[0].sum() > frames.masks_NHW[1].sum() > 200


def test_files_that_somebody_put_into_earlier_results_are_kept(beating: Path, tmp_path: Path) -> None:
    def add(folder: str) -> str:
        wanted = Wanted(echonet=tmp_path / folder)
        return lvzoo.predict(beating, out=tmp_path / "out", wanted=wanted)[0].folder.name

    assert add("a") == "beating"
    (tmp_path / "out/beating/notes.txt").write_text("ours")
    assert add("b") == "beating-2"
    assert (tmp_path / "out/beating/notes.txt").read_text() == "ours"


def test_a_clip_whose_beats_cannot_be_traced_is_predicted_once(
    beating: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.exports.echonet.choose_beat", lambda _: None)
    wanted = Wanted(echonet=tmp_path / "echonet")
    first, again = (lvzoo.predict(beating, out=tmp_path / "out", wanted=wanted)[0] for _ in range(2))
    assert first.ef_percent is not None
    assert first.summary["not_exported"] == "none of its beats has a mask at both ED and ES"
    assert (first.earlier, again.earlier) == (False, True)
    (other,) = lvzoo.predict(beating, out=tmp_path / "other")
    assert other.summary["not_exported"] is None


def test_volumes_of_a_damaged_clip_have_the_numbers_of_its_frames(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nibabel = pytest.importorskip("nibabel")
    (tmp_path / "clip").mkdir()
    for number, frame_HW in enumerate(sector_frames(5, (240, 320))):
        assert cv2.imwrite(str(tmp_path / f"clip/{number}.png"), frame_HW)
    (tmp_path / "clip/2.png").write_bytes((tmp_path / "clip/2.png").read_bytes()[:60])
    (result,) = lvzoo.predict(
        tmp_path / "clip", model=model, out=tmp_path / "out", fps=50, wanted=Wanted(nifti=True)
    )
    assert result.summary["damaged_frames"] == [2]
    volumes_NHW = np.asarray(nibabel.load(result.folder / "masks.nii.gz").dataobj)[:, :, 0].transpose(2, 1, 0)
    assert len(volumes_NHW) == 5
    assert not volumes_NHW[2].any()
    assert np.array_equal(volumes_NHW[[0, 1, 3, 4]], result.masks_NHW)
    assert "masks.nii.gz has an empty mask for 1 frame that does not decode" in caplog.text


def test_models_are_named_without_their_folders_and_told_apart(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    models = []
    for seed, folder in enumerate(("Vandermeer", "Larsen")):
        (tmp_path / folder).mkdir()
        network = build_model(small_entry(), seed=seed)
        models.append(write_weights(tmp_path / folder / "mine.v1.safetensors", model=network))
    (alone,) = lvzoo.predict(clip, model=models[0], out=tmp_path / "alone")
    assert [model["model"] for model in alone.summary["models"]] == ["mine.v1", "landmark7-fast"]
    (both,) = lvzoo.predict(clip, model=models, out=tmp_path / "both")
    answers = [model for model in both.summary["models"] if model["role"] == "answer"]
    assert [each["model"] for each in answers] == [f"mine.v1 ({each['weights'][:8]})" for each in answers]
    for path in (path for path in (tmp_path / "both/clip").rglob("*") if path.is_file()):
        assert b"Vandermeer" not in path.read_bytes(), path.name


def test_a_clip_without_beats_is_done_although_it_was_not_added(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    wanted = Wanted(echonet=tmp_path / "echonet")
    calls = [lvzoo.predict(video, model=model, out=tmp_path / "out", wanted=wanted)[0] for _ in range(2)]
    assert [call.earlier for call in calls] == [False, True]
    assert "not added to" in caplog.text
    assert not (tmp_path / "echonet").exists()
