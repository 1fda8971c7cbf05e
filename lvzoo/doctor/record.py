"""What a doctor tells: one record a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["ok", "note", "problem"]
GB: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """One finding: `remedy` says what to do where the verdict is not "ok"; a "note" stops nothing."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""
