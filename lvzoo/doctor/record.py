"""The record of one finding of `lvzoo doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["ok", "note", "problem"]
GB: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """One finding. `remedy` says what to do if the verdict is not "ok"; a "note" does not prevent any work."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Diagnosis:
    """Return a finding that needs no action."""
    return Diagnosis(name=name, verdict="ok", found=found)


def note(name: str, found: str, remedy: str) -> Diagnosis:
    """Return a finding that is worth knowing but prevents nothing."""
    return Diagnosis(name=name, verdict="note", found=found, remedy=remedy)


def problem(name: str, found: str, remedy: str) -> Diagnosis:
    """Return a finding that has to be repaired."""
    return Diagnosis(name=name, verdict="problem", found=found, remedy=remedy)
