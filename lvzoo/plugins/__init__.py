"""Who is installed: finds plugins, reads what they declare in processes of their own, resolves their factories."""

from lvzoo.plugins.blame import raised
from lvzoo.plugins.find import Plugin, find_plugins, hook_manager, resolve

__all__ = ["Plugin", "find_plugins", "hook_manager", "raised", "resolve"]
