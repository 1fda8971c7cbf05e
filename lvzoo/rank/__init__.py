"""The ranking step: it turns scores into an order of models, with the uncertainty of that order."""
