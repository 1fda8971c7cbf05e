"""What goes wrong with one clip costs that clip alone, and is told; mistakes in the call are refused at once."""

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
from lvzoo.cli import main
from lvzoo.errors import DataError, PluginError, UsageError
from lvzoo.report.clip_tables import write_beats
from lvzoo.types.answer import ClipAnswer
from lvzoo.workflows.predict import ClipsError
from tests.data.clips.boxes import set_times
from tests.data.clips.elements import drop_blocks
from tests.made_videos import sector_frames, write_video


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
    about = json.loads((short.folder / "summary.json").read_text())
    assert (about["frames"], about["frames_stated"]) == (30, 40)
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

    def fail_once(answer: ClipAnswer, path: Path) -> None:
        if not failed:
            failed.append(True)
            raise KeyError("bug")
        write_beats(answer, path)

    failed: list[bool] = []
    monkeypatch.setattr("lvzoo.workflows.clip_folder.write_beats", fail_once)
    command = ["predict", *map(str, clips), "--model", str(model), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    told = capsys.readouterr()
    assert told.out.split() == [str(tmp_path / "out/b")]
    assert "internal error: KeyError: 'bug'" in told.err


def test_frames_that_are_lost_without_a_number_are_told(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mov", np.full((12, 112, 112), 60, dtype=np.uint8))
    whole = clip.read_bytes()
    start, end = [found.start() for found in re.finditer(b"\xff\xd8\xff", whole)][8:10]
    broken = whole[:start] + bytes(end - start) + whole[end:]
    clip.write_bytes(set_times(broken, [0.02] * 5 + [0.07] * 7))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    about = json.loads((result.folder / "summary.json").read_text())
    assert (about["frames"], about["damaged_frames"]) == (11, [])
    assert about["warnings"][1] == "1 frame does not decode, and the times do not show which"
    assert pd.read_csv(result.folder / "frames.csv")["frame"].tolist() == list(range(11))


def test_a_video_that_ends_early_is_told(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.webm", np.full((23, 112, 112), 60, dtype=np.uint8), codec="VP80")
    clip.write_bytes(drop_blocks(clip.read_bytes(), range(14, 23)))
    (result,) = lvzoo.predict(clip, model=model, out=tmp_path / "out")
    warnings = json.loads((result.folder / "summary.json").read_text())["warnings"]
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


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
def test_names_that_are_not_utf_8_lose_no_result(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / os.fsdecode(b"caf\xe9.dcm")
    shutil.copy(pydicom.examples.get_path("ybr_color"), clip)
    command = ["predict", str(clip), "--model", str(model), "--out"]
    assert main([*command, str(tmp_path / "out")]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["clip"] == "caf\\xe9.dcm"
    assert main([*command, str(tmp_path / os.fsdecode(b"out\xe9"))]) == 2
    assert "is not UTF-8" in capsys.readouterr().err


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


def test_an_error_keeps_no_frames(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are kept until the last clip is done, so a thousand of them must not need memory for frames."""
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    kept: list[weakref.ref[NDArray[np.uint8]]] = []

    def fail(seen_BHW: NDArray[np.uint8], _: object) -> None:
        kept.append(weakref.ref(seen_BHW))
        raise PluginError("the model's fault")

    monkeypatch.setattr("lvzoo.decoding.clip.make_tensor", fail)
    with pytest.raises(ClipsError) as raised:
        lvzoo.predict(clip, model=model, out=tmp_path / "out")
    assert isinstance(raised.value.failed[0].__cause__, PluginError)
    assert kept[0]() is None
