"""Says whether a trial has its results. This needs no torch, so a finished run is shown without waiting for it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from lvzoo.errors import DataError
from lvzoo.run import TrialFolder, digest
from lvzoo.types import Condition, Trial
from lvzoo.weights.locate import check_files

log = logging.getLogger(__name__)


def make_scores_key(
    trial: Trial,
    *,
    test_fingerprint: str,
    noise_digest: str,
    conditions: Sequence[Condition],
    scoring_code: str,
    weights_digest: str = "",
) -> str:
    """Return a hash of everything that changes a trial's scores."""
    shown = [dataclasses.astuple(condition) for condition in conditions]
    return digest([trial.key, test_fingerprint, noise_digest, shown, scoring_code, weights_digest])


def has_results(folder: TrialFolder, scores_key: str, *, has_weights: bool) -> bool:
    """Return whether a trial was scored under a key and its files can still be read.

    `has_weights` says that the folder must hold the trial's weights, too.
    """
    if folder.status().get("scores_key") != scores_key:
        return False
    try:
        folder.read_scores()
        folder.read_facts()
        folder.read_specimens()
        if has_weights:
            check_files(folder.path)
    except DataError as error:
        log.warning("%s; the trial is repeated where needed", error)
        return False
    return True
