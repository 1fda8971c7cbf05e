"""The answer for a clip, and the files that `lvzoo.predict` writes from it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

import lvzoo
from lvzoo.cli import main
from lvzoo.data.crop import Crop, crop_points, make_cropper, uncrop, uncrop_points
from lvzoo.decoding.clip import ClipDecoder, TimedFrames
from lvzoo.errors import UsageError
from lvzoo.geometry.sector import standard_sector
from lvzoo.phantom.clip import simulate
from lvzoo.report.clip_summary import ClipSummary, describe_answer
from lvzoo.report.clip_tables import BEAT_COLUMNS
from lvzoo.weights import opened
from lvzoo.weights.opened import open_check, open_models
from lvzoo.workflows.clip_answer import AnswerMaker
from lvzoo.workflows.clip_folder import Wanted
from lvzoo.workflows.prediction import ClipPrediction
from tests.decoding.models import Bright, Placed
from tests.made_videos import sector_frames, write_video

CPU = torch.device("cpu")
CLIPS_PAGE = Path(__file__).parents[2] / "docs" / "clips.md"


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Return a clip of a simulated patient with a whole beat, and the patient's true ejection fraction."""
    made = simulate(seed=0, split="test", index=1)
    path = write_video(
        tmp_path_factory.mktemp("clips") / "beat.avi", made.frames_NHW, fps=float(made.beat.fps)
    )
    return path, 100 * (made.edv_ml - made.esv_ml) / made.edv_ml


@pytest.fixture(scope="module")
def result(phantom: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory) -> ClipPrediction:
    """Return what the models in the box predict for this clip."""
    (found,) = lvzoo.predict(
        phantom[0], out=tmp_path_factory.mktemp("out"), wanted=Wanted(nifti=True), device="cpu"
    )
    return found


def test_the_ejection_fraction_of_a_simulated_patient(
    result: ClipPrediction, phantom: tuple[Path, float]
) -> None:
    assert result.ef_percent == pytest.approx(phantom[1], abs=12)
    assert result.trusted
    summary = result.summary
    assert (summary["beats_used"], summary["beats_left_out"]) == (1, 0)
    assert summary["ef_sd_percent"] is None, "one beat has no standard deviation"
    assert summary["edv_px3"] > summary["esv_px3"]
    assert summary["ef_percent"] == pytest.approx(
        100 * (1 - summary["esv_px3"] / summary["edv_px3"]), abs=0.1
    )
    assert (summary["edv_ml"], summary["ml_reason"]) == (None, "the file states no pixel size")
    assert "not a medical device" in summary["notice"]
    assert [(model["model"], model["role"]) for model in summary["models"]] == [
        ("unet-fast", "answer"),
        ("landmark7-fast", "check"),
    ]
    assert set(summary["versions"]) == {"lvzoo", "torch", "numpy"}


def test_the_tables_agree_with_the_summary_and_the_masks(result: ClipPrediction) -> None:
    frames = pd.read_csv(result.folder / "frames.csv")
    assert frames["mask_px"].tolist() == result.masks_NHW.sum(axis=(1, 2)).tolist()
    (beat,) = pd.read_csv(result.folder / "beats.csv").to_dict("records")
    assert (beat["used"], beat["trusted"]) == ("yes", "yes")
    assert beat["ef_percent"] == pytest.approx(result.ef_percent)
    ed, es = (frames.set_index("frame").loc[beat[name]] for name in ("ed_frame", "es_frame"))
    assert ed["volume_px3"] == pytest.approx(beat["edv_px3"], rel=0.1)
    assert es["area_px2"] < ed["area_px2"]
    assert ed["time_s"] == pytest.approx(beat["ed_time_s"], abs=0.02)
    assert frames["expected_dice"].between(frames["dice_low"], frames["dice_high"]).all()
    assert not {"volume_ml", "area_cm2"} & set(frames), "the pixels have no known size"


def test_everything_that_the_summary_names_is_there(result: ClipPrediction) -> None:
    assert {"beats.csv", "clip.html", "masks.nii.gz"} < set(result.summary["files"])
    for name in result.summary["files"]:
        assert (result.folder / name).stat().st_size > 0
    assert "not a medical device" in (result.folder / "clip.html").read_text(encoding="utf-8")


def read_documented(heading: str) -> set[str]:
    """Return the first cells of the tables under a heading of docs/clips.md."""
    text = CLIPS_PAGE.read_text(encoding="utf-8").split(f"\n### {heading}\n")[1]
    rows = re.split(r"\n##+ ", text)[0].splitlines()
    return {
        name for row in rows if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }


def test_every_key_of_the_summary_is_documented_and_written(result: ClipPrediction) -> None:
    assert set(ClipSummary.__annotations__) == read_documented("summary.json")
    assert list(result.summary) == list(ClipSummary.__annotations__)


