"""Prints the smoothing table of docs/clinic.md: `python -m tests.clinic.figures_smoothing PHANTOM --clips 200`.

PHANTOM is the folder of a phantom of whole beats (`lvzoo data phantom PHANTOM --size beats`). Takes 2 minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch

import lvzoo
from lvzoo.clinic.ejection import Ejection, measure_ejection
from lvzoo.data.clips.recognise import read_whole
from lvzoo.decoding.clip import ClipDecoder, TimedFrames
from lvzoo.decoding.measure import measure_frames
from lvzoo.decoding.smoothing import SIGMA_MS
from lvzoo.device import choose_precision

CPU: Final = torch.device("cpu")
MODELS: Final = (("unet-fast",), ("landmark7-fast",), ("unet-fast", "landmark7-fast"))
Measure = tuple[str, bool]
"""The models, and whether they are smoothed in time."""


def measure_clip(
    decoders: dict[str, ClipDecoder], clip: Path, fps: float
) -> Iterator[tuple[Measure, Ejection]]:
    """Measure a clip by each model and their mean, from each frame alone and smoothed in time."""
    frames_NHW = np.asarray(read_whole(clip))
    times_s = [n / fps for n in range(len(frames_NHW))]
    for name, decoder in decoders.items():
        decoded = [
            each
            for each in decoder.decode(
                [TimedFrames(frames_BHW=frames_NHW, times_s=times_s)], sigma_ms=SIGMA_MS
            )
            if len(each)
        ]
        for smoothed in (False, True):
            sizes = [size for each in decoded for size in measure_frames(each.answers, smoothed=smoothed)]
            yield (
                (name, smoothed),
                measure_ejection(
                    areas_px2_N=[size.area_px2 for size in sizes],
                    volumes_px3_N=[size.disks_px3 for size in sizes],
                    times_s_N=times_s,
                ),
            )


def print_table(phantom: Path, most: int) -> None:
    """Print the error of EF against the true one, in points: bias / mean absolute error / SD."""
    listed = pd.read_csv(phantom / "FileList.csv", index_col="FileName")
    truth = pd.read_csv(phantom / "Phantom.csv", index_col="FileName")["TrueEF"]
    clips = listed[listed["Split"] == "TEST"].index[:most]
    decoders = {
        " and ".join(names): ClipDecoder(
            [lvzoo.load(name).to(memory_format=torch.channels_last) for name in names],
            device=CPU,
            precision=choose_precision(CPU),
            copies=False,
        )
        for names in MODELS
    }
    errors: dict[Measure, list[float]] = {}
    for clip in clips:
        path = phantom / "Videos" / f"{clip}.avi"
        for measure, found in measure_clip(decoders, path, float(listed["FPS"][clip])):
            gone = np.nan if found.ef_percent is None else found.ef_percent - truth[clip]
            errors.setdefault(measure, []).append(float(gone))
    whole_N = np.isfinite(list(errors.values())).all(axis=0)
    print(f"| {whole_N.sum()} of {len(clips)} clips | EF from each frame alone | EF from smoothed frames |")
    print("|---|---|---|")
    for name in decoders:
        alone, smoothed = (_describe(np.array(errors[name, each])[whole_N]) for each in (False, True))
        print(f"| {name} | {alone} | {smoothed} |")
    lost = {measure: int(np.isnan(found).sum()) for measure, found in errors.items()}
    print(f"\nclips without EF: {lost}")


def _describe(errors_N: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """Return bias, mean absolute error and SD, in points of EF."""
    return f"{errors_N.mean():+.1f} / {np.abs(errors_N).mean():.1f} / {errors_N.std(ddof=1):.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("phantom", type=Path)
    parser.add_argument("--clips", type=int, default=200)
    arguments = parser.parse_args()
    print_table(arguments.phantom, arguments.clips)
