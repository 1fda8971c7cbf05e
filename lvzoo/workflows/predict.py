"""Segments clips with a trained model: a mask for every frame, the area curve, and an overlay video.

A clip is read, predicted and written batch by batch, so that the memory needed depends on the size of a frame and not
on the length of the clip.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

import lvzoo
from lvzoo.data.clips.clip import RATES_FPS, Clip, Frame, is_usable_rate
from lvzoo.data.clips.facts import FramesRead
from lvzoo.data.clips.find import ClipFile, find_clips
from lvzoo.data.clips.names import digest_clip, name_clips
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.crop import Crop, find_crop, make_cropper, uncrop
from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import (
    DataError,
    LvzooError,
    UsageError,
    explain_exception,
    is_out_of_memory,
    show_name,
)
from lvzoo.evaluate.predict import predict_masks
from lvzoo.files import PREDICTION, working_folder
from lvzoo.report.clip_files import (
    ClipWriter,
    Made,
    check_results_folder,
    find_results,
    keep_results,
    read_masks,
)
from lvzoo.weights.locate import locate
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import digest_file, find_card

DEFAULT_MODEL: Final = "unet-fast"
"""The entry whose weights are used if no model is named."""
MOST_FRAMES: Final = 64
MOST_BYTES: Final = 64 * 2**20
"""A batch has at most this many frames, and at most this many bytes of grey frames."""

OnFrames: TypeAlias = Callable[[str, int, int], None]
"""Called with a clip's name, the frames done, and the frames to expect."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipPrediction:
    """The prediction for one clip; its files are in `folder`.

    `fps` is None if the frame rate is not known. `earlier` says that an earlier call made the files.
    """

    clip: Path
    folder: Path
    frames: int
    fps: float | None
    earlier: bool = False

    @property
    def masks_NHW(self) -> NDArray[np.bool_]:
        """The masks in the clip's own size. Each use reads them from the folder; a long clip needs much memory."""
        return read_masks(self.folder / "masks")


class ClipsError(DataError):
    """Clips that could not be predicted; `predictions` are those of the other clips."""

    def __init__(self, failed: Sequence[DataError], predictions: Sequence[ClipPrediction]) -> None:
        count = len(failed) + len(predictions)
        more = f" (and {len(failed) - 1} more of {count} clips)" if len(failed) > 1 else ""
        super().__init__(f"{failed[0]}{more}")
        self.failed, self.predictions = tuple(failed), tuple(predictions)


def predict(
    clips: str | Path | Sequence[str | Path],
    *,
    model: str | Path | None = None,
    out: str | Path = "predictions",
    fps: float | None = None,
    device: str = "auto",
    registries: Sequence[Path] = (),
) -> list[ClipPrediction]:
    """Segment the left ventricle in every frame of clips.

    A clip is a video, a DICOM or NIfTI file, a GIF, or numbered pictures (docs/clips.md). For each clip, `out/NAME/`
    contains `masks/00000.png` ... (255 inside, the clip's own size), `areas.csv` (area of each frame in pixels),
    `overlay.avi` and `prediction.json`. Clips that are not 112 x 112 are cropped to their sector.

    Args:
        clips: one path or several. A folder is searched for clips.
        model: a trial's folder of a run (`runs/NAME/trials/unet-s0`), a weights file, or an entry that carries
            weights; by default an entry of lvzoo that was trained on synthetic patients only.
        out: the folder to write to. If it holds the results of the same clip by the same model, they are returned.
        fps: the frame rate, for clips that do not state it; it replaces the times of those that do.
        device: auto, cpu or cuda.
        registries: further registry.yaml files.

    Raises:
        ClipsError: a clip cannot be read or predicted. The other clips are still predicted.
        DataError: the model cannot be read, or a folder holds no clips.
    """
    given = [clips] if isinstance(clips, str | Path) else list(clips)
    if "" in given:
        raise UsageError("the path of a clip is empty; for the present folder, name '.'")
    paths = [Path(clip) for clip in given]
    done = list(predict_each(paths, model=model, out=out, fps=fps, device=device, registries=registries))
    failed = [result for result in done if isinstance(result, DataError)]
    predictions = [result for result in done if isinstance(result, ClipPrediction)]
    if failed:
        raise ClipsError(failed, predictions) from failed[0]
    return predictions


