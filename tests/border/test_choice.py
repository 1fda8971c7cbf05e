"""The frames that are chosen: of many patients, ED and ES alike, and the same every time."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from lvzoo.border.choice import choose_frames
from lvzoo.errors import DataError
from tests.toys import toy_frames


def test_as_many_patients_as_possible_and_as_many_ed_as_es() -> None:
    frames = toy_frames(40)
    chosen, others = choose_frames(frames, 10)
    used = frames.take(chosen)
    assert len(set(used.patients)) == 10
    assert Counter(used.phases) == {"ED": 5, "ES": 5}
    assert len(others) == 20
    assert not set(used.patients) & {frames.patients[n] for n in others}


def test_the_choice_depends_on_names_only_and_grows() -> None:
    frames = toy_frames(24)
    few, more = (set(choose_frames(frames, count)[0]) for count in (6, 16))
    assert few < more
    assert len({frames.patients[n] for n in more}) == 12
    backwards = list(range(23, -1, -1))
    again = [backwards[n] for n in choose_frames(frames.take(backwards), 6)[0]]
    assert set(again) == few


def test_frames_that_are_neither_ed_nor_es_are_not_used(caplog: pytest.LogCaptureFixture) -> None:
    frames = toy_frames(12)
    mixed = dataclasses.replace(frames, phases=("ED", "ES", "other", "other") * 3)
    chosen, others = choose_frames(mixed, 10)
    assert {mixed.phases[n] for n in chosen} == {"ED", "ES"}
    assert (len(chosen), others) == (6, [])
    assert "only 6 of 10 wanted ED and ES frames are there" in caplog.text


@pytest.mark.parametrize(
    ("patients", "phases", "said"), [(("P",) * 4, "ED", "1 patient,"), ("ABCD", "other", "0 ")]
)
def test_one_patient_is_not_enough(patients: tuple[str, ...], phases: str, said: str) -> None:
    frames = dataclasses.replace(toy_frames(4), patients=tuple(patients), phases=(phases,) * 4)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"ED and ES frames of {said}"):
        choose_frames(frames, 4)
