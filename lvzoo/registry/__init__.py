"""Joins the catalogues with what plugins declare, and selects the zoo's entries by name or glob."""

from lvzoo.registry.data_options import DataReader
from lvzoo.registry.zoo import Zoo, list_models, open_zoo

__all__ = ["DataReader", "Zoo", "list_models", "open_zoo"]
