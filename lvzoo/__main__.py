"""Runs the command line as `python -m lvzoo`."""

import sys

from lvzoo.cli import main

sys.exit(main())
