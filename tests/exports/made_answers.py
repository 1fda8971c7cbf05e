"""Makes the answer for a clip of a beating ventricle: half an ellipsoid whose size is known in every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.ejection import Ejection, measure_ejection
from lvzoo.clinic.outline import find_mask_outline
from lvzoo.clinic.volume import Size, measure_mask
from lvzoo.data.clips.clip import Clip
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.view import find_view
from lvzoo.data.crop import Crop, find_crop, uncrop, uncrop_points
from lvzoo.geometry.raster import rasterise
from lvzoo.types.answer import ClipAnswer, ClipBeat, FrameTrust, ModelUsed, Verdict
from tests.clinic.made_shapes import make_shape
from tests.made_videos import write_video

FPS = 50.0
FRAMES = 100
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class MadeClip:
    """An open clip, its answer, the square that a model sees, and the masks (N, 112, 112) of the answer."""

    clip: Clip
    answer: ClipAnswer
    crop: Crop | None
    masks_N: NDArray[np.bool_]


def make_masks(*, ejected: float = 0.3, frames: int = FRAMES) -> NDArray[np.bool_]:
    """Return the masks (N, 112, 112) of a ventricle that shrinks by a share of its length once a second."""
    shrink_N = ejected * (1 - np.cos(2 * np.pi * (np.arange(frames) / FPS - 0.2))) / 2
    shapes = [
        make_shape(length_px=62 * (1 - shrink), width_px=36 * (1 - shrink), tilt_deg=12, middle_px=(60, 52))
        for shrink in shrink_N
    ]
    return np.stack([rasterise(shape.contour_P2, (112, 112)) for shape in shapes])


def draw_frames(masks_N: NDArray[np.bool_], size_HW: tuple[int, int]) -> NDArray[np.uint8]:
    """Return frames with a sector, a dark ventricle in it, and text beside it. Frames of 112 x 112 have no text."""
    side, noise = min(size_HW), np.random.default_rng(0)
    fan = np.zeros(size_HW, dtype=np.uint8)
    cv2.ellipse(fan, (size_HW[1] // 2, 2), (side - 6, side - 6), 0, 50, 130, 255, -1)
    frames_NHW = noise.integers(90, 200, (len(masks_N), *size_HW)).astype(np.uint8)
    frames_NHW[:, fan == 0] = 0
    if side > 112:
        for frame in frames_NHW:
            cv2.putText(frame, "DOE", (4, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    crop = find_crop(frames_NHW[:8])
    for frame, mask_HW in zip(frames_NHW, masks_N, strict=True):
        frame[uncrop(mask_HW, crop, size_HW)] //= 8
    return frames_NHW


def make_clip(
    folder: Path,
    *,
    size_HW: tuple[int, int] = (112, 112),
    masks_N: NDArray[np.bool_] | None = None,
    mm_per_px: float | None = None,
    whole_picture: bool = False,
    name: str = "clip.avi",
) -> MadeClip:
    """Write a clip, and make the answer that a model with the given masks would give."""
    masks_N = make_masks() if masks_N is None else masks_N
    folder.mkdir(parents=True, exist_ok=True)
    path = write_video(folder / name, draw_frames(masks_N, size_HW), fps=FPS)
    clip = open_clip(path)
    crop = find_crop(clip.sample())
    view = find_view(clip.size_HW, crop, whole_picture=whole_picture)
    answer = replace(make_answer(masks_N, crop, size_HW=size_HW, mm_per_px=mm_per_px), view=view)
    return MadeClip(clip=clip, answer=answer, crop=crop, masks_N=masks_N)


def make_answer(
    masks_N: NDArray[np.bool_],
    crop: Crop | None,
    *,
    size_HW: tuple[int, int] = (112, 112),
    mm_per_px: float | None = None,
    synthetic: bool = False,
) -> ClipAnswer:
    """Make the answer that a model with the given masks would give."""
    sizes, times_s_N = [measure_mask(mask_HW) for mask_HW in masks_N], np.arange(len(masks_N)) / FPS
    scale = 1.0 if crop is None else crop.side / 112
    areas_N, volumes_N = _list(sizes, "area_px2", scale**2), _list(sizes, "disks_px3", scale**3)
    ejection = measure_ejection(areas_px2_N=areas_N, volumes_px3_N=volumes_N, times_s_N=times_s_N)
    found = [find_mask_outline(mask_HW) for mask_HW in masks_N]
    whole = np.full(len(masks_N), 0.93)
    return ClipAnswer(
        clip="clip.avi",
        synthetic=synthetic,
        lvzoo="0.1.0",
        models=(ModelUsed(name="unet-made", weights="ab" * 32, trained_on="made shapes", role="answer"),),
        size_HW=size_HW,
        fps=FPS,
        view=find_view(size_HW, crop, whole_picture=False),
        frame_numbers_N=np.arange(len(masks_N)),
        times_s_N=times_s_N,
        outlines=tuple(
            None if each is None else uncrop_points(each, crop).astype(np.float32) for each in found
        ),
        check_outlines=(),
        areas_px2_N=areas_N,
        lengths_px_N=_list(sizes, "length_px", scale),
        volumes_px3_N=volumes_N,
        trust=FrameTrust(dice_N=whole, low_N=whole - 0.03, high_N=whole + 0.03, flags_N=((),) * len(whole)),
        beats=_list_beats(ejection),
        ef_percent=ejection.ef_percent,
        ef_sd_percent=ejection.ef_sd_percent,
        ef_median_percent=ejection.ef_median_percent,
        fac_percent=ejection.fac_percent,
        heart_rate_bpm=ejection.heart_rate_bpm,
        ef_reason=ejection.reason,
        mm_per_px=mm_per_px,
        no_ml_reason=None if mm_per_px else "the file states no pixel size",
        verdict=Verdict(trusted=True, text="the frames that decide the ejection fraction can be trusted"),
        warnings=(),
    )


def _list(sizes: list[Size], field: str, factor: float) -> NDArray[np.float64]:
    return np.array([getattr(size, field) * factor for size in sizes])


def _list_beats(ejection: Ejection) -> tuple[ClipBeat, ...]:
    used = {id(each.beat): each for each in ejection.ejections}
    beats = []
    for number, beat in enumerate(ejection.beats.beats, 1):
        made = ClipBeat(
            number=number,
            ed=beat.ed.frame if beat.ed else None,
            es=beat.es.frame if beat.es else None,
            ed_time_s=beat.ed.time_s if beat.ed else None,
            es_time_s=beat.es.time_s if beat.es else None,
            trusted=True,
            reason=beat.reason,
        )
        if each := used.get(id(beat)):
            made = replace(
                made,
                edv_px3=each.ed_volume_px3,
                esv_px3=each.es_volume_px3,
                ef_percent=each.ef_percent,
                fac_percent=each.fac_percent,
            )
        beats.append(made)
    return tuple(beats)
