"""Makes the file of numbers by which masks are judged (`lvzoo.clinic.trust_numbers`), from clips of the phantom.

Two models that see other things, a mask model and a landmark model, predict noisy clips whose truth is known. Each of
them answers once, with the other one as its second opinion. So there are numbers for both kinds.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

import lvzoo
from lvzoo.clinic.evidence import measure_evidence
from lvzoo.clinic.trust_fit import KnownFrames, fit_situations
from lvzoo.clinic.trust_numbers import TrustModel, write_trust_model
from lvzoo.data.clips.clip import ClipFile, Frame
from lvzoo.data.clips.recognise import open_clip
from lvzoo.decoding.clip import ClipDecoder, DecodedFrames, ModelFrames, TimedFrames
from lvzoo.decoding.smoothing import SIGMA_MS
from lvzoo.device import choose_device, choose_precision
from lvzoo.errors import DataError, UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import evenly_spaced, fit_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import corrupt_frame, open_suite, suite_digest
from lvzoo.noise.corrupt import select_conditions
from lvzoo.phantom.files import TRUE_CONTOURS
from lvzoo.phantom.write import GENERATOR_VERSION, cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.types import CLEAN, FRAME_SIZE_HW, Condition, Kind
from lvzoo.weights.opened import OpenedModel, open_models

MODELS: Final = ("unet-fast", "landmark7-fast")
"""A mask model and a landmark model: the default one of `lvzoo predict`, and its second opinion."""
NOISE: Final = "noise-v1"
SIZE: Final = "beats"
SEED: Final = 0
"""The phantom of which the bundled weights saw the splits `train` and `val`. Its split `test` is for the fit."""
CLEAN_SHARE: Final = 6
"""Clean clips are so many times as frequent as those of each other condition."""
STRIDE: Final = 17
"""Step from one clip's condition to that of the next, so that neighbours do not have the same corruption."""
DIGITS: Final = 16

