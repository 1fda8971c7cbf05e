"""One verb per file, named like its Python function.

This module exports nothing, so that the command line stays free of torch.
"""
