"""`lvzoo.calibrate` moves a model's border to where readers trace it, and never reads a test frame."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn

import lvzoo
from lvzoo.data.layout import TRACINGS_HEADER
from lvzoo.errors import DataError, NoSplitError, UsageError
from lvzoo.geometry.contour import find_normals
from lvzoo.interfaces import LVModel
from lvzoo.models.build import build_model
from lvzoo.phantom.files import TRUTH
from lvzoo.phantom.reader import make_tracing
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.types import Prediction
from lvzoo.weights.moved import move_outwards
from tests.conftest import Install
from tests.data.echonet_folders import EchoNetFolder
from tests.made_videos import write_video
from tests.made_weights import write_weights
from tests.toys import toy_frames
from tests.traced_outside import trace_outside, write_rows

# --- Readers who trace 1 mm further outside ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def phantom() -> Path:
    return cached_phantom(size="smoke", seed=0)


@pytest.fixture(scope="module")
def outside(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a phantom whose readers trace 1 mm outside of the true contours."""
    return trace_outside(phantom, tmp_path_factory.mktemp("readers") / "outside", 1.0)


@pytest.mark.parametrize("model", ["unet-fast", "landmark7-fast"])
def test_readers_who_trace_1_mm_outside_are_found_from_ten_frames(
    model: str, phantom: Path, outside: Path, tmp_path: Path
) -> None:
    on_truth = trace_outside(phantom, tmp_path / "truth", 0.0)
    one, other = (
        lvzoo.calibrate(model, data=data, frames=10, out=tmp_path / f"{data.name}.safetensors")
        for data in (on_truth, outside)
    )
    assert one.used == other.used
    assert (len(one.used), one.calibration.patients) == (10, 8)
    moved_px = other.calibration.shift_px - one.calibration.shift_px
    assert moved_px / mean_px_per_mm(one.used, phantom) == pytest.approx(1.0, abs=0.3)
    assert other.calibration.number > one.calibration.number
    assert other.calibration.check.dice_after > other.calibration.check.dice_before - 0.01


def test_readers_with_the_phantoms_own_scatter_are_found_too(phantom: Path, tmp_path: Path) -> None:
    """On the mean over eight draws of readers; ten frames of one draw may be off by half a millimetre.

    The model's own error is the same with readers who trace the truth, because the frames are the same. 1 mm along
    the normal is 0.85 mm to the nearest border.
    """
    on_truth = trace_outside(phantom, tmp_path / "truth", 0.0)
    start_px = lvzoo.calibrate(
        "unet-fast", data=on_truth, out=tmp_path / "t.safetensors"
    ).calibration.shift_px
    found_mm = []
    for seed in range(8):
        data = trace_outside(phantom, tmp_path / str(seed), 1.0, scatter=seed)
        made = lvzoo.calibrate("unet-fast", data=data, out=tmp_path / f"{seed}.safetensors")
        found_mm.append((made.calibration.shift_px - start_px) / mean_px_per_mm(made.used, phantom))
    assert np.mean(found_mm) == pytest.approx(0.85, abs=0.3)
    assert np.std(found_mm) > 0.1, "the readers scatter"


def mean_px_per_mm(used: tuple[tuple[str, int], ...], phantom: Path) -> float:
    """Return the mean over the patients of a calibration, since 1 mm is another number of px in each of them."""
    with (phantom / TRUTH).open(newline="") as file:
        mm_per_px = {clip["FileName"]: float(clip["MmPerPx"]) for clip in csv.DictReader(file)}
    return float(np.mean([1 / mm_per_px[video] for video in {video for video, _ in used}]))


