"""Adds a clip and its contours to a folder in EchoNet-Dynamic's layout, where they can be corrected and trained on.

The clip is cropped to its sector, as the model saw it, and shows nothing that pages do not show. One beat of it is
traced: the long axis and 20 chords at ED and ES, as in EchoNet-Dynamic (Ouyang et al. 2020, doi
10.1038/s41586-020-2145-8).
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from lvzoo.clinic.axis import find_principal_axis
from lvzoo.clinic.volume import find_chords, to_ml
from lvzoo.data.clips.clip import Clip, Frame, report_damage
from lvzoo.data.crop import Crop, crop_points, make_cropper
from lvzoo.data.echonet import VIDEOS
from lvzoo.data.layout import (
    FILE_LIST_HEADER,
    TRACINGS_HEADER,
    append_rows,
    list_tracing_rows,
    write_video,
)
from lvzoo.data.tables import FILE_LIST, SUFFIX, TRACINGS, read_file_list, stem_of
from lvzoo.errors import DataError, show_name
from lvzoo.files import working_folder
from lvzoo.geometry.contour import Tracing
from lvzoo.types import FRAME_SIZE_HW
from lvzoo.types.answer import ClipAnswer, ClipBeat

log = logging.getLogger(__name__)

SPLIT: Final = "TRAIN"
"""The split of every clip that is added. The layout does not say which clips are of one patient, so any other rule
could put a patient into two splits."""
QUALITY: Final = 95
"""The quality of the JPEGs in the video."""
PREDICTED: Final = "Predicted.csv"
"""The table that says which tracings are predictions, and whose. EchoNet-Dynamic has no such table."""
PREDICTED_HEADER: Final = (
    *("FileName", "Clip", "ClipSha256", "Synthetic", "Models", "Weights", "Lvzoo", "Trusted"),
)
SEPARATOR: Final = "; "
"""Stands between several models in a cell of that table. Names may have spaces."""
LOCK: Final = ".lvzoo-lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class TracedBeat:
    """The beat of a clip that is traced, with the positions of its ED and ES in the arrays of the answer."""

    beat: ClipBeat
    ed: int
    es: int


def add_to_echonet(
    folder: Path, answer: ClipAnswer, clip: Clip, crop: Crop | None, *, name: str, digest: str
) -> str | None:
    """Add a clip to a folder in EchoNet-Dynamic's layout, which is made if it is missing; return its name there.

    If the folder has another clip of this name, a number is added. If it has this clip, nothing is changed, because
    its tracings may have been corrected. `digest` is the SHA-256 of the clip's content, by which it is known.

    A clip without a whole beat is left out: a warning says why, and None is returned.

    Raises:
        DataError: the folder holds something else, or cannot be written.
    """
    traced = choose_beat(answer)
    if traced is None:
        reason = explain_left_out(answer)
        log.warning("%s: not added to %s: %s", show_name(clip.path), show_name(folder), reason)
        return None
    _check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with working_folder(folder) as working:
        video = working / "clip.avi"
        _write_clip(video, answer, clip, crop)
        with FileLock(folder / LOCK):
            return _keep(folder, video, answer, clip, crop, traced, name=name, digest=digest)


def explain_left_out(answer: ClipAnswer) -> str | None:
    """Return why a clip cannot be added: it has no beat to trace. Return None if it can."""
    if choose_beat(answer) is not None:
        return None
    return answer.ef_reason or "none of its beats has a mask at both ED and ES"


def choose_beat(answer: ClipAnswer) -> TracedBeat | None:
    """Return the beat to trace: the one whose ejection fraction is nearest to the clip's.

    If there are trusted beats, it is one of them.
    """
    whole = [
        TracedBeat(beat=beat, ed=beat.ed, es=beat.es)
        for beat in answer.beats
        if beat.reason is None and beat.ed is not None and beat.es is not None
    ]
    traceable = [
        each
        for each in whole
        if answer.outlines[each.ed] is not None and answer.outlines[each.es] is not None
    ]
    mean = answer.ef_percent
    return min(
        traceable,
        key=lambda each: (not each.beat.trusted, abs((each.beat.ef_percent or 0.0) - (mean or 0.0))),
        default=None,
    )


def trace_outline(outline_P2: NDArray[np.floating]) -> Tracing:
    """Return an outline in the form of a tracing: its principal axis, and 20 chords across it from apex to base."""
    axis = find_principal_axis(outline_P2)
    return Tracing(axis_22=np.array([axis.apex_px, axis.base_px]), chords_R22=find_chords(outline_P2, axis))


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else.

    Raises:
        DataError: the folder is no folder, or holds files but no FileList.csv.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; name another --echonet")
    if not (folder / FILE_LIST).exists() and any(_list_others(folder)):
        raise DataError(f"{folder}: holds other files and no {FILE_LIST}; name a new folder for --echonet")


def _list_others(folder: Path) -> Iterator[Path]:
    """Yield what a folder holds, except for hidden files and for videos, which may come from an interrupted call."""
    if folder.is_dir():
        yield from (
            each for each in folder.iterdir() if not each.name.startswith(".") and each.name != VIDEOS
        )


def _write_clip(path: Path, answer: ClipAnswer, clip: Clip, crop: Crop | None) -> None:
    """Write the frames of the answer as the model saw them, without what the answer's view hides."""
    if answer.fps is None:
        raise AssertionError  # without times there are no beats
    frames = _fill_gaps(_list_frames(answer, clip, crop))
    count = write_video(path, frames, size_HW=FRAME_SIZE_HW, fps=answer.fps, quality=QUALITY)
    repeated = count - len(answer.outlines)
    if repeated:
        subject = "1 frame that does" if repeated == 1 else f"{repeated} frames that do"
        log.warning(
            "%s: in place of %s not decode, the video for training repeats the frame before",
            *(show_name(clip.path), subject),
        )