def predict_each(
    clips: Sequence[Path],
    *,
    model: str | Path | None = None,
    out: str | Path,
    fps: float | None = None,
    device: str,
    registries: Sequence[Path] = (),
    on_frames: OnFrames | None = None,
) -> Iterator[ClipPrediction | DataError]:
    """Yield each clip's prediction when it is done, or the clip's error.

    Raises:
        UsageError: `fps` cannot be the frame rate of a clip, or `out` has a name in which no video can be written.
        DataError: the model cannot be read, or a folder holds no clips.
        Exception: a fault of lvzoo itself. It is raised at the end, after the other clips.
    """
    if fps is not None and not is_usable_rate(fps):
        low, high = RATES_FPS
        raise UsageError(f"{fps:g} frames per second is no frame rate; --fps is from {low:g} to {high:,.0f}")
    found = find_clips(clips)
    predictor = _Predictor(model, out=Path(out), fps=fps, device=device, registries=registries)
    fault: Exception | None = None
    for clip, name in zip(found, name_clips(found), strict=True):
        try:
            yield predictor.predict_clip(clip, name, on_frames)
        except Exception as error:  # noqa: BLE001 - one clip never costs the others
            failed = _explain_failure(error, clip.path)
            if failed is None:
                log.error("%s: internal error: %s", show_name(clip.path), explain_exception(error))  # noqa: TRY400
                fault = fault or error
            else:
                yield failed
    if fault is not None:
        raise fault


def _explain_failure(error: Exception, clip: Path) -> DataError | None:
    """Return the error of one clip, with the clip's name in front; None if it is a fault of lvzoo."""
    name = show_name(clip)
    if isinstance(error, LvzooError):
        message = str(error)
    elif is_out_of_memory(error):
        message = "needs more memory than there is; close other programs, or shrink the clip"
    elif isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        message = f"{where}{error.strerror}; check the path and the disk"
    else:
        return None
    failed = DataError(message if message.startswith(name) else f"{name}: {message}")
    failed.__cause__ = error
    _forget_frames(error)
    return failed


def _forget_frames(error: BaseException) -> None:
    """Delete the local variables that an exception and its causes keep: the clip's frames need much memory."""
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__


