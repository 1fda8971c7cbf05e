"""Checks that records read from files hold what their types say, since JSON may be damaged or written by hand."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

LARGEST: Final = 2**63
"""The bound of whole numbers. Larger ones fit neither into a table nor into a float."""
LONGEST: Final = 60
"""How many characters of a wrong value an error quotes."""
T = TypeVar("T")


def check_fields(record: T) -> T:
    """Return a record if its fields have the types of their hints. Floats must be finite, and may be whole.

    Raises:
        ValueError: a field has a value of another type.
    """
    check_values({name: getattr(record, name) for name in get_type_hints(type(record))}, type(record))
    return record


def check_values(values: Mapping[str, Any], kind: type) -> None:
    """Check that values have the types that the hints of a class say. Values without a hint may be anything.

    Raises:
        ValueError: one has another type.
    """
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name in hints and not _fits(value, hints[name]):
            raise ValueError(f"{name!r} is {value!r:.{LONGEST}}")


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type hint
    """Return whether a value has the type of a hint."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if isinstance(value, Mapping) and origin is Mapping:
        return all(_fits(key, parts[0]) and _fits(each, parts[1]) for key, each in value.items())
    if origin in (tuple, frozenset, list):
        return isinstance(value, origin) and all(_fits(each, parts[0]) for each in value)
    return origin is None and _fits_plain(value, hint)


def _fits_plain(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type, or Any
    """Return whether a value has a type without parts."""
    if hint is Any:
        return True
    if isinstance(value, float):
        return hint is float and math.isfinite(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return hint in (int, float) and abs(value) < LARGEST
    if dataclasses.is_dataclass(value):
        check_fields(value)
    return isinstance(value, hint) and (hint is bool) == isinstance(value, bool)
