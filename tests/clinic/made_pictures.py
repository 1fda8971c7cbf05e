"""Makes clips (N, 112, 112) that are no apical echocardiograms: photographs, noise, text, other views, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from lvzoo.geometry.sector import fit_sector, scan_mask
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.ranges import RANGES
from lvzoo.types import FRAME_SIZE_HW

FRAMES: Final = 8
PHOTOGRAPHS: Final = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "coins.png", "grass.png",
    "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg",
)  # fmt: skip
"""Pictures that scikit-image's wheel carries."""

Clip = NDArray[np.uint8]


def make_pictures(seed: int = 0, patients: int = 20) -> Iterator[tuple[str, str, Clip]]:
    """Yield kind, name and frames of each clip of the set. Another seed makes another set of the same kinds."""
    first = 1000 * seed
    for number, name in enumerate(PHOTOGRAPHS):
        yield "photograph", name, pan(read_photograph(name), seed=first + number)
    for number, name in enumerate(PHOTOGRAPHS[seed % 2 * 5 :][:10]):
        clip = pan(read_photograph(name), seed=first + number)
        yield "photograph in a sector", name, clip * in_sector(first + number)
    for number, (name, clip) in enumerate(make_noises(seed)):
        yield "noise", name, clip
        yield "noise in a sector", name, clip * in_sector(first + number)
    for name, clip in make_blanks(seed):
        yield "blank", name, clip
    for number in range(first, first + 10):
        yield "text", f"text {number}", make_text(number)
        yield "parasternal, drawn", f"long axis {number}", draw_long_axis(number)
        yield "parasternal, drawn", f"short axis {number}", draw_short_axis(number)
        yield "other ultrasound", f"layers {number}", draw_layers(number)
        yield "other ultrasound", f"spectrum {number}", draw_spectrum(number)
    for number in range(patients):
        frames = make_apical(number, seed=7 + seed)
        yield "upside down", f"patient {number}", np.ascontiguousarray(frames[:, ::-1])
        yield "parasternal, phantom turned", f"patient {number}", turn(frames, first + number)


