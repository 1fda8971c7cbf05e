"""Ends a run: ranks its trials, or says which ones other shards have not done yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from lvzoo.run import read_run
from lvzoo.trials.request import RunOptions
from lvzoo.workflows.compare import Comparison, compare


def finish(
    folder: Path, own: Collection[str], options: RunOptions, *, registries: Sequence[Path]
) -> Comparison:
    """Rank the trials of a run and write its report.

    A shard does so only if no trial is missing, so that the last shard to end does it. `own` are the trials that the
    shard was to do; its result says which of them failed. Each shard has written the states of its own trials before
    it looks, so of two shards that end at the same moment, at least one finds them all.
    """
    if options.part.is_whole:
        return compare(folder, frames=options.frames, registries=registries)
    run = read_run(folder)
    if run.missing:
        result = Comparison(
            folder=folder,
            study=None,
            source=run.source,
            failed=run.failed,
            missing=run.missing,
            trials=len(run.model_of),
        )
    else:
        result = compare(folder, frames=options.frames, registries=registries)
    return replace(result, failed={name: why for name, why in result.failed.items() if name in own})