def test_every_column_of_the_tables_is_documented(result: ClipPrediction) -> None:
    in_ml = {"area_cm2", "length_cm", "volume_ml"}
    with (result.folder / "frames.csv").open() as file:
        assert set(next(csv.reader(file))) | in_ml == read_documented("frames.csv")
    assert set(BEAT_COLUMNS) == read_documented("beats.csv")


def test_the_masks_in_one_file_are_those_in_many(result: ClipPrediction) -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(result.folder / "masks.nii.gz")
    masks_NHW = np.asarray(image.dataobj)[:, :, 0].transpose(2, 1, 0)
    assert np.array_equal(masks_NHW, result.masks_NHW)
    assert image.header.get_zooms()[3] == pytest.approx(1 / (result.fps or 0))
    assert image.header.get_xyzt_units() == ("unknown", "sec"), "the pixels have no known size"


def test_without_nibabel_the_call_is_refused_at_once(
    phantom: tuple[Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    with pytest.raises(UsageError, match=r"needs nibabel; pip install 'lvzoo\[nifti\]'"):
        lvzoo.predict(phantom[0], out=tmp_path / "out", wanted=Wanted(nifti=True))
    assert not (tmp_path / "out").exists()


def test_stdout_is_the_folder_and_stderr_the_answer(
    phantom: tuple[Path, float], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", str(phantom[0]), "--model", str(model), "--out", str(tmp_path / "out")]
    for _ in range(2):  # the second call finds the results of the first
        assert main(command) == 0
        told = capsys.readouterr()
        assert told.out == f"{tmp_path / 'out/beat'}\n"
        summary = json.loads((tmp_path / "out/beat/summary.json").read_text())
        assert f"beat.avi: {describe_answer(summary)}\n" in told.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "EF 56 ± 2 % (3 beats, 68 beats/min). Fine."),
        ({"ef_sd_percent": None, "beats_used": 1, "heart_rate_bpm": None}, "EF 56 % (1 beat). Fine."),
        ({"ef_percent": None, "ef_reason": "no whole beat"}, "no EF: no whole beat. Fine."),
    ],
)
def test_the_answer_in_a_line(changes: dict[str, Any], said: str) -> None:
    summary = {
        "ef_percent": 56.4,
        "ef_sd_percent": 2.0,
        "beats_used": 3,
        "heart_rate_bpm": 68.2,
        "verdict": "Fine.",
    }
    assert describe_answer({**summary, **changes}) == said


# --- Sizes and places -----------------------------------------------------------------------------------------


