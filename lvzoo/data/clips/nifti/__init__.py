"""Reads NIfTI sequences of two-dimensional frames."""
