"""The steps of a run: plan its trials, prepare their data, perform them, score and merge them.

This module exports nothing, so that the command line stays free of torch.
"""
