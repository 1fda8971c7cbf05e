"""The run folder on disk: writing it while a run goes on, and reading it afterwards."""

from lvzoo.run.finished import FinishedRun, describe_missing, read_run
from lvzoo.run.folder import RunFolder
from lvzoo.run.settings import check_settings
from lvzoo.run.trial import TrialFolder
from lvzoo.types.trial import digest

__all__ = [
    "FinishedRun",
    "RunFolder",
    "TrialFolder",
    "check_settings",
    "describe_missing",
    "digest",
    "read_run",
]
