"""Defines the noise suites, and makes noisy test frames with them."""
