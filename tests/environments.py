"""A virtual environment as a plugin's author has one: lvzoo and its dependencies are there, and nothing of ours.

The packages of this environment are laid under the new one, so that nothing is fetched; what a test installs
goes into the new one alone.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAMS: Final = {
    "lvzoo": 'exec "{python}" -m lvzoo "$@"',
    "pytest": 'exec "{python}" -m pytest "$@"',
    "pip": 'command="$1"; shift; exec "{python}" -m pip "$command" {flags} "$@"',
}
OFFLINE: Final = "--no-deps --no-build-isolation --no-index --disable-pip-version-check --quiet"
"""`pip install` as a test may call it: everything that is needed is there already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """A new virtual environment at `home`; commands run with its programs, in one thread each."""

    home: Path

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.home / "bin" / "python"

    def run(self, command: str, *, cwd: Path, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a line of shell, and return what it printed."""
        path = os.pathsep.join([str(self.python.parent), os.environ["PATH"]])
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=cwd,
            env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def output_of(self, command: str, *, cwd: Path) -> str:
        """Run a line of shell that must succeed, and return its stdout."""
        done = self.run(command, cwd=cwd)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout


def make_environment(home: Path) -> Environment:
    """Make a virtual environment in the new folder `home`, over the packages of the present one."""
    venv.create(home, symlinks=True)
    environment = Environment(home=home)
    [site] = home.glob("lib/python*/site-packages")
    over = sysconfig.get_path("purelib")
    # Not the bare path: an editable lvzoo stands in a .pth file of its own there, which only a site folder's is read.
    (site / "zz_packages_of_the_tests.pth").write_text(f"import site; site.addsitedir({over!r})\n")
    for name, line in PROGRAMS.items():
        program = environment.python.with_name(name)
        program.write_text(f"#!/bin/sh\n{line.format(python=environment.python, flags=OFFLINE)}\n")
        program.chmod(0o755)
    return environment
