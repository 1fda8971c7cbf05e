"""How numbers are written, in the terminal and in the report alike. A number that is not known is a dash."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = "-"


def known(value: float | None) -> float | None:
    """Return a number, or None where it is NaN or missing.

    >>> known(0.5), known(float("nan")), known(None)
    (0.5, None, None)
    """
    return None if value is None or math.isnan(value) else float(value)


def decimals(value: float | None, places: int = 3) -> str:
    """Write a number with a fixed number of decimals: a Dice, a distance in pixels.

    >>> decimals(0.8126), decimals(3.14159, 1), decimals(float("nan"))
    ('0.813', '3.1', '-')
    """
    return UNKNOWN if known(value) is None else f"{value:.{places}f}"


def interval(value: float, low: float, high: float) -> str:
    """Write a number with its 95 % interval.

    >>> interval(0.8123, 0.8, 0.83)
    '0.812 [0.800, 0.830]'
    """
    return f"{decimals(value)} [{decimals(low)}, {decimals(high)}]"


def known_interval(value: float, low: float, high: float) -> str:
    """Write a number with its 95 % interval, or without it where it is not known.

    >>> known_interval(0.8123, 0.8, 0.83), known_interval(0.8123, float("nan"), float("nan"))
    ('0.812 [0.800, 0.830]', '0.812')
    """
    return decimals(value) if math.isnan(low) else interval(value, low, high)


def signed(value: float, low: float, high: float) -> str:
    """Write a difference with its 95 % interval, each with its sign.

    >>> signed(0.0123, -0.002, 0.03), signed(0.0123, float("nan"), float("nan"))
    ('+0.012 [-0.002, +0.030]', '+0.012 [-, -]')
    """
    number, start, end = (UNKNOWN if math.isnan(each) else f"{each:+.3f}" for each in (value, low, high))
    return UNKNOWN if math.isnan(value) else f"{number} [{start}, {end}]"


def percent(value: float, places: int = 0) -> str:
    """Write a share.

    >>> percent(0.873), percent(0.0018, 1), percent(float("nan"))
    ('87%', '0.2%', '-')
    """
    return UNKNOWN if math.isnan(value) else f"{value:.{places}%}"


def chance(value: float) -> str:
    """Write the share of resamples in which something holds; 0 % and 100 % only where they are exact.

    >>> chance(0.934), chance(0.9996), chance(1.0), chance(0.0002)
    ('93%', '>99%', '100%', '<1%')
    """
    if 0.99 < value < 1:
        return ">99%"
    return "<1%" if 0 < value < 0.01 else percent(value)


def count_and_share(count: int, share: float) -> str:
    """Write a count and its share of the total.

    >>> count_and_share(1234, 0.734), count_and_share(1, 0.0002), count_and_share(0, 0.0)
    ('1234 (73.4%)', '1 (<0.1%)', '0 (0.0%)')
    """
    return f"{count} ({'<0.1%' if 0 < share < 0.0005 else percent(share, 1)})"


def p_value(value: float) -> str:
    """Write a p value.

    >>> p_value(0.0312), p_value(1.2e-6), p_value(float("nan"))
    ('0.031', '<0.001', '-')
    """
    return "<0.001" if value < 0.001 else decimals(value)


def milliseconds(value: float | None) -> str:
    """Write a time per frame in three digits.

    >>> milliseconds(0.2149), milliseconds(12.0), milliseconds(None)
    ('0.215', '12', '-')
    """
    return UNKNOWN if known(value) is None else f"{value:.3g}"


def quantity(value: float | None) -> str:
    """Write a large number in three digits.

    >>> quantity(484_000), quantity(31_040_000), quantity(5.3e9), quantity(None), quantity(512), quantity(999_999)
    ('484 k', '31.0 M', '5.30 G', '-', '512', '1.00 M')
    """
    if known(value) is None:
        return UNKNOWN
    scaled, unit = float(f"{value:.3g}"), ""
    for larger in (" k", " M", " G", " T"):
        if scaled >= 1000:
            scaled, unit = scaled / 1000, larger
    places = 0 if scaled >= 100 or not unit else 1 if scaled >= 10 else 2
    return f"{scaled:.{places}f}{unit}"


def span(numbers: Sequence[int]) -> str:
    """Write ascending numbers: `1-5` if none is left out, else each of them.

    >>> span((1, 2, 3)), span((1, 3)), span((4,))
    ('1-3', '1, 3', '4')
    """
    unbroken = len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1
    return f"{numbers[0]}-{numbers[-1]}" if unbroken else ", ".join(map(str, numbers))


def number_of(count: int, what: str) -> str:
    """Write a count with its noun.

    >>> number_of(1, "patient"), number_of(40, "patient")
    ('1 patient', '40 patients')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def sample_size(patients: int, frames: int) -> str:
    """Write a number of patients and frames.

    >>> sample_size(1, 1_000)
    '1 patient, 1,000 frames'
    """
    return f"{number_of(patients, 'patient')}, {number_of(frames, 'frame')}"


# --- Points of ejection fraction --------------------------------------------------------------------------------


def points(value: float, low: float, high: float) -> str:
    """Write a number of points of EF with its 95 % interval, or without it where it is not known.

    >>> points(5.372, 4.91, 6.0), points(5.372, float("nan"), float("nan"))
    ('5.4 [4.9, 6.0]', '5.4')
    """
    number = decimals(value, 1)
    return number if math.isnan(value) or math.isnan(low) else f"{number} [{low:.1f}, {high:.1f}]"


def signed_points(value: float, low: float, high: float) -> str:
    """Write a difference in points of EF with its 95 % interval, each with its sign.

    >>> signed_points(-1.234, -2.0, 0.04), signed_points(0.5, float("nan"), float("nan"))
    ('-1.2 [-2.0, +0.0]', '+0.5')
    """
    if math.isnan(value):
        return UNKNOWN
    return f"{value:+.1f}" if math.isnan(low) else f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def span_of_points(values: Sequence[float]) -> str:
    """Write the smallest and the largest of some numbers of points, or one if they are equal in print.

    >>> span_of_points([0.94, 0.93]), span_of_points([0.3, 1.26])
    ('0.9', '0.3 to 1.3')
    """
    low, high = decimals(min(values), 1), decimals(max(values), 1)
    return low if low == high else f"{low} to {high}"