def _list_frames(
    answer: ClipAnswer, clip: Clip, crop: Crop | None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the number of each frame of the answer in the file, and its picture (112, 112)."""
    crop_frame, shown_HW = make_cropper(crop, clip.size_HW), answer.view.shown_HW
    wanted = set(answer.frame_numbers_N.tolist())
    for frame in clip.read():
        if isinstance(frame, Frame) and frame.index in wanted:
            # If no sector was found, the model saw the bright pixels, which may be text.
            grey_HW = frame.grey_HW if shown_HW is None else frame.grey_HW * shown_HW
            yield frame.index, crop_frame(grey_HW)


def _fill_gaps(frames: Iterable[tuple[int, NDArray[np.uint8]]]) -> Iterator[NDArray[np.uint8]]:
    """Yield numbered frames, each once more for each number that is missing after it, so that the times stay."""
    earlier: tuple[int, NDArray[np.uint8]] | None = None
    for number, frame_HW in frames:
        if earlier is not None:
            yield from repeat(earlier[1], number - earlier[0] - 1)
        yield frame_HW
        earlier = number, frame_HW


def _keep(
    folder: Path,
    video: Path,
    answer: ClipAnswer,
    clip: Clip,
    crop: Crop | None,
    traced: TracedBeat,
    *,
    name: str,
    digest: str,
) -> str:
    """Move a finished video to its place, and add its rows to the tables. The folder must be locked."""
    added = find_added(folder, digest)
    if added is not None:
        log.warning(
            "%s: is in %s already, as %s, and its tracings there are left as they are",
            *(show_name(clip.path), show_name(folder), show_name(added)),
        )
        return added
    videos, kept = folder / VIDEOS, _find_free_name(_list_names(folder), stem_of(name))
    videos.mkdir(exist_ok=True)
    video.replace(videos / f"{kept}{SUFFIX}")
    rows = [  # ES first, as EchoNet-Dynamic's loader expects
        row for place in (traced.es, traced.ed) for row in _list_rows(kept, answer, crop, place)
    ]
    prediction = _describe_prediction(kept, answer, traced, digest)
    append_rows(folder / TRACINGS, TRACINGS_HEADER, rows)
    append_rows(folder / PREDICTED, PREDICTED_HEADER, [prediction])
    append_rows(folder / FILE_LIST, FILE_LIST_HEADER, [_describe_clip(kept, answer, traced)])
    return kept


def find_added(folder: Path, digest: str) -> str | None:
    """Return the name of a clip in a folder in EchoNet-Dynamic's layout, by the SHA-256 of its content.

    Return None if lvzoo has not added it, or somebody has removed it from FileList.csv.

    Raises:
        DataError: a table cannot be read.
    """
    if not (folder / PREDICTED).is_file():
        return None
    with (
        report_damage(folder / PREDICTED),
        (folder / PREDICTED).open(newline="", encoding="utf-8-sig") as file,
    ):
        names = [stem_of(row["FileName"]) for row in csv.DictReader(file) if row["ClipSha256"] == digest]
    listed = set(_list_names(folder))
    return next((name for name in names if name in listed), None)


def _list_names(folder: Path) -> list[str]:
    if not (folder / FILE_LIST).exists():
        return []
    return [name for names in read_file_list(folder / FILE_LIST).videos.values() for name in names]


def _find_free_name(listed: Collection[str], name: str) -> str:
    """Return the first of NAME, NAME-2, ... that is not listed. On some file systems, case makes no difference."""
    taken = {each.casefold() for each in listed}
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(each for each in names if each.casefold() not in taken)


def _list_rows(name: str, answer: ClipAnswer, crop: Crop | None, place: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the tracing of one frame. Its number is that in the video."""
    outline_P2 = answer.outlines[place]
    if outline_P2 is None:
        raise AssertionError  # `choose_beat` takes no such frame
    return list_tracing_rows(name, trace_outline(crop_points(outline_P2, crop)), _find_number(answer, place))


def _find_number(answer: ClipAnswer, place: int) -> int:
    """Return the number of a frame in the video, which begins with the first frame that decodes."""
    return int(answer.frame_numbers_N[place] - answer.frame_numbers_N[0])


def _describe_clip(name: str, answer: ClipAnswer, traced: TracedBeat) -> tuple[object, ...]:
    """Return the row of FileList.csv. Volumes are in ml, and empty where the size of a pixel is not known."""
    beat, (height, width) = traced.beat, FRAME_SIZE_HW
    volumes = [
        "" if px3 is None or answer.mm_per_px is None else _round(to_ml(px3, answer.mm_per_px))
        for px3 in (beat.esv_px3, beat.edv_px3)
    ]
    frames, fps = _find_number(answer, -1) + 1, round(answer.fps or 0.0)
    return (name, _round(beat.ef_percent), *volumes, height, width, fps, frames, SPLIT)


def _describe_prediction(
    name: str, answer: ClipAnswer, traced: TracedBeat, digest: str
) -> tuple[object, ...]:
    models = [each for each in answer.models if each.role == "answer"]
    return (
        *(name, answer.clip, digest, answer.synthetic),
        SEPARATOR.join(each.name.replace(";", ",") for each in models),
        SEPARATOR.join(each.weights for each in models),
        *(answer.lvzoo, traced.beat.trusted),
    )


def _round(value: float | None) -> float | str:
    return "" if value is None else round(value, 4)
