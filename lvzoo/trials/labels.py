"""Adds to a table of scores what the data set says about each frame: its view and its picture quality.

These columns change no score. So this module is not part of the code whose digest tells whether scores are still
valid (`lvzoo.trials.digest`), and finished runs are not scored again.
"""

from __future__ import annotations

import numpy as np

from lvzoo.types import FrameSet, Scores


def add_labels(scores: Scores, test: FrameSet) -> Scores:
    """Return the scores with LABEL_COLUMNS. They have a row for each test frame, and again under each condition."""
    labels = {"view": test.views, "quality": test.qualities}
    unknown, times = ("",) * len(test), len(scores) // len(test)
    return scores.assign(
        **{name: np.tile(np.array(values or unknown, object), times) for name, values in labels.items()}
    )
