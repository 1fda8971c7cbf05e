"""Prints the volume tables of docs/clinic.md: `python -m tests.clinic.figures_volumes`, about 40 seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.draw import polygon

from lvzoo.clinic.ejection import measure_ejection
from lvzoo.clinic.outline import RasterRule
from lvzoo.clinic.volume import Size, measure_contour, measure_map, measure_mask
from lvzoo.geometry.contour import landmark_stride, spline
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.ventricle import ejection_fraction
from lvzoo.phantom.clip import draw_scene
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.ranges import RANGES
from lvzoo.phantom.reader import disks_volume_px, draw_reader, make_tracing, trace
from lvzoo.types import FRAME_SIZE_HW
from tests.clinic.made_shapes import MadeShape, cover, make_shape

SIZES_PX: Final = ((70.0, 42.0), (55.0, 30.0), (40.0, 20.0), (30.0, 16.0))
TILTS_DEG: Final = (-40.0, -25.0, -10.0, 0.0, 10.0, 25.0, 40.0)
CYLINDERS: Final = (0.0, 0.3, 0.6)
MIDDLES_PX: Final = ((56.3, 55.6), (50.1, 60.9))
READERS: Final = 40
"""Readers whose masks are averaged to a map of probabilities."""
WHOLE: Final[RasterRule] = "centres inside"
Row = dict[str, list[tuple[float, float]]]


def shapes(size_px: tuple[float, float]) -> Iterator[MadeShape]:
    """Yield half ellipsoids and bullets of one length and width, upright and tilted, at two places."""
    for cylinder, tilt_deg, middle_px in product(CYLINDERS, TILTS_DEG, MIDDLES_PX):
        length_px, width_px = size_px
        yield make_shape(
            length_px=length_px, width_px=width_px, cylinder=cylinder, tilt_deg=tilt_deg, middle_px=middle_px
        )


def measure_shape(shape: MadeShape) -> dict[str, Size]:
    """Measure a shape from its contour, from masks and from maps, with and without the correction."""
    mask_HW, share_HW = rasterise(shape.contour_P2, FRAME_SIZE_HW), cover(shape.contour_P2)
    rng = np.random.default_rng(0)
    shaken = [rasterise(shape.contour_P2 + rng.normal(0, 0.7, 2), FRAME_SIZE_HW) for _ in range(READERS)]
    map_HW = np.mean(shaken, axis=0)
    return {
        "contour": measure_contour(shape.contour_P2),
        "mask, border pixels inside": measure_mask(mask_HW),
        "the same, not corrected": measure_mask(mask_HW, rule=WHOLE),
        "mask, centres inside": measure_mask(share_HW >= 0.5, rule=WHOLE),
        "the same, corrected by mistake": measure_mask(share_HW >= 0.5),
        "map, mean of masks with border pixels inside": measure_map(map_HW),
        "the same map, not corrected": measure_map(map_HW, rule=WHOLE),
        "map, blurred share of each pixel": measure_map(gaussian_filter(share_HW, 0.8), rule=WHOLE),
    }


def print_shapes() -> None:
    """Print the error of the volume by disks for shapes of four sizes: mean (least to greatest), percent."""
    table: dict[str, list[str]] = {}
    for size_px in SIZES_PX:
        errors: dict[str, list[float]] = {}
        for shape in shapes(size_px):
            for source, size in measure_shape(shape).items():
                errors.setdefault(source, []).append(100 * (size.disks_px3 / shape.volume_px3 - 1))
        for source, found in errors.items():
            cell = f"{np.mean(found):+.1f} ({min(found):+.1f} to {max(found):+.1f})"
            table.setdefault(source, []).append(cell)
    print(
        "| measured from |" + "|".join(f" {length:.0f} x {width:.0f} px " for length, width in SIZES_PX) + "|"
    )
    print("|---|" + "---|" * len(SIZES_PX))
    for source, cells in table.items():
        print(f"| {source} | " + " | ".join(cells) + " |")


def measure_patient(
    contour_P2: NDArray[np.float64], mm_per_px: float, rng: np.random.Generator
) -> dict[str, Size]:
    """Measure a true contour of the phantom in every way that the table compares."""
    shown = {
        "the mask of the true contour": rasterise(contour_P2, FRAME_SIZE_HW),
        "EchoNet-Dynamic's mask of 20 chords": rasterise(make_tracing(contour_P2).polygon_P2, FRAME_SIZE_HW),
    }
    drawn = [trace(contour_P2, draw_reader(rng, RANGES), rng, mm_per_px=mm_per_px) for _ in range(READERS)]
    map_HW = gaussian_filter(np.mean([rasterise(each_P2, FRAME_SIZE_HW) for each_P2 in drawn], axis=0), 0.7)
    landmarks_K2 = contour_P2[:: landmark_stride(7)]
    curve_P2 = spline(landmarks_K2)
    sizes = {"the true contour, apex and annulus": measure_contour(contour_P2)}
    for name, mask_HW in shown.items():
        sizes[name] = measure_mask(mask_HW)
        sizes[f"{name}, not corrected"] = measure_mask(mask_HW, rule=WHOLE)
    sizes["a mask of the pixels whose centres lie inside"] = measure_mask(_fill(contour_P2), rule=WHOLE)
    sizes[f"a map: the mean mask of {READERS} readers"] = measure_map(map_HW)
    sizes[f"a map: the mean mask of {READERS} readers, not corrected"] = measure_map(map_HW, rule=WHOLE)
    sizes["the curve of 7 landmarks, apex and annulus"] = measure_contour(curve_P2, apex_2=landmarks_K2[3])
    sizes["the mask of this curve"] = measure_mask(rasterise(curve_P2, FRAME_SIZE_HW))
    return sizes


def print_phantom(patients: int) -> None:
    """Print volumes and EF of simulated patients against those of the disks on their true contours."""
    rng = np.random.default_rng(0)
    disks: Row = {}
    by_length: Row = {}
    by_area: Row = {}
    true: list[tuple[float, float]] = []
    for index in range(patients):
        scene = draw_scene(seed=0, split="test", index=index)
        poses = [
            pose_at(scene.heart, scene.beat, frame) for frame in (scene.beat.ed_frame, scene.beat.es_frame)
        ]
        ed_P2, es_P2 = scene.contours_at(poses)
        true.append((disks_volume_px(ed_P2), disks_volume_px(es_P2)))
        ed, es = (measure_patient(each, scene.heart.mm_per_px, rng) for each in (ed_P2, es_P2))
        for name in ed:
            disks.setdefault(name, []).append((ed[name].disks_px3, es[name].disks_px3))
            by_length.setdefault(name, []).append((ed[name].area_length_px3, es[name].area_length_px3))
            by_area.setdefault(name, []).append((ed[name].area_px2 ** 1.5, es[name].area_px2 ** 1.5))
    print("| measured from | EDV, % | ESV, % | EF by disks | EF by area and length | EF by A^1.5 |")
    print("|---|---|---|---|---|---|")
    for name in disks:
        volume_error = 100 * (np.array(disks[name]) / np.array(true) - 1).mean(axis=0)
        cells = [f"{each:+.1f}" for each in volume_error]
        cells += [_describe(_ef_errors(each[name], true)) for each in (disks, by_length, by_area)]
        print(f"| {name} | " + " | ".join(cells) + " |")


def print_whole_clips(patients: int, frames: int) -> None:
    """Print the EF of whole simulated clips, from masks and from contours, against that of the true ED and ES."""
    measures: dict[str, Callable[[NDArray[np.float64]], Size]] = {
        "masks": lambda contour_P2: measure_mask(rasterise(contour_P2, FRAME_SIZE_HW)),
        "contours": measure_contour,
    }
    errors: dict[str, list[float]] = {name: [] for name in measures}
    late_ms: dict[str, list[float]] = {name: [] for name in measures}
    beats = 0
    for index in range(patients):
        scene = draw_scene(seed=0, split="test", index=index)
        beat, times_s = scene.beat, np.arange(frames) / scene.beat.fps
        contours_NP2 = scene.contours_at([pose_at(scene.heart, beat, frame) for frame in range(frames)])
        truth = ejection_fraction(
            *(disks_volume_px(contours_NP2[each]) for each in (beat.ed_frame, beat.es_frame))
        )
        beats += int((frames - beat.es_frame) / beat.fps * beat.heart_rate_bpm / 60) + 1
        for name, measure in measures.items():
            sizes = [measure(contour_P2) for contour_P2 in contours_NP2]
            found = measure_ejection(
                areas_px2_N=[size.area_px2 for size in sizes],
                volumes_px3_N=[size.disks_px3 for size in sizes],
                times_s_N=times_s,
            )
            if found.ef_percent is None:
                continue
            errors[name].append(found.ef_percent - truth)
            cycle_s, first_s = 60 / beat.heart_rate_bpm, beat.es_frame / beat.fps
            for each in found.beats.whole:
                if each.es:
                    off_s = (each.es.time_s - first_s + cycle_s / 2) % cycle_s - cycle_s / 2
                    late_ms[name].append(1000 * off_s)
    print(
        f"| {patients} clips of {frames} frames | clips with an EF | EF | beats | ES after the end of ejection |"
    )
    print("|---|---|---|---|---|")
    for name in measures:
        late = f"{np.mean(late_ms[name]):.0f} ms (SD {np.std(late_ms[name]):.0f})"
        found_beats = f"{len(late_ms[name])} of {beats}"
        print(f"| {name} | {len(errors[name])} | {_describe(errors[name])} | {found_beats} | {late} |")


def _fill(contour_P2: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the mask of the pixels whose centres lie inside a contour; its points are not rounded."""
    mask_HW = np.zeros(FRAME_SIZE_HW, dtype=np.bool_)
    mask_HW[polygon(contour_P2[:, 1], contour_P2[:, 0], FRAME_SIZE_HW)] = True  # type: ignore[no-untyped-call]
    return mask_HW


def _ef_errors(found: Sequence[tuple[float, float]], true: Sequence[tuple[float, float]]) -> list[float]:
    return [
        ejection_fraction(*each) - ejection_fraction(*truth) for each, truth in zip(found, true, strict=True)
    ]


def _describe(errors: Sequence[float]) -> str:
    """Return bias, mean absolute error and SD, in points of EF."""
    return f"{np.mean(errors):+.1f} / {np.mean(np.abs(errors)):.1f} / {np.std(errors, ddof=1):.1f}"


if __name__ == "__main__":
    print_shapes()
    print()
    print_phantom(100)
    print()
    print_whole_clips(30, 150)