def make_apical(index: int, seed: int = 7) -> Clip:
    """Return frames of a phantom, spread over its clip."""
    clip = simulate(seed=seed, split="test", index=index, ranges=RANGES, further=0)
    frames: Clip = clip.frames_NHW[:: max(1, len(clip.frames_NHW) // FRAMES)][:FRAMES]
    return frames


def read_photograph(name: str) -> NDArray[np.uint8]:
    """Return a photograph in grey."""
    path = Path(skimage.__file__).parent / "data" / name
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def pan(picture: NDArray[np.uint8], seed: int) -> Clip:
    """Return a square of a picture that moves a little from frame to frame."""
    rng = np.random.default_rng(seed)
    side = int(min(picture.shape) * rng.uniform(0.7, 0.95))
    frames = []
    for n in range(FRAMES):
        top, left = ((size - side) * (0.5 + 0.3 * np.sin(n / 3 + seed)) for size in picture.shape)
        part = picture[int(top) : int(top) + side, int(left) : int(left) + side]
        frames.append(cv2.resize(part, FRAME_SIZE_HW, interpolation=cv2.INTER_AREA))
    return np.stack(frames)


def in_sector(seed: int) -> NDArray[np.uint8]:
    """Return the mask (112, 112) of a sector: 1 inside."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:112, :112]
    across, down = x - rng.uniform(50, 62), y - rng.uniform(2, 10)
    radius = np.hypot(across, down)
    near = np.abs(np.arctan2(across, down)) <= np.deg2rad(rng.uniform(36, 48))
    return np.asarray(near & (radius < rng.uniform(98, 112)) & (radius > 2), dtype=np.uint8)


def make_noises(seed: int) -> Iterator[tuple[str, Clip]]:
    """Yield noise of several kinds and grain sizes."""
    rng = np.random.default_rng(seed)
    shape = (FRAMES, *FRAME_SIZE_HW)
    yield "uniform", rng.integers(0, 256, shape).astype(np.uint8)
    yield "salt and pepper", (rng.random(shape) < 0.1).astype(np.uint8) * 255
    for grain_px in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0):
        still = rng.normal(size=FRAME_SIZE_HW)
        mixed = [smooth(0.8 * still + 0.6 * rng.normal(size=FRAME_SIZE_HW), grain_px) for _ in range(FRAMES)]
        yield f"normal, {grain_px:g} px", to_grey(90 + 50 * np.stack(mixed))
        rayleigh = [np.hypot(each, smooth(rng.normal(size=FRAME_SIZE_HW), grain_px)) for each in mixed]
        yield f"speckle, {grain_px:g} px", to_grey(60 * np.stack(rayleigh))


def make_blanks(seed: int) -> Iterator[tuple[str, Clip]]:
    """Yield frames without a picture."""
    shape = (FRAMES, *FRAME_SIZE_HW)
    for level in (0, 1, 5, 20, 128, 255):
        yield f"grey {level}", np.full(shape, level, dtype=np.uint8)
    yield "ramp", np.broadcast_to(np.linspace(0, 255, 112), shape).astype(np.uint8)
    yield "hot pixels", to_grey(2 + 250.0 * (np.random.default_rng(0).random(shape) < 0.001))
    for number, level in enumerate((40, 90, 140, 220)):
        sector_HW = in_sector(4 * seed + number)
        yield f"empty sector of grey {level}", np.repeat((level * sector_HW)[None], FRAMES, axis=0)


def make_text(seed: int) -> Clip:
    """Return a page of letters, black on white or white on black."""
    rng = np.random.default_rng(seed)
    page = np.zeros(FRAME_SIZE_HW, dtype=np.uint8)
    size = rng.uniform(0.25, 0.7)
    for row in range(10, 112, int(30 * size) + 4):
        letters = "".join(rng.choice(list("abcdefghiklmnoprstuvwz ABCDEFGH0123456789"), size=30))
        cv2.putText(page, letters, (int(rng.integers(0, 12)), row), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1)
    if seed % 2:
        page = np.uint8(255) - page
    return np.repeat(page[None], FRAMES, axis=0)


def draw_long_axis(seed: int) -> Clip:
    """Return a parasternal long axis: right ventricle, septum, left ventricle, posterior wall, aorta and atrium."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:112, :112].astype(np.float64)
    tilt = np.deg2rad(rng.uniform(-12, 12))
    u, v = (
        (x - 56) * np.cos(tilt) + (y - 56) * np.sin(tilt),
        -(x - 56) * np.sin(tilt) + (y - 56) * np.cos(tilt),
    )
    frames = []
    for n in range(FRAMES):
        beat = 1 - 0.25 * np.sin(np.pi * n / FRAMES) ** 2
        tissue = np.full(FRAME_SIZE_HW, 45.0)
        tissue[np.abs(v + 20 - 3 * (1 - beat)) < 5] = 150  # septum
        tissue[np.abs(v - 22 * beat - 4) < 5] = 165  # posterior wall
        tissue[(v > -15) & (v < 22 * beat - 1) & (u < 12)] = 8  # left ventricle
        tissue[(v > -38) & (v < -25)] = 12  # right ventricle
        tissue[((u - 28) / 22) ** 2 + ((v + 10) / 9) ** 2 < 1] = 8  # aorta
        tissue[((u - 32) / 20) ** 2 + ((v - 16) / 14) ** 2 < 1] = 10  # left atrium
        frames.append(tissue)
    return add_speckle(np.stack(frames), rng) * in_sector(seed)


def draw_short_axis(seed: int) -> Clip:
    """Return a parasternal short axis: a ring around a round cavity, and the right ventricle as a crescent."""
    rng = np.random.default_rng(100 + seed)
    y, x = np.mgrid[:112, :112].astype(np.float64)
    centre_x, centre_y, cavity, wall = 56 + rng.normal(0, 4), 62 + rng.normal(0, 4), rng.uniform(16, 22), 10
    frames = []
    for n in range(FRAMES):
        radius = np.hypot(x - centre_x, y - centre_y)
        inner = cavity * (1 - 0.3 * np.sin(np.pi * n / FRAMES) ** 2)
        tissue = np.full(FRAME_SIZE_HW, 50.0)
        tissue[np.hypot(x - centre_x + 16, y - centre_y + 14) < cavity + wall + 8] = 12  # right ventricle
        tissue[radius < inner + wall] = 150
        tissue[radius < inner] = 8
        frames.append(tissue)
    return add_speckle(np.stack(frames), rng) * in_sector(100 + seed)


def draw_layers(seed: int) -> Clip:
    """Return a picture of a straight probe: layers of tissue, and perhaps a round vessel."""
    rng = np.random.default_rng(200 + seed)
    y, x = np.mgrid[:112, :112].astype(np.float64)
    wavy = y + 3 * np.sin(x / rng.uniform(12, 30))
    tissue = 90 + 60 * np.sin(wavy / rng.uniform(4, 10))
    if seed % 2:
        tissue[np.hypot(x - 50, y - 60) < rng.uniform(8, 16)] = 8
    frames = add_speckle(np.repeat(tissue[None], FRAMES, axis=0), rng)
    frames[:, :, :8] = frames[:, :, -8:] = 0
    return frames


def draw_spectrum(seed: int) -> Clip:
    """Return a Doppler spectrum that moves over the screen."""
    rng = np.random.default_rng(300 + seed)
    y, x = np.mgrid[:112, :112].astype(np.float64)
    frames = []
    for n in range(FRAMES):
        height = 40 * np.abs(np.sin((x + 4 * n) / rng.uniform(11, 12)))
        frames.append(np.where((y < 70) & (y > 70 - height), 150.0, 4.0) + 200 * (np.abs(y - 70) < 1))
    return add_speckle(np.stack(frames), rng)


def turn(frames_NHW: Clip, seed: int) -> Clip:
    """Return a phantom whose heart lies across the sector, as in a parasternal view; the sector itself stays."""
    rng = np.random.default_rng(seed)
    angle_deg = float(rng.choice([-1, 1]) * rng.uniform(75, 105))
    matrix = cv2.getRotationMatrix2D((56, 56), angle_deg, 1.25)
    sector_HW = scan_mask(fit_sector(frames_NHW), FRAME_SIZE_HW).astype(np.uint8)
    turned = [
        cv2.warpAffine(frame, matrix, FRAME_SIZE_HW, borderMode=cv2.BORDER_REFLECT) for frame in frames_NHW
    ]
    return np.asarray(np.stack(turned) * sector_HW, dtype=np.uint8)


def add_speckle(tissue_NHW: NDArray[np.float64], rng: np.random.Generator) -> Clip:
    """Return grey levels with grain, which is mostly still."""
    still = smooth(rng.normal(size=FRAME_SIZE_HW), 1.0)
    grains = [0.9 * still + 0.4 * smooth(rng.normal(size=FRAME_SIZE_HW), 1.0) for _ in tissue_NHW]
    blurred = [cv2.GaussianBlur(each, (0, 0), 1.2) for each in tissue_NHW]
    return to_grey(np.stack(blurred) * (1 + 0.45 * np.stack(grains)))


def smooth(values_HW: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    """Return smoothed noise with a standard deviation of 1."""
    blurred_HW = values_HW if not sigma_px else np.asarray(cv2.GaussianBlur(values_HW, (0, 0), sigma_px))
    return np.asarray(blurred_HW / blurred_HW.std())


def to_grey(values: NDArray[Any]) -> Clip:
    """Return values as grey levels."""
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)
