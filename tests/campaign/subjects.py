"""What is damaged: valid files of each kind, and the reader that a user meets them with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLossless, JPEGLSLossless, RLELossless

import lvzoo
from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.synthetic import PHANTOM_NOTE
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.summary import load_splits, summarise
from lvzoo.errors import LvzooError
from lvzoo.models.build import build_model
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import write_phantom
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder
from lvzoo.types import Epoch, Recipe, Trial
from lvzoo.weights.locate import locate
from lvzoo.weights.network import read_model, save_model
from lvzoo.weights.trained import find_trained
from lvzoo.workflows.measure import measure_results
from tests.data.clips.encoders import save_as_lossless_jpeg
from tests.data.clips.made_avi import build_avi, jpegs
from tests.data.clips.made_dicom import make_dicom, put_fragments, save_dicom, smooth_frames
from tests.data.echonet_folders import EchoNetFolder
from tests.made_runs import make_run
from tests.made_videos import write_video
from tests.made_weights import small_entry, write_registry, write_weights

RUN = "run/run.json"
TRIAL = "run/trials/unet-s0"
CLIP = "clip.avi"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A copy of a subject's files, one of which is damaged."""

    number: int
    folder: Path
    path: Path
    """The damaged file."""
    out: Path
    """An empty folder that a reader may write into."""
    base: Path
    """The valid files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A set of files, those of them that are damaged one at a time, and what reads them."""

    name: str
    kind: str
    """The format of the damaged files."""
    make: Callable[[Path], None]
    """Writes the valid files into an empty folder."""
    damaged: tuple[str, ...]
    read: Callable[[Mutant], None]
    weight: int = 1
    """Its share of the mutants of its kind."""


# --- Clips --------------------------------------------------------------------------------------------------------


def _make_avis(folder: Path) -> None:
    (folder / "plain.avi").write_bytes(build_avi(jpegs(10)))
    (folder / "sound.avi").write_bytes(build_avi(jpegs(8), audio=True, records=True, index="file"))
    (folder / "long.avi").write_bytes(build_avi(jpegs(5), second_segment=jpegs(4)))
    frames = np.repeat(smooth_frames(12, (112, 112))[..., None], 3, axis=3)
    write_video(folder / "opencv.avi", frames)
    write_video(folder / "mpeg4.avi", frames, codec="XVID")


def _make_dicoms(folder: Path) -> None:
    rates = {"FrameTime": "20", "CineRate": "50"}
    grey = make_dicom(smooth_frames(6, (48, 64)), **rates)
    save_dicom(grey, folder / "grey.dcm")
    colour = smooth_frames(4, (48, 64), channels=3)
    save_dicom(make_dicom(colour, FrameTimeVector=["0", "20", "21", "19"]), folder / "colour.dcm")
    coded = make_dicom(colour, **rates)
    put_fragments(coded, JPEGBaseline8Bit, [cv2.imencode(".jpg", each)[1].tobytes() for each in colour])
    save_dicom(coded, folder / "jpeg.dcm")
    packed = make_dicom(smooth_frames(3, (48, 64)))
    packed.compress(RLELossless)
    save_dicom(packed, folder / "rle.dcm")
    wide = make_dicom(
        smooth_frames(3, (48, 64)).astype(np.uint16) * 200, WindowCenter="20000", WindowWidth="40000"
    )
    save_dicom(wide, folder / "wide.dcm")
    for name, syntax in (("jls", JPEGLSLossless), ("j2k", JPEG2000Lossless)):
        packed = make_dicom(smooth_frames(3, (48, 64)))
        packed.compress(syntax)
        save_dicom(packed, folder / f"{name}.dcm")
    save_as_lossless_jpeg(make_dicom(smooth_frames(3, (48, 64))), JPEGLossless, folder / "lossless.dcm")


def _read_clip(mutant: Mutant) -> None:
    """Open the clip and decode its frames. Predict one in six, since that takes longer."""
    clip = open_clip(mutant.path)
    assert all(each.grey_HW.dtype == np.uint8 for each in clip.read() if isinstance(each, Frame))
    clip.sample()
    if mutant.number % 6 == 0:
        for prediction in lvzoo.predict(mutant.path, out=mutant.out, device="cpu"):
            assert prediction.says


# --- Data sets ----------------------------------------------------------------------------------------------------


def _make_echonet(folder: Path) -> None:
    echonet = EchoNetFolder(folder)
    for name, split in (("A", "TRAIN"), ("B", "VAL"), ("C", "TEST"), ("D", "TEST")):
        echonet.add(name, split, frames=10)
    echonet.write()


def _read_echonet(mutant: Mutant) -> None:
    open_zoo().dataset_for(mutant.folder)
    summarise(load_splits(EchoNetDynamic(mutant.folder)))


def _make_phantom(folder: Path) -> None:
    folder.rmdir()
    write_phantom(folder, size="smoke", workers=1)


def _read_phantom(mutant: Mutant) -> None:
    Phantom(mutant.folder).load("test")


# --- Runs, weights and results ------------------------------------------------------------------------------------


def _make_runs(folder: Path) -> None:
    make_run(folder / "run", seeds=1)
    make_run(folder / "eval", entries=("other",), fingerprint=None, weights={"other": {3: "aaaa"}})
    trial = Trial(entry=small_entry(), data="f00d", seed=0, recipe=Recipe(epochs=2))
    run = RunFolder(path=folder / "run")
    for each in ("unet-s0",):
        save_model(
            build_model(trial.entry, seed=0),
            trial,
            run.trial(each).path,
            best_epoch=2,
            computed={"device": "CPU"},
        )
        run.trial(each).write_history(
            [Epoch(epoch=e, train_loss=0.5, val_dice=0.8, seconds=1.0) for e in (1, 2)]
        )


