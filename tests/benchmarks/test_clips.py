"""C1 to C3 of docs/benchmarks.md: the time from a clip to all of its results, and the memory it takes.

Times are those of one core (`time.process_time`), so that other programs on the machine do not count.

Run with `pytest tests/benchmarks/test_clips.py -s --hold`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch

import lvzoo
from lvzoo.data.clips.recognise import open_clip, stack_frames
from lvzoo.data.crop import find_crop, make_cropper
from lvzoo.device import choose_precision
from lvzoo.evaluate.predict import make_tensor, run_forward
from lvzoo.workflows.clip_folder import Wanted
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SIZES_HW = {"112 x 112": (112, 112), "800 x 600": (600, 800), "1920 x 1080": (1080, 1920)}
FRAMES = 200
MODELS = ("unet-fast", "landmark7-fast")
"""The answer, and its second opinion."""
LEAST_SHARE = 0.2
"""The two models' share of the whole path, at 112 x 112, below which reading and writing cost too much."""
MOST_TIMES, MOST_MORE_S = 2.0, 1.0
"""A clip of 200 frames of 112 x 112 takes at most so many times as long as both models, and so many seconds more."""
MOST_MORE_MB = 100
"""The most by which the peak memory may grow if a clip is six times as long."""
MEASURE = """
import pathlib, re, sys
import lvzoo
lvzoo.predict(sys.argv[1], out=sys.argv[2], device="cpu")
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) // 1024)
"""
"""Prints the peak of this program alone; `getrusage` would count that of the program that started it too."""


def make_frames(size_HW: tuple[int, int], count: int) -> NDArray[np.uint8]:
    """Return speckled sectors on black, of a few different frames that repeat."""
    rows, columns = size_HW
    fan = np.zeros(size_HW, np.uint8)
    centre, radius = (columns // 2, rows // 25), int(0.9 * rows)
    cv2.ellipse(fan, centre, (radius, radius), 90, -42, 42, 1, -1)
    rng = np.random.default_rng(0)
    small = rng.integers(20, 200, (8, rows // 4, columns // 4), dtype=np.uint8)
    frames_8HW = np.stack([cv2.resize(each, (columns, rows)) * fan for each in small])
    return np.tile(frames_8HW, (-(-count // len(frames_8HW)), 1, 1))[:count].astype(np.uint8)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def measure(path: Path, out: Path, *, rounds: int) -> tuple[float, float]:
    """Return the seconds of one core that the whole path takes, and those that both models take alone."""
    device, clip = torch.device("cpu"), open_clip(path)
    seen_NHW = stack_frames(clip, change=make_cropper(find_crop(clip.sample()), clip.size_HW))
    networks = [lvzoo.load(name).to(memory_format=torch.channels_last) for name in MODELS]
    frames_B1HW = [make_tensor(part, device) for part in np.array_split(seen_NHW, -(-len(seen_NHW) // 64))]
    whole_s, models_s = [], []
    for each in range(rounds + 1):  # the first round warms up
        start = time.process_time()
        lvzoo.predict(path, out=out / f"{each}", device="cpu", wanted=Wanted(nifti=True))
        whole_s.append(time.process_time() - start)
        start = time.process_time()
        for network in networks:
            for part_B1HW in frames_B1HW:
                run_forward(network, part_B1HW, precision=choose_precision(device))
        models_s.append(time.process_time() - start)
    return statistics.median(whole_s[1:]), statistics.median(models_s[1:])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("size", SIZES_HW)
def test_frames_per_second_from_the_file_to_the_results(
    size: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    holding = bool(request.config.getoption("--hold"))
    count, rounds = (FRAMES, 3) if holding else (16, 1)
    path = write_video(tmp_path / "clip.avi", make_frames(SIZES_HW[size], count))
    whole, models = measure(path, tmp_path / "out", rounds=rounds)
    print(
        f"\n{size}: {count / whole:.0f} frames/s of one core from the file to the results, both models' share "
        f"{models / whole:.0%} (a clip of {count} frames: {whole:.2f} s, both models {models:.2f} s)"
    )
    if holding and size == "112 x 112":
        assert models / whole >= LEAST_SHARE
        assert whole <= MOST_TIMES * models + MOST_MORE_S


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak as Linux states it")
def test_memory_of_a_long_clip(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    holding = bool(request.config.getoption("--hold"))
    peaks_mb = []
    for count in (300, 1800) if holding else (4,):
        path = tmp_path / f"{count}.avi"
        write_video(path, np.broadcast_to(make_frames((1080, 1920), 1), (count, 1080, 1920)))
        command = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "out")]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks_mb.append(int(said.stdout))
        print(f"\n1920 x 1080, {count} frames: peak of {peaks_mb[-1]:,} MB")
    if holding:
        assert peaks_mb[1] - peaks_mb[0] <= MOST_MORE_MB
