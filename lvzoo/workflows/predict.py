"""Segments clips with a trained model: a mask for every frame, the area curve, and an overlay video."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.data.clip import ClipFrames, read_clip
from lvzoo.data.crop import crop_to_sector, uncrop
from lvzoo.data.opencv import cv2
from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import DataError, LvzooError, UsageError
from lvzoo.evaluate.predict import predict_batches
from lvzoo.files import atomic_folder
from lvzoo.weights.locate import locate
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import find_card

DEFAULT_MODEL: Final = "unet-fast"
"""The entry whose weights are used if no model is named."""
FALLBACK_FPS: Final = 30.0
OVERLAY_SIDE: Final = 448
"""The least height and width of the overlay video in pixels. Small clips are enlarged."""
CONTOUR_BGR: Final = (80, 220, 80)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipPrediction:
    """The prediction for one clip. `masks_NHW` have the clip's own size; the files are in `folder`."""

    clip: Path
    folder: Path
    masks_NHW: NDArray[np.bool_]
    fps: float | None


def predict(
    clips: str | Path | Sequence[str | Path],
    *,
    model: str | Path | None = None,
    out: str | Path = "predictions",
    device: str = "auto",
    registries: Sequence[Path] = (),
) -> list[ClipPrediction]:
    """Segment the left ventricle in every frame of AVI, MP4 or DICOM clips.

    For each clip, `out/NAME/` contains `masks/00000.png` ... (255 inside, the clip's own size), `areas.csv` (area of
    each frame in pixels), `overlay.avi` and `prediction.json`. Clips that are not 112 x 112 are cropped to their
    sector.

    Args:
        clips: one path or several.
        model: a trial's folder of a run (`runs/NAME/trials/unet-s0`), a weights file, or an entry that carries
            weights; by default an entry of lvzoo that was trained on synthetic patients only.
        out: the folder to write to. A clip that was predicted there before is not overwritten.
        device: auto, cpu or cuda.
        registries: further registry.yaml files.

    Raises:
        DataError: the model cannot be read, or a clip cannot be read or its folder exists. The other clips are
            still predicted.
        UsageError: two clips have the same name.
    """
    paths = [Path(clips)] if isinstance(clips, str | Path) else [Path(clip) for clip in clips]
    done = list(predict_each(paths, model=model, out=out, device=device, registries=registries))
    failed = [result for result in done if isinstance(result, DataError)]
    if failed:
        more = f" (and {len(failed) - 1} more of {len(paths)} clips)" if len(failed) > 1 else ""
        raise DataError(f"{failed[0]}{more}") from failed[0]
    return [result for result in done if isinstance(result, ClipPrediction)]


def predict_each(
    clips: Sequence[Path],
    *,
    model: str | Path | None = None,
    out: str | Path,
    device: str,
    registries: Sequence[Path] = (),
) -> Iterator[ClipPrediction | DataError]:
    """Yield each clip's prediction when it is done, or the clip's error.

    Raises:
        DataError: the model cannot be read.
        UsageError: two clips have the same name.
    """
    folders = _choose_folders(clips, Path(out))
    where = choose_device(device)
    network, facts = _open_model(model, registries)
    network.to(where).to(memory_format=torch.channels_last)
    for path, folder in zip(clips, folders, strict=True):
        try:
            yield _predict_clip(path, folder, network, where, facts)
        except DataError as error:
            yield error


def _open_model(model: str | Path | None, registries: Sequence[Path]) -> tuple[nn.Module, Mapping[str, Any]]:
    """Return the network, and facts about it for prediction.json: its name, and its training data if known.

    Raises:
        LvzooError: the model is not available.
    """
    chosen = DEFAULT_MODEL if model is None else model
    try:
        found = locate(chosen, registries=registries)
        network = read_model(found)
    except LvzooError as error:
        if model is not None:
            raise
        raise type(error)(f"the bundled model is not available: {error}") from error
    try:
        trained_on = find_card(found).trained_on
    except DataError as error:  # a trial that was moved out of its run
        log.warning("%s", error)
        return network, {"model": str(chosen), "trained on": None}
    if trained_on.synthetic:
        log.warning("%s was trained on %s, without real patients; check the overlay", chosen, trained_on)
    return network, {"model": str(chosen), "trained on": str(trained_on)}


