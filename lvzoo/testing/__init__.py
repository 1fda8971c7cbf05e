"""Checks whether a model keeps the contract: the conformance suite and its pytest plugin."""
