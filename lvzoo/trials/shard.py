"""One of several parts of a run, for array jobs: each process does every n-th trial, all in the same run folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from lvzoo.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Part `index` of `count`, counted from 1. The whole is part 1 of 1."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: object) -> Self:
        """Return the shard of a text such as "2/5"; None is the whole.

        Raises:
            UsageError: it is something else.

        >>> Shard.parse("2/5").take("abcdefgh")
        ['b', 'g']
        """
        if text is None:
            return cls()
        parts = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text) if isinstance(text, str) else None
        if parts is None or not 1 <= int(parts[1]) <= int(parts[2]):
            raise UsageError(f"shard is {text!r}; write for example 2/5, the second of five, counted from 1")
        return cls(index=int(parts[1]), count=int(parts[2]))

    def take(self, items: Sequence[T]) -> list[T]:
        """Return every n-th item: those that are this shard's."""
        return list(items[self.index - 1 :: self.count])

    @property
    def is_whole(self) -> bool:
        """Whether there is only one part."""
        return self.count == 1

    def __str__(self) -> str:
        """Return the shard as it is given, for example 2/5."""
        return f"{self.index}/{self.count}"
