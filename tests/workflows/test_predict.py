"""`lvzoo.predict` takes clips of any size and writes masks of the same size."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pydicom.examples
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.crop import find_crop, make_cropper, uncrop
from lvzoo.evaluate.dice import dice_N
from lvzoo.models.build import build_model
from lvzoo.weights import read_card
from tests.made_videos import sector_frames, write_video
from tests.made_weights import MOVED, small_entry, write_registry, write_weights


def read_summary(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return summary


def list_answers(folder: Path) -> list[dict[str, Any]]:
    """Return what the summary says of the models whose masks they are."""
    return [model for model in read_summary(folder)["models"] if model["role"] == "answer"]


def find_overlay(folder: Path) -> Path:
    """Return the overlay video. Which format it has depends on the encoders of the machine."""
    (overlay,) = folder.glob("overlay.*")
    return overlay


def test_a_clip_of_the_models_size_is_taken_as_it_is(model: Path, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (5, 112, 112), dtype=np.uint8)
    clip = write_video(tmp_path / "clip.avi", frames, fps=25)
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    assert result.masks_NHW.shape == (5, 112, 112)
    masks = sorted((tmp_path / "out/clip/masks").iterdir())
    assert [path.name for path in masks] == [f"{index:05d}.png" for index in range(5)]
    first = cv2.imread(str(masks[0]), cv2.IMREAD_UNCHANGED)
    assert first is not None
    assert np.array_equal(first > 0, result.masks_NHW[0])
    areas = pd.read_csv(tmp_path / "out/clip/frames.csv")
    assert areas["mask_px"].tolist() == result.masks_NHW.sum(axis=(1, 2)).tolist()
    assert areas["time_s"].tolist() == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    video = cv2.VideoCapture(str(find_overlay(tmp_path / "out/clip")))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == 448


def test_what_a_trial_was_trained_on_is_told_as_for_weights(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_video(tmp_path / "clip.avi", np.zeros((2, 112, 112), dtype=np.uint8))
    trial = lvzoo.fit(
        "small",
        preset="smoke",
        out=tmp_path / "run",
        executor="inline",
        frames=False,
        registries=[write_registry(tmp_path)],
    ).trial
    caplog.clear()
    lvzoo.predict(clip, model=trial, out=tmp_path / "a")
    assert "was trained on synthetic phantom-v" in caplog.text
    known = read_summary(tmp_path / "a/clip")
    assert known["models"][0]["trained_on"].startswith("synthetic phantom-v")
    caplog.clear()
    lvzoo.predict(clip, model=model, out=tmp_path / "b")
    assert "cannot tell what it was trained on" in caplog.text
    (about,) = list_answers(tmp_path / "b/clip")
    assert about["trained_on"] is None


def test_mp4_and_dicom_are_clips_too(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", sector_frames(4, (240, 320)), codec="mp4v")
    dicom = tmp_path / "echo.dcm"
    shutil.copy(pydicom.examples.get_path("ybr_color"), dicom)
    first, second = lvzoo.predict([clip, dicom], model=model, out=tmp_path / "out")
    assert first.masks_NHW.shape == (4, 240, 320)
    assert second.masks_NHW.shape == (30, 240, 320)
    assert second.fps == pytest.approx(30.0, abs=0.1)
    about = read_summary(tmp_path / "out/echo")
    assert about["crop"]["sector"]["fitted"] is True
    assert about["decoded_by"] == "dicom"


def test_the_crop_shows_the_sector_and_blackens_the_writing() -> None:
    frames = sector_frames(3, (240, 320))
    crop = find_crop(frames)
    assert crop is not None
    seen = np.stack(list(map(make_cropper(crop, (240, 320)), frames)))
    assert seen.shape == (3, 112, 112)
    assert 190 <= crop.side <= 200
    assert (crop.left, crop.top) == pytest.approx((103, 20), abs=4)
    assert not seen[0, :, :3].max() > 130, "the writing lies left of the square or is black"
    assert seen[0, :4, 50:62].any(), "the apex is at the top"


def test_masks_find_their_way_back() -> None:
    frames = sector_frames(1, (240, 320))
    crop = find_crop(frames)
    assert crop is not None
    inside = np.zeros((240, 320), dtype=np.uint8)
    cv2.ellipse(inside, (205, 110), (22, 45), 10, 0, 360, 255, -1)
    inside[140:150, 215:245] = 255  # asymmetric, so that a swap of the axes would show
    square = inside[crop.top : crop.top + crop.side, crop.left : crop.left + crop.side]
    small = cv2.resize(square, (112, 112), interpolation=cv2.INTER_AREA) > 127
    back = uncrop(small, crop, (240, 320))
    assert dice_N(back[None], inside[None] > 0)[0] > 0.97


def test_a_sector_that_touches_the_border_still_has_its_square() -> None:
    frames = sector_frames(2, (240, 320))[:, 15:200]
    crop = find_crop(frames)
    assert crop is not None
    assert make_cropper(crop, (185, 320))(frames[0]).shape == (112, 112)
    assert uncrop(np.ones((112, 112), dtype=np.bool_), crop, (185, 320)).sum() > 30_000


def test_a_folder_is_searched_for_clips(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results in it, which are videos and pictures too, are not taken for clips the next time."""
    (tmp_path / "patients/one").mkdir(parents=True)
    write_video(tmp_path / "patients/one/clip.avi", sector_frames(2, (240, 320)))
    write_video(tmp_path / "patients/clip.avi", sector_frames(3, (240, 320)))
    monkeypatch.chdir(tmp_path / "patients")
    first = lvzoo.predict(".", model=model, out="out")
    assert sorted(each.frames for each in first) == [2, 3]
    assert len({each.folder for each in first}) == 2
    second = lvzoo.predict(".", model=model, out="again")
    assert sorted(each.frames for each in second) == [2, 3]


