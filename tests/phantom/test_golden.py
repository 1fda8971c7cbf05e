"""GENERATOR_VERSION stands for the simulator's output, which these tests compare with a stored one.

phantom_v3_golden.json holds what `golden` returned for the phantom `smoke`, seed 0. Numbers are compared rather than
bytes, because the last grey level of a pixel may depend on the processor.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from lvzoo.data.clips.recognise import read_whole
from lvzoo.phantom.ranges import RANGES, SHIFTS
from lvzoo.phantom.rng import GENERATOR_VERSION

GOLDEN = Path(__file__).with_name("phantom_v3_golden.json")
CHANGED = (
    "the simulator's output has changed: give it another GENERATOR_VERSION (lvzoo/phantom/rng.py), because weights "
    "and results name the old one, and write the golden file again"
)
TOLERANCES = {"list": 1e-3, "contours_px": 0.01, "tracings_px": 0.01, "grey": 0.05}
BLOCK_PX = 28

Figures: TypeAlias = dict[str, list[float]]


def golden(folder: Path) -> dict[str, object]:
    """Return the contents of the golden file: version, digest of all ranges, and figures of each test video."""
    listed = pd.read_csv(folder / "FileList.csv")
    videos = listed["FileName"][listed["Split"] == "TEST"]
    return {
        "generator": GENERATOR_VERSION,
        "ranges": digest_of_ranges(),
        "videos": {video: figures_of(folder, video) for video in videos},
    }


def digest_of_ranges() -> str:
    """Return a digest of the ranges of all quantities, in the standard phantom and in each shifted one."""
    tables = {"": RANGES, **SHIFTS}
    lines = [
        f"{shift} {each.name} {getattr(table, each.name)}"
        for shift, table in tables.items()
        for each in fields(table)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def figures_of(folder: Path, video: str) -> Figures:
    """Return a video's row of the lists, points of its ED and ES contours, ends of tracings, means of 16 blocks."""
    listed, truth = (
        pd.read_csv(folder / name, index_col="FileName").loc[[video]]
        for name in ("FileList.csv", "Phantom.csv")
    )
    traced = pd.read_csv(folder / "VolumeTracings.csv").query(f"FileName == '{video}.avi'")
    with np.load(folder / "TrueContours.npz") as contours:
        contours_2P2 = contours[video][truth[["EDFrame", "ESFrame"]].to_numpy()[0]]
    grey_HW = read_whole(folder / "Videos" / f"{video}.avi").mean(axis=0)
    blocks = grey_HW.reshape(4, BLOCK_PX, 4, BLOCK_PX).mean(axis=(1, 3))
    ends = traced.groupby("Frame")[["X1", "Y1", "X2", "Y2"]].mean()
    return {
        "list": listed.drop(columns="Split").join(truth).to_numpy(dtype=np.float64)[0].round(4).tolist(),
        "contours_px": contours_2P2[:, ::20].astype(np.float64).ravel().round(3).tolist(),
        "tracings_px": ends.to_numpy().ravel().round(3).tolist(),
        "grey": blocks.ravel().round(2).tolist(),
    }


def test_the_phantom_is_that_of_its_version(phantom_folder: Path) -> None:
    made = figures_by_video(golden(phantom_folder))
    kept = figures_by_video(json.loads(GOLDEN.read_text()))
    assert made.keys() == kept.keys(), CHANGED
    different = [
        f"{video}: {name}"
        for video, figures in kept.items()
        for name, tolerance in TOLERANCES.items()
        if not np.allclose(made[video][name], figures[name], rtol=0, atol=tolerance)
    ]
    assert different == [], CHANGED


def figures_by_video(held: dict[str, object]) -> dict[str, Figures]:
    videos = held["videos"]
    assert isinstance(videos, dict)
    return videos


def test_every_range_is_that_of_the_version() -> None:
    kept = json.loads(GOLDEN.read_text())
    assert (GENERATOR_VERSION, digest_of_ranges()) == (kept["generator"], kept["ranges"]), CHANGED
