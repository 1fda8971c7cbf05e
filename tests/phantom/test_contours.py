"""The true contours lie where the pictures show the walls, after warp, beams, scan conversion and the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np
import pytest

from lvzoo.geometry.contour import find_normals
from lvzoo.phantom.anatomy import ventricle_contour
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.draw import Chance, Poisson, Uniform
from lvzoo.phantom.motion import pose_at
from lvzoo.phantom.ranges import RANGES, Ranges
from lvzoo.types import APEX_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Change: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"

PATIENTS = 12
REACH_PX = 6.0
STEP_PX = 0.25
HALF_STEPS = 8
"""Of the searched edge: 2 px of dark cavity, then 2 px of bright wall."""
WALLS, APEX = (0.2, 0.8), (0.0, 0.15)
"""Parts of each wall, from the apex (0) to the annulus (1), where valves disturb the picture."""
ON_IT_PX = (-0.45, 0.1)
"""Expected place of the steepest rise, outwards from the contour, where there are no trabeculae."""
LAYER_MM = 4.0


def plain_ranges() -> Ranges:
    """Return ranges with any heart and sector but even tissue: no lost wall, empty cavity, no marks."""
    plain: dict[str, Any] = {
        **dict.fromkeys(
            ("marks", "text", "trace", "outline", "compressed", "side_cut", "strand", "veil"), Chance(0)
        ),
        **dict.fromkeys(("lateral_missing", "apex_missing", "septum_missing"), Chance(0)),
        **dict.fromkeys(("dropouts", "shadows", "papillaries"), Poisson(0)),
        **dict.fromkeys(("near_db", "haze_db", "thermal_db"), Uniform(-90, -90)),
        **dict.fromkeys(("slope_db", "edge_db", "sharpening", "persistence"), Uniform(0, 0)),
        **dict.fromkeys(("lateral_db", "apical_db"), Uniform(0, 0)),
        "muscle_db": Uniform(-16, -16),
        "blood_db": Uniform(-50, -50),
        "endocardium_db": Uniform(-18, -18),
        **dict.fromkeys(("septal_layer_mm", "lateral_layer_mm", "apical_layer_mm", "root_mm"), Uniform(0, 0)),
        "trabeculae": Uniform(0.1, 0.1),
        "edge_mm": Uniform(1, 1),
        "axial_px": Uniform(0.3, 0.3),
        "lateral_deg": Uniform(0.5, 0.5),
        "native_px": Uniform(112, 112),
    }
    return replace(RANGES, **plain)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    ranges = plain_ranges()
    return [simulate(seed=0, split="train", index=index, ranges=ranges) for index in range(PATIENTS)]


def edge_offsets(
    frame_HW: NDArray[np.uint8], contour_P2: NDArray[np.floating], part: tuple[float, float] = WALLS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where (outwards, px) grey levels rise most steeply, and the normals there, on a part of the contour."""
    from_septum_P = np.concatenate([[0], np.linalg.norm(np.diff(contour_P2, axis=0), axis=1).cumsum()])
    at_apex, whole = from_septum_P[APEX_INDEX], from_septum_P[-1]
    along_P = np.interp(from_septum_P, [0, at_apex, whole], [1, 0, 1])
    chosen = (along_P >= part[0]) & (along_P < part[1])
    normals_P2 = find_normals(contour_P2)[chosen]

    reach_S = np.arange(-REACH_PX, REACH_PX + STEP_PX / 2, STEP_PX)
    places_PS2 = (contour_P2[chosen][:, None] + reach_S[:, None] * normals_P2[:, None]).astype(np.float32)
    grey_PS = cv2.remap(frame_HW.astype(np.float32), places_PS2[..., 0], places_PS2[..., 1], cv2.INTER_LINEAR)
    grey_PS = cv2.blur(grey_PS, (1, 5))  # average along the wall, to suppress the speckle
    edge_S = np.repeat([-1.0, 1.0], HALF_STEPS)
    rise = np.apply_along_axis(np.correlate, 1, grey_PS, edge_S)
    middle_S = reach_S[HALF_STEPS - 1 : -HALF_STEPS] + STEP_PX / 2
    return middle_S[rise.argmax(axis=1)], normals_P2


