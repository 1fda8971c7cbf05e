"""What a run does with its trials: plan, prepare, perform, score and merge them.

This module exports nothing, so that the command line stays free of torch.
"""
