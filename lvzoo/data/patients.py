"""Puts patients into splits, for data sets without splits of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from lvzoo.types import Split

PERCENT_TRAIN: Final = 70
PERCENT_VAL: Final = 15
"""The shares of patients in training and validation if a data set has no splits; the rest is for testing."""


def split_patients(patients: Iterable[str]) -> dict[str, Split]:
    """Return the split of each patient, for a data set without splits: 70, 15 and 15 percent, by a hash of the name.

    The split of a patient depends on the name alone. It stays when patients are added, and is the same everywhere.

    >>> split_patients(["anna", "ben", "carl"])
    {'anna': 'train', 'ben': 'test', 'carl': 'train'}
    """
    return {patient: _split_of(patient) for patient in patients}


def _split_of(patient: str) -> Split:
    place = int.from_bytes(hashlib.sha256(patient.encode()).digest()[:8], "big") % 100
    return "train" if place < PERCENT_TRAIN else "val" if place < PERCENT_TRAIN + PERCENT_VAL else "test"