def test_nothing_is_overwritten_and_no_two_clips_are_mixed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    other = write_video(tmp_path / "a/clip.avi", sector_frames(3, (240, 320)))
    lvzoo.predict(clip, model=model, out=tmp_path / "out")
    written = (tmp_path / "out/clip/summary.json").stat().st_mtime_ns
    (again,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    assert (again.folder, again.frames, again.earlier) == (tmp_path / "out/clip", 2, True)
    assert (tmp_path / "out/clip/summary.json").stat().st_mtime_ns == written
    (with_rate,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", fps=20)
    assert (with_rate.folder.name, with_rate.earlier) == ("clip-2", False), "the rate decides the times"
    (later,) = lvzoo.predict(other, model=model, out=tmp_path / "out")
    assert later.folder.name == "clip-3", "another clip of the same name gets a folder of its own"
    both = lvzoo.predict([clip, other], model=model, out=tmp_path / "two")
    assert [len(each.masks_NHW) for each in both] == [2, 3]
    assert both[0].folder != both[1].folder


def test_clips_named_by_a_uid_keep_their_names(model: Path, tmp_path: Path) -> None:
    uids = [f"1.2.840.113619.2.391.5047.{number}" for number in (1, 2, 3)]
    for uid in uids:
        shutil.copy(pydicom.examples.get_path("ybr_color"), tmp_path / uid)
    results = lvzoo.predict([tmp_path / uid for uid in uids], model=model, out=tmp_path / "out")
    assert [each.folder.name for each in results] == uids
    for uid in uids:  # also one after the other, although their content is the same
        (alone,) = lvzoo.predict(tmp_path / uid, model=model, out=tmp_path / "alone")
        assert (alone.folder.name, alone.earlier) == (uid, False)


def test_where_no_times_are_known_there_is_no_time_and_fps_gives_one(model: Path, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for index, frame in enumerate(sector_frames(3, (240, 320))):
        assert cv2.imwrite(str(tmp_path / f"frames/{index}.png"), frame)
    (without,) = lvzoo.predict(tmp_path / "frames", model=model, out=tmp_path / "a")
    assert "time_s" not in pd.read_csv(without.folder / "frames.csv")
    about = read_summary(without.folder)
    assert (about["fps"], about["times_from"]) == (None, None)
    assert any("no times" in warning and "--fps" in warning for warning in about["warnings"])
    (with_rate,) = lvzoo.predict(tmp_path / "frames", model=model, out=tmp_path / "b", fps=40)
    assert pd.read_csv(with_rate.folder / "frames.csv")["time_s"].tolist() == pytest.approx([0, 0.025, 0.05])
    about = read_summary(with_rate.folder)
    assert (about["fps"], about["times_from"]) == (40, "--fps")


def test_the_calibration_of_another_picture_is_refused_with_the_reason(model: Path, tmp_path: Path) -> None:
    shutil.copy(pydicom.examples.get_path("ybr_color"), tmp_path / "echo.dcm")
    (result,) = lvzoo.predict(tmp_path / "echo.dcm", model=model, out=tmp_path / "out")
    calibration = read_summary(result.folder)["calibration"]
    assert calibration["spacing_mm"] is None
    assert "beyond the" in calibration["refused"]


@pytest.mark.parametrize("rate", [0.02, 9_000])
def test_an_odd_frame_rate_has_an_overlay_too(model: Path, tmp_path: Path, rate: float) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", fps=rate)
    assert result.fps == rate
    assert len(read_whole(find_overlay(result.folder))) == 2


def test_a_clip_is_known_by_its_content(model: Path, tmp_path: Path) -> None:
    """It gets another name when it is found in a folder, beside another clip of the same name."""
    for name, count in (("a", 2), ("b", 3)):
        (tmp_path / "clips" / name).mkdir(parents=True)
        write_video(tmp_path / "clips" / name / "clip.avi", sector_frames(count, (240, 320)))
    lvzoo.predict(tmp_path / "clips/a/clip.avi", model=model, out=tmp_path / "out")
    first, second = lvzoo.predict(tmp_path / "clips", model=model, out=tmp_path / "out")
    assert (first.frames, first.folder.name, first.earlier) == (2, "clip", True)
    assert (second.frames, second.folder.name, second.earlier) == (3, "b-clip", False)


def test_other_weights_give_other_results(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    lvzoo.predict(clip, model=model, out=tmp_path / "out")
    weights = write_weights(tmp_path / "small.safetensors")
    (other,) = lvzoo.predict(clip, model=weights, out=tmp_path / "out")
    assert (other.folder.name, other.earlier) == ("clip-2", False)
    assert lvzoo.predict(clip, model=weights, out=tmp_path / "out")[0].folder == other.folder


def test_a_single_picture_needs_no_times(model: Path, tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "still.png"), sector_frames(1, (240, 320))[0])
    (result,) = lvzoo.predict(tmp_path / "still.png", model=model, out=tmp_path / "out")
    (caution,) = read_summary(result.folder)["warnings"]
    assert "may be wrong for" in caution  # a model that the trust was not fitted to, and nothing about times


MEASURE = """
import resource, sys
import lvzoo
for clip in sys.argv[2:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lvzoo.predict(clip, model=sys.argv[1], out="out", device="cpu")
    print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(("suffix", "codec"), [("avi", "MJPG"), ("mp4", "mp4v")])
def test_memory_does_not_grow_with_the_length_of_a_clip(tmp_path: Path, suffix: str, codec: str) -> None:
    """A clip of 150 frames has all batches that count; one of 900 frames would hold 700 MB more.

    Its page has up to 6 MB of pictures, and is put together in memory.
    """
    frame = sector_frames(1, (720, 1280))
    weights = write_weights(tmp_path / "small.safetensors")
    clips = [
        write_video(tmp_path / f"{count}.{suffix}", np.broadcast_to(frame, (count, 720, 1280)), codec=codec)
        for count in (150, 900)
    ]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(weights), *map(str, clips)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    (_, after_short_kb), (_, after_long_kb) = (
        tuple(map(int, line.split())) for line in measured.stdout.splitlines()
    )
    assert after_long_kb - after_short_kb < 100_000


def test_weights_say_what_they_were_trained_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    weights = write_weights(tmp_path / "small.safetensors")
    lvzoo.predict(clip, model=weights, out=tmp_path / "file")
    about = read_summary(tmp_path / "file/clip")
    assert about["models"][0]["trained_on"] == "synthetic phantom-v9"
    assert "without real patients; check the overlay" in caplog.text
    (tmp_path / "mine.yaml").write_text(
        "mine: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}"
    )
    monkeypatch.chdir(tmp_path)
    command = ["predict", str(clip), "--out", "named", "--model", "mine", "--registry", "mine.yaml"]
    assert main(command) == 0
    (about,) = list_answers(tmp_path / "named/clip")
    assert (about["model"], about["trained_on"]) == ("mine", "synthetic phantom-v9")


@pytest.mark.parametrize(
    ("synthetic", "said"),
    [
        (True, "synthetic phantom-v9; border calibrated on synthetic ours (reader-1), without real patients"),
        (
            False,
            "synthetic phantom-v9, and only its border was fitted to real patients (ours (reader-1)); check",
        ),
    ],
)
def test_what_a_border_was_fitted_to_is_told_too(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    synthetic: bool,  # noqa: FBT001 - a case of the table
    said: str,
) -> None:
    moved = dataclasses.replace(MOVED, name="ours", synthetic=synthetic)
    weights = write_weights(tmp_path / "moved.safetensors", calibration=moved)
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    (result,) = lvzoo.predict(clip, model=weights, out=tmp_path / "out")
    (about,) = list_answers(result.folder)
    assert about["trained_on"] == read_card(weights).data
    assert "border calibrated on" in about["trained_on"]
    assert f"was trained on {said}" in caplog.text


def test_without_a_model_those_in_the_box_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    (tmp_path / "box.yaml").write_text(
        "boxed: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}\n"
        "other: {family: unet, options: {width: 4, levels: 2}, weights: other.safetensors}\n"
        "empty: {family: unet}\n"
    )
    write_weights(tmp_path / "small.safetensors")
    write_weights(tmp_path / "other.safetensors", model=build_model(small_entry(), seed=4))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lvzoo.weights.opened.DEFAULT_MODELS", ("boxed",))
    command = ["predict", str(clip), "--registry", "box.yaml", "--out"]
    assert main([*command, "one"]) == 0
    (about,) = list_answers(tmp_path / "one/clip")
    assert about["model"] == "boxed"
    monkeypatch.setattr("lvzoo.weights.opened.DEFAULT_MODELS", ("boxed", "other"))
    assert main([*command, "both"]) == 0
    first, second = list_answers(tmp_path / "both/clip")
    assert (first["model"], second["model"]) == ("boxed", "other")
    monkeypatch.setattr("lvzoo.weights.opened.DEFAULT_MODELS", ("empty",))
    assert main([*command, "two"]) == 2
    error = capsys.readouterr().err
    assert "error: the bundled model is not available: the entry 'empty' carries no weights" in error
    assert not (tmp_path / "two").exists()


def test_only_lvzoo_speaks_on_stderr(model: Path, tmp_path: Path) -> None:
    """OpenCV looks for an H.264 encoder, and would print what it does not find."""
    clip = pydicom.examples.get_path("ybr_color")
    done = subprocess.run(
        [sys.executable, "-m", "lvzoo", "predict", str(clip), "--model", str(model), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "h264_" not in done.stderr
    assert "VIDEOIO" not in done.stderr
