"""Numbers in the names of files: natural order, sequences, and gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.data.clips.numbering import group_numbered, natural_key


def group(*names: str) -> list[list[str]]:
    return [[file.name for file in each.files] for each in group_numbered([Path(name) for name in names])]


def test_natural_order_is_by_number() -> None:
    names = ["a10", "a2", "b1", "A3", "2", "10", "", "a", "a2b", "a02"]
    assert sorted(names, key=natural_key) == ["", "2", "10", "a", "a02", "a2", "a2b", "A3", "a10", "b1"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["f10.png", "f9.png", "f1.png"], [["f1.png", "f9.png", "f10.png"]]),
        (["a_1.png", "b_1.png", "a_2.png", "b_2.png"], [["a_1.png", "a_2.png"], ["b_1.png", "b_2.png"]]),
        (["p1_1.png", "p1_2.png", "p2_1.png", "p2_2.png", "p3_1.png", "p3_2.png"],
         [["p1_1.png", "p1_2.png"], ["p2_1.png", "p2_2.png"], ["p3_1.png", "p3_2.png"]]),
        (["f_1_ch2.png", "f_2_ch2.png"], [["f_1_ch2.png"], ["f_2_ch2.png"]]),
        (["patient1_4CH_ED.png", "patient2_4CH_ED.png"], [["patient1_4CH_ED.png"], ["patient2_4CH_ED.png"]]),
        (["patient1_2CH_ED.png", "patient1_4CH_ED.png"], [["patient1_2CH_ED.png"], ["patient1_4CH_ED.png"]]),
        (["f (2).png", "f (10).png", "f (1)x.png"], [["f (2).png", "f (10).png"], ["f (1)x.png"]]),
        (["1_a.png", "1.png", "0.png"], [["1_a.png"], ["0.png", "1.png"]]),
        (["1.png", "2.PNG", "3.jpg"], [["1.png", "2.PNG"], ["3.jpg"]]),
        (["logo.png", "1.png", "2.png", "mask.png"], [["logo.png"], ["1.png", "2.png"], ["mask.png"]]),
        (["a.png", "a.PNG"], [["a.png"], ["a.PNG"]]),
        (["p1_c5.png", "p2_c9.png"], [["p1_c5.png"], ["p2_c9.png"]]),
        (["02-1f3a-012.png", "02-1f3a-045.png", "02-77be-003.png", "02-77be-019.png"],
         [["02-1f3a-012.png", "02-1f3a-045.png"], ["02-77be-003.png", "02-77be-019.png"]]),
    ],
)  # fmt: skip
def test_names_that_differ_in_the_number_at_their_end_are_a_sequence(
    names: list[str], expected: list[list[str]]
) -> None:
    assert group(*names) == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], ""),
        ([1, 1, 2], ""),
        ([0, 2], "1 of the numbers 0 to 2 is missing (1)"),
        ([7, 99], "91 of the numbers 7 to 99 are missing (8, 9, 10, 11, 12 and 86 more)"),
    ],
)
def test_gaps_are_described(numbers: list[int], expected: str) -> None:
    files = [Path(f"f{'0' * place}{number}.png") for place, number in enumerate(numbers)]
    (sequence,) = group_numbered(files)
    assert sequence.describe_gaps() == expected
