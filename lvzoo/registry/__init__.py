"""Which models the zoo stands behind: catalogues joined with what plugins declare, selected by name or glob."""

from lvzoo.registry.carried import Carried, carried_by
from lvzoo.registry.described import entry_described
from lvzoo.registry.zoo import Zoo, list_models, open_zoo

__all__ = ["Carried", "Zoo", "carried_by", "entry_described", "list_models", "open_zoo"]
