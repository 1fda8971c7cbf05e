"""Runs the jobs of a run: in this process, or in child processes beside each other."""

from lvzoo.executors.choose import check_not_starting, choose_executor
from lvzoo.executors.inline import InlineExecutor
from lvzoo.executors.process import ProcessExecutor

__all__ = ["InlineExecutor", "ProcessExecutor", "check_not_starting", "choose_executor"]
