"""The run folder: what is written, when, how a run resumes, and what can be read of it afterwards."""

from lvzoo.run.finished import FinishedRun, read_run
from lvzoo.run.folder import RunFolder, digest
from lvzoo.run.trial import TrialFolder

__all__ = ["FinishedRun", "RunFolder", "TrialFolder", "digest", "read_run"]
