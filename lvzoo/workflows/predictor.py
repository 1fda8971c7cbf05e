"""Predicts one clip: reads it, decodes it and writes its folder, batch by batch. A part of `predict`."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

import lvzoo
from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.facts import FramesRead
from lvzoo.data.clips.find import ClipFile
from lvzoo.data.clips.names import digest_clip
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import Crop, find_crop, make_cropper, uncrop
from lvzoo.decoding.clip import ClipDecoder, TimedFrames
from lvzoo.decoding.smoothing import UntimedError
from lvzoo.device import choose_precision
from lvzoo.errors import show_name
from lvzoo.evaluate.jitter import measure_jitter
from lvzoo.files import PREDICTION, working_folder
from lvzoo.report.clip_files import (
    AREAS,
    ClipWriter,
    Made,
    check_results_folder,
    find_results,
    keep_results,
    read_masks,
)
from lvzoo.weights.opened import OpenedModel

MOST_FRAMES: Final = 64
MOST_BYTES: Final = 64 * 2**20
"""A batch has at most this many frames, and at most this many bytes of grey frames."""

NO_TIMES: Final = "the times of its frames are not known"
NOT_SMOOTHED: Final = f"its masks are not smoothed in time, because {NO_TIMES}"

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


class Predictor:
    """Models on a device, and how and where they write their predictions."""

    def __init__(
        self,
        models: Sequence[OpenedModel],
        *,
        out: Path,
        fps: float | None,
        device: torch.device,
        sigma_ms: float | None,
        tta: bool,
    ) -> None:
        check_results_folder(out)
        self.out, self.fps, self.earlier = out, fps, find_results(out)
        self.models, self.sigma_ms, self.tta = models, sigma_ms, tta
        self.decoder = ClipDecoder(
            [model.network.to(device).to(memory_format=torch.channels_last) for model in models],
            device=device,
            precision=choose_precision(device),
            copies=tta,
        )

    def predict_clip(self, file: ClipFile, name: str, on_frames: OnFrames | None) -> ClipPrediction:
        """Predict one clip, and write its folder, unless an earlier call did."""
        made = Made(
            name=show_name(file.path.name),
            clip=digest_clip(file),
            weights=tuple(sorted(model.digest for model in self.models)),
            fps=self.fps,
            smoothing_ms=self.sigma_ms,
            tta=self.tta,
        )
        if made in self.earlier:
            return _return_earlier(file, *self.earlier[made])
        clip = open_clip(file, fps=self.fps)
        if clip.times_from is not None and self.sigma_ms is not None:
            with suppress(UntimedError):  # raised in the middle of the clip, which then begins again
                return self._predict(clip, made, name, on_frames, sigma_ms=self.sigma_ms)
        return self._predict(clip, made, name, on_frames, sigma_ms=None)

    def _predict(
        self, clip: Clip, made: Made, name: str, on_frames: OnFrames | None, *, sigma_ms: float | None
    ) -> ClipPrediction:
        """Predict one clip with or without smoothing, and write its folder."""
        with working_folder(self.out) as working:
            sample_NHW = clip.sample()
            crop = find_crop(sample_NHW) if len(sample_NHW) else None
            read, areas_px = self._write_frames(clip, crop, working, name, on_frames, sigma_ms=sigma_ms)
            _make_table(read, areas_px).to_csv(working / AREAS, index=False)
            warnings = read.list_warnings(crop)
            if made.smoothing_ms is not None and sigma_ms is None and len(areas_px) > 1:
                warnings.append(NOT_SMOOTHED)
            for warning in warnings:
                log.warning("%s: %s", show_name(clip.path), warning)
            about = {
                "clip": show_name(clip.path),
                "synthetic": is_synthetic(clip.path),
                "made from": asdict(made),
                **self._describe(sigma_ms),
                **read.describe(crop),
                "empty masks": areas_px.count(0),
                "jitter": measure_jitter(areas_px, read.indices),
                "warnings": warnings,
            }
            text = json.dumps(about, indent=2, ensure_ascii=False)
            (working / PREDICTION).write_text(text + "\n", encoding="utf-8")
            folder = keep_results(working, self.out, name)
        return ClipPrediction(clip=clip.path, folder=folder, frames=len(areas_px), fps=clip.fps)

    def _write_frames(
        self,
        clip: Clip,
        crop: Crop | None,
        folder: Path,
        name: str,
        on_frames: OnFrames | None,
        *,
        sigma_ms: float | None,
    ) -> tuple[FramesRead, list[int]]:
        """Read, predict and write the clip batch by batch. Return what was read, and the area of each mask."""
        read, areas_px = FramesRead(clip=clip), list[int]()
        crop_frame = make_cropper(crop, clip.size_HW)
        waiting: deque[Frame] = deque()  # the frames whose masks are still to come

        def take_frames() -> Iterator[TimedFrames]:
            for frames in _read_batches(read):
                waiting.extend(frames)
                yield TimedFrames(
                    frames_BHW=np.stack([crop_frame(frame.grey_HW) for frame in frames]),
                    times_s=[frame.time_s for frame in frames],
                )

        with ClipWriter(folder, size_HW=clip.size_HW, fps=clip.fps) as writer:
            for masks_NHW in self.decoder.decode(take_frames(), sigma_ms=sigma_ms):
                for seen_mask_HW in masks_NHW:
                    frame, mask_HW = waiting.popleft(), uncrop(seen_mask_HW, crop, clip.size_HW)
                    writer.add(frame.index, frame.grey_HW, mask_HW)
                    areas_px.append(int(mask_HW.sum()))
                if on_frames is not None:
                    on_frames(name, len(areas_px), max(clip.likely_frames, len(areas_px)))
        read.check_any()
        return read, areas_px

    def _describe(self, sigma_ms: float | None) -> dict[str, Any]:
        """Return what prediction.json says about the models, and about how the masks were made from their outputs."""
        models = [
            {
                "model": model.named,
                "weights": model.digest,
                "trained on": model.data,
                "averaged": form.averaged,
            }
            for model, form in zip(self.models, self.decoder.forms, strict=True)
        ]
        smoothing: dict[str, Any] = {"sigma_ms": sigma_ms}
        if sigma_ms is None:
            smoothing["reason"] = "not asked for" if self.sigma_ms is None else NO_TIMES
        return {"lvzoo": lvzoo.__version__, "models": models, "smoothing": smoothing, "tta": self.tta}


def _return_earlier(file: ClipFile, folder: Path, about: Mapping[str, Any]) -> ClipPrediction:
    """Return what an earlier call predicted."""
    log.warning("%s: was predicted before, and %s holds the results", show_name(file.path), show_name(folder))
    return ClipPrediction(
        clip=file.path, folder=folder, frames=about["frames"], fps=about["fps"], earlier=True
    )


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