def test_test_frames_are_neither_read_nor_do_their_tracings_matter(outside: Path, tmp_path: Path) -> None:
    poisoned = Path(shutil.copytree(outside, tmp_path / "poisoned"))
    with (poisoned / "FileList.csv").open(newline="") as file:
        tests = {row["FileName"] for row in csv.DictReader(file) if row["Split"] == "TEST"}
    assert len(tests) == 6
    for name in tests:
        (poisoned / "Videos" / f"{name}.avi").unlink()
    with (poisoned / "VolumeTracings.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    for row in rows:
        if row[0].removesuffix(".avi") in tests:
            row[1:5] = ["1.0", "2.0", "3.0", "4.0"]
    write_rows(poisoned / "VolumeTracings.csv", TRACINGS_HEADER, [list(row) for row in rows])
    found = [
        lvzoo.calibrate("unet-fast", data=data, out=tmp_path / f"{data.name}.safetensors")
        for data in (outside, poisoned)
    ]
    assert found[0].calibration == found[1].calibration
    assert not {video for video, _ in found[1].used} & tests
    with pytest.raises(UsageError, match="test frames are for testing"):
        lvzoo.calibrate("unet-fast", data=outside, split="test", out=tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()


# --- Other layouts, other plugins, and mistakes -----------------------------------------------------------------


def toy_folder(path: Path, *, split: str = "TRAIN", patients: int = 6, outside_px: float = 0.0) -> Path:
    """Write dark ventricles in bright tissue as a folder in EchoNet-Dynamic's layout."""
    toys, folder = toy_frames(2 * patients), EchoNetFolder(path)
    for patient in range(patients):
        rows = []
        for n, frame in ((2 * patient, 9), (2 * patient + 1, 3)):
            contour_P2 = toys.contours_NP2[n].astype(np.float64)
            tracing = make_tracing(contour_P2 + outside_px * find_normals(contour_P2))
            ends = (tracing.axis_22, *tracing.chords_R22)
            rows.append((frame, [tuple(map(float, each.ravel())) for each in ends]))
        file = folder.add(f"P{patient}", split, traced=rows)  # type: ignore[arg-type]
        frames_NHW = np.repeat(toys.frames_NHW[[2 * patient]], 12, axis=0)
        frames_NHW[3] = toys.frames_NHW[2 * patient + 1]
        write_video(file, frames_NHW)
    return folder.write()


PLUGIN = """
from lvzoo import Family, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(name="dark", kind="mask", factory="third_dist.model:Dark", summary="dark is inside")
    yield Family(name="same", kind="landmark", factory="third_dist.model:Same", summary="the mean shape")
"""
MODEL = """
import torch
from torch import nn
from lvzoo.models.base import LandmarkModel
from lvzoo.types import Prediction
POINTS = {points}

class Dark(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(8.0))
    def forward(self, frames_B1HW):
        return self.scale * (0.33 - nn.functional.avg_pool2d(frames_B1HW, 9, 1, 4, count_include_pad=False))
    def loss(self, output, batch):
        return output.sum()
    def decode(self, output, *, size_HW=(112, 112)):
        return Prediction(masks_BHW=(output[:, 0] >= 0).cpu().numpy())

class Same(LandmarkModel):
    def __init__(self):
        super().__init__(landmarks=7)
        self.shape = nn.Parameter(torch.tensor(POINTS))
    def forward(self, frames_B1HW):
        return self.shape.expand(len(frames_B1HW), -1, -1)
"""


@pytest.fixture
def third(install_plugin: Install, tmp_path: Path) -> dict[str, Path]:
    """Install a third party's plugin, and return the weights file of each of its models."""
    points = toy_frames(12).contours_NP2.mean(axis=0)[::20].tolist()
    install_plugin(
        "third", PLUGIN, distribution="third-dist", files={"model.py": MODEL.format(points=points)}
    )
    files = {}
    for entry in open_zoo().entries:
        if entry.plugin == "third":
            about: dict[str, Any] = {
                "entry": entry.name,
                "plugin": "third",
                "family": entry.name,
                "kind": entry.family.kind,
            }
            file = tmp_path / f"{entry.name}.safetensors"
            files[entry.name] = write_weights(file, model=build_model(entry), options={}, **about)
    return files


def decode(model: nn.Module, frames_B1HW: torch.Tensor) -> Prediction:
    return cast("LVModel", model).decode(model(frames_B1HW), size_HW=(112, 112))


@pytest.mark.parametrize("name", ["dark", "same"])
def test_models_of_third_parties_are_calibrated_too(
    name: str, third: dict[str, Path], tmp_path: Path
) -> None:
    shifts_px = []
    for outside_px in (0.0, 1.5):
        data = toy_folder(tmp_path / f"data{outside_px}", outside_px=outside_px)
        made = lvzoo.calibrate(third[name], data=data, out=tmp_path / f"{outside_px}.safetensors")
        shifts_px.append(made.calibration.shift_px)
        plain, moved = lvzoo.load(third[name]), lvzoo.load(made.path)
        frames_B1HW = torch.rand(2, 1, 112, 112) * 0.8
        with torch.inference_mode():
            before, after = (decode(model, frames_B1HW) for model in (plain, moved))
        if before.landmarks_BK2 is not None:
            assert after.landmarks_BK2 is not None
            wanted_K2 = move_outwards(before.landmarks_BK2[0], made.calibration.number)
            np.testing.assert_allclose(after.landmarks_BK2[0], wanted_K2.astype(np.float32), atol=1e-3)
    assert shifts_px[1] - shifts_px[0] == pytest.approx(1.5, abs=0.3)


def test_without_a_train_split_the_validation_frames_are_used(third: dict[str, Path], tmp_path: Path) -> None:
    data = toy_folder(tmp_path / "data", split="VAL")
    made = lvzoo.calibrate(third["dark"], data=data, out=tmp_path / "a.safetensors")
    assert (made.calibration.split, made.calibration.names) == ("val", "")
    assert not made.calibration.synthetic
    with pytest.raises(NoSplitError, match=r"no row has the split TRAIN.*calibration uses the split train\)"):
        lvzoo.calibrate(third["dark"], data=data, split="train", out=tmp_path / "b.safetensors")
    data = toy_folder(tmp_path / "tested", split="TEST")
    with pytest.raises(
        NoSplitError, match=r"no row has the split VAL.*calibration uses the split train or val\)"
    ):
        lvzoo.calibrate(third["dark"], data=data, out=tmp_path / "b.safetensors")


def test_mistakes_are_told(third: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "x.safetensors"
    data = toy_folder(tmp_path / "data")
    one = toy_folder(tmp_path / "one", patients=1)
    with pytest.raises(UsageError, match="frames is 1; it must be at least 2"):
        lvzoo.calibrate(third["dark"], data=data, frames=1, out=out)
    with pytest.raises(DataError, match="ED and ES frames of 1 patient,"):
        lvzoo.calibrate(third["dark"], data=one, out=out)
    with pytest.raises(DataError, match=r"bad\.safetensors: fails on \d+ of 10 frames \(Dice"):
        lvzoo.calibrate(write_weights(tmp_path / "bad.safetensors"), data=data, out=out)
    with pytest.raises(DataError, match="is not a data set that lvzoo can read"):
        lvzoo.calibrate(third["dark"], data=tmp_path, out=out)
    with pytest.raises(UsageError, match=r"name it x\.safetensors"):
        lvzoo.calibrate(third["dark"], data=data, out=tmp_path / "x.pt")
    (data / "VolumeTracings.csv").write_text("FileName,X1,Y1,X2,Y2,Frame\n")
    with pytest.raises(DataError, match="has a usable frame"):
        lvzoo.calibrate(third["dark"], data=data, out=out)
    assert not out.exists()
