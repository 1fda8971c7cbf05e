"""Predicts one clip: reads it, decodes it and writes its folder, batch by batch. A part of `predict`."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import torch

from lvzoo.clinic.trust import read_trust_model
from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.facts import FramesRead
from lvzoo.data.clips.find import ClipFile
from lvzoo.data.clips.names import digest_clip
from lvzoo.data.clips.private import find_neutral_name
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.view import find_view
from lvzoo.data.crop import Crop, find_crop, make_cropper, uncrop
from lvzoo.data.opencv import silence_opencv
from lvzoo.decoding.clip import MS_PER_S, ClipDecoder, TimedFrames
from lvzoo.decoding.smoothing import REACH, UntimedError
from lvzoo.device import choose_precision
from lvzoo.errors import show_name
from lvzoo.files import working_folder
from lvzoo.report.clip_files import (
    Made,
    check_results_folder,
    find_results,
    keep_results,
    replace_results,
)
from lvzoo.report.clip_video import NO_H264, OverlayVideo
from lvzoo.types.answer import ModelUsed, Role
from lvzoo.weights.opened import OpenedModel, name_apart
from lvzoo.workflows.clip_answer import AnswerMaker, ClipFacts
from lvzoo.workflows.clip_folder import ClipFolder, Wanted
from lvzoo.workflows.prediction import ClipPrediction

MOST_FRAMES: Final = 64
MOST_BYTES: Final = 64 * 2**20
"""A batch has at most this many frames, and at most this many bytes of grey frames."""

NO_TIMES: Final = "the times of its frames are not known"
NOT_SMOOTHED: Final = f"its masks are not smoothed in time, because {NO_TIMES}"
TELLING: Final = (
    "its name tells whom it shows, so its results are called {neutral}; --keep-identifiers keeps the name"
)
UNKNOWN_DATA: Final = "unknown data"

OnFrames: TypeAlias = Callable[[str, int, int], None]
"""Called with a clip's name, the frames done, and the frames to expect."""

log = logging.getLogger(__name__)


