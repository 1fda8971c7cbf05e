"""Adds to a table of scores what the data set says about each frame: its view and its picture quality.

These columns change no score. So this module is no part of the code by which `lvzoo.trials.digest` knows the scores,
and data sets without views and qualities keep theirs.
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
