"""The rows of the tables of a clip's page: its beats, its frames, and what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lvzoo.report.clip_page_values import find_runs, list_moments, used_beats
from lvzoo.report.formats import UNKNOWN, decimals, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.report.clip_page_values import Sizes
    from lvzoo.types.answer import ClipAnswer

MOST_ROWS: Final = 2000
"""The table of a longer clip has only every second, third, ... frame, and those at ED and ES."""
MOST_RUNS: Final = 12
"""So many runs of frames are named for each flag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A number as it is written, and the value that a table sorts by; None if it is not known."""

    text: str
    sort: float | None

    @property
    def attribute(self) -> str:
        """The value to sort by as text; empty if it is not known."""
        return "" if self.sort is None else f"{self.sort:.5g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A frame to go to: its position, and its number in the file."""

    position: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameRow:
    """A row of the table of frames."""

    place: Place
    time: Value
    area: Value
    length: Value
    volume: Value
    dice: Value
    interval: str
    moment: str
    flags: Sequence[str]
    trusted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BeatRow:
    """A row of the table of beats. `trust` is `yes`, `no` or, for a beat that is left out, a dash."""

    number: int
    ed: Place | None
    ed_time: str
    es: Place | None
    es_time: str
    edv: Value
    esv: Value
    ef: Value
    fac: Value
    trust: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """What is odd about some frames: how many they are, and their runs, each with its first frame and its words."""

    words: str
    frames: int
    runs: Sequence[tuple[Place, str]]
    more: int
    """How many further runs there are."""


def list_frames(
    answer: ClipAnswer,
    *,
    times_s_N: NDArray[np.float64] | None,
    volumes: Sizes,
    areas: Sizes,
    flags_N: Sequence[tuple[str, ...]],
) -> tuple[list[FrameRow], int]:
    """Return the rows of the table of frames, and its step: 1 if it has all of them."""
    frames = len(answer.frame_numbers_N)
    moments = {moment.position: moment for moment in list_moments(answer)}
    step = -(-frames // MOST_ROWS)
    trust, trusted_N, mm_per_px = answer.trust, answer.trust.trusted_N, answer.mm_per_px
    rows = []
    for at in sorted({*range(0, frames, step), *moments}):
        length = float(answer.lengths_px_N[at]) * (1 if mm_per_px is None else mm_per_px / 10)
        rows.append(
            FrameRow(
                place=Place(position=at, number=int(answer.frame_numbers_N[at])),
                time=make_value(None if times_s_N is None else float(times_s_N[at]), 3),
                area=make_value(float(areas.values_N[at]), 1),
                length=make_value(length, 1),
                volume=make_value(float(volumes.values_N[at]), 1),
                dice=make_value(float(trust.dice_N[at]), 2),
                interval=_write_interval(float(trust.low_N[at]), float(trust.high_N[at])),
                moment=f"{moments[at].phase} of beat {moments[at].beat.number}" if at in moments else "",
                flags=flags_N[at],
                trusted=trusted_N[at],
            )
        )
    return rows, step


def list_beats(answer: ClipAnswer, volumes: Sizes, *, timed: bool) -> list[BeatRow]:
    """Return the rows of the table of beats. Its times are those of beats.csv, which may lie between two frames."""
    used = used_beats(answer)
    return [
        BeatRow(
            number=beat.number,
            ed=_find_place(answer, beat.ed),
            ed_time=_write_time(beat.ed_time_s, timed=timed),
            es=_find_place(answer, beat.es),
            es_time=_write_time(beat.es_time_s, timed=timed),
            edv=make_value(_scale(beat.edv_px3, volumes.factor), 1),
            esv=make_value(_scale(beat.esv_px3, volumes.factor), 1),
            ef=make_value(beat.ef_percent, 1),
            fac=make_value(beat.fac_percent, 1),
            trust=("yes" if beat.trusted else "no") if beat in used else UNKNOWN,
            reason=beat.reason or "",
        )
        for beat in answer.beats
    ]


def count_flags(answer: ClipAnswer, flags_N: Sequence[tuple[str, ...]], *, trusted: bool) -> list[Flag]:
    """Return the flags of the frames that are trusted, or of those that are not, the most frequent first."""
    positions: dict[str, list[int]] = {}
    for at, (flags, each) in enumerate(zip(flags_N, answer.trust.trusted_N, strict=True)):
        for flag in dict.fromkeys(flags) if each == trusted else ():
            positions.setdefault(flag, []).append(at)
    found = []
    for words, where in sorted(positions.items(), key=lambda item: -len(item[1])):
        runs = find_runs(where)
        found.append(
            Flag(
                words=words,
                frames=len(where),
                runs=[_name_run(answer, *run) for run in runs[:MOST_RUNS]],
                more=max(0, len(runs) - MOST_RUNS),
            )
        )
    return found


def make_value(value: float | None, places: int) -> Value:
    """Return a number with a fixed number of decimals."""
    return Value(text=decimals(value, places), sort=known(value))


def _name_run(answer: ClipAnswer, first: int, last: int) -> tuple[Place, str]:
    start, end = int(answer.frame_numbers_N[first]), int(answer.frame_numbers_N[last])
    return Place(position=first, number=start), f"{start}" if first == last else f"{start}-{end}"


def _find_place(answer: ClipAnswer, position: int | None) -> Place | None:
    return (
        None if position is None else Place(position=position, number=int(answer.frame_numbers_N[position]))
    )


def _write_time(time_s: float | None, *, timed: bool) -> str:
    return f"{time_s:.3f} s" if timed and time_s is not None else ""


def _write_interval(low: float, high: float) -> str:
    return UNKNOWN if known(low) is None or known(high) is None else f"{low:.2f}-{high:.2f}"


def _scale(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
