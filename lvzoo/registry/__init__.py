"""Which models the zoo stands behind: catalogues joined with what plugins declare, selected by name or glob."""

from lvzoo.registry.zoo import Zoo, list_models, open_zoo

__all__ = ["Zoo", "list_models", "open_zoo"]
