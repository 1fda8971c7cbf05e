"""D1 of docs/benchmarks.md: reading labelled frames from AVI files, and the time of the first load of a folder.

Run with `pytest tests/benchmarks/test_decoding.py -s --hold`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.video.reader import open_video
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.frames import load_or_make
from lvzoo.geometry.sector import standard_sector
from lvzoo.types import FRAME_SIZE_HW, FrameSet, Source
from tests.made_videos import write_video

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.conftest import Race

FRAMES = 171
"""The median length of EchoNet-Dynamic's clips."""
WANTED = (46, 61)
CLIPS = 20
ALL_CLIPS = 10_030


def speckle(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a speckled sector on black. As a JPEG it takes about as many bytes as a real frame."""
    rows, columns = np.mgrid[:112, :112]
    sector = np.hypot(columns - 56, rows - 4) < 104
    sector &= np.abs(columns - 56) < rows
    amplitude = cv2.GaussianBlur(np.abs(rng.normal(size=(112, 112))), (0, 0), 1.0)
    frame = np.where(sector, 255 * (amplitude - 0.4), 0)
    return np.repeat(np.clip(frame, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in EchoNet-Dynamic's layout: 20 clips of 171 frames, each with two round ventricles."""
    folder = tmp_path_factory.mktemp("EchoNet-Dynamic")
    (folder / "Videos").mkdir()
    rng = np.random.default_rng(0)
    pool = [speckle(rng) for _ in range(40)]
    listed, traced = ["FileName,Split"], ["FileName,X1,Y1,X2,Y2,Frame"]
    for number in range(CLIPS):
        name = f"0X{number:015X}"
        listed.append(f"{name},TRAIN")
        for frame, radius in zip(WANTED, (20.0, 25.0), strict=True):
            traced.append(f"{name}.avi,56,{60 - radius},56,{60 + radius},{frame}")
            for y in np.linspace(-0.97, 0.97, 20) * radius:
                half = float(np.sqrt(radius**2 - y**2))
                traced.append(f"{name}.avi,{56 - half},{60 + y},{56 + half},{60 + y},{frame}")
        frames = np.stack([pool[(7 * number + index) % len(pool)] for index in range(FRAMES)])
        write_video(folder / "Videos" / f"{name}.avi", frames)
    (folder / "FileList.csv").write_text("\n".join(listed) + "\n")
    (folder / "VolumeTracings.csv").write_text("\n".join(traced) + "\n")
    return folder


def whole_clip(path: Path) -> NDArray[np.uint8]:
    """Decode every frame and return two, as EchoNet-Dynamic's own loader does."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        decoded, frame = capture.read()
        if not decoded:
            break
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
    return np.stack([frames[index] for index in WANTED]).astype(np.uint8)


def wanted_frames(path: Path) -> NDArray[np.uint8]:
    """Return the same two frames as the reader of data sets does."""
    clip = open_video(path, fps=None)
    return np.stack([frame.grey_HW for frame in clip.read(WANTED) if isinstance(frame, Frame)])


def test_labelled_frames_are_decoded_by_index(folder: Path, race: Race) -> None:
    paths = sorted((folder / "Videos").iterdir())
    ours = np.stack([wanted_frames(path) for path in paths])
    theirs = np.stack([whole_clip(path) for path in paths])
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2
    race(
        f"D1: two frames of each of {CLIPS} clips of {FRAMES} frames",
        lambda: [wanted_frames(path) for path in paths],
        lambda: [whole_clip(path) for path in paths],
        at_least=40,
    )


def test_the_first_and_the_second_load_of_a_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    for load in ("first", "second"):
        start = time.perf_counter()
        frames = EchoNetDynamic(folder).load("train")
        per_video_ms = (time.perf_counter() - start) / CLIPS * 1e3
        print(f"\n{load} load of a folder of {CLIPS} clips: {per_video_ms:.2f} ms per clip")
    assert len(frames) == 2 * CLIPS


def full_sized(clips: int) -> FrameSet:
    """Return a frame set with two frames per clip, and a different sector for every clip."""
    names = tuple(f"0X{number:015X}" for number in range(clips) for _ in WANTED)
    frames_NHW = np.random.default_rng(0).integers(0, 256, (len(names), *FRAME_SIZE_HW), dtype=np.uint8)
    sector = standard_sector(FRAME_SIZE_HW)
    sectors = [replace(sector, apex_px=(56.0, number / clips)) for number in range(clips)]
    return FrameSet(
        frames_NHW=frames_NHW,
        masks_NHW=frames_NHW > 200,
        contours_NP2=np.zeros((len(names), 121, 2), dtype=np.float32),
        sectors=tuple(each for each in sectors for _ in WANTED),
        patients=names,
        videos=names,
        frame_indices=WANTED * clips,
        phases=("ES", "ED") * clips,
        source=Source(name="full-sized", version="1", fingerprint="0"),
    )


def test_a_full_sized_set_is_read_from_the_cache_within_a_second(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    holding = bool(request.config.getoption("--hold"))
    clips = ALL_CLIPS if holding else CLIPS
    load_or_make("full-sized", lambda: full_sized(clips))
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        frames = load_or_make("full-sized", lambda: pytest.fail("the set was not cached"))
        seconds.append(time.perf_counter() - start)
        assert len(frames) == len(WANTED) * clips
    print(f"\n{clips} clips from the cache: {min(seconds):.2f} s")
    assert not holding or min(seconds) < 1