class Predictor:
    """Models on a device, and how and where they write their predictions."""

    def __init__(
        self,
        models: Sequence[OpenedModel],
        *,
        check: OpenedModel | None = None,
        out: Path,
        fps: float | None,
        device: torch.device,
        sigma_ms: float | None,
        tta: bool,
        wanted: Wanted | None = None,
    ) -> None:
        self.wanted = wanted or Wanted()
        self.wanted.check()
        silence_opencv()
        check_results_folder(out)
        self.out, self.fps, self.earlier = out, fps, find_results(out)
        self.models, self.checks, self.sigma_ms, self.tta = models, [check] if check else [], sigma_ms, tta
        networks, checks = (
            [model.network.to(device).to(memory_format=torch.channels_last) for model in group]
            for group in (models, self.checks)
        )
        self.decoder = ClipDecoder(
            networks, checks=checks, device=device, precision=choose_precision(device), copies=tta
        )
        self.trust_model = read_trust_model()
        self._told_of_video = False

    def predict_clip(self, file: ClipFile, name: str, on_frames: OnFrames | None) -> ClipPrediction:
        """Predict one clip, and write its folder, unless an earlier call did."""
        digest = digest_clip(file)
        shown, label = self._name_clip(file, name, digest)
        made = Made(
            name=shown,
            clip=digest,
            weights=tuple(sorted(model.digest for model in self.models)),
            checks=tuple(sorted(model.digest for model in self.checks)),
            fps=self.fps,
            smoothing_ms=self.sigma_ms,
            tta=self.tta,
            options=self.wanted.options,
        )
        if made in self.earlier and self._are_exported(made):
            return _return_earlier(file, *self.earlier[made])
        clip = open_clip(file, fps=self.fps)
        self.wanted.exports.check_clip(clip)
        if clip.times_from is not None and self.sigma_ms is not None:
            with suppress(UntimedError):  # raised in the middle of the clip, which then begins again
                return self._predict(clip, made, label, on_frames, sigma_ms=self.sigma_ms)
        return self._predict(clip, made, label, on_frames, sigma_ms=None)

    def _name_clip(self, file: ClipFile, name: str, digest: str) -> tuple[str, str]:
        """Return the name of the clip's file and that of its results, as they may be shown."""
        shown = show_name(file.path.name)
        if not self.wanted.keep_identifiers:
            neutral = find_neutral_name(file, (shown, name), digest=digest)
            if neutral is not None:
                log.warning("%s: %s", show_name(file.path), TELLING.format(neutral=neutral))
                return neutral, neutral
        return shown, name

    def _are_exported(self, made: Made) -> bool:
        """Return whether the clip of earlier results was added to the folder of `--echonet`, or cannot be added."""
        _, about = self.earlier[made]
        return about.get("not_exported") is not None or self.wanted.exports.are_done(made.clip)

    def _predict(
        self, clip: Clip, made: Made, name: str, on_frames: OnFrames | None, *, sigma_ms: float | None
    ) -> ClipPrediction:
        """Predict one clip with or without smoothing, and write its folder."""
        with working_folder(self.out) as working:
            sample_NHW = clip.sample()
            crop = find_crop(sample_NHW) if len(sample_NHW) else None
            facts = ClipFacts(
                clip=clip,
                name=made.name,
                label=name,
                crop=crop,
                view=find_view(clip.size_HW, crop, whole_picture=self.wanted.whole_picture),
                models=self._name_models(),
            )
            clip_folder = ClipFolder(working, facts, self.wanted)
            answer_maker = AnswerMaker(crop)
            read = FramesRead(clip=clip)
            self._write_frames(clip_folder, answer_maker, read, name, on_frames, sigma_ms=sigma_ms)
            warnings = self._list_warnings(read, crop, sigma_ms)
            for warning in warnings:
                log.warning("%s: %s", show_name(clip.path), warning)
            answer = answer_maker.make(facts, read, self.trust_model, warnings)
            clip_folder.finish(answer, read, made, self._describe(sigma_ms))
            self._tell_of_video(clip_folder.video)
            folder = self._keep(working, made, name)
        return ClipPrediction(clip=clip.path, folder=folder, frames=len(read.indices), fps=clip.fps)

    def _keep(self, working: Path, made: Made, name: str) -> Path:
        """Move a finished folder to its place: that of earlier results made from the same, or a new one."""
        replaced = replace_results(working, *self.earlier[made]) if made in self.earlier else None
        return replaced or keep_results(working, self.out, name)

    def _write_frames(
        self,
        clip_folder: ClipFolder,
        answer_maker: AnswerMaker,
        read: FramesRead,
        name: str,
        on_frames: OnFrames | None,
        *,
        sigma_ms: float | None,
    ) -> None:
        """Read and predict the clip batch by batch, and write what each frame gives."""
        clip = read.clip
        crop_frame = make_cropper(answer_maker.crop, clip.size_HW)
        waiting: deque[Frame] = deque()  # the frames whose masks are still to come

        def take_frames() -> Iterator[TimedFrames]:
            for frames in _read_batches(read):
                waiting.extend(frames)
                yield TimedFrames(
                    frames_BHW=np.stack([crop_frame(frame.grey_HW) for frame in frames]),
                    times_s=[frame.time_s for frame in frames],
                )

        with closing(clip_folder.video):
            for decoded in self.decoder.decode(take_frames(), sigma_ms=sigma_ms):
                outlines = answer_maker.add(decoded)
                for seen_mask_HW, (outline_P2, check_P2) in zip(decoded.masks_BHW, outlines, strict=True):
                    mask_HW = uncrop(seen_mask_HW, answer_maker.crop, clip.size_HW)
                    clip_folder.add(waiting.popleft(), mask_HW, outline_P2, check_P2)
                if on_frames is not None:
                    done = len(clip_folder.mask_px)
                    on_frames(name, done, max(clip.likely_frames, done))
        read.check_any()

    def _list_warnings(self, read: FramesRead, crop: Crop | None, sigma_ms: float | None) -> list[str]:
        """Return what a reader of the results should know, each in one line."""
        warnings = read.list_warnings(crop)
        if len(read.indices) < 2 or self.sigma_ms is None:
            return warnings
        if sigma_ms is None:
            return [*warnings, NOT_SMOOTHED]
        reach_s = REACH * sigma_ms / MS_PER_S
        times_s = [time_s for time_s in read.times_s if time_s is not None]
        if all(later - sooner > reach_s for sooner, later in pairwise(times_s)):
            warnings.append(
                f"smoothing in time had no effect, because its frames are more than {reach_s * MS_PER_S:.0f} ms apart"
            )
        return warnings

    def _name_models(self) -> tuple[ModelUsed, ...]:
        """Return the models that take part, with their roles."""
        return tuple(
            ModelUsed(name=name, weights=model.digest, trained_on=model.data or UNKNOWN_DATA, role=role)
            for role, model, name, _ in self._list_models()
        )

    def _list_models(self) -> Iterator[tuple[Role, OpenedModel, str, str]]:
        """Yield the role of each model, the model, its name, and which of its outputs are averaged."""
        names = iter(name_apart([*self.models, *self.checks]))
        for model, form in zip(self.models, self.decoder.forms, strict=True):
            yield "answer", model, next(names), form.averaged
        for model, form in zip(self.checks, self.decoder.check_forms, strict=True):
            yield "check", model, next(names), form.averaged

    def _describe(self, sigma_ms: float | None) -> dict[str, Any]:
        """Return what summary.json says about the models, and about how the masks were made from their outputs."""
        models = [
            {
                "model": name,
                "role": role,
                "kind": model.kind,
                "weights": model.digest,
                "trained_on": model.data,
                "averaged": averaged,
                **({} if model.hub is None else {"source": model.hub}),
            }
            for role, model, name, averaged in self._list_models()
        ]
        smoothing: dict[str, Any] = {"sigma_ms": sigma_ms}
        if sigma_ms is None:
            smoothing["reason"] = "not asked for" if self.sigma_ms is None else NO_TIMES
        return {"models": models, "smoothing": smoothing, "tta": self.tta}

    def _tell_of_video(self, video: OverlayVideo) -> None:
        """Say once if browsers do not play the overlay videos."""
        if not video.plays_in_browsers and not self._told_of_video:
            self._told_of_video = True
            log.warning(NO_H264)


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
