"""`lvzoo.predict` takes clips of any size and writes masks of the same size."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import weakref
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pydicom.examples
import pytest
import torch
from numpy.typing import NDArray

import lvzoo
import lvzoo.workflows.predict as predict_module
from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.crop import find_crop, make_cropper, uncrop
from lvzoo.errors import DataError, PluginError, UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.report.clip_files import draw_outline
from lvzoo.types import Recipe, Trial
from lvzoo.weights.network import save_model
from lvzoo.workflows.predict import ClipsError
from tests.data.clips.boxes import set_times
from tests.data.clips.elements import drop_blocks
from tests.made_videos import write_video
from tests.made_weights import write_registry, write_weights


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained model: these tests are about reading clips and writing masks."""
    folder = tmp_path_factory.mktemp("run") / "trials" / "unet-s0"
    entry = open_zoo().select("unet")[0]
    save_model(build_model(entry), Trial(entry=entry, data="x", seed=0, recipe=Recipe()), folder)
    return folder


def sector_frames(count: int, size_HW: tuple[int, int]) -> NDArray[np.uint8]:
    """Return frames with a bright sector right of the middle, and text beside it."""
    frames = np.zeros((count, *size_HW), dtype=np.uint8)
    fan = np.array([[200, 20], [120, 190], [160, 210], [200, 215], [240, 210], [280, 190]], dtype=np.int32)
    rng = np.random.default_rng(0)
    for frame in frames:
        cv2.fillPoly(frame, [fan], 120)
        frame[frame > 0] = rng.integers(60, 180, int((frame > 0).sum()), dtype=np.uint8)
        cv2.putText(frame, "EF", (5, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    return frames


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
    areas = pd.read_csv(tmp_path / "out/clip/areas.csv")
    assert areas["area_px"].tolist() == result.masks_NHW.sum(axis=(1, 2)).tolist()
    assert areas["time_s"].tolist() == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    video = cv2.VideoCapture(str(tmp_path / "out/clip/overlay.avi"))
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
    known = json.loads((tmp_path / "a/clip/prediction.json").read_text())
    assert known["trained on"].startswith("synthetic phantom-v")
    caplog.clear()
    lvzoo.predict(clip, model=model, out=tmp_path / "b")
    assert "cannot tell what it was trained on" in caplog.text
    assert json.loads((tmp_path / "b/clip/prediction.json").read_text())["trained on"] is None


def test_mp4_and_dicom_are_clips_too(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", sector_frames(4, (240, 320)), codec="mp4v")
    dicom = tmp_path / "echo.dcm"
    shutil.copy(pydicom.examples.get_path("ybr_color"), dicom)
    first, second = lvzoo.predict([clip, dicom], model=model, out=tmp_path / "out")
    assert first.masks_NHW.shape == (4, 240, 320)
    assert second.masks_NHW.shape == (30, 240, 320)
    assert second.fps == pytest.approx(30.0, abs=0.1)
    about = json.loads((tmp_path / "out/echo/prediction.json").read_text())
    assert about["crop"]["sector"]["fitted"] is True
    assert about["decoded by"] == "dicom"


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


def test_the_overlay_outlines_the_mask_and_leaves_the_rest() -> None:
    frame = np.full((112, 112), 100, dtype=np.uint8)
    mask = np.zeros((112, 112), dtype=np.bool_)
    mask[30:60, 40:70] = True
    picture = draw_outline(frame, mask, zoom=4)
    assert picture.shape == (448, 448, 3)
    coloured = (picture != 100).any(axis=2)
    rows, columns = np.nonzero(coloured)
    assert (rows.min() // 4, rows.max() // 4) == pytest.approx((30, 59), abs=1)
    assert (columns.min() // 4, columns.max() // 4) == pytest.approx((40, 69), abs=1)
    assert not coloured[170:190, 210:230].any()


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
    written = (tmp_path / "out/clip/prediction.json").stat().st_mtime_ns
    (again,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    assert (again.folder, again.frames, again.earlier) == (tmp_path / "out/clip", 2, True)
    assert (tmp_path / "out/clip/prediction.json").stat().st_mtime_ns == written
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


def test_a_clip_that_fails_is_named_and_the_others_are_predicted(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.avi").write_text("not a video")
    good = write_video(tmp_path / "good.avi", sector_frames(2, (240, 320)))
    command = ["predict", str(tmp_path / "notes.avi"), str(good), str(tmp_path / "missing.avi")]
    assert main([*command, "--model", str(model), "--out", str(tmp_path / "out")]) == 4
    told = capsys.readouterr()
    assert told.out.split() == [str(tmp_path / "out/good")]
    assert "notes.avi" in told.err
    assert "missing.avi" in told.err
    assert not (tmp_path / "out/notes").exists()
    with pytest.raises(DataError, match=r"notes\.avi.* \(and 1 more of 2 clips\)"):
        lvzoo.predict([tmp_path / "notes.avi", tmp_path / "missing.avi"], model=model, out=tmp_path / "out")
    with pytest.raises(ClipsError) as raised:
        lvzoo.predict([tmp_path / "notes.avi", good], model=model, out=tmp_path / "again")
    assert [each.frames for each in raised.value.predictions] == [2], "what was predicted is not lost"


def test_a_dicom_that_states_too_many_frames_gives_those_that_it_has(model: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(pydicom.examples.get_path("ybr_color"))
    dataset.NumberOfFrames = 40
    dataset.save_as(tmp_path / "short.dcm")
    shutil.copy(pydicom.examples.get_path("ybr_color"), tmp_path / "good.dcm")
    short, good = lvzoo.predict(
        [tmp_path / "short.dcm", tmp_path / "good.dcm"], model=model, out=tmp_path / "out"
    )
    assert (short.frames, good.frames) == (30, 30)
    about = json.loads((short.folder / "prediction.json").read_text())
    assert (about["frames"], about["frames stated by the file"]) == (30, 40)
    assert any("states 40 frames, but only 30 decode" in warning for warning in about["warnings"])


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (StopIteration(), "StopIteration"),
        (MemoryError("x"), "memory"),
        (ArithmeticError("a decoder's\nown words"), "ArithmeticError: a decoder's own words"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_whatever_a_decoder_raises_costs_its_clip_only(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: Exception,
    said: str,
) -> None:
    bad, good = (
        write_video(tmp_path / name, sector_frames(2, (240, 320))) for name in ("bad.avi", "good.avi")
    )
    decode = cv2.imdecode

    def fail_once(*arguments: object) -> object:
        if not failed:
            failed.append(True)
            raise raised
        return decode(*arguments)  # type: ignore[call-overload]

    failed: list[bool] = []
    monkeypatch.setattr(cv2, "imdecode", fail_once)
    command = ["predict", str(bad), str(good), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 4
    told = capsys.readouterr()
    assert told.out.split() == [str(tmp_path / "out/good")]
    (line,) = [line for line in told.err.splitlines() if line.startswith("error:")]
    assert "bad.avi" in line
    assert said in line
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good"], "nothing half done is left"


def test_an_error_of_a_models_code_costs_the_clip_and_is_told_as_the_models(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lvzoo_unet.model import UNet

    first, second = (
        write_video(tmp_path / name, sector_frames(2, (240, 320))) for name in ("first.avi", "second.avi")
    )
    forward = UNet.forward

    def fail_once(self: UNet, frames_B1HW: torch.Tensor) -> torch.Tensor:
        if not failed:
            failed.append(True)
            raise ZeroDivisionError("in the plugin")
        return forward(self, frames_B1HW)

    failed: list[bool] = []
    monkeypatch.setattr(UNet, "forward", fail_once)
    command = ["predict", str(first), str(second), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 4
    told = capsys.readouterr()
    assert told.out.split() == [str(tmp_path / "out/second")]
    assert "first.avi: UNet.forward raised ZeroDivisionError" in told.err
    assert "internal error" not in told.err


def test_a_fault_of_lvzoo_is_an_internal_error_and_the_other_clips_go_on(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [write_video(tmp_path / name, sector_frames(2, (240, 320))) for name in ("a.avi", "b.avi")]
    describe = predict_module._describe

    def fail_once(*arguments: object) -> dict[str, object]:
        if not failed:
            failed.append(True)
            raise KeyError("bug")
        return describe(*arguments)  # type: ignore[arg-type]

    failed: list[bool] = []
    monkeypatch.setattr(predict_module, "_describe", fail_once)
    command = ["predict", *map(str, clips), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    told = capsys.readouterr()
    assert told.out.split() == [str(tmp_path / "out/b")]
    assert "internal error: KeyError: 'bug'" in told.err


def test_where_no_times_are_known_there_is_no_time_and_fps_gives_one(model: Path, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for index, frame in enumerate(sector_frames(3, (240, 320))):
        assert cv2.imwrite(str(tmp_path / f"frames/{index}.png"), frame)
    (without,) = lvzoo.predict(tmp_path / "frames", model=model, out=tmp_path / "a")
    assert list(pd.read_csv(without.folder / "areas.csv")) == ["frame", "area_px"]
    about = json.loads((without.folder / "prediction.json").read_text())
    assert (about["fps"], about["times from"]) == (None, None)
    assert any("no times" in warning and "--fps" in warning for warning in about["warnings"])
    (with_rate,) = lvzoo.predict(tmp_path / "frames", model=model, out=tmp_path / "b", fps=40)
    assert pd.read_csv(with_rate.folder / "areas.csv")["time_s"].tolist() == pytest.approx([0, 0.025, 0.05])
    about = json.loads((with_rate.folder / "prediction.json").read_text())
    assert (about["fps"], about["times from"]) == (40, "--fps")


def test_the_calibration_of_another_picture_is_refused_with_the_reason(model: Path, tmp_path: Path) -> None:
    shutil.copy(pydicom.examples.get_path("ybr_color"), tmp_path / "echo.dcm")
    (result,) = lvzoo.predict(tmp_path / "echo.dcm", model=model, out=tmp_path / "out")
    calibration = json.loads((result.folder / "prediction.json").read_text())["calibration"]
    assert calibration["spacing_mm"] is None
    assert "beyond the" in calibration["refused"]


def test_frames_that_are_lost_without_a_number_are_told(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mov", np.full((12, 112, 112), 60, dtype=np.uint8))
    whole = clip.read_bytes()
    start, end = [found.start() for found in re.finditer(b"\xff\xd8\xff", whole)][8:10]
    broken = whole[:start] + bytes(end - start) + whole[end:]
    clip.write_bytes(set_times(broken, [0.02] * 5 + [0.07] * 7))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    about = json.loads((result.folder / "prediction.json").read_text())
    assert (about["frames"], about["damaged frames"]) == (11, [])
    assert about["warnings"][1] == "1 frame does not decode, and the times do not show which"
    assert pd.read_csv(result.folder / "areas.csv")["frame"].tolist() == list(range(11))


def test_a_video_that_ends_early_is_told(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.webm", np.full((23, 112, 112), 60, dtype=np.uint8), codec="VP80")
    clip.write_bytes(drop_blocks(clip.read_bytes(), range(14, 23)))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    warnings = json.loads((result.folder / "prediction.json").read_text())["warnings"]
    assert "it ends at 0.26 s, but its header states 0.46 s; it is damaged or was cut off" in warnings


def test_names_with_control_characters_are_shown_escaped(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil\x1b[2K\nname.avi"
    path.write_text("not a video")
    assert main(["predict", str(path), "--model", str(model), "--out", str(tmp_path / "out")]) == 4
    told = capsys.readouterr().err
    assert "evil\\x1b[2K\\nname.avi" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("rate", ["inf", "nan", "0", "-5", "1e-9", "1e9", "fast"])
def test_a_frame_rate_that_no_clip_has_is_an_error_of_the_call(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    command = ["predict", str(clip), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main([*command, "--fps", rate]) == 2
    assert "fps" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    if rate != "fast":
        with pytest.raises(UsageError, match="--fps"):
            lvzoo.predict(clip, model=model, out=tmp_path / "out", fps=float(rate))


@pytest.mark.parametrize("rate", [0.02, 9_000])
def test_an_odd_frame_rate_has_an_overlay_too(model: Path, tmp_path: Path, rate: float) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", fps=rate)
    assert result.fps == rate
    assert len(read_whole(result.folder / "overlay.avi")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
def test_names_that_are_not_utf_8_lose_no_result(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / os.fsdecode(b"caf\xe9.dcm")
    shutil.copy(pydicom.examples.get_path("ybr_color"), clip)
    command = ["predict", str(clip), "--model", str(model), "--out"]
    assert main([*command, str(tmp_path / "out")]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert json.loads((folder / "prediction.json").read_text(encoding="utf-8"))["clip"].endswith(
        "/caf\\xe9.dcm"
    )
    assert main([*command, str(tmp_path / os.fsdecode(b"out\xe9"))]) == 2
    assert "is not UTF-8" in capsys.readouterr().err


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


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="takes away a right of the superuser"
)
def test_a_file_that_cannot_be_read_costs_itself_alone(model: Path, tmp_path: Path) -> None:
    """Click must not check it: then no clip would be predicted."""
    good = write_video(tmp_path / "good.avi", sector_frames(2, (240, 320)))
    locked = write_video(tmp_path / "locked.avi", sector_frames(2, (240, 320)))
    locked.chmod(0)
    without = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
    command = ["predict", str(locked), str(good), "--model", str(model), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*without, sys.executable, "-m", "lvzoo", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert done.stdout.split() == [str(tmp_path / "out/good")]
    assert "locked.avi: cannot be read (Permission denied)" in done.stderr


def test_an_empty_path_is_not_the_present_folder(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "", "--model", str(model)]) == 2
    assert "the path of a clip is empty" in capsys.readouterr().err
    assert main(["noise", "preview", ""]) == 2
    with pytest.raises(UsageError, match="empty"):
        lvzoo.predict("", model=model)


def test_a_single_picture_needs_no_times(model: Path, tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "still.png"), sector_frames(1, (240, 320))[0])
    (result,) = lvzoo.predict(tmp_path / "still.png", model=model, out=tmp_path / "out")
    assert json.loads((result.folder / "prediction.json").read_text())["warnings"] == []


def test_an_error_keeps_no_frames(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are kept until the last clip is done, so a thousand of them must not need memory for frames."""
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    kept: list[weakref.ref[NDArray[np.uint8]]] = []

    def fail(_: object, seen_BHW: NDArray[np.uint8], **__: object) -> None:
        kept.append(weakref.ref(seen_BHW))
        raise PluginError("the model's fault")

    monkeypatch.setattr(predict_module, "predict_masks", fail)
    with pytest.raises(ClipsError) as raised:
        lvzoo.predict(clip, model=model, out=tmp_path / "out")
    assert isinstance(raised.value.failed[0].__cause__, PluginError)
    assert kept[0]() is None


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
    """A clip of 150 frames has all batches that count; one of 900 frames would hold 700 MB more."""
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
    assert after_long_kb - after_short_kb < 40_000


def test_weights_say_what_they_were_trained_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    weights = write_weights(tmp_path / "small.safetensors")
    lvzoo.predict(clip, model=weights, out=tmp_path / "file")
    about = json.loads((tmp_path / "file/clip/prediction.json").read_text())
    assert about["trained on"] == "synthetic phantom-v9"
    assert "without real patients; check the overlay" in caplog.text
    (tmp_path / "mine.yaml").write_text(
        "mine: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}"
    )
    monkeypatch.chdir(tmp_path)
    command = ["predict", str(clip), "--out", "named", "--model", "mine", "--registry", "mine.yaml"]
    assert main(command) == 0
    about = json.loads((tmp_path / "named/clip/prediction.json").read_text())
    assert (about["model"], about["trained on"]) == ("mine", "synthetic phantom-v9")


def test_without_a_model_the_one_in_the_box_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    (tmp_path / "box.yaml").write_text(
        "boxed: {family: unet, options: {width: 4, levels: 2}, weights: small.safetensors}\n"
        "empty: {family: unet}\n"
    )
    write_weights(tmp_path / "small.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lvzoo.workflows.predict.DEFAULT_MODEL", "boxed")
    command = ["predict", str(clip), "--registry", "box.yaml", "--out"]
    assert main([*command, "one"]) == 0
    assert json.loads((tmp_path / "one/clip/prediction.json").read_text())["model"] == "boxed"
    monkeypatch.setattr("lvzoo.workflows.predict.DEFAULT_MODEL", "empty")
    assert main([*command, "two"]) == 2
    error = capsys.readouterr().err
    assert "error: the bundled model is not available: the entry 'empty' carries no weights" in error
    assert not (tmp_path / "two").exists()
