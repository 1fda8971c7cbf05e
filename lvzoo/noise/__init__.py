"""Graded, physical, reproducible noise for test frames: the suites, and the frames under them."""