def _choose_folders(paths: Sequence[Path], out: Path) -> list[Path]:
    """Return the folder of each clip's results; UsageError if two clips would share one."""
    folders = [out / path.stem for path in paths]
    for path, folder in zip(paths, folders, strict=True):
        if folders.count(folder) > 1:
            raise UsageError(
                f"{path}: another clip is called '{path.stem}' too; predict them with different --out"
            )
    return folders


def _predict_clip(
    path: Path, folder: Path, network: nn.Module, device: torch.device, facts: Mapping[str, Any]
) -> ClipPrediction:
    """Predict one clip, and write its folder."""
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name the clips in it")
    if folder.exists():
        raise DataError(f"{folder}: exists; remove it, or name another --out")
    clip = read_clip(path)
    if clip.way == "mjpg-scan":
        log.warning(
            "%s: has no usable index; %d frames were found, and the file may be cut",
            path,
            len(clip.frames_NHW),
        )
    seen_NHW, crop = crop_to_sector(clip.frames_NHW)
    if crop is not None and not crop.sector.fitted:
        log.warning("%s: no clear sector found, so a standard one is used; check the overlay", path)
    predictions = predict_batches(network, seen_NHW, device=device, precision=choose_precision(device))
    size_HW = (clip.frames_NHW.shape[1], clip.frames_NHW.shape[2])
    masks_NHW = np.stack(
        [uncrop(mask_HW, crop, size_HW) for prediction in predictions for mask_HW in prediction.masks_BHW]
    )
    with atomic_folder(folder) as temporary:
        _write_masks(masks_NHW, temporary / "masks")
        _make_area_table(masks_NHW, clip.fps).to_csv(temporary / "areas.csv", index=False)
        _write_overlay(clip, masks_NHW, temporary / "overlay.avi")
        about = {
            "clip": path.name,
            **facts,
            "frames": len(masks_NHW),
            "fps": clip.fps,
            "decoded by": clip.way,
            "crop": None if crop is None else asdict(crop),
            "empty masks": int((~masks_NHW.any(axis=(1, 2))).sum()),
        }
        (temporary / "prediction.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return ClipPrediction(clip=path, folder=folder, masks_NHW=masks_NHW, fps=clip.fps)


def _make_area_table(masks_NHW: NDArray[np.bool_], fps: float | None) -> pd.DataFrame:
    """Return the area curve: frame, area in the clip's pixels, and time if the clip's frame rate is known."""
    frames = np.arange(len(masks_NHW))
    table = pd.DataFrame({"frame": frames, "area_px": masks_NHW.sum(axis=(1, 2))})
    if fps:
        table.insert(1, "time_s", frames / fps)
    return table


def _write_masks(masks_NHW: NDArray[np.bool_], folder: Path) -> None:
    folder.mkdir()
    for index, mask_HW in enumerate(masks_NHW):
        path = folder / f"{index:05d}.png"
        if not cv2.imwrite(str(path), mask_HW.astype(np.uint8) * 255):
            raise DataError(f"{path}: cannot be written; check that the disk is not full")


def _write_overlay(clip: ClipFrames, masks_NHW: NDArray[np.bool_], path: Path) -> None:
    """Write the clip with the outline of each mask. A small clip is enlarged."""
    rows, columns = clip.frames_NHW.shape[1:]
    zoom = max(1, -(-OVERLAY_SIDE // min(rows, columns)))
    size = (columns * zoom, rows * zoom)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), clip.fps or FALLBACK_FPS, size)
    if not writer.isOpened():
        raise DataError(f"{path}: the overlay video cannot be written; check that the disk is not full")
    try:
        for frame_HW, mask_HW in zip(clip.frames_NHW, masks_NHW, strict=True):
            writer.write(overlay(frame_HW, mask_HW, zoom=zoom))
    finally:
        writer.release()


def overlay(frame_HW: NDArray[np.uint8], mask_HW: NDArray[np.bool_], *, zoom: int = 1) -> NDArray[np.uint8]:
    """Return a frame (H zoom, W zoom, BGR) with the outline of a mask drawn on it."""
    size = (frame_HW.shape[1] * zoom, frame_HW.shape[0] * zoom)
    grey = cv2.resize(frame_HW, size, interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(mask_HW.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, CONTOUR_BGR, thickness=max(1, zoom // 2), lineType=cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
