"""The door for other people's models: `lvzoo new` writes a complete plugin package to begin with."""

from lvzoo.scaffold.write import new_plugin

__all__ = ["new_plugin"]
