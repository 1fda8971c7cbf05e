"""The command line. `frame` holds the table of commands and the one place for errors; every command has a file.

Nothing else stands here: importing the command `lvzoo.cli.list` sets the name `list` in this module.
"""

from lvzoo.cli.frame import COMMANDS, cli, main

__all__ = ["COMMANDS", "cli", "main"]
