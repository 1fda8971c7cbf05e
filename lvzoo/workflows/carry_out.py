"""Carries out a plan: reads the data, makes the noise, trains and tests each trial, and ranks them.

`carry_out` shows the order of the steps. Importing this module imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lvzoo.device import choose_device, choose_precision, describe
from lvzoo.errors import LvzooError
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder
from lvzoo.trials.check import check_plan
from lvzoo.trials.command import RUNS, command_line
from lvzoo.trials.experts import keep_expert_scores
from lvzoo.trials.job import make_job
from lvzoo.trials.perform import perform
from lvzoo.trials.plan import Plan
from lvzoo.trials.prepare import make_noise, open_data
from lvzoo.trials.request import RunOptions
from lvzoo.types import SPLITS
from lvzoo.workflows.also import OtherSet, check_others, score_others
from lvzoo.workflows.compare import Comparison
from lvzoo.workflows.finish import finish


def carry_out(plan: Plan, zoo: Zoo, options: RunOptions, others: Sequence[OtherSet] = ()) -> Comparison:
    """Do the trials of a plan that are not finished: the steps in the order in which they happen.

    The models are then scored on the `others`, which are further data sets.

    Raises:
        LvzooError: a mistake in the arguments, the plugins or the data.
    """
    request = plan.request
    executor, device = options.choose_executor(), choose_device(options.device)
    check_plan(zoo, plan, device)
    data = open_data(
        zoo, request, phantom_size=plan.size.phantom_size, splits=SPLITS, on_event=options.on_event
    )
    check_others(data.fingerprints, others)
    settings = plan.settings(data.test.source.name, data.fingerprint)
    run = RunFolder(path=Path(request.out) if request.out else RUNS / plan.run_name(settings))
    precision = choose_precision(device, plan.recipe.precision)
    facts = {
        "command": command_line(request, [entry.name for entry in plan.entries]),
        "computed": describe(device, precision, threads=options.threads),
        **data.facts(),
    }
    run.start(settings, facts)
    keep_expert_scores(data, run.path, options.on_event)
    make_noise(data.test, plan.noise, options.on_event)
    trials = options.part.take(list(plan.trials(data.fingerprint)))
    make = partial(make_job, data=data, noise=plan.noise, run=run, device=device, threads=options.threads)
    perform([make(trial) for trial in trials], run, executor, zoo, options)
    end = partial(finish, run.path, [trial.name for trial in trials], options, registries=request.registries)
    try:
        score_others(run.path, others, plan, options)
    except LvzooError:
        end()  # the run itself is done, so it gets its report
        raise
    return end()
