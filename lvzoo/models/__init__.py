"""Base classes for mask and landmark models, and the parts that plugins share."""
