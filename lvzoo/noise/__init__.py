"""The noise step: graded, physical, reproducible corruptions of the test frames."""