class _Predictor:
    """A model on a device, and where and how it writes its predictions."""

    def __init__(
        self,
        model: str | Path | None,
        *,
        out: Path,
        fps: float | None,
        device: str,
        registries: Sequence[Path],
    ) -> None:
        check_results_folder(out)
        self.out, self.fps, self.earlier = out, fps, find_results(out)
        self.device = choose_device(device)
        network, self.weights, self.facts = _open_model(model, registries)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)

    def predict_clip(self, file: ClipFile, name: str, on_frames: OnFrames | None) -> ClipPrediction:
        """Predict one clip, and write its folder, unless an earlier call did."""
        made = Made(
            name=show_name(file.path.name), clip=digest_clip(file), weights=self.weights, fps=self.fps
        )
        if made in self.earlier:
            return _return_earlier(file, *self.earlier[made])
        clip = open_clip(file, fps=self.fps)
        with working_folder(self.out) as working:
            sample_NHW = clip.sample()
            crop = find_crop(sample_NHW) if len(sample_NHW) else None
            read, areas_px = self._write_frames(clip, crop, working, name, on_frames)
            warnings = read.list_warnings(crop)
            for warning in warnings:
                log.warning("%s: %s", show_name(clip.path), warning)
            table = _make_table(read, areas_px)
            table.to_csv(working / "areas.csv", index=False)
            about = {
                "clip": show_name(clip.path),
                "made from": asdict(made),
                "lvzoo": lvzoo.__version__,
                **self.facts,
                **read.describe(crop),
                "empty masks": areas_px.count(0),
                "warnings": warnings,
            }
            text = json.dumps(about, indent=2, ensure_ascii=False)
            (working / PREDICTION).write_text(text + "\n", encoding="utf-8")
            folder = keep_results(working, self.out, name)
        return ClipPrediction(clip=clip.path, folder=folder, frames=len(table), fps=clip.fps)

    def _write_frames(
        self, clip: Clip, crop: Crop | None, folder: Path, name: str, on_frames: OnFrames | None
    ) -> tuple[FramesRead, list[int]]:
        """Read, predict and write the clip batch by batch. Return what was read, and the area of each mask."""
        read, areas_px = FramesRead(clip=clip), []
        crop_frame = make_cropper(crop, clip.size_HW)
        precision = choose_precision(self.device)
        with ClipWriter(folder, size_HW=clip.size_HW, fps=clip.fps) as writer:
            for frames in _read_batches(read):
                seen_BHW = np.stack([crop_frame(frame.grey_HW) for frame in frames])
                masks_BHW = predict_masks(self.network, seen_BHW, device=self.device, precision=precision)
                for frame, seen_mask_HW in zip(frames, masks_BHW, strict=True):
                    mask_HW = uncrop(seen_mask_HW, crop, clip.size_HW)
                    writer.add(frame.index, frame.grey_HW, mask_HW)
                    areas_px.append(int(mask_HW.sum()))
                if on_frames is not None:
                    on_frames(name, len(areas_px), max(clip.likely_frames, len(areas_px)))
        read.check_any()
        return read, areas_px


def _return_earlier(file: ClipFile, folder: Path, about: Mapping[str, Any]) -> ClipPrediction:
    """Return what an earlier call predicted."""
    log.warning("%s: was predicted before, and %s holds the results", show_name(file.path), show_name(folder))
    return ClipPrediction(
        clip=file.path, folder=folder, frames=about["frames"], fps=about["fps"], earlier=True
    )


def _open_model(
    model: str | Path | None, registries: Sequence[Path]
) -> tuple[nn.Module, str, Mapping[str, Any]]:
    """Return the network, the digest of its weights, and facts about it for prediction.json.

    The facts are its name, and its training data if known.

    Raises:
        LvzooError: the model is not available.
    """
    chosen = DEFAULT_MODEL if model is None else model
    try:
        found = locate(chosen, registries=registries)
        network, weights = read_model(found), digest_file(found.path)
    except LvzooError as error:
        if model is not None:
            raise
        raise type(error)(f"the bundled model is not available: {error}") from error
    try:
        trained_on = find_card(found).trained_on
    except DataError as error:  # a trial that was moved out of its run
        log.warning("%s", error)
        return network, weights, {"model": show_name(chosen), "trained on": None}
    if trained_on.synthetic:
        log.warning("%s was trained on %s, without real patients; check the overlay", chosen, trained_on)
    return network, weights, {"model": show_name(chosen), "trained on": str(trained_on)}


def _read_batches(read: FramesRead) -> Iterator[list[Frame]]:
    """Yield the frames of a clip that decode, some at a time."""
    rows, columns = read.clip.size_HW
    most = max(1, min(MOST_FRAMES, MOST_BYTES // (rows * columns)))
    frames = read.read()
    while batch := list(islice(frames, most)):
        yield batch


def _make_table(read: FramesRead, areas_px: Sequence[int]) -> pd.DataFrame:
    """Return the area curve: number of the frame, its time if known, and its area in the clip's pixels."""
    table = pd.DataFrame({"frame": read.indices, "area_px": areas_px})
    if read.are_timed:
        table.insert(1, "time_s", read.times_s)
    return table
