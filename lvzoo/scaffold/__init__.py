"""`lvzoo new`: writes a complete plugin package as a start for a new model."""

from lvzoo.scaffold.write import new_plugin

__all__ = ["new_plugin"]