def _read_runs(mutant: Mutant) -> None:
    """Report the runs, resume one, and load the weights of its trial. All are tried, even if one refuses."""
    folder = mutant.folder
    settings = json.loads((mutant.base / RUN).read_text())["settings"]
    _try_each(
        lambda: lvzoo.compare(folder / "run", folder / "eval", out=mutant.out / "report"),
        lambda: _resume(folder / "run", settings),
        lambda: find_trained(folder / TRIAL),
        lambda: read_model(locate(folder / TRIAL)),
    )


def _resume(run: Path, settings: dict[str, Any]) -> None:
    RunFolder(path=run).start(settings, {})
    trial = RunFolder(path=run).trial("unet-s0")
    trial.status().get("key")
    trial.read_scores()
    trial.read_facts()
    trial.read_specimens()


def _try_each(*parts: Callable[[], object]) -> None:
    """Call every part, and raise the last error of lvzoo at the end."""
    refused: LvzooError | None = None
    for part in parts:
        try:
            part()
        except LvzooError as error:
            refused = error
    if refused is not None:
        raise refused


def _make_weights(folder: Path) -> None:
    write_weights(folder / "model.safetensors")


def _read_weights(mutant: Mutant) -> None:
    _try_each(lambda: find_trained(mutant.path), lambda: read_model(locate(mutant.path)))


def _make_registries(folder: Path) -> None:
    write_registry(folder)
    (folder / "many.yaml").write_text(
        """
first: &first
  family: unet
  options: {width: 8, levels: 3}
  recipe: {epochs: 2, learning_rate: 0.004, augment: flip}
  summary: >-
    a small U-Net,
    for a test
  paper: "A. Paper, 2020"
second:
  <<: *first
  licence: MIT
third:
  family: landmark-heatmap
  options:
    width: 4
"""
    )


def _read_registry(mutant: Mutant) -> None:
    assert open_zoo(registries=[mutant.path]).entries


def _make_results(folder: Path) -> None:
    frames = np.repeat(smooth_frames(12, (112, 112))[..., None], 3, axis=3)
    write_video(folder / CLIP, frames)
    lvzoo.predict(folder / CLIP, out=folder / "out", device="cpu")


def _read_results(mutant: Mutant) -> None:
    """Measure the results, and ask for the same clip again."""
    measure_results([mutant.folder / "out/clip"], "results")
    for prediction in lvzoo.predict(mutant.folder / CLIP, out=mutant.folder / "out", device="cpu"):
        assert prediction.says
        assert prediction.masks_NHW.any() in (True, False)


AVIS = ("plain.avi", "sound.avi", "long.avi", "opencv.avi", "mpeg4.avi")
DICOMS = ("grey.dcm", "colour.dcm", "jpeg.dcm", "rle.dcm", "wide.dcm", "jls.dcm", "j2k.dcm", "lossless.dcm")
SUBJECTS = (
    Subject(name="avi", kind="avi", make=_make_avis, damaged=AVIS, read=_read_clip),
    Subject(name="dicom", kind="dicom", make=_make_dicoms, damaged=DICOMS, read=_read_clip),
    Subject(
        name="echonet",
        kind="csv",
        make=_make_echonet,
        damaged=("FileList.csv", "VolumeTracings.csv"),
        read=_read_echonet,
        weight=3,
    ),
    Subject(
        name="run's tables", kind="csv", make=_make_runs, damaged=(f"{TRIAL}/history.csv",), read=_read_runs
    ),
    Subject(
        name="results' table",
        kind="csv",
        make=_make_results,
        damaged=("out/clip/frames.csv",),
        read=_read_results,
    ),
    Subject(
        name="registry",
        kind="yaml",
        make=_make_registries,
        damaged=("small.yaml", "many.yaml"),
        read=_read_registry,
    ),
    Subject(
        name="weights",
        kind="safetensors",
        make=_make_weights,
        damaged=("model.safetensors",),
        read=_read_weights,
    ),
    Subject(
        name="scores", kind="parquet", make=_make_runs, damaged=(f"{TRIAL}/scores.parquet",), read=_read_runs
    ),
    Subject(
        name="run",
        kind="json",
        make=_make_runs,
        damaged=(
            *(RUN, f"{TRIAL}/status.json", f"{TRIAL}/facts.json", f"{TRIAL}/model.json"),
            *("eval/run.json", "eval/trials/other-s3/status.json", "eval/trials/other-s3/facts.json"),
        ),
        read=_read_runs,
        weight=4,
    ),
    Subject(
        name="summary",
        kind="json",
        make=_make_results,
        damaged=("out/clip/summary.json",),
        read=_read_results,
    ),
    Subject(name="phantom", kind="json", make=_make_phantom, damaged=(PHANTOM_NOTE,), read=_read_phantom),
)
KINDS = tuple(dict.fromkeys(subject.kind for subject in SUBJECTS))
SHARES = {
    "avi": 0.12,
    "dicom": 0.23,
    "csv": 0.15,
    "yaml": 0.18,
    "safetensors": 0.12,
    "parquet": 0.09,
    "json": 0.11,
}
"""The share of each kind in all mutants. A kind that is read faster has more."""
TEXTS = ("csv", "yaml", "json")