def ellipse(
    middle: tuple[float, float], radii: tuple[float, float], size_HW: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return a frame with a bright ellipse, with a soft border of 1 px."""
    y_HW, x_HW = np.mgrid[: size_HW[0], : size_HW[1]]
    far_HW = np.hypot((x_HW - middle[0]) / radii[0], (y_HW - middle[1]) / radii[1])
    return np.asarray(255 * np.clip(0.5 + (1 - far_HW) * min(radii), 0, 1), dtype=np.uint8)


def answer_for(frames_NHW: NDArray[np.uint8], crop: Crop | None) -> AnswerMaker:
    """Let a model that takes bright pixels for the ventricle find it, with a landmark model as the check."""
    decoder = ClipDecoder([Bright()], checks=[Placed()], device=CPU, precision=torch.float32, copies=False)
    maker = AnswerMaker(crop)
    crop_frame = make_cropper(crop, (frames_NHW.shape[1], frames_NHW.shape[2]))
    seen = TimedFrames(
        frames_BHW=np.stack([crop_frame(frame_HW) for frame_HW in frames_NHW]),
        times_s=[n / 50 for n in range(len(frames_NHW))],
    )
    for decoded in decoder.decode([seen], sigma_ms=40.0):
        maker.add(decoded)
    return maker


def test_sizes_and_outlines_are_in_px_of_the_clip() -> None:
    """The border of 112 px masks lies 0.45 px inside the iso-line, which is 1.35 px of this clip."""
    size_HW, middle, radii = (400, 500), (251.0, 190.0), (50.0, 80.0)
    crop = Crop(left=90, top=20, side=336, sector=standard_sector(size_HW))
    maker = answer_for(ellipse(middle, radii, size_HW)[None].repeat(3, axis=0), crop)
    area, length, volume = maker.sizes[1]
    a, b = (radius - 0.45 * 3 for radius in radii)
    assert area == pytest.approx(np.pi * a * b, rel=0.01)
    assert length == pytest.approx(2 * b, rel=0.01)
    assert volume == pytest.approx(4 / 3 * np.pi * a**2 * b, rel=0.02)
    outline_P2 = maker.outlines[1]
    assert outline_P2 is not None
    assert outline_P2.mean(axis=0) == pytest.approx(middle, abs=0.3)
    assert np.ptp(outline_P2, axis=0) == pytest.approx((2 * a, 2 * b), abs=1.0)
    check_P2 = maker.check_outlines[1]
    assert check_P2 is not None
    assert (np.abs(check_P2.mean(axis=0) - middle) < 15).all()


def test_outlines_lie_on_the_masks() -> None:
    """Points of a mask's border and of its outline go the same way onto the clip."""
    crop = Crop(left=-20, top=35, side=300, sector=standard_sector((400, 500)))
    mask_HW = ellipse((50, 60), (15, 25), (112, 112)) > 127
    rows, columns = np.nonzero(uncrop(mask_HW, crop, (400, 500)))
    seen_rows, seen_columns = np.nonzero(mask_HW)
    middle_12 = np.array([[seen_columns.mean(), seen_rows.mean()]])
    assert uncrop_points(middle_12, crop)[0] == pytest.approx((columns.mean(), rows.mean()), abs=0.2)
    assert crop_points(uncrop_points(middle_12, crop), crop) == pytest.approx(middle_12)


def test_sizes_are_those_of_each_frame_alone() -> None:
    """Masks are smoothed in time. Sizes are not, because smoothing flattens the beat."""
    widths = np.where(np.arange(20) % 10 == 5, 12.0, 20.0)
    frames_NHW = np.stack([ellipse((56, 56), (width, 30.0), (112, 112)) for width in widths])
    maker = answer_for(frames_NHW, None)
    areas_N = np.array([area for area, _, _ in maker.sizes])
    assert areas_N == pytest.approx(np.pi * (widths - 0.45) * (30 - 0.45), rel=0.02)
    outlined = [np.ptp(outline_P2[:, 0]) for outline_P2 in maker.outlines if outline_P2 is not None]
    assert outlined[5] > 2 * 12 + 4, "the outline is that of the mask"


def test_a_frame_without_a_ventricle_has_no_outline_and_no_size() -> None:
    frames_NHW = np.stack([ellipse((56, 56), (20, 30), (112, 112)), np.zeros((112, 112), np.uint8)])
    decoder = ClipDecoder([Bright()], device=CPU, precision=torch.float32, copies=False)
    maker = AnswerMaker(None)
    for decoded in decoder.decode([TimedFrames(frames_BHW=frames_NHW, times_s=[None, None])], sigma_ms=None):
        ((first, first_check), (second, _)) = maker.add(decoded)
    assert (first is None, first_check, second) == (False, None, None)
    assert np.isnan(maker.sizes[1]).all()
    assert maker.check_outlines == [], "there is no second opinion"


# --- The second opinion ---------------------------------------------------------------------------------------


def test_the_second_opinion_is_of_the_other_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    unet, landmarks = open_models("unet-fast"), open_models("landmark7-fast")
    found = [open_check(models) for models in (unet, landmarks, [*unet, *landmarks])]
    assert [each and each.named for each in found] == ["landmark7-fast", "unet-fast", None]
    monkeypatch.setattr(opened, "OTHER_KIND", {"mask": "no-such-model"})
    assert open_check(unet) is None


def test_a_second_opinion_that_is_missing_is_told_and_costs_nothing(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opened, "OTHER_KIND", {"mask": "no-such-model"})
    clip = write_video(tmp_path / "clip.avi", sector_frames(3, (240, 320)))
    (found,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", device="cpu")
    assert "the second opinion of no-such-model is missing" in caplog.text
    assert [each["role"] for each in found.summary["models"]] == ["answer"]


# --- What is told ---------------------------------------------------------------------------------------------


def test_smoothing_that_reaches_no_other_frame_is_told(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(4, (240, 320)))
    for fps, told in ((5, True), (20, False)):
        (found,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", device="cpu", fps=fps)
        warnings = [each for each in found.summary["warnings"] if "had no effect" in each]
        assert bool(warnings) is told
    (off,) = lvzoo.predict(clip, model=model, out=tmp_path / "out", device="cpu", fps=5, smoothing=False)
    assert not any("had no effect" in each for each in off.summary["warnings"])


def test_several_clips_get_an_index_and_no_other_page_is_overwritten(model: Path, tmp_path: Path) -> None:
    clips = [write_video(tmp_path / name, sector_frames(2, (240, 320))) for name in ("a.avi", "b.avi")]
    options: dict[str, Any] = {"model": model, "out": tmp_path / "out", "device": "cpu"}
    lvzoo.predict(clips[0], **options)
    assert not (tmp_path / "out/index.html").exists(), "one clip needs no index"
    lvzoo.predict(clips[1], **options)
    index = (tmp_path / "out/index.html").read_text()
    assert "a/clip.html" in index
    assert "b/clip.html" in index, "the results of earlier calls are listed too"
    (tmp_path / "out/index.html").write_text("<html>my own page</html>")
    lvzoo.predict(clips, **options)
    assert (tmp_path / "out/index.html").read_text() == "<html>my own page</html>"


def test_results_of_other_files_are_not_returned(model: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", sector_frames(2, (240, 320)))
    options: dict[str, Any] = {"model": model, "out": tmp_path / "out", "device": "cpu"}
    lvzoo.predict(clip, **options)
    (other,) = lvzoo.predict(clip, wanted=Wanted(whole_picture=True), **options)
    assert (other.folder.name, other.earlier) == ("clip-2", False)
