"""Finds the installed plugins, reads what they declare in separate processes, and imports their factories."""

from lvzoo.plugins.blame import explain_plugin_error
from lvzoo.plugins.find import Plugin, find_plugins, hook_manager, resolve

__all__ = ["Plugin", "explain_plugin_error", "find_plugins", "hook_manager", "resolve"]
