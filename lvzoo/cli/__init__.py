"""The command line. `frame` holds the table of commands and handles errors; every command has its own file.

Define nothing else here: importing the command `lvzoo.cli.list` sets the name `list` in this module.
"""

from lvzoo.cli.frame import COMMANDS, cli, main

__all__ = ["COMMANDS", "cli", "main"]
