"""Reads data sets and clips in the form in which their authors ship them, and returns frames and references."""
