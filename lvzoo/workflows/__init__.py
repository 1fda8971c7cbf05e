"""One verb per file, called like its public function and its command.

This module exports nothing, so that the command line stays free of torch.
"""
