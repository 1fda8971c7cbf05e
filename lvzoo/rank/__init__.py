"""The ranking step: scores in, an order with its uncertainty out."""