def all_offsets(
    clips: list[Clip], moved_px: tuple[float, float] = (0, 0)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return offsets and normals of all clips at end-diastole, after the contours were moved by `moved_px`."""
    found = [
        edge_offsets(
            clip.frames_NHW[clip.beat.ed_frame], clip.contours_NP2[clip.beat.ed_frame] + np.array(moved_px)
        )
        for clip in clips
    ]
    offsets, normals = zip(*found, strict=True)
    return np.concatenate(offsets), np.concatenate(normals)


def picture_beside_contour(clips: list[Clip], moved_px: tuple[float, float] = (0, 0)) -> NDArray[np.float64]:
    """Return by how much (x, y) pictures are shifted against their contours: the best fit to the offsets.

    An equal offset on all sides, outwards or inwards, is fitted separately and does not count as a shift.
    """
    offsets_P, normals_P2 = all_offsets(clips, moved_px)
    terms_P3 = np.column_stack([normals_P2, np.ones(len(offsets_P))])
    (x, y, _), *_ = np.linalg.lstsq(terms_P3, offsets_P)
    return np.array([x, y])


def test_pictures_are_not_shifted_against_their_contours(clips: list[Clip]) -> None:
    assert np.abs(picture_beside_contour(clips)).max() < 0.5


@pytest.mark.parametrize("moved_px", [(2, 0), (-2, 0), (0, 2), (0, -2)])
def test_moved_contours_would_be_noticed(clips: list[Clip], moved_px: tuple[int, int]) -> None:
    moved = np.array(moved_px)
    assert picture_beside_contour(clips, moved_px) @ moved / 2 < -1


def test_every_contour_is_warped_with_its_picture(clips: list[Clip]) -> None:
    offsets_P, _ = all_offsets(clips)
    assert np.median(np.abs(offsets_P)) <= 0.75
    unwarped = [replace(clip, contours_NP2=regular_contours(clip)) for clip in clips]
    offsets_P, _ = all_offsets(unwarped)
    assert np.median(np.abs(offsets_P)) >= 1.5, "the test can fail"


def regular_contours(clip: Clip) -> NDArray[np.float32]:
    """Return the contours as they were before the warp."""
    poses = [pose_at(clip.heart, clip.beat, frame) for frame in range(len(clip.frames_NHW))]
    return np.stack([ventricle_contour(clip.heart, pose) for pose in poses]).astype(np.float32)


def unchanged(contour_P2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the true contour."""
    return contour_P2


def median_offset(
    clips: list[Clip], phase: str, part: tuple[float, float], change: Change = unchanged
) -> float:
    """Return by how much edges lie outside of the true contours after a change was applied to them, px."""
    offsets = []
    for clip in clips:
        frame = clip.beat.ed_frame if phase == "ED" else clip.beat.es_frame
        contour_P2 = change(clip.contours_NP2[frame].astype(np.float64))
        offsets.append(edge_offsets(clip.frames_NHW[frame], contour_P2, part)[0])
    return float(np.median(np.concatenate(offsets)))


def scaled(contour_P2: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Return the contour scaled about its middle."""
    middle_2 = contour_P2.mean(axis=0)
    return np.asarray(middle_2 + factor * (contour_P2 - middle_2))


def with_apex_moved(contour_P2: NDArray[np.float64], towards_base_px: float) -> NDArray[np.float64]:
    """Return the contour with only its apical part moved along the long axis."""
    axis_2 = (contour_P2[0] + contour_P2[-1]) / 2 - contour_P2[APEX_INDEX]
    from_apex_P = np.abs(np.arange(len(contour_P2)) - APEX_INDEX) / APEX_INDEX
    weight_P = np.exp(-(from_apex_P**2) / (2 * 0.2**2))
    return contour_P2 + towards_base_px * np.outer(weight_P, axis_2 / np.linalg.norm(axis_2))


@pytest.mark.parametrize("phase", ["ED", "ES"])
@pytest.mark.parametrize("part", [WALLS, APEX], ids=["walls", "apex"])
def test_edges_lie_on_the_contour_everywhere(
    clips: list[Clip], phase: str, part: tuple[float, float]
) -> None:
    least, most = ON_IT_PX
    assert least < median_offset(clips, phase, part) < most
    smaller = median_offset(clips, phase, part, lambda contour_P2: scaled(contour_P2, 0.95))
    larger = median_offset(clips, phase, part, lambda contour_P2: scaled(contour_P2, 1.05))
    assert larger < least < most < smaller, "the test can fail"


@pytest.mark.parametrize("phase", ["ED", "ES"])
def test_a_moved_apex_would_be_noticed(clips: list[Clip], phase: str) -> None:
    least, most = ON_IT_PX
    low = median_offset(clips, phase, APEX, lambda contour_P2: with_apex_moved(contour_P2, 3))
    high = median_offset(clips, phase, APEX, lambda contour_P2: with_apex_moved(contour_P2, -3))
    assert high < least < most < low


def test_readers_trace_inside_of_a_faint_layer_of_trabeculae(clips: list[Clip]) -> None:
    """The bright edge of the compact muscle lies outside of the contour, by the thickness of the layer."""
    layers: dict[str, Any] = dict.fromkeys(
        ("septal_layer_mm", "lateral_layer_mm", "apical_layer_mm"), Uniform(LAYER_MM, LAYER_MM)
    )
    ranges = replace(plain_ranges(), **layers, layer_db=Uniform(-30, -30))
    layered = [simulate(seed=0, split="train", index=index, ranges=ranges) for index in range(PATIENTS)]
    for one, other in zip(clips, layered, strict=True):
        assert (one.contours_NP2 == other.contours_NP2).all()
    layer_px = LAYER_MM / np.median([clip.heart.mm_per_px for clip in clips])
    for part in ((0.2, 0.6), APEX):
        moved_px = median_offset(layered, "ED", part) - median_offset(clips, "ED", part)
        assert moved_px == pytest.approx(layer_px, abs=1)
