"""Segments clips with a trained model, and answers for each: beats, ejection fraction, and how far to trust them.

A clip is read, predicted and written batch by batch, so that the memory needed depends on the size of a frame and not
on the length of the clip.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lvzoo.arguments import check_path, list_paths
from lvzoo.data.clips.clip import RATES_FPS, is_usable_rate
from lvzoo.data.clips.failure import do_each
from lvzoo.data.clips.find import find_clips
from lvzoo.data.clips.names import name_clips
from lvzoo.decoding.smoothing import SIGMA_MS
from lvzoo.device import choose_device
from lvzoo.errors import DataError, UsageError, name_option
from lvzoo.files import check_folder
from lvzoo.report.clip_files import find_results
from lvzoo.report.clip_page_index import write_index_page
from lvzoo.weights.locate import check_is_no_model
from lvzoo.weights.opened import open_check, open_models
from lvzoo.workflows.clip_folder import Wanted
from lvzoo.workflows.prediction import ClipPrediction
from lvzoo.workflows.predictor import OnFrames, Predictor

INDEX: Final = "index.html"
OURS: Final = b"lvzoo"
"""What a page of lvzoo contains."""

log = logging.getLogger(__name__)


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
    model: str | Path | Sequence[str | Path] | None = None,
    out: str | Path = "predictions",
    fps: float | None = None,
    smoothing: bool = True,
    tta: bool = False,
    wanted: Wanted | None = None,
    device: str = "auto",
    registries: Sequence[Path] = (),
) -> list[ClipPrediction]:
    """Segment the left ventricle in every frame of clips, and measure its beats and ejection fraction.

    A clip is a video, a DICOM or NIfTI file, a GIF, or numbered pictures. For each clip, `out/NAME/` contains masks,
    tables, `summary.json`, an overlay video and a page; docs/clips.md describes them. Several clips get a page
    `out/index.html`. Clips that are not 112 x 112 are cropped to their sector. lvzoo is not a medical device.

    Args:
        clips: one path or several. A folder is searched for clips.
        model: a trial's folder of a run (`runs/NAME/trials/unet-s0`), a weights file, or an entry that carries
            weights; by default an entry of lvzoo that was trained on synthetic patients only. With several models,
            the masks are the mean of theirs: the mean of their signed distances to the border.
        out: the folder to write to. If it holds the results of the same clip by the same models and with the same
            settings, they are returned.
        fps: the frame rate, for clips that do not state it; it replaces the times of those that do.
        smoothing: average over neighbouring frames, with a Gaussian of 40 ms over the frames' times: the logits of a
            mask model, the landmarks of a landmark model. A clip whose times are not known is not smoothed.
        tta: average over shifted and scaled copies of each frame (test-time augmentation). The model then runs seven
            times per frame.
        wanted: further files, and what pages show.
        device: auto, cpu or cuda.
        registries: further registry.yaml files.

    Raises:
        ClipsError: a clip cannot be read or predicted. The other clips are still predicted.
        DataError: the model cannot be read, or a folder holds no clips.
    """
    given = list_paths(clips, "clips")
    check_path(out, "out")
    if "" in given:
        raise UsageError("the path of a clip is empty; for the present folder, name '.'")
    paths = [Path(clip) for clip in given]
    done = list(
        predict_each(
            paths,
            model=model,
            out=out,
            fps=fps,
            smoothing=smoothing,
            tta=tta,
            wanted=wanted,
            device=device,
            registries=registries,
        )
    )
    failed = [result for result in done if isinstance(result, DataError)]
    predictions = [result for result in done if isinstance(result, ClipPrediction)]
    if failed:
        raise ClipsError(failed, predictions) from failed[0]
    return predictions


def predict_each(
    clips: Sequence[Path],
    *,
    model: str | Path | Sequence[str | Path] | None = None,
    out: str | Path,
    fps: float | None = None,
    smoothing: bool = True,
    tta: bool = False,
    wanted: Wanted | None = None,
    device: str,
    registries: Sequence[Path] = (),
    on_frames: OnFrames | None = None,
) -> Iterator[ClipPrediction | DataError]:
    """Yield each clip's prediction when it is done, or the clip's error.

    Raises:
        UsageError: `fps` cannot be the frame rate of a clip, `out` is a file or has a name in which no video can be
            written, a model is named twice or as a clip, or a library for a wanted file is missing.
        DataError: the model cannot be read, or a folder holds no clips.
        Exception: a fault of lvzoo itself. It is raised at the end, after the other clips.
    """
    if fps is not None and not is_usable_rate(fps):
        low, high = RATES_FPS
        raise UsageError(
            f"{fps:g} frames per second is no frame rate; {name_option('fps')} is from {low:g} to {high:,.0f}"
        )
    check_folder(Path(out))
    for path in clips:
        check_is_no_model(path, registries=registries)
    found = find_clips(clips)
    models = open_models(model, registries=registries)
    predictor = Predictor(
        models,
        check=open_check(models),
        out=Path(out),
        fps=fps,
        device=choose_device(device),
        sigma_ms=SIGMA_MS if smoothing else None,
        tta=tta,
        wanted=wanted,
    )
    names = dict(zip(found, name_clips(found), strict=True))
    try:
        yield from do_each(found, lambda clip: predictor.predict_clip(clip, names[clip], on_frames))
    finally:
        _write_index(Path(out))


def _write_index(out: Path) -> None:
    """Write a page that lists the results in a folder, if there are several. A page of someone else is left alone."""
    results = dict(find_results(out).values())
    path = out / INDEX
    if len(results) < 2 or (path.exists() and OURS not in path.read_bytes()):
        return
    write_index_page(results, path)