OnClip = Callable[[int, int], None]
"""Called with the clips done, and the clips to expect."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedClip:
    """A clip of known truth under one condition: what both kinds of models find in it, by the kind that answers."""

    condition: Condition
    frames: dict[Kind, KnownFrames]
    digest: str
    """A hash of its frames as the models saw them, and of the true masks."""


class TrustWorkbench:
    """A mask model and a landmark model on a device, which predict clips whose truth is known."""

    def __init__(self, models: Sequence[OpenedModel], suite: NoiseSuite, device: torch.device) -> None:
        """Take a mask model and a landmark model, in this order."""
        mask, landmark = (model.network.to(device).to(memory_format=torch.channels_last) for model in models)
        self.models = tuple(models)
        precision = choose_precision(device)
        self.suite = suite
        self.decoder = ClipDecoder(
            [mask], checks=[landmark], device=device, precision=precision, copies=False
        )

    def decode(
        self, frames_NHW: NDArray[np.uint8], times_s: Sequence[float | None]
    ) -> Iterator[DecodedFrames]:
        """Yield what the models find in the frames of one clip, smoothed in time."""
        return self.decoder.decode([TimedFrames(frames_BHW=frames_NHW, times_s=times_s)], sigma_ms=SIGMA_MS)

    def judge_clips(
        self, phantom: Path, conditions: Sequence[Condition], on_clip: OnClip | None = None
    ) -> list[JudgedClip]:
        """Judge the first test clips of a phantom, each under its condition."""
        judged = []
        for name, condition in zip(list_clips(phantom), conditions, strict=False):
            judged.append(self.judge(phantom, name, condition))
            if on_clip is not None:
                on_clip(len(judged), len(conditions))
        return judged

    def judge(self, phantom: Path, name: str, condition: Condition) -> JudgedClip:
        """Predict one clip of a phantom under a condition, and measure evidence and true Dice of its frames."""
        frames_NHW, times_s = self.read_clip(phantom / "Videos" / f"{name}.avi", condition)
        truth_NHW = _read_truth(phantom, name)
        decoded = [part for part in self.decode(frames_NHW, times_s) if len(part)]
        return JudgedClip(
            condition=condition,
            frames={
                "mask": _know(decoded, truth_NHW, name, 0),
                "landmark": _know(decoded, truth_NHW, name, 1),
            },
            digest=hashlib.sha256(frames_NHW.tobytes() + np.packbits(truth_NHW).tobytes()).hexdigest(),
        )

    def read_clip(self, path: Path, condition: Condition) -> tuple[NDArray[np.uint8], list[float | None]]:
        """Return the frames of a clip under a condition, and their times."""
        found = [frame for frame in open_clip(ClipFile(path=path)).read() if isinstance(frame, Frame)]
        frames_NHW = np.stack([frame.grey_HW for frame in found])
        if condition != CLEAN:
            sector = fit_sector(frames_NHW[evenly_spaced(len(frames_NHW))])
            frames_NHW = np.stack(
                [
                    corrupt_frame(
                        self.suite,
                        frame.grey_HW,
                        condition,
                        video=path.stem,
                        frame=frame.index,
                        sector=sector,
                    )
                    for frame in found
                ]
            )
        return frames_NHW, [frame.time_s for frame in found]


def fit_trust(
    *,
    out: str | Path,
    phantom: str | Path | None = None,
    clips: int | None = None,
    models: Sequence[str | Path] = MODELS,
    device: str = "auto",
    on_clip: OnClip | None = None,
) -> TrustModel:
    """Fit the Dice to expect to clips of the phantom under noise-v1, write the numbers to a file, and return them.

    Args:
        out: the file to write.
        phantom: a folder that `lvzoo data phantom` wrote; its split `test` is used. None: the phantom of size `beats`
            and seed 0. It must hold no patient that the models were trained on.
        clips: how many clips to use; None: all. Each gets one condition.
        models: a mask model and a landmark model.
        device: auto, cpu or cuda.
        on_clip: called after every clip.

    Raises:
        UsageError: the models are not one of each kind, or there are fewer than two clips.
        DataError: a model or the phantom cannot be read.
    """
    bench = TrustWorkbench(open_pair(models), open_suite(open_zoo().noise(NOISE)), choose_device(device))
    folder = cached_phantom(size=SIZE, seed=SEED) if phantom is None else Path(phantom)
    count = len(list_clips(folder)[:clips])
    judged = bench.judge_clips(folder, deal_conditions(bench.suite, count), on_clip)
    model = make_trust_model(bench, folder, judged, command="lvzoo.workflows.fit_trust.fit_trust(...)")
    write_trust_model(Path(out), model)
    return model


def make_trust_model(
    bench: TrustWorkbench, phantom: Path, judged: Sequence[JudgedClip], *, command: str
) -> TrustModel:
    """Return the numbers fitted to clips of a phantom, with their card, which names the command.

    Raises:
        UsageError: there are fewer than two clips.
    """
    if len(judged) < 2:
        raise UsageError(f"{phantom}: {len(judged)} test clips are too few for a fit; use two or more")
    return TrustModel(
        fits=fit_situations(join_frames(judged)), card=_make_card(bench, phantom, judged, command)
    )


def open_pair(models: Sequence[str | Path] = MODELS) -> list[OpenedModel]:
    """Open a mask model and a landmark model.

    Raises:
        UsageError: they are not one of each kind, in this order.
    """
    opened = open_models(list(models))
    if [model.kind for model in opened] != ["mask", "landmark"]:
        raise UsageError(
            "name a mask model and then a landmark model; each gives a second opinion on the other"
        )
    return opened


def list_clips(phantom: Path) -> list[str]:
    """Return the names of the test clips of a phantom."""
    try:
        with (phantom / "FileList.csv").open(newline="") as file:
            return [row["FileName"] for row in csv.DictReader(file) if row["Split"] == "TEST"]
    except (OSError, KeyError) as error:
        raise DataError(
            f"{phantom}: is no folder of a phantom; write one with `lvzoo data phantom`"
        ) from error


def deal_conditions(suite: NoiseSuite, clips: int) -> list[Condition]:
    """Return the condition of each clip: all of the suite's in turn, clean clips more often."""
    conditions = [CLEAN] * (CLEAN_SHARE - 1) + select_conditions(suite)
    return [conditions[clip * STRIDE % len(conditions)] for clip in range(clips)]


