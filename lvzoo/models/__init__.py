"""The model step: the two kinds of model, and the parts that plugins share."""