def join_frames(clips: Sequence[JudgedClip]) -> dict[Kind, KnownFrames]:
    """Return the frames of all clips, by the kind of model that answers."""
    kinds: tuple[Kind, ...] = ("mask", "landmark")
    return {
        kind: KnownFrames(
            evidence_NF=np.concatenate([clip.frames[kind].evidence_NF for clip in clips]),
            dice_N=np.concatenate([clip.frames[kind].dice_N for clip in clips]),
            clips_N=np.concatenate([clip.frames[kind].clips_N for clip in clips]),
        )
        for kind in kinds
    }


def measure_decoded(decoded: Sequence[DecodedFrames], answering: int) -> NDArray[np.float64]:
    """Return the evidence (N, F) of a clip in which the mask model (0) or the landmark model (1) answers."""
    parts = []
    for part in decoded:
        pair = (part.answers[0], part.checks[0])
        parts.append(_measure(part.frames_BHW, pair[answering], pair[1 - answering]))
    return np.concatenate(parts)


def _measure(frames_BHW: NDArray[np.uint8], answer: ModelFrames, check: ModelFrames) -> NDArray[np.float64]:
    return measure_evidence(
        frames_BHW=frames_BHW,
        masks_BHW=answer.smoothed_masks_BHW,
        logits_BHW=answer.smoothed_logits_BHW,
        check_masks_BHW=check.smoothed_masks_BHW,
        check_logits_BHW=check.smoothed_logits_BHW,
        unsmoothed_masks_BHW=answer.masks_BHW,
    )


def _know(
    decoded: Sequence[DecodedFrames], truth_NHW: NDArray[np.bool_], name: str, answering: int
) -> KnownFrames:
    """Return the frames of a clip in which one of the two models answers."""
    masks_NHW = np.concatenate(
        [(part.answers[0], part.checks[0])[answering].smoothed_masks_BHW for part in decoded]
    )
    return KnownFrames(
        evidence_NF=measure_decoded(decoded, answering),
        dice_N=dice_N(masks_NHW, truth_NHW),
        clips_N=np.full(len(masks_NHW), name),
    )


def _read_truth(phantom: Path, name: str) -> NDArray[np.bool_]:
    """Return the true masks of a phantom's clip."""
    try:
        with np.load(phantom / TRUE_CONTOURS) as contours:
            return np.stack([rasterise(contour_P2, FRAME_SIZE_HW) for contour_P2 in contours[name]])
    except (OSError, KeyError) as error:
        raise DataError(
            f"{phantom}: does not hold the true contours of {name}; write the phantom again"
        ) from error


def _make_card(
    bench: TrustWorkbench, phantom: Path, clips: Sequence[JudgedClip], command: str
) -> dict[str, object]:
    """Return how and from what the numbers are made."""
    frames = sum(len(clip.frames["mask"].dice_N) for clip in clips)
    return {
        "what": "numbers by which lvzoo judges how far the masks of a clip can be trusted",
        "synthetic": True,
        "not_for": "diagnosis, treatment or measurement of a patient; no real clip was used",
        "command": command,
        "lvzoo": lvzoo.__version__,
        "data": f"{phantom.name.removeprefix(f'{GENERATOR_VERSION}-')} ({GENERATOR_VERSION}), split test",
        "clips": len(clips),
        "frames": frames,
        "fingerprint": hashlib.sha256("".join(clip.digest for clip in clips).encode()).hexdigest()[:DIGITS],
        "noise": bench.suite.name,
        "noise_digest": suite_digest(bench.suite),
        "smoothing_ms": SIGMA_MS,
        "models": [
            {"name": model.named, "kind": model.kind, "weights": model.digest, "trained_on": model.data}
            for model in bench.models
        ],
    }
